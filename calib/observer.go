// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// An Observer chooses the quantizer of a tensor from the tensor's statistics.
type Observer interface {
	// String names the rule with its settings.
	String() string
	// Choose returns the quantizer of a tensor for one of its points.
	Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error)
}

// Observers lists the rules for the grids of activations that a recipe takes by name
// ([Recipe.By]). The literature calls them observers. Each has the settings of its source.
var Observers = []Observer{
	MinMax{},
	L24, LpSearch{Affine: true},
	OMSE,
	Percentile{},
	Entropy{},
	EMA{},
}

// By returns the recipe with another rule for the grids of activations, under a name with
// that rule: "TrioViT by L2.4 search". Weights and divisors keep their rules.
func (r Recipe) By(observer Observer) Recipe {
	return r.With(r.Name+by+observer.String(), func(r *Recipe) { r.Activations = observer })
}

const by = " by "

// observed returns the recipe of a name that [Recipe.By] makes.
func observed(name string) (Recipe, bool) {
	base, rule, _ := strings.Cut(name, by)
	r, ok := unobserved(base)
	for _, o := range Observers {
		if ok && o.String() == rule {
			return r.By(o), true
		}
	}
	return Recipe{}, false
}

func observerNames() []string {
	names := make([]string, len(Observers))
	for i, o := range Observers {
		names[i] = o.String()
	}
	return names
}

// affinely marks the name of a rule that makes affine grids.
func affinely(name string, affine bool) string {
	if affine {
		return "affine " + name
	}
	return name
}

// distribution returns the bounds of a tensor for a rule that needs a histogram, and an
// error for a tensor without one.
func (s *TensorStats) distribution(point efficientvit.Point) (lo, hi float64, err error) {
	if err := checkBits("a grid for "+s.Name, point.Bits); err != nil {
		return 0, 0, err
	}
	if len(s.Hist.Bins) == 0 {
		return 0, 0, fmt.Errorf("the profile has no histogram of %q, which a transform made: Calibrate observes the transformed model", s.Name)
	}
	return s.bounds()
}

// within returns the part of the bin between the bounds of its tensor.
func (b Bin) within(lo, hi float64) (near, far float64) {
	a, z := b.Bounds()
	return min(max(float64(a), lo), hi), min(max(float64(z), lo), hi)
}
