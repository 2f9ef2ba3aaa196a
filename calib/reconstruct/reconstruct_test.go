// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/interrupt"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// quantized returns the built-in model by a recipe, and some of the scenes that
// calibrated it.
func quantized(t *testing.T, recipe calib.Recipe) (*calib.Quantized, dataset.Dataset) {
	t.Helper()
	setup, err := triovit.Prepare(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	some, err := dataset.Head(setup.Calibration, 8)
	if err != nil {
		t.Fatal(err)
	}
	q, err := calib.Calibrate(t.Context(), setup.Folded, some, recipe)
	if err != nil {
		t.Fatal(err)
	}
	return q, some
}

// small are options that take seconds on the Go backend.
func small(iterations int) Options {
	o := Strict(iterations)
	o.Crop, o.Crops, o.Batch = 64, 16, 4
	return o
}

// TestErrorsFall: reconstruction of a network with 4-bit weights and 6-bit activations
// leaves most blocks with other roundings and with a smaller error than the recipe's, and
// none of the learned codes is off its grid.
func TestErrorsFall(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: run without -short")
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q, pictures := quantized(t, calib.TrioViTPlusInteger.Bits(4, 6))
	r, err := Run(t.Context(), q, pictures, small(30))
	if err != nil {
		t.Fatal(err)
	}
	ratios, worse, still := 0.0, 0, 0
	for _, b := range r.Blocks {
		ratios += math.Log(b.After / b.Before)
		if b.After > b.Before {
			worse++
		}
		if len(b.Loss) == 0 {
			t.Errorf("%s: no loss is told", b.Name)
		}
		if b.Weights > 0 && b.Flipped == 0 {
			still++
		}
	}
	if still > len(r.Blocks)/4 {
		t.Errorf("in %d of %d blocks no rounding left the nearest code: nothing was learned", still, len(r.Blocks))
	}
	if ratio := math.Exp(ratios / float64(len(r.Blocks))); worse > len(r.Blocks)/4 || !(ratio < 0.95) {
		t.Errorf("the blocks' errors come to %.3f of the recipe's in the geometric mean, %d of %d grow", ratio, worse, len(r.Blocks))
	}
	for name, grids := range r.Quantized.WeightGrids {
		w := r.Quantized.Model.Weights[r.Quantized.Model.Net.Op(name).Params[0].Name].Data
		for i, v := range w {
			if g := grids[i*len(grids)/len(w)]; g.Fake(v) != v {
				t.Fatalf("%s: weight %g is not on %s", name, v, g)
			}
		}
	}
	m, err := calib.Freeze(r.Quantized, integer.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Source.Recipe, "reconstruct Strict: 30 iterations") {
		t.Errorf("the artefact's recipe is %q", m.Source.Recipe)
	}
}

// TestAgain: a run that was cancelled in the middle and one that was not find the same,
// bit for bit, and another seed finds something else.
func TestAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: run without -short")
	}
	o := small(3)
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q, pictures := quantized(t, calib.TrioViTPlus)
	straight, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	ctx := interrupt.After(t.Context(), 10)
	if _, err := Run(ctx, q, pictures, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("a context that ended has the error %v", err)
	}
	resumed, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Result{straight, resumed} {
		r.Duration = 0
		for i := range r.Blocks {
			r.Blocks[i].Took = 0
		}
	}
	if straight.Quantized.ID() != resumed.Quantized.ID() || !reflect.DeepEqual(straight.Blocks, resumed.Blocks) {
		t.Error("a run that was interrupted found something else")
	}
	o.Seed = 1
	other, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	if other.Quantized.ID() == straight.Quantized.ID() {
		t.Error("another seed finds the same")
	}
}

// TestReference: the released code's preset learns roundings and steps apart, attention's
// in a loop of its own; DW and PW2 keep soft roundings, which cannot be frozen; without
// the quirk the same network is. The steps of KᵀV, of the sum of K and of the dividends
// stay, and are learned without that quirk.
func TestReference(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: run without -short")
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	o := Reference()
	o.Steps, o.Quirks.Apart, o.Batch, o.Crop, o.Crops = 8, 4, 4, 64, 8
	q, pictures := quantized(t, calib.Released)
	r, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	passes := map[string]int{}
	for _, b := range r.Blocks {
		passes[b.Pass]++
		if (b.Weights > 0) != (b.Pass == "roundings") || (len(b.Steps) > 0) == (b.Pass == "roundings") {
			t.Errorf("%s, %s: %d weights and %d steps learned", b.Name, b.Pass, b.Weights, len(b.Steps))
		}
	}
	if passes["roundings"] <= passes["attention"] || passes["steps"] <= passes["attention"] || passes["attention"] == 0 {
		t.Errorf("blocks by pass: %v", passes)
	}
	soft := func(r *Result) map[efficientvit.Role]bool {
		found := map[efficientvit.Role]bool{}
		for name, grids := range r.Quantized.WeightGrids {
			op := r.Quantized.Model.Net.Op(name)
			w := r.Quantized.Model.Weights[op.Params[0].Name].Data
			for i, v := range w {
				if grids[i*len(grids)/len(w)].Fake(v) != v {
					found[op.Role] = true
				}
			}
		}
		return found
	}
	if got := soft(r); len(got) != 2 || !got[efficientvit.DW] || !got[efficientvit.PW2] {
		t.Errorf("roles with weights between codes: %v", got)
	}
	products := func(r *Result) (learned int) {
		net, grids := r.Quantized.Model.Net, r.Quantized.Quantizers()
		for i := range net.Ops {
			for _, p := range net.Ops[i].Points {
				if tensor := net.Ops[i].Inputs[p.Operand]; product(&net.Ops[i], p) && grids[tensor] != q.Quantizers()[tensor] {
					learned++
				}
			}
		}
		return learned
	}
	if n := products(r); n != 0 {
		t.Errorf("the steps of %d products are learned", n)
	}
	// On crops the products keep their steps in any case.
	o.Quirks.Soft, o.Quirks.FixedProducts, o.Crop, o.Crops, o.Steps = nil, false, 0, 0, 2
	if r, err = Run(t.Context(), q, pictures, o); err != nil {
		t.Fatal(err)
	}
	if got := soft(r); len(got) != 0 {
		t.Errorf("without the quirk, roles with weights between codes: %v", got)
	}
	if products(r) == 0 {
		t.Error("without the quirk, no product's step is learned")
	}
}

// TestSoftIsNotFrozen: weights between two codes are an error with the filter.
func TestSoftIsNotFrozen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute: run without -short")
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q, pictures := quantized(t, calib.TrioViTPlusInteger)
	o := small(2)
	o.Quirks.Soft = []efficientvit.Role{efficientvit.DW}
	r, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := calib.Freeze(r.Quantized, integer.Limits{}); err == nil || !strings.Contains(err.Error(), "soft roundings cannot be frozen") {
		t.Errorf("frozen with soft roundings: %v", err)
	}
}

// TestBudget: a budget gives the iterations that its probe's cost says, the same again, more
// for more time, and an error for next to none.
func TestBudget(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q, pictures := quantized(t, calib.TrioViTPlusInteger)
	o := small(0)
	c, err := Probe(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Fixed <= 0 || c.Step <= 0 {
		t.Fatalf("the probe says %+v", c)
	}
	for _, iterations := range []int{40, 40, 1500} {
		got, err := Budget(t.Context(), q, pictures, o, c.Fixed+time.Duration(iterations)*c.Step)
		if err != nil || got.Steps != iterations && got.Steps != iterations-1 {
			t.Errorf("the time of %d iterations gives %d (%v)", iterations, got.Steps, err)
		}
	}
	if _, err := Budget(t.Context(), q, pictures, o, c.Fixed); err == nil || !strings.Contains(err.Error(), "10 iterations of each block take about") {
		t.Errorf("no time for a step: %v", err)
	}
	if _, err := Probe(t.Context(), q, pictures, Reference()); err == nil || !strings.Contains(err.Error(), "apart") {
		t.Errorf("a cost of steps that are learned apart: %v", err)
	}
}

// TestFor: crops stand for the large pictures of a segmentation network, and for no
// others.
func TestFor(t *testing.T) {
	_, pictures := quantized(t, calib.TrioViTPlus)
	for variant, want := range map[string][2]int{"seg-b0-cityscapes": {192, 4 * pictures.Len()}, "b0-r224": {}} {
		net, err := efficientvit.Describe(variant)
		if err != nil {
			t.Fatal(err)
		}
		if o := Strict(10).For(net, pictures); o.Crop != want[0] || o.Crops != want[1] {
			t.Errorf("%s: %d crops of %d pixels, want %v", variant, o.Crops, o.Crop, want)
		}
	}
}

// TestDarken: a darkened picture is the normalized one of less light.
func TestDarken(t *testing.T) {
	n := preprocess.ImageNetNormalization()
	normalized := func(light [6]float32) []float32 {
		picture := light[:]
		for i := range picture {
			picture[i] = (picture[i] - n.Mean[i%3]) / n.Std[i%3]
		}
		return picture
	}
	got, want := normalized([6]float32{0, 0.2, 0.4, 0.6, 0.8, 1}), normalized([6]float32{0, 0.05, 0.1, 0.15, 0.2, 0.25})
	darken(got, 0.25)
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Errorf("value %d: %g, want %g", i, got[i], want[i])
		}
	}
}

// TestFilters: the code below a weight and the learned part give the weight before
// anything is learned; rounding that to the nearest gives the grid's own codes.
func TestFilters(t *testing.T) {
	op := &efficientvit.Op{Name: "conv", Kind: efficientvit.Conv, Kernel: 1, Stride: 1, Groups: 1, Params: []efficientvit.Param{{Name: "w", Shape: []int{2, 3, 1, 1}}}}
	w := &weights.Tensor{Shape: []int{2, 3, 1, 1}, Data: []float32{0.1, -0.26, 1.27, 0.5, -0.64, 0}}
	grids := []grid.Uniform{{Scale: 0.01, Lo: -127, Hi: 127}, {Scale: 0.01, Lo: -50, Hi: 50}}
	f := newFilters(op, w, grids, nil)
	for i, want := range []float64{10, -26, 127, 50, -50, 0} {
		at := i%3*2 + i/3 // the graph's layout is [I, O]
		if got := float64(f.floor.Data[at] + f.up.Data[at]); math.Abs(got-want) > 1e-4 {
			t.Errorf("weight %d: %g codes, want %g", i, got, want)
		}
	}
	for i, v := range f.values() {
		g := grids[i/3]
		if want := g.Code(w.Data[i]); v != g.Value(want) {
			t.Errorf("weight %d: code %d, the nearest is %d", i, g.Code(v), want)
		}
	}
}

// TestSigmoid: the logit is the inverse of the rectified sigmoid, and its ends have a
// slope.
func TestSigmoid(t *testing.T) {
	for _, h := range []float64{0, 0.01, 0.3, 0.5, 0.8, 0.99, 1} {
		v := float64(logit(float32(h)))
		if got := stretched/(1+math.Exp(-v)) + below; math.Abs(got-min(max(h, 0.01), 0.99)) > 1e-6 {
			t.Errorf("%g comes back as %g", h, got)
		}
	}
}

// TestSchedule: rates and regularizer of the first, the middle and the last step.
func TestSchedule(t *testing.T) {
	o := Options{Steps: 100, RoundRate: 0.01, StepRate: 0.02, Regularizer: 0.5}
	for step, want := range map[int]schedule{
		0:  {0.01, 0.02, 20, 0},
		19: {0.01, 0.02 * 0.5 * (1 + math.Cos(math.Pi*0.19)), 20, 0},
		60: {0.01, 0.02 * 0.5 * (1 + math.Cos(math.Pi*0.6)), 11, 0.5},
	} {
		got := o.at(step, 100)
		if math.Abs(got.beta-want.beta) > 1e-9 || math.Abs(got.stepRate-want.stepRate) > 1e-12 || got.roundRate != want.roundRate || got.regularizer != want.regularizer {
			t.Errorf("step %d: %+v, want %+v", step, got, want)
		}
	}
}

// TestRefuses: options with which nothing can be learned are errors that say why.
func TestRefuses(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q, pictures := quantized(t, calib.TrioViTPlus)
	for _, c := range []struct {
		name, want string
		change     func(o *Options)
	}{
		{"iterations", "-1 iterations", func(o *Options) { o.Steps = -1 }},
		{"crops of no pixels", "crops of 0 pixels", func(o *Options) { o.Crop, o.Crops = 0, -1 }},
		{"crops without a number", "0 crops of 64 pixels", func(o *Options) { o.Crops = 0 }},
		{"crops beyond the picture", "crops of 512 pixels from pictures of 128×256", func(o *Options) { o.Crop = 512 }},
		{"crops that do not add", "Add", func(o *Options) { o.Crop = 50 }},
		{"brighter than light", "darkened to 2", func(o *Options) { o.Exposure = 2 }},
		{"everything exact", "a share of 1", func(o *Options) { o.Keep = 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := small(1)
			c.change(&o)
			if _, err := Run(t.Context(), q, pictures, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, it should say %q", err, c.want)
			}
		})
	}
	q.ShiftWeights.Share = 0.5
	if _, err := Run(t.Context(), q, pictures, small(1)); err == nil || !strings.Contains(err.Error(), "learned roundings do not keep to powers of two") {
		t.Errorf("weights on powers of two: %v", err)
	}
}
