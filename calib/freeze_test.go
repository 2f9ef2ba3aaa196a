// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// oneSlice has the widths of one DSP slice.
var oneSlice = integer.Limits{MultiplierBits: integer.MultiplierPort, AccumulatorBits: integer.OperandPort}

// TestFrozenOperationsAreNear: every operation of a frozen network makes of its
// integers what the float operation makes of the numbers that they stand for, but
// for the rounding that its result takes: half a step of a grid, or next to nothing
// of an accumulator. Every operand is cut off from what the float graph has made
// before it.
func TestFrozenOperationsAreNear(t *testing.T) {
	for _, c := range []struct {
		name, variant string
		recipe        Recipe
		limits        integer.Limits
	}{
		{"classifier", "b0-r224", TrioViTPlusInteger, oneSlice},
		{"segmentation", "seg-b0-cityscapes", TrioViTPlusInteger, oneSlice},
		{"leading one", "b0-r224", TrioViTPlusInteger.With("leading one", func(r *Recipe) { r.Divisors = LeadingOne{IntegerBits: 8} }), oneSlice},
		{"full width", "b0-r224", TrioViTPlusInteger.With("full width", fullDividends), oneSlice},
		{"32 bits", "b0-r224", TrioViTPlusInteger, integer.Limits{MultiplierBits: 32, AccumulatorBits: 32}},
		{"4-bit weights", "b0-r224", TrioViTPlusInteger.Bits(4, 8), oneSlice},
		{"mixed widths", "b0-r224", mixed, oneSlice},
		{"residual sums of 8 bits", "b0-r224", TrioViTPlusInteger.With("shared", func(r *Recipe) { r.ResidualBits = 0 }), oneSlice},
		{"residual sums of 12 bits", "seg-b0-cityscapes", TrioViTPlusInteger.With("12", func(r *Recipe) { r.ResidualBits = 12 }), oneSlice},
	} {
		t.Run(c.name, func(t *testing.T) {
			model, profile := smallOf(t, c.variant)
			testFrozen(t, model, profile, c.recipe, c.limits)
		})
	}
}

// testFrozen holds every operation of the frozen model against the float one.
func testFrozen(t *testing.T, model *triovit.Folded, profile *Profile, recipe Recipe, limits integer.Limits) {
	t.Helper()
	q, err := Quantize(model, profile, recipe)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Freeze(q, limits)
	if err != nil {
		t.Fatal(err)
	}
	picture := weights.SyntheticInput(3 * 64 * 64)
	ops, made := map[string]*integer.Op{}, map[string][]float32{}
	if _, err := m.Run(m.Input().Codes(picture), func(op *integer.Op, y integer.Value) {
		ops[op.Name], made[op.Name] = op, numbers(op, y)
	}); err != nil {
		t.Fatal(err)
	}
	var names []string
	type read struct {
		grid, frozen string
		output       int
	}
	var reads []read
	exec, err := forward.NewWithOutputs(q.Model.Model, func(in []*graph.Node, hooks forward.Hooks) []*graph.Node {
		var outputs []*graph.Node
		names, reads = nil, nil
		hooks.Operand = func(op *efficientvit.Op, i int, y *graph.Node) *graph.Node {
			if !q.rounded[operand{op.Name, i}] {
				return y
			}
			from := ops[op.Name].Inputs[i]
			reads = append(reads, read{q.GridName(op, i), from, len(outputs)})
			names, outputs = append(names, ""), append(outputs, y)
			return graph.ConstTensor(y.Graph(), tensors.FromFlatDataAndDimensions(made[from], y.Shape().Dimensions...))
		}
		hooks.Result = func(op *efficientvit.Op, y *graph.Node) *graph.Node {
			if ops[op.Name] != nil {
				names, outputs = append(names, op.Name), append(outputs, y)
			}
			return y
		}
		forward.Build(q.Model.Net, in, hooks)
		return outputs
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := exec.Run(picture)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reads {
		quantizer := q.quantizers[r.grid]
		for j, v := range made[r.frozen] {
			y := want[r.output][j]
			off := 3e-4*max(y, -y) + slack(quantizer)
			if lo, hi := quantizer.Fake(y-off), quantizer.Fake(y+off); v < lo-1e-5*max(lo, -lo) || v > hi+1e-5*max(hi, -hi) {
				t.Errorf("%s: element %d stands for %g, the float operation's %g takes %g to %g (%s)", r.frozen, j, v, y, lo, hi, quantizer)
				break
			}
		}
	}
	for i, name := range names {
		if name == "" {
			continue
		}
		within, limit := nearness(ops[name], want[i])
		for j, v := range made[name] {
			want[i][j] = min(max(want[i][j], limit.Min), limit.Max)
			if off := math.Abs(float64(v - want[i][j])); !(off <= within) {
				t.Errorf("%T %s: element %d stands for %g, the float operation makes %g, allowed is %g", ops[name].Operation, name, j, v, want[i][j], within)
				break
			}
		}
	}
}

// fullDividends leaves the dividends of a recipe that rounds every point at full
// width.
func fullDividends(r *Recipe) {
	classes := slices.DeleteFunc(slices.Clone(EveryPoint.Classes), func(c efficientvit.PointClass) bool { return c == efficientvit.AttentionOperand })
	r.Points = []PointSelection{{Classes: classes}, {Classes: []efficientvit.PointClass{efficientvit.AttentionOperand},
		Where: Roles(efficientvit.Query, efficientvit.Key, efficientvit.Value, efficientvit.Dividend, efficientvit.Divisor)}}
}

// numbers returns what the integers of a tensor stand for.
func numbers(op *integer.Op, y integer.Value) []float32 {
	all := make([]float32, len(y.Data))
	for i, v := range y.Data {
		all[i] = float32(op.Values.Of(i%y.Shape[2], v))
		if l, ok := op.Operation.(*integer.Log2); ok {
			all[i] = float32(math.Ldexp(l.Unit, l.Lo+int(v)))
		}
	}
	return all
}

// slack is a tenth of a grid's step: the multipliers' width and the half that is
// rounded up may move a number by so much over a threshold.
func slack(q Quantizer) float32 {
	switch g := q.(type) {
	case grid.Uniform:
		return g.Scale / 10
	case grid.Log2:
		if g.Integer {
			return g.Unit / 10
		}
	}
	return 0
}

// nearness returns how far an operation's result may be from the float one's, and
// the range to which its grid clamps it.
func nearness(op *integer.Op, want []float32) (within float64, limit Range) {
	largest := float32(0)
	for _, v := range want {
		largest = max(largest, v, -v)
	}
	limit = Range{-largest, largest}
	step := op.Values.Steps[0]
	switch o := op.Operation.(type) {
	case *integer.Add:
		within := 0.505 * step
		if o.Codes.Bits() > 8 { // factors of 18 bits meet 2^15 steps to a quarter
			within += step / 4
		}
		return within, Range{float32(op.Values.Of(0, int32(o.Codes.Lo))), float32(op.Values.Of(0, int32(o.Codes.Hi)))}
	case *integer.Divide, *integer.MergeHeads, *integer.Concat: // behind a division the float ones are not rounded
		lo, hi := int32(-128), int32(127)
		if len(op.Values.Offsets) > 0 { // the grid is affine
			lo, hi = 0, 255
		}
		return 0.505 * step, Range{float32(op.Values.Of(0, lo)), float32(op.Values.Of(0, hi))}
	case *integer.Input:
		return 0.505 * step, limit
	case *integer.Hardswish:
		return float64(largest)/float64(o.Three) + step, limit
	case *integer.LayerNorm:
		return 1e-4 * float64(largest), limit
	}
	return 1e-5*float64(largest) + 1e-12, limit
}

// TestFreezeRefuses what has no integers, with the operation's name.
func TestFreezeRefuses(t *testing.T) {
	model, profile := small(t)
	for _, c := range []struct {
		name   string
		recipe Recipe
		limits integer.Limits
		want   string
	}{
		{"an operand in float", TrioViTPlus, oneSlice,
			`freeze efficientvit-b0-r64: Hardswish "backbone.input_stem.op_list.0.act": the recipe leaves operand 0, "backbone.input_stem.op_list.0.conv", in float, and "TrioViTPlus every point by L2.4 search" leaves none`},
		{"the picture in float", TrioViTPlusInteger.With("no stem", func(r *Recipe) { r.Points = []PointSelection{MBConvInputs} }), oneSlice,
			`Input "input": the recipe leaves "input" in float`},
		{"uniform divisors", TrioViTPlusInteger.With("uniform", func(r *Recipe) { r.Divisors = MinMax{Bits: 8} }), oneSlice,
			`attention.0": divisors "backbone.stages.2.op_list.1.context_module.main.divisor.0" are on uniform 0..255`},
		{"divisors in float", TrioViTPlusInteger.With("float", func(r *Recipe) { r.Divisors = nil }), oneSlice, "are in float, not on a log2 grid"},
		{"affine weights", TrioViTPlusInteger.With("affine", func(r *Recipe) { r.AffineWeights = true }), oneSlice, "filter 0 has weights on uniform 0..255"},
		{"affine pre-activations", TrioViTPlusInteger.With("affine", func(r *Recipe) { r.Activations = MinMax{Affine: true} }), oneSlice,
			`"backbone.input_stem.op_list.0.conv", has a zero point of `},
		{"weights of 9 bits", TrioViTPlusInteger.Bits(9, 8), oneSlice, "only symmetric grids of at most 8 bits can be frozen"},
		{"accumulators that do not fit", TrioViTPlusInteger, integer.Limits{MultiplierBits: 18, AccumulatorBits: 17},
			`Conv "backbone.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := Quantize(model, profile, c.recipe)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Freeze(q, c.limits); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestFreezeSource: a frozen model says what it was made from and how a picture
// becomes its input; the same quantized model freezes into the same bytes, and
// another recipe, other weights or other pictures into others.
func TestFreezeSource(t *testing.T) {
	model, profile := small(t)
	named := model.Clone()
	named.Classes = []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	named.Pipeline = preprocess.ImageNet(64, 0.95)
	recipe := TrioViTPlusInteger
	freeze := func(model *triovit.Folded, profile *Profile, recipe Recipe) (*integer.Model, string) {
		t.Helper()
		q, err := Quantize(model, profile, recipe)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Freeze(q, oneSlice)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := m.Hash()
		if err != nil {
			t.Fatal(err)
		}
		return m, hash
	}
	m, hash := freeze(named, profile, recipe)
	if !slices.Equal(m.Classes, named.Classes) || m.Picture != (integer.Picture{Pipeline: named.Pipeline, Normalization: preprocess.ImageNetNormalization()}) {
		t.Errorf("classes %q, picture %+v", m.Classes, m.Picture)
	}
	want := integer.Source{Weights: named.Hash(), Calibration: noise(t, 6, 64).Fingerprint(), Recipe: recipe.String(), Code: platform.Version()}
	if m.Source != want {
		t.Errorf("source %+v, want %+v", m.Source, want)
	}
	if _, again := freeze(named, profile, recipe); again != hash {
		t.Error("the same quantized model freezes into two artefacts")
	}
	other := *profile
	other.Pictures = "other"
	for name, changed := range map[string]func() (*integer.Model, string){
		"recipe":   func() (*integer.Model, string) { return freeze(named, profile, recipe.Bits(4, 8)) },
		"pictures": func() (*integer.Model, string) { return freeze(named, &other, recipe) },
		"classes":  func() (*integer.Model, string) { return freeze(model, profile, recipe) },
	} {
		if _, got := changed(); got == hash {
			t.Errorf("another %s, the same hash", name)
		}
	}
	path := filepath.Join(t.TempDir(), "small.triovit")
	if err := m.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	read, err := integer.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, read) {
		t.Error("the frozen model is read differently")
	}
}

// TestFreezeAffine: zero points of convolutions' inputs, residual sums, pooling and
// resizes become biases, borders and addends; the integers stand for what they
// stood for.
func TestFreezeAffine(t *testing.T) {
	affine := TrioViTPlusInteger.With("affine where allowed", func(r *Recipe) { r.Activations = affineWhereAllowed{} })
	for _, variant := range []string{"b0-r224", "seg-b0-cityscapes"} {
		model, profile := smallOf(t, variant)
		testFrozen(t, model, profile, affine, oneSlice)
	}
}

// affineWhereAllowed chooses affine grids but for pre-activations and the attention.
type affineWhereAllowed struct{}

func (affineWhereAllowed) String() string { return "affine where integers allow it" }

func (affineWhereAllowed) Choose(stats *TensorStats, p efficientvit.Point) (Quantizer, error) {
	switch p.Class {
	case efficientvit.PreActivation, efficientvit.AttentionOperand, efficientvit.NormInput:
		return MinMax{}.Choose(stats, p)
	}
	if stats.Role == efficientvit.Attention || stats.Role == efficientvit.QKV || stats.Role == efficientvit.AggPW {
		return MinMax{}.Choose(stats, p)
	}
	return MinMax{Affine: true}.Choose(stats, p)
}

// TestFrozenModelsAgree: the integers of whole networks say of pictures what fake
// quantization says, of nearly all pixels or pictures: of the built-in model, and of
// the real networks where the shared data is. A log2 code more or less lets logits
// differ.
func TestFrozenModelsAgree(t *testing.T) {
	data := func(name string) string { return shared.Path(t, "data/"+name) }
	for _, c := range []struct {
		name               string
		checkpoint, folder func() string
		pictures           int
		bits               int // width of the widest accumulator
		agree              float64
	}{
		{"built-in", func() string { return "" }, func() string { return "" }, 2, 32, 0.98},
		{"classifier", func() string { return data("weights/efficientvit_b0_tiny_imagenet_r128.pt") }, func() string { return data("tiny-imagenet") }, 20, 32, 0.8},
		{"Seg-B0", func() string { return data("weights/efficientvit_seg_b0_cityscapes.pt") }, func() string { return data("camvid") }, 1, 32, 0.95},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkpoint, folder := c.checkpoint(), c.folder()
			if testing.Short() && checkpoint != "" {
				t.Skip("runs a real network")
			}
			setup, err := triovit.Prepare(t.Context(), checkpoint, folder)
			if err != nil {
				t.Fatal(err)
			}
			few, err := dataset.Head(setup.Calibration, 4)
			if err != nil {
				t.Fatal(err)
			}
			q, err := Calibrate(t.Context(), setup.Folded, few, TrioViTPlusInteger)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Freeze(q, integer.Limits{MultiplierBits: integer.MultiplierPort, AccumulatorBits: c.bits})
			if err != nil {
				t.Fatal(err)
			}
			classes := setup.Model.Net.Output().Shape[len(setup.Model.Net.Output().Shape)-1]
			same, all := 0, 0
			for i := range c.pictures {
				picture, _, err := triovit.LoadBatch(t.Context(), setup.Model.Net, setup.Evaluation, i, 1)
				if err != nil {
					t.Fatal(err)
				}
				fake, err := q.Predict(picture)
				if err != nil {
					t.Fatal(err)
				}
				y, err := m.Run(m.Input().Codes(picture))
				if err != nil {
					t.Fatal(err)
				}
				for at := 0; at < len(fake); at += classes {
					all++
					if largest(fake[at:][:classes]) == largest(y.Data[at:][:classes]) {
						same++
					}
				}
			}
			t.Logf("%d of %d alike", same, all)
			if float64(same) < c.agree*float64(all) {
				t.Errorf("%d of %d alike, at least %.0f %% are allowed", same, all, 100*c.agree)
			}
		})
	}
}

// largest returns the index of the largest element.
func largest[T int32 | float32](xs []T) int {
	return slices.Index(xs, slices.Max(xs))
}
