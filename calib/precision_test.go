// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// TestPrecisions: the weights of every convolution and the tensor of every point stand
// under the width that the quantized network has for them, whatever the recipe.
func TestPrecisions(t *testing.T) {
	model, profile := small(t)
	recipes := append(slices.Concat(Ladder, Baselines), Vanilla.Bits(5, 12), Vanilla.With("weights alone", func(r *Recipe) { r.Activations = InFloat{} }))
	for _, recipe := range recipes {
		t.Run(recipe.Name, func(t *testing.T) {
			q, err := Quantize(model, profile, recipe)
			if err != nil {
				t.Fatal(err)
			}
			all := q.Precisions()
			told := func(class, name string, bits int) bool {
				return slices.ContainsFunc(all, func(p Precision) bool { return p.Class == class && p.Bits == bits && slices.Contains(p.Names, name) })
			}
			for i := range q.Model.Net.Ops {
				op := &q.Model.Net.Ops[i]
				if op.Kind == efficientvit.Conv || op.Kind == efficientvit.Linear {
					bits := 0
					if len(q.WeightGrids[op.Name]) > 0 {
						bits = recipe.weightBits()
					}
					if !told(WeightsClass, op.Name, bits) {
						t.Errorf("the weights of %s do not stand under %d bits", op.Name, bits)
					}
				}
				for _, p := range op.Points {
					tensor, bits := op.Inputs[p.Operand], 0
					if q.Rounds(op.Name, p.Operand) {
						switch q.quantizers[q.GridName(op, p.Operand)].(type) {
						case grid.Uniform:
							if bits = p.Bits; recipe.ResidualBits > 0 && identity(op, p.Operand) {
								bits = recipe.ResidualBits
							} else if bits == 8 {
								bits = recipe.activationBits()
							}
						case grid.Log2:
							bits = 4
						}
					}
					if p.Class == efficientvit.DivisorOperand && bits != 0 && bits != 4 {
						bits = 8 // the bits do not depend on the width of activations
					}
					if !told(p.Class.String(), tensor, bits) {
						t.Errorf("%s %s does not stand under %d bits", p.Class, tensor, bits)
					}
				}
			}
		})
	}
}

func TestPrecisionsOfARecipe(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, Vanilla)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range q.Precisions() {
		if p.Class == WeightsClass || p.Class == efficientvit.ConvInput.String() {
			lines = append(lines, p.String())
		}
	}
	want := []string{
		"float: 21 × conv input (stem, DSConv DW, DSConv PW, qkv, aggregation DW, aggregation PW, proj, head output)",
		"float: 22 × weights (stem, DSConv DW, DSConv PW, qkv, aggregation DW, aggregation PW, proj, head output)",
		"8 bits, uniform: 30 × conv input (PW1, DW, PW2)",
		"8 bits, uniform: 30 × weights (PW1, DW, PW2)",
	}
	slices.Sort(lines)
	slices.Sort(want)
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// TestWeightsAlone: where all tensors stay in float, the quantized network is the float
// network with the weights of their grids, bit for bit.
func TestWeightsAlone(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, Vanilla.With("weights alone", func(r *Recipe) { r.Activations = InFloat{} }))
	if err != nil {
		t.Fatal(err)
	}
	rounded, err := Quantize(model, profile, Vanilla)
	if err != nil {
		t.Fatal(err)
	}
	for name := range q.WeightGrids {
		param := q.Model.Net.Op(name).Params[0].Name
		if !slices.Equal(q.Model.Weights[param].Data, rounded.Model.Weights[param].Data) || slices.Equal(q.Model.Weights[param].Data, model.Weights[param].Data) {
			t.Errorf("%s: the weights are not those of the recipe", name)
		}
	}
	float, err := forward.New(q.Model)
	if err != nil {
		t.Fatal(err)
	}
	picture := make([]float32, efficientvit.Size(model.Net.Input().Shape))
	for i := range picture {
		picture[i] = float32(i%17) / 9
	}
	want, err := float.Predict(picture)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := q.Predict(picture); err != nil || !slices.Equal(got, want) {
		t.Errorf("the logits differ from those of the float network with these weights (%v)", err)
	}
}

// TestInputsInFloat: the inputs of the picked convolutions stay in float, those of the
// others are rounded, and weights all the same; a selection that picks none is an error.
func TestInputsInFloat(t *testing.T) {
	model, profile := small(t)
	f, err := InputsInFloat(model.Net, Roles(efficientvit.DW), Selection{Name: "head"})
	if err != nil {
		t.Fatal(err)
	}
	recipe := MSAUniform.With("but DW", func(r *Recipe) { r.Transforms, r.Activations = nil, f })
	q, err := Quantize(model, profile, recipe)
	if err != nil {
		t.Fatal(err)
	}
	for i := range q.Model.Net.Ops {
		op := &q.Model.Net.Ops[i]
		if _, has := q.WeightGrids[op.Name]; op.Kind == efficientvit.Conv && !has {
			t.Errorf("%s: the weights are not rounded", op.Name)
		}
		for _, p := range op.Points {
			if p.Class != efficientvit.ConvInput {
				continue
			}
			_, float := q.quantizers[op.Inputs[0]].(unrounded)
			if want := op.Role == efficientvit.DW || strings.Contains(op.Name, "head"); float != want {
				t.Errorf("%s %s: input in float %t, want %t", op.Role, op.Name, float, want)
			}
		}
	}
	if want := `  tensors    8 bits (16 for inputs of Hardswish and LayerNorm), min-max, but inputs of DW, all operations with a name like "head" in float`; !strings.Contains(recipe.String(), want) {
		t.Errorf("the recipe is told as\n%s", recipe)
	}
	for name, s := range map[string]Selection{"no convolution": {Name: "nowhere"}, "name pattern": {Name: "("}} {
		if _, err := InputsInFloat(model.Net, s); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}

// TestTiming: a recipe's time has the pass over the pictures, also where an earlier run
// made it, and says so then; the passes of a rule that looks at distributions behind a
// transform are two.
func TestTiming(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	model, _ := small(t)
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	data := noise(t, 4, 64)
	climb := func() []Rung {
		c, err := RunLadder(t.Context(), model, data, data, []Recipe{Vanilla, MBConv.By(OMSE)})
		if err != nil {
			t.Fatal(err)
		}
		return c.Rungs
	}
	first, again := climb(), climb()
	for i := range first {
		a, b := first[i].Timing, again[i].Timing
		if a.Cached || !b.Cached || a.Observe <= 0 || a.Observe != b.Observe || a.Quantize <= 0 || a.Total() != a.Observe+a.Quantize {
			t.Errorf("%s: %+v, from the cache %+v", first[i].Recipe.Name, a, b)
		}
		if strings.Contains(a.String(), "earlier") || !strings.Contains(b.String(), "earlier") {
			t.Errorf("told as %s and %s", a, b)
		}
	}
	if one, two := first[0].Timing.Observe, first[1].Timing.Observe; two <= one {
		t.Errorf("one pass takes %v, two take %v", one, two)
	}
}
