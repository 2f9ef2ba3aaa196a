// SPDX-License-Identifier: Apache-2.0

// Package frozentest has the frozen networks that the conformance suite of integer
// executors runs through: see integertest.
package frozentest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// Cases returns every variant with synthetic weights on pictures of 64 pixels, the
// ways to freeze one, the built-in model, the real Seg-B0 on 20 pictures of CamVid and
// the real classifier on 200 of Tiny ImageNet. Under -short there are the smallest
// variants, and of the real networks 1 and 5 pictures.
func Cases() []integertest.Case {
	var cases []integertest.Case
	for _, v := range efficientvit.Variants() {
		if !testing.Short() || v.Backbone == "b0" {
			cases = append(cases, synthetic(v.Name, v.Name, calib.TrioViTPlusInteger, oneSlice))
		}
	}
	every := calib.TrioViTPlusInteger
	cases = append(cases,
		synthetic("leading one", "b0-r224", every.With("leading one", func(r *calib.Recipe) { r.Divisors = calib.LeadingOne{IntegerBits: 8} }), oneSlice),
		synthetic("4-bit weights", "b0-r224", every.Bits(4, 8), oneSlice),
		synthetic("mixed widths", "b0-r224", every.With("mixed", func(r *calib.Recipe) {
			r.Widths = []calib.Width{{Where: calib.Roles(efficientvit.PW1), Weights: 4}, {Where: calib.Roles(efficientvit.DW), Weights: 6, Activations: 5}}
		}), oneSlice),
		synthetic("residual sums of 8 bits", "b0-r224", every.With("shared", func(r *calib.Recipe) { r.ResidualBits = 0 }), oneSlice),
		synthetic("multipliers of 32 bits", "b0-r224", every, integer.Limits{MultiplierBits: 32, AccumulatorBits: 32}))
	return append(cases,
		prepared("built-in model", "", "", 2, 10),
		prepared("Seg-B0 on CamVid", "weights/efficientvit_seg_b0_cityscapes.pt", "camvid", 1, 20),
		prepared("B0 on Tiny ImageNet", "weights/efficientvit_b0_tiny_imagenet_r128.pt", "tiny-imagenet", 5, 200))
}

// oneSlice has the multipliers of one DSP slice, and room for any weights.
var oneSlice = integer.Limits{MultiplierBits: integer.MultiplierPort, AccumulatorBits: 32}

// synthetic is a variant with synthetic weights, calibrated on noise.
func synthetic(name, variant string, recipe calib.Recipe, limits integer.Limits) integertest.Case {
	return integertest.Case{Name: name, Open: func(t *testing.T) (*integer.Model, iter.Seq[[]int32]) {
		net, err := efficientvit.Describe(variant, efficientvit.InputSize(64, 64), efficientvit.Classes(10))
		if err != nil {
			t.Fatal(err)
		}
		model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
		if err != nil {
			t.Fatal(err)
		}
		pictures := noise(t, 6, 64, 64)
		return frozen(t, model, pictures, recipe, limits, pictures, 2)
	}}
}

// prepared is a model with pictures of its own: so many of them, few under -short.
func prepared(name, checkpoint, folder string, few, many int) integertest.Case {
	return integertest.Case{Name: name, Open: func(t *testing.T) (*integer.Model, iter.Seq[[]int32]) {
		setup, calibration := open(t, checkpoint, folder, 4)
		n := many
		if testing.Short() {
			n = few
		}
		return frozen(t, setup.Folded, calibration, calib.TrioViTPlusInteger, oneSlice, setup.Evaluation, n)
	}}
}

// open returns a model with its pictures, and so many of them to calibrate on. Names are
// those of the shared data; without a checkpoint it is the built-in model.
func open(t *testing.T, checkpoint, folder string, n int) (*triovit.Setup, dataset.Dataset) {
	t.Helper()
	if checkpoint != "" {
		checkpoint, folder = shared.Path(t, "data/"+checkpoint), shared.Path(t, "data/"+folder)
	}
	setup, err := triovit.Prepare(t.Context(), checkpoint, folder)
	if err != nil {
		t.Fatal(err)
	}
	calibration, err := dataset.Head(setup.Calibration, n)
	if err != nil {
		t.Fatal(err)
	}
	return setup, calibration
}

// frozen freezes a model, and returns the codes of the first pictures scored.
func frozen(t testing.TB, model *triovit.Folded, calibration dataset.Dataset, recipe calib.Recipe, limits integer.Limits, scored dataset.Dataset, n int) (*integer.Model, iter.Seq[[]int32]) {
	t.Helper()
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q, err := calib.Calibrate(t.Context(), model, calibration, recipe)
	if err != nil {
		t.Fatal(err)
	}
	m, err := calib.Freeze(q, limits)
	if err != nil {
		t.Fatal(err)
	}
	return m, func(yield func([]int32) bool) {
		for i := range n {
			picture, _, err := triovit.LoadBatch(t.Context(), model.Net, scored, i, 1)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(m.Input().Codes(picture)) {
				return
			}
		}
	}
}

// noise returns a classification set of n random pictures.
func noise(t testing.TB, n, height, width int) dataset.Dataset {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	var items []*dataset.Item
	for i := range n {
		m := preprocess.NewRGB(width, height)
		for j := range m.Pix {
			m.Pix[j] = uint8(rng.IntN(256))
		}
		items = append(items, &dataset.Item{ID: fmt.Sprintf("noise/%d", i), Image: m, Width: width, Height: height})
	}
	d, err := dataset.Memory("noise", dataset.Classification, []string{"noise"}, items)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
