// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestQuantizeRoundsExactlyItsPoints: each recipe rounds the points that its
// name stands for and no other; weights where the input of a convolution or
// linear layer is rounded; and it leaves the model that it was given alone.
func TestQuantizeRoundsExactlyItsPoints(t *testing.T) {
	model, profile := small(t)
	mbconv := func(op *efficientvit.Op, _ efficientvit.Point) bool {
		return op.Kind == efficientvit.Conv && (op.Role == efficientvit.PW1 || op.Role == efficientvit.DW || op.Role == efficientvit.PW2)
	}
	all := func(op *efficientvit.Op, p efficientvit.Point) bool {
		return op.Kind == efficientvit.Conv || op.Name == "head.op_list.2.linear" || op.Kind == efficientvit.Divide && p.Operand == 1
	}
	convolutions := func(op *efficientvit.Op, p efficientvit.Point) bool {
		return op.Kind != efficientvit.Divide && all(op, p)
	}
	want := map[string]func(*efficientvit.Op, efficientvit.Point) bool{
		VanillaAll.Name: convolutions, MSAFloat.Name: convolutions,
		"Vanilla": mbconv, "Shifting": mbconv, "Migration": mbconv, "MBConv": mbconv,
		"TrioViTPlus every point": func(*efficientvit.Op, efficientvit.Point) bool { return true },
	}
	for _, recipe := range slices.Concat(Ladder, Baselines) {
		t.Run(recipe.Name, func(t *testing.T) {
			expected, ok := want[recipe.Name]
			if !ok {
				expected = all
			}
			hash := model.Model.Hash()
			q, err := Quantize(model, profile, recipe)
			if err != nil {
				t.Fatal(err)
			}
			if model.Model.Hash() != hash {
				t.Fatal("the recipe changed the model it was given")
			}
			for i := range q.Model.Net.Ops {
				op := &q.Model.Net.Ops[i]
				for _, p := range op.Points {
					if got := q.rounded[operand{op.Name, p.Operand}]; got != expected(op, p) {
						t.Errorf("%s %s, operand %d (%s): rounded %t", op.Role, op.Name, p.Operand, p.Class, got)
					}
				}
				layer := op.Kind == efficientvit.Conv || op.Kind == efficientvit.Linear
				if _, has := q.WeightGrids[op.Name]; has != (layer && q.rounded[operand{op.Name, 0}]) {
					t.Errorf("%s: weights rounded %t", op.Name, has)
				}
			}
			if len(q.Changes) == 0 {
				t.Error("the recipe reports no change")
			}
		})
	}
}

// TestRoundedOperandsTakeValuesOfTheirGrids looks at what the graph computes,
// not at what the recipe says: every rounded operand only takes values that
// its quantizer leaves alone.
func TestRoundedOperandsTakeValuesOfTheirGrids(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViTPlusInteger)
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	exec, err := forward.NewWithOutputs(q.Model.Model, func(in []*graph.Node, hooks forward.Hooks) []*graph.Node {
		var seen []*graph.Node
		read = nil
		hooks.Operand = func(op *efficientvit.Op, i int, y *graph.Node) *graph.Node {
			y = q.fake(op, i, y)
			if q.rounded[operand{op.Name, i}] {
				seen, read = append(seen, y), append(read, q.GridName(op, i))
			}
			return y
		}
		forward.Build(q.Model.Net, in, hooks)
		return seen
	})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := exec.Run(weights.SyntheticInput(3 * 64 * 64))
	if err != nil {
		t.Fatal(err)
	}
	if len(read) != len(q.rounded) {
		t.Fatalf("%d operands seen, %d are rounded", len(read), len(q.rounded))
	}
	for i, values := range outputs {
		for _, v := range values {
			if q.quantizers[read[i]].Fake(v) != v {
				t.Fatalf("%s takes %g, which is not on its grid (%s)", read[i], v, q.quantizers[read[i]])
			}
		}
	}
}

// TestFiltersOfNothing: a filter of zeros or next to nothing keeps its bias, in
// a code that a 32-bit accumulator holds.
func TestFiltersOfNothing(t *testing.T) {
	w := weights.New(3, 1, 1, 1)
	w.Data = []float32{0, 1e-12, 0.5}
	const stepA = 0.1
	bias := []float64{0.09, 0.09, 0.09}
	least := make([]float64, 3)
	for o := range least {
		least[o] = bias[o] / (stepA * maxBiasCode)
	}
	for _, affine := range []bool{false, true} {
		_, grids := quantizeFilters(w, 8, affine, least)
		for o, g := range grids {
			code := math.RoundToEven(bias[o] / (stepA * float64(g.Scale)))
			if math.Abs(code) > 1.001*maxBiasCode || math.Abs(code*stepA*float64(g.Scale)-bias[o]) > 1e-3 {
				t.Errorf("filter %d, affine %t: bias %g has code %g of step %g", o, affine, bias[o], code, g.Scale)
			}
		}
	}
}

// TestQuantizedWeightsLieOnTheirGrids: weights are whole multiples of their
// filter's step, within 8 bits, and biases of S_a·S_w.
func TestQuantizedWeightsLieOnTheirGrids(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViTPlus)
	if err != nil {
		t.Fatal(err)
	}
	for name, grids := range q.WeightGrids {
		op := q.Model.Net.Op(name)
		w := q.Model.Weights[op.Params[0].Name].Data
		per := len(w) / len(grids)
		for i, v := range w {
			code := float64(v) / float64(grids[i/per].Scale)
			if off := math.Abs(code - math.Round(code)); off > 1e-3 || math.Abs(code) > 128 {
				t.Fatalf("%s: weight %d has code %g", name, i, code)
			}
		}
		if !op.HasBias() {
			continue
		}
		in := q.quantizers[op.Inputs[0]].(grid.Uniform)
		for o, v := range q.Model.Weights[op.Params[1].Name].Data {
			code := float64(v) / (float64(in.Scale) * float64(grids[o].Scale))
			if off := math.Abs(code - math.Round(code)); off > 1e-3*max(1, math.Abs(code)*1e-3) {
				t.Fatalf("%s: bias %d has code %g", name, o, code)
			}
		}
	}
}

// TestShiftedBias: the bias of a shifted convolution is b + Σ c·ŵ of the rounded weights,
// as the released code has it, or b + Σ c·w of the exact ones, as Eq. 10 is printed.
// Learned weights move the first and not the second.
func TestShiftedBias(t *testing.T) {
	model, profile := small(t)
	for _, exact := range []bool{false, true} {
		recipe := ShiftingOnly.Bits(3, 16) // coarse weights show the difference
		recipe.ExactBias = exact
		q, err := Quantize(model, profile, recipe)
		if err != nil {
			t.Fatal(err)
		}
		held := func(q *Quantized) {
			found := false
			for _, op := range q.Model.Net.Ops {
				if op.Role != efficientvit.PW2 || op.Kind != efficientvit.Conv {
					continue
				}
				found = true
				c := q.Model.Weights[q.Model.Net.Op(op.Inputs[0]).Params[0].Name].Data
				w := q.Model.Weights[op.Params[0].Name].Data
				if exact {
					w = model.Weights[op.Params[0].Name].Data
				}
				original := model.Weights[op.Params[1].Name].Data
				for j, got := range q.Model.Weights[op.Params[1].Name].Data {
					want := float64(original[j])
					for i := range c {
						want += float64(c[i]) * float64(w[j*len(c)+i])
					}
					if math.Abs(float64(got)-want) > 1e-3*max(1, math.Abs(want)) {
						t.Fatalf("exact %t, %s: bias %d is %g, want %g", exact, op.Name, j, got, want)
					}
				}
			}
			if !found {
				t.Fatal("no PW2")
			}
		}
		held(q)
		const name = "backbone.stages.0.op_list.1.main.point_conv.conv"
		down := make([]float32, len(q.Model.Weights[q.Model.Net.Op(name).Params[0].Name].Data))
		per := len(down) / len(q.WeightGrids[name])
		for i := range down {
			g := q.WeightGrids[name][i/per]
			down[i] = g.Scale * float32(g.Lo)
		}
		learned, err := q.With(Learned{Weights: map[string][]float32{name: down}}, "all down")
		if err != nil {
			t.Fatal(err)
		}
		held(learned)
	}
}

// TestWideGridsChangeLittle: with 16 bits everywhere the network is nearly the
// float one; with 2 it is not.
func TestWideGridsChangeLittle(t *testing.T) {
	model, profile := small(t)
	picture := make([]float32, 3*64*64)
	item, err := noise(t, 6, 64).Load(2)
	if err != nil {
		t.Fatal(err)
	}
	item.Image.Normalize(picture)
	want := tensorsOf(t, model, picture)[model.Net.Output().Name]
	error := func(recipe Recipe) float64 {
		q, err := Quantize(model, profile, recipe)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Predict(picture)
		if err != nil {
			t.Fatal(err)
		}
		d, scale := difference(got, want)
		return d / scale
	}
	if e := error(MBConv.Bits(16, 16)); e > 2e-3 {
		t.Errorf("16 bits: the logits differ by %g of their size", e)
	}
	if e := error(MBConv.Bits(2, 2)); e < 0.05 {
		t.Errorf("2 bits: the logits differ by only %g of their size", e)
	}
}

// TestCostsAddUp: every point that the last recipe rounds is rounded by the
// base or by exactly one of the others.
func TestCostsAddUp(t *testing.T) {
	model, profile := small(t)
	rounded := func(r Recipe) map[operand]bool {
		q, err := Quantize(model, profile, r)
		if err != nil {
			t.Fatal(err)
		}
		return q.rounded
	}
	base, costs := rounded(TrioViTPlus), Costs(TrioViTPlus, model.Net)
	times := map[operand]int{}
	for _, r := range costs[:len(costs)-1] {
		for o := range rounded(r) {
			if !base[o] {
				times[o]++
			}
		}
	}
	for o := range rounded(costs[len(costs)-1]) {
		if !base[o] && times[o] != 1 {
			t.Errorf("%v is rounded by %d recipes", o, times[o])
		}
		delete(times, o)
	}
	if len(times) > 0 {
		t.Errorf("%d points are not among all", len(times))
	}
}

func TestRestrictedRecipe(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViT.With("stage 3", func(r *Recipe) { r.Only = Selection{Name: `^backbone\.stages\.2\.`} }))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range q.Changes {
		if !strings.HasPrefix(c.Op, "backbone.stages.2.") {
			t.Errorf("changed %s: %s", c.Op, c.What)
		}
	}
}

// TestErrors: wrong input is a one-line error that says what was given and
// what is allowed.
func TestErrors(t *testing.T) {
	model, profile := small(t)
	quantize := func(r Recipe) func() error {
		return func() error { _, err := Quantize(model, profile, r); return err }
	}
	other := *profile
	other.Network, other.Model = "efficientvit-b3-r288", "0"
	partial := *profile
	partial.Tensors = profile.Tensors[:20]
	for _, c := range []struct {
		name string
		run  func() error
		want []string
	}{
		{"unknown recipe", func() error { _, err := RecipeNamed("TrioVit"); return err }, []string{`"TrioVit"`, "Vanilla", "TrioViTPlus"}},
		{"activations of one bit", quantize(Vanilla.Bits(8, 1)), []string{"1 bits", "2 to 16"}},
		{"weights of one bit", quantize(Vanilla.Bits(1, 8)), []string{"weights of 1 bits", "2 to 16"}},
		{"weights of 17 bits", quantize(Vanilla.Bits(17, 8)), []string{"17 bits"}},
		{"nothing matches", quantize(Vanilla.With("none", func(r *Recipe) { r.Only.Name = "nowhere" })), []string{"nothing of efficientvit-b0-r64"}},
		{"bad pattern", quantize(Vanilla.With("bad", func(r *Recipe) { r.Only.Name = "(" })), []string{"pattern", "("}},
		{"log2 of no bits", quantize(TrioViT.With("no bits", func(r *Recipe) { r.Divisors = LogDomain{Bits: 7} })), []string{"7 bits", "1 to 6"}},
		{"leading one of wide integers", quantize(TrioViT.With("wide", func(r *Recipe) { r.Divisors = LeadingOne{IntegerBits: 40} })), []string{"40"}},
		{"migration of a pointwise convolution", quantize(Recipe{Name: "x", Transforms: []Transform{Migration{Where: Roles(efficientvit.PW1)}}, Points: []PointSelection{MBConvInputs}}), []string{"PW1", "no depthwise"}},
		{"shifting of a depthwise convolution", quantize(Recipe{Name: "x", Transforms: []Transform{Shifting{Where: Roles(efficientvit.DW)}}, Points: []PointSelection{MBConvInputs}}), []string{"DW", "no pointwise"}},
		{"profile of another model", func() error { _, err := Quantize(model, &other, Vanilla); return err }, []string{"efficientvit-b3-r288", "efficientvit-b0-r64", "other weights"}},
		{"migration of nothing", quantize(Recipe{Name: "x", Transforms: []Transform{Migration{Where: Selection{Name: "stages.9"}}}, Points: []PointSelection{MBConvInputs}}), []string{"no convolution", "stages.9"}},
		{"points of nothing", quantize(Recipe{Name: "x", Points: []PointSelection{MBConvInputs, {Classes: []efficientvit.PointClass{efficientvit.ConvInput}, Where: Selection{Name: "stages.9"}}}}), []string{"no point", "stages.9"}},
		{"migration twice", quantize(Recipe{Name: "x", Transforms: []Transform{PaperMigration, PaperMigration}, Points: []PointSelection{MBConvInputs}}), []string{"no histogram", "migration"}},
		{"profile without the tensor", func() error { _, err := Quantize(model, &partial, Vanilla); return err }, []string{"has no tensor", "among its 20"}},
		{"unknown tensor", func() error { _, err := profile.Tensor("stages.9.depth_conv.act"); return err }, []string{`"stages.9.depth_conv.act"`, "similar"}},
		{"unknown block", func() error { _, _, _, err := profile.MBConv(model.Net, "stages.7"); return err }, []string{`"stages.7"`, "backbone.stages.0.op_list.0"}},
		{"empty calibration set", func() error {
			empty, err := dataset.Memory("empty", dataset.Classification, []string{"a"}, nil)
			if err != nil {
				return err
			}
			_, err = Observe(context.Background(), model, empty)
			return err
		}, []string{"empty"}},
		{"pictures of the wrong size", func() error { _, err := Observe(context.Background(), model, noise(t, 1, 32)); return err }, []string{"noise/0", "32 wide", "takes 64"}},
		{"weights that are not finite", func() error {
			bad := model.Clone()
			w := weights.New(8, 3, 3, 3)
			w.Data[5] = float32(math.NaN())
			bad.Weights["backbone.input_stem.op_list.0.conv.weight"] = w
			_, err := Observe(context.Background(), bad, noise(t, 2, 64))
			return err
		}, []string{"not finite", "backbone.input_stem.op_list.0.conv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.run()
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// formless is a quantizer of one's own that lacks a graph form.
type formless struct{}

func (formless) String() string         { return "formless" }
func (formless) Fake(x float32) float32 { return x }

// Choose returns the quantizer itself for every tensor.
func (f formless) Choose(*TensorStats, efficientvit.Point) (Quantizer, error) { return f, nil }

// TestNoGraphForm: a quantizer that no graph can apply is refused when the model
// is quantized, with the tensor's name, not when its first picture runs.
func TestNoGraphForm(t *testing.T) {
	model, profile := small(t)
	_, err := Quantize(model, profile, MBConv.With("formless", func(r *Recipe) { r.Activations = formless{} }))
	if err == nil || !strings.Contains(err.Error(), "quantizer formless (calib.formless) has no graph form") || !strings.Contains(err.Error(), "backbone.") {
		t.Errorf("error %v", err)
	}
}

// TestRecipesWidthGoesByClass, not by the width that a point has: one that happens to
// be as wide as others keeps its own where its class does.
func TestRecipesWidthGoesByClass(t *testing.T) {
	for _, class := range efficientvit.PointClasses() {
		own := class == efficientvit.PreActivation || class == efficientvit.NormInput || class == efficientvit.DivisorOperand
		for _, bits := range []int{4, 8, 16} {
			p := efficientvit.Point{Class: class, Bits: bits}
			want := 6
			if own {
				want = bits
			}
			if got := (&widths{recipe: Vanilla.Bits(8, 6)}).point(&efficientvit.Op{}, p); got.Bits != want {
				t.Errorf("%s of %d bits by a recipe of 6: %d bits, want %d", class, bits, got.Bits, want)
			}
			if got := (&widths{recipe: TrioViTPlusInteger}).point(&efficientvit.Op{}, p); got != p {
				t.Errorf("%s of %d bits by a recipe that says nothing: %d bits", class, bits, got.Bits)
			}
		}
	}
}

// TestQuantizedKeepsItsModel: whatever is changed in the model that was quantized, or in
// what a quantized model exports, the exact model stays, and ID and logits, also those of
// a number of pictures that runs later, are those that were quantized.
func TestQuantizedKeepsItsModel(t *testing.T) {
	given, profile := small(t)
	model := given.Clone()
	q, err := Quantize(model, profile, Vanilla)
	if err != nil {
		t.Fatal(err)
	}
	scale := func(m *triovit.Folded) {
		for _, w := range m.Weights {
			for i := range w.Data {
				w.Data[i] *= 1.1
			}
		}
	}
	picture := weights.SyntheticInput(efficientvit.Size(model.Net.Input().Shape))
	id, exact := q.ID(), q.Exact().Hash()
	want, err := q.Predict(picture)
	if err != nil {
		t.Fatal(err)
	}
	for i, edit := range []func(){
		func() { scale(model) },
		func() { model.Net.Ops[1].Eps = 0.5 },
		func() { scale(q.Model) },
		func() { q.Model.Net.Ops[1].Stride, q.Model.Net.Name = 7, "other" },
		func() { q.Network().Ops[1].Stride = 7 },
		func() { clear(q.WeightGrids) },
	} {
		edit()
		got, err := q.Predict(slices.Repeat(picture, i+2))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if math.Abs(float64(got[k]-v)) > 1e-5*(1+math.Abs(float64(v))) {
				t.Fatalf("edit %d: logits %v, want %v", i, got[:len(want)], want)
			}
		}
		if q.ID() != id || q.Exact().Hash() != exact || q.Network().Name != given.Net.Name {
			t.Errorf("edit %d changed the ID, the exact model or the network", i)
		}
	}
	if again, err := Quantize(given, profile, Vanilla); err != nil || again.ID() != id {
		t.Errorf("quantized again: another ID (%v)", err)
	}
	if _, err := Quantize(model, profile, Vanilla); err == nil || !strings.Contains(err.Error(), "other weights") {
		t.Errorf("the changed model with the profile of the old: %v", err)
	}
}

// TestRoundedWeights: the weights that a recipe says it rounds are those that it rounds,
// behind its transforms.
func TestRoundedWeights(t *testing.T) {
	model, _ := small(t)
	pictures := noise(t, 6, 64)
	for _, recipe := range Named() {
		names, err := recipe.RoundedWeights(model.Net)
		if err != nil {
			t.Error(err)
			continue
		}
		q, err := Calibrate(t.Context(), model, pictures, recipe)
		if err != nil {
			t.Error(err)
			continue
		}
		slices.Sort(names)
		if rounded := slices.Sorted(maps.Keys(q.WeightGrids)); !slices.Equal(names, rounded) {
			t.Errorf("%s says %q, rounded are %q", recipe.Name, names, rounded)
		}
	}
	none := Recipe{Name: "divisors", Divisors: LogDomain{}}
	if _, err := none.RoundedWeights(model.Net); err == nil || err.Error() != "recipe divisors rounds no weights of "+model.Net.Name {
		t.Errorf("error %v", err)
	}
}
