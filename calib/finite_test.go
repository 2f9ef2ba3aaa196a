// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
	"pgregory.net/rapid"
)

var notFinite = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}

// told checks that an error is one line that says all that is wanted.
func told(t interface{ Errorf(string, ...any) }, err error, want ...string) {
	if err == nil || strings.Contains(err.Error(), "\n") || slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(err.Error(), w) }) {
		t.Errorf("error %v, want one line with %q", err, want)
	}
}

// TestWeightsThatAreNotFinite: whichever value of whichever parameter is not
// finite, no stage begins, and each names the parameter.
func TestWeightsThatAreNotFinite(t *testing.T) {
	sound, profile := small(t)
	data := noise(t, 2, 64)
	rapid.Check(t, func(t *rapid.T) {
		m := sound.Clone()
		name := rapid.SampledFrom(m.Weights.Names()).Draw(t, "parameter")
		w := &weights.Tensor{Shape: m.Weights[name].Shape, Data: slices.Clone(m.Weights[name].Data)}
		m.Weights[name] = w
		w.Data[rapid.IntRange(0, len(w.Data)-1).Draw(t, "value")] = rapid.SampledFrom(notFinite).Draw(t, "is")
		recipe := rapid.SampledFrom(Named()).Draw(t, "recipe")
		_, observed := Observe(t.Context(), m, data)
		_, quantized := Quantize(m, profile, recipe)
		_, calibrated := Calibrate(t.Context(), m, data, recipe)
		_, climbed := RunLadder(t.Context(), m, data, data, []Recipe{recipe})
		for _, err := range []error{observed, quantized, calibrated, climbed} {
			told(t, err, m.Net.Name+": parameter "+name+" is not finite")
		}
	})
}

// TestTransformsThatOverflow: what a transform makes of sound weights is looked at
// too.
func TestTransformsThatOverflow(t *testing.T) {
	model, profile := small(t)
	_, err := Quantize(model, profile, MigrationOnly.With("x", func(r *Recipe) {
		r.Transforms = []Transform{Migration{Where: PaperMigration.Where, Min: math.MaxFloat32, Max: math.MaxFloat64}}
	}))
	told(t, err, "recipe x: behind the transforms, "+model.Net.Name+": parameter ", ".weight is not finite")
}

// TestObserveNamesThePicture: of pictures that run together, that of which the first
// tensor is not finite.
func TestObserveNamesThePicture(t *testing.T) {
	sound, _ := small(t)
	model, stem := sound.Clone(), sound.Net.Ops[1]
	// 27 products of a black picture stay within float32, those of a white one do not.
	w := weights.New(model.Weights[stem.Params[0].Name].Shape...)
	for i := range w.Data {
		w.Data[i] = math.MaxFloat32 / 60
	}
	model.Weights[stem.Params[0].Name] = w
	var items []*dataset.Item
	for _, level := range []uint8{0, 255, 0, 255} {
		m := preprocess.NewRGB(64, 64)
		for i := range m.Pix {
			m.Pix[i] = level
		}
		items = append(items, &dataset.Item{ID: fmt.Sprintf("%d of level %d", len(items), level), Image: m, Width: 64, Height: 64})
	}
	data, err := dataset.Memory("levels", dataset.Classification, []string{"a"}, items)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Observe(t.Context(), model, data)
	told(t, err, model.Net.Name+" on levels: picture 1 of level 255: tensor "+stem.Name+" is not finite in channel 0")
}

// TestGridsHideNothing: on every grid NaN and infinities become NaN, wherever they
// stand among the values of a tensor, by value and in the graph.
func TestGridsHideNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := grids(t)
		xs := rapid.SliceOfN(rapid.Float32Range(-2e5, 2e5), 1, 70).Draw(t, "x")
		for range rapid.IntRange(1, 5).Draw(t, "times") {
			xs[rapid.IntRange(0, len(xs)-1).Draw(t, "at")] = rapid.SampledFrom(notFinite).Draw(t, "is")
		}
		for i, got := range runGraph(t, q, xs) {
			hidden := xs[i]-xs[i] != 0 && !math.IsNaN(float64(got))
			if want := q.Fake(xs[i]); hidden || got != want && !(got != got && want != want) {
				t.Errorf("%s: the graph makes %g of %g, Fake %g", q, got, xs[i], want)
			}
		}
	})
}

// always chooses one quantizer.
type always struct{ Quantizer }

func (a always) String() string                                             { return "always" }
func (a always) Choose(*TensorStats, efficientvit.Point) (Quantizer, error) { return a.Quantizer, nil }

// TestGridsThatAreNone: a rule of one's own may choose anything, but nothing is
// rounded to what is no grid.
func TestGridsThatAreNone(t *testing.T) {
	model, profile := small(t)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, q := range []Quantizer{
		grid.Uniform{}, grid.Uniform{Hi: 255}, grid.Uniform{Scale: 1}, grid.Uniform{Scale: nan, Hi: 255}, grid.Uniform{Scale: inf, Hi: 255}, grid.Uniform{Scale: 1, Lo: 255},
		grid.Log2{}, grid.Log2{Unit: 1, Lo: -400, Hi: 3, Threshold: 1.5}, grid.Log2{Unit: 1, Hi: 400, Threshold: 1.5}, grid.Log2{Unit: nan, Hi: 3, Threshold: 1.5}, grid.Log2{Unit: inf, Hi: 3, Threshold: 1.5},
	} {
		_, err := Quantize(model, profile, TrioViT.With("x", func(r *Recipe) { r.Divisors = always{q} }))
		told(t, err, "recipe x: always for backbone.stages.2.op_list.1.context_module.main.divisor.0: ", "which is no grid")
	}
}

// TestReadersOfATensorAgree: two that want different grids of it are named; those of
// the networks as they are described want the same, by every recipe.
func TestReadersOfATensorAgree(t *testing.T) {
	for _, name := range efficientvit.VariantNames() {
		net, err := efficientvit.Describe(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, recipe := range append(Costs(TrioViTPlus, net), Named()...) {
			recipe = recipe.Bits(4, 5)
			rounds, err := recipe.rounds(net)
			if err != nil {
				t.Fatal(err)
			}
			if err := agree(net, &widths{recipe: recipe}, rounds); err != nil {
				t.Errorf("%s of %s: %v", recipe.Name, name, err)
			}
		}
	}
	model, profile := small(t)
	shared := TrioViTPlusInteger.With("shared", func(r *Recipe) { r.ResidualBits = 0 }) // the tensor has one grid with the residual sum
	const add, conv = "backbone.stages.0.op_list.1.add", "backbone.stages.0.op_list.1.main.inverted_conv.conv"
	for _, c := range []struct {
		name string
		edit func(p *efficientvit.Point)
		want []string
	}{
		{"width", func(p *efficientvit.Point) { p.Bits = 4 }, []string{"4 bits, signed true by " + conv, "8 bits, signed true by " + add}},
		{"sign", func(p *efficientvit.Point) { p.Signed = false }, []string{"8 bits, signed false by " + conv, "8 bits, signed true by " + add}},
		{"divisor", func(p *efficientvit.Point) { p.Class = efficientvit.DivisorOperand }, []string{"a divisor by " + conv}},
	} {
		mixed := model.Clone()
		op := mixed.Net.Op(conv)
		if !slices.Contains(mixed.Net.Op(add).Inputs, op.Inputs[0]) {
			t.Fatalf("%s does not read what %s does", add, conv)
		}
		c.edit(&op.Points[0])
		of := *profile
		of.Model = mixed.Hash()
		_, err := Quantize(mixed, &of, shared)
		told(t, err, append(c.want, op.Inputs[0]+" is read as")...)
		if _, err := Quantize(mixed, &of, Vanilla); c.name != "divisor" && err != nil {
			t.Errorf("where only one of them is rounded: %v", err)
		}
	}
}

// TestGridsAreFixed: what is done to the map of grids reaches neither the graph of a
// batch that is compiled later nor the id under which its results are kept.
func TestGridsAreFixed(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViT)
	if err != nil {
		t.Fatal(err)
	}
	picture, id := weights.SyntheticInput(3*64*64), q.ID()
	want, err := q.Predict(picture)
	if err != nil {
		t.Fatal(err)
	}
	for tensor := range q.Quantizers() {
		q.Quantizers()[tensor] = grid.Uniform{Scale: 1e-3, Hi: 1}
	}
	grids := q.Quantizers()
	clear(grids)
	got, err := q.Predict(slices.Concat(picture, picture))
	if err != nil {
		t.Fatal(err)
	}
	if d, scale := difference(got[:10], want); d > 1e-4*scale || q.ID() != id || len(q.Quantizers()) == 0 {
		t.Errorf("after the map was changed: %v with id %s, before %v with %s", got[:10], q.ID(), want, id)
	}
}

// TestGridsHaveNames: two that differ have different strings, since results are kept
// under them.
func TestGridsHaveNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := grids(t), grids(t)
		if l, ok := a.(grid.Log2); ok {
			l.Threshold = math.Nextafter(l.Threshold, rapid.SampledFrom([]float64{1, l.Threshold, 2}).Draw(t, "threshold"))
			b = l
		}
		if (a == b) != (a.String() == b.String()) {
			t.Errorf("%#v is %q, %#v is %q", a, a, b, b)
		}
	})
}

// TestRungWithoutScore: a recipe by which a network overflows is told in the table,
// and the others have their scores.
func TestRungWithoutScore(t *testing.T) {
	model, _ := small(t)
	data := noise(t, 4, 64)
	// Every divisor becomes 0, of which the eps makes 1e-15, block after block.
	overflows := TrioViT.With("overflows", func(r *Recipe) {
		r.Points = []PointSelection{{Classes: []efficientvit.PointClass{efficientvit.ConvInput}, Where: Roles(efficientvit.DW)}}
		r.Divisors = always{grid.Uniform{Scale: 1e30, Hi: 255}}
	})
	climb, err := RunLadder(t.Context(), model, data, data, []Recipe{Vanilla, overflows, MBConv})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range climb.Rungs {
		if scored := i != 1; scored != (r.Report != nil) || scored != (r.AgainstFloat != nil) || scored != (r.Unscored == nil) || len(r.Changes) == 0 {
			t.Errorf("%s: report %v, against float %v, unscored %v", r.Recipe.Name, r.Report, r.AgainstFloat, r.Unscored)
		}
	}
	bad := new(triovit.NotFiniteError)
	if !errors.As(climb.Rungs[1].Unscored, &bad) || !strings.Contains(bad.Tensor, "context_module") {
		t.Errorf("%v", climb.Rungs[1].Unscored)
	}
	want := "no score: evaluate " + model.Net.Name + " (overflows) on noise: picture noise/0: tensor " + bad.Tensor + " is not finite"
	if table := climb.String(); !strings.Contains(table, want) || strings.Contains(table, "NaN") || strings.Count(table, "no score") != 2 {
		t.Errorf("the table does not say %q:\n%s", want, table)
	}
}
