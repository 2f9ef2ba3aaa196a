// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Options say which widths are tried.
type Options struct {
	// Bits are the widths of weights to choose from; nil is 4, 6 and 8. Integer models
	// have 2 to 8.
	Bits []int
	// Pictures is how many pictures, evenly spread over the data set, give the scores;
	// 0 is 16.
	Pictures int
}

// A Sensitivity says what each width of each convolution's weights costs in accuracy. It
// is plain data: encoding/json writes it and reads it back.
type Sensitivity struct {
	Network, Source, Dataset string
	// Recipe is the name of the recipe whose other decisions all networks share, Sampled
	// how many pictures gave the scores.
	Recipe  string
	Sampled int
	// Bits are the widths, the narrowest first.
	Bits []int
	// Ops are the convolutions with rounded weights, in the order of the network.
	Ops []Op
	// Rest is the noise of everything that is rounded but weights.
	Rest float64
}

// An Op is a convolution whose weights can have several widths.
type Op struct {
	Name, Role string
	// Weights is how many it has.
	Weights int
	// Noise has for each of the widths the energy of the logits' error where these
	// weights alone are rounded, as a share of the energy of the exact logits.
	Noise []float64
}

// Measure scores the weights of each convolution at each width, one after the other. The
// recipe gives transforms, points and the grids of the tensors; widths of its own are an
// error. Everything is cached, and an interrupted call goes on behind what is done.
func Measure(ctx context.Context, model *triovit.Folded, pictures dataset.Dataset, recipe calib.Recipe, o Options) (*Sensitivity, error) {
	bits := slices.Clone(o.Bits)
	if bits == nil {
		bits = []int{4, 6, 8}
	}
	slices.Sort(bits)
	bits = slices.Compact(bits)
	if len(bits) < 2 {
		return nil, fmt.Errorf("widths of %v bits: a choice needs at least 2", bits)
	}
	if len(recipe.Widths) > 0 {
		return nil, fmt.Errorf("recipe %s has widths of its own: they are what is chosen", recipe.Name)
	}
	s := &Sensitivity{Network: model.Net.Name, Source: model.Source, Dataset: pictures.Name(), Recipe: recipe.Name, Bits: bits}
	for _, b := range bits {
		q, err := calib.Calibrate(ctx, model, pictures, recipe.Bits(b, recipe.ActivationBits))
		if err != nil {
			return nil, err
		}
		scores, err := diagnose.Weights(ctx, q, pictures, o.Pictures)
		if err != nil {
			return nil, err
		}
		s.Sampled, s.Rest = scores.Sampled, noise(scores.Tensors)
		net := q.Network()
		if s.Ops == nil {
			s.Ops = make([]Op, len(scores.Weights))
		}
		for i, alone := range scores.Weights {
			op := net.Op(alone.Operation)
			s.Ops[i].Name, s.Ops[i].Role, s.Ops[i].Weights = op.Name, op.Role.String(), efficientvit.Size(op.Params[0].Shape)
			s.Ops[i].Noise = append(s.Ops[i].Noise, noise(alone.SQNR))
		}
	}
	if len(s.Ops) == 0 {
		return nil, fmt.Errorf("recipe %s rounds no weights of %s", recipe.Name, model.Net.Name)
	}
	return s, nil
}

// noise returns the share of the signal's energy that an SQNR leaves to noise, and sqnr
// the SQNR of such a share.
func noise(d diagnose.Decibels) float64 { return math.Pow(10, -float64(d)/10) }

func sqnr(noise float64) diagnose.Decibels { return diagnose.Decibels(-10 * math.Log10(noise)) }
