// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Options choose the widths to try and the pictures to score. The zero value tries 4, 6
// and 8 bits on 16 pictures.
type Options struct {
	// Bits are the widths of weights to choose from; nil is 4, 6 and 8. Integer models
	// have 2 to 8.
	Bits []int
	// Pictures is the number of pictures for the scores, evenly spread over the data set;
	// 0 means 16.
	Pictures int
}

// filled returns the options with defaults in place of zeros, and with each width once, in
// rising order.
func (o Options) filled() Options {
	o.Bits = slices.Clone(o.Bits)
	if o.Bits == nil {
		o.Bits = []int{4, 6, 8}
	}
	slices.Sort(o.Bits)
	o.Bits, o.Pictures = slices.Compact(o.Bits), cmp.Or(o.Pictures, 16)
	return o
}

// A Sensitivity holds the accuracy cost of each width of each convolution's weights. It is
// plain data: encoding/json writes it and reads it back.
type Sensitivity struct {
	Network, Source, Dataset string
	// Recipe is the name of the recipe; all networks share its other decisions. Sampled is
	// the number of pictures that gave the scores.
	Recipe  string
	Sampled int
	// Bits are the widths, in rising order.
	Bits []int
	// Ops are the convolutions with rounded weights, in the order of the network.
	Ops []Op
	// Rest is the noise of all rounding except of weights.
	Rest float64
}

// An Op is a convolution whose weights can have several widths.
type Op struct {
	Name, Role string
	// Weights is the number of weights.
	Weights int
	// Noise has, for each width of Bits, the energy of the logits' error where only these
	// weights are rounded, as a share of the energy of the exact logits.
	Noise []float64
}

// Measure scores the weights of each convolution at each width, one after the other. The
// recipe gives transforms, points and the grids of the tensors; a recipe with Widths is an
// error. Everything is cached, so that an interrupted call resumes.
func Measure(ctx context.Context, model *triovit.Folded, pictures dataset.Dataset, recipe calib.Recipe, o Options) (*Sensitivity, error) {
	s, err := begin(model.Net, recipe, o)
	if err != nil {
		return nil, err
	}
	s.Source, s.Dataset = model.Source, pictures.Name()
	for _, b := range s.Bits {
		q, err := calib.Calibrate(ctx, model, pictures, uniform(recipe, b))
		if err != nil {
			return nil, err
		}
		scores, err := diagnose.Weights(ctx, q, pictures, o.Pictures)
		if err != nil {
			return nil, err
		}
		s.Sampled = scores.Sampled
		if s.Rest, err = noise(scores.Tensors); err != nil {
			return nil, fmt.Errorf("where all of %s is rounded but weights, %w", model.Net.Name, err)
		}
		if len(scores.Weights) != len(s.Ops) {
			return nil, fmt.Errorf("%s has %d convolutions, and %d after the transforms of %s", model.Net.Name, len(s.Ops), len(scores.Weights), recipe.Name)
		}
		for i, alone := range scores.Weights {
			if alone.Operation != s.Ops[i].Name {
				return nil, fmt.Errorf("%s: convolution %d is %s, and %s after the transforms of %s", model.Net.Name, i, s.Ops[i].Name, alone.Operation, recipe.Name)
			}
			n, err := noise(alone.SQNR)
			if err != nil {
				return nil, fmt.Errorf("where only the weights of %s are rounded, to %d bits, %w", alone.Operation, b, err)
			}
			s.Ops[i].Noise = append(s.Ops[i].Noise, n)
		}
	}
	return s, nil
}

// begin returns the convolutions and the widths of a measurement, without any noise.
func begin(net *efficientvit.Network, recipe calib.Recipe, o Options) (*Sensitivity, error) {
	bits := o.filled().Bits
	if len(bits) < 2 {
		return nil, fmt.Errorf("widths of %v bits: a choice needs at least 2", bits)
	}
	if len(recipe.Widths) > 0 {
		return nil, fmt.Errorf("recipe %s has widths of its own: they are what is chosen", recipe.Name)
	}
	names, err := recipe.RoundedWeights(net)
	if err != nil {
		return nil, err
	}
	s := &Sensitivity{Network: net.Name, Recipe: recipe.Name, Bits: bits}
	for _, name := range names {
		op := net.Op(name)
		s.Ops = append(s.Ops, Op{Name: name, Role: op.Role.String(), Weights: efficientvit.Size(op.Params[0].Shape)})
	}
	return s, nil
}

// uniform returns the recipe with one width for all weights.
func uniform(recipe calib.Recipe, bits int) calib.Recipe {
	return recipe.With(fmt.Sprintf("%s W%d", recipe.Name, bits), func(r *calib.Recipe) { r.WeightBits = bits })
}

// noise returns the noise as a share of the signal's energy at an SQNR.
func noise(d diagnose.Decibels) (float64, error) {
	if math.IsInf(float64(d), -1) {
		return 0, errors.New("the noise of the logits is not finite, or there is nothing beside it")
	}
	return math.Pow(10, -float64(d)/10), nil
}

// sqnr returns the SQNR at a noise, given as a share of the signal's energy.
func sqnr(noise float64) diagnose.Decibels { return diagnose.Decibels(-10 * math.Log10(noise)) }
