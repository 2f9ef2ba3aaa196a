// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"pgregory.net/rapid"
)

// mixed has narrower weights in PW1 and DW, and DW reads narrower tensors.
var mixed = TrioViTPlusInteger.With("mixed", func(r *Recipe) {
	r.Widths = []Width{{Where: Roles(efficientvit.PW1, efficientvit.DW), Weights: 4}, {Where: Roles(efficientvit.DW), Weights: 6, Activations: 5}}
})

// TestWidthsForEverything: however the operations are divided among selections, and
// whatever earlier entries say, widths that are the same for all of them are those of
// Bits: the same grids, weights, identity and logits' graph.
func TestWidthsForEverything(t *testing.T) {
	model, profile := small(t)
	var names []string
	for _, op := range model.Net.Ops {
		if len(op.Points) > 0 {
			names = append(names, op.Name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		weights, activations := rapid.IntRange(MinBits, 8).Draw(t, "weights"), rapid.IntRange(MinBits, 8).Draw(t, "activations")
		want, err := Quantize(model, profile, TrioViTPlusInteger.Bits(weights, activations))
		if err != nil {
			t.Fatal(err)
		}
		part := rapid.SliceOfN(rapid.IntRange(0, 2), len(names), len(names)).Draw(t, "part")
		recipe := TrioViTPlusInteger.With("x", func(r *Recipe) {
			r.Widths = []Width{{Weights: rapid.IntRange(MinBits, 8).Draw(t, "overridden"), Activations: 7}}
			for i := range 3 {
				// One entry of each part has the weights, another the activations, of which
				// operations without either make no use.
				var of []string
				for j, name := range names {
					if part[j] == i {
						of = append(of, name)
					}
				}
				if slices.ContainsFunc(of, func(name string) bool { return hasFilters(model.Net.Op(name)) }) {
					r.Widths = append(r.Widths, Width{Where: Operations(of...), Weights: weights}, Width{Where: Operations(of...), Activations: activations})
				}
			}
			r.Widths = append(r.Widths, Width{Activations: activations})
		})
		got, err := Quantize(model, profile, recipe)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got.Quantizers(), want.Quantizers()) || !reflect.DeepEqual(got.WeightGrids, want.WeightGrids) {
			t.Errorf("widths of %d and %d bits give other grids than Bits", weights, activations)
		}
		if got.ID() != want.ID() || got.Model.Hash() != want.Model.Hash() || !slices.Equal(got.Changes, want.Changes) {
			t.Errorf("widths of %d and %d bits give another model than Bits", weights, activations)
		}
	})
}

// TestWidths: each convolution has the weights, and each operand the grid, that the
// uniform recipe of its own widths gives it, and its frozen form has that width.
func TestWidths(t *testing.T) {
	model, profile := small(t)
	quantize := func(r Recipe) *Quantized {
		q, err := Quantize(model, profile, r)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := quantize(mixed)
	uniform := map[int]*Quantized{}
	for _, bits := range []int{4, 6, 8} {
		uniform[bits] = quantize(TrioViTPlusInteger.Bits(bits, 8))
	}
	m, err := Freeze(q, oneSlice)
	if err != nil {
		t.Fatal(err)
	}
	frozen := map[string]int{}
	for _, op := range m.Ops {
		if c, ok := op.Operation.(*integer.Conv); ok {
			frozen[op.Name] = c.WeightBits
		}
	}
	seen := map[int]int{}
	for _, op := range q.Model.Net.Ops {
		if len(q.WeightGrids[op.Name]) == 0 {
			continue
		}
		want := map[efficientvit.Role]int{efficientvit.PW1: 4, efficientvit.DW: 6}[op.Role]
		if want == 0 {
			want = 8
		}
		seen[want]++
		weight := op.Params[0].Name
		if got := q.Model.Weights[weight].Data; !slices.Equal(got, uniform[want].Model.Weights[weight].Data) {
			t.Errorf("%s has other weights than by a recipe of %d bits", op.Name, want)
		}
		if frozen[op.Name] != want {
			t.Errorf("%s is frozen in %d bits, want %d", op.Name, frozen[op.Name], want)
		}
		codes := 255
		if op.Role == efficientvit.DW {
			codes = 31
		}
		if u := q.Quantizers()[op.Inputs[0]].(grid.Uniform); u.Hi-u.Lo != codes {
			t.Errorf("%s reads %s, want %d codes", op.Name, u, codes+1)
		}
	}
	if seen[4] == 0 || seen[6] == 0 || seen[8] == 0 {
		t.Errorf("convolutions by width: %v", seen)
	}
	if text := mixed.String(); !strings.Contains(text, "\n  width      weights of 6 bits, tensors of 5 bits: DW\n") {
		t.Errorf("the recipe says\n%s", text)
	}
}

// TestLongRecipe: a recipe that names more operations than fit a line says all of them,
// in lines that an artefact takes.
func TestLongRecipe(t *testing.T) {
	model, profile := small(t)
	var names []string
	for _, op := range model.Net.Ops {
		if hasFilters(&op) {
			names = append(names, op.Name)
		}
	}
	recipe := TrioViTPlusInteger.With("long", func(r *Recipe) { r.Widths = []Width{{Where: Operations(names...), Weights: 4}} })
	text := recipe.String()
	for line := range strings.Lines(text) {
		if len(line) > longest {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	for _, name := range names {
		if !strings.Contains(text, name+",") && !strings.Contains(text, name+"\n") {
			t.Errorf("%s is not told", name)
		}
	}
	q, err := Quantize(model, profile, recipe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Freeze(q, oneSlice); err != nil {
		t.Error(err)
	}
}

// TestWidthsRefused: a width that no grid has, that picks nothing of what is rounded,
// or that gives a tensor two grids is an error that says so.
func TestWidthsRefused(t *testing.T) {
	model, profile := small(t)
	for _, c := range []struct {
		name   string
		recipe Recipe
		width  Width
		want   []string
	}{
		{"one bit", TrioViT, Width{Weights: 1}, []string{"weights of all operations of 1 bits", "2 to 16"}},
		{"17 bits", TrioViT, Width{Activations: 17, Where: MBConvs}, []string{"activations of PW1, DW, PW2 of 17 bits", "2 to 16"}},
		{"neither", TrioViT, Width{Where: MBConvs}, []string{"width of PW1, DW, PW2", "neither"}},
		{"no such name", TrioViT, Width{Where: Operations("input", "x"), Weights: 4}, []string{`no operation of efficientvit-b0-r64 is named "x"`}},
		{"no such pattern", TrioViT, Width{Where: Selection{Name: "xyz"}, Weights: 4}, []string{`weights of 4 bits: all operations with a name like "xyz"`, "no such operation of efficientvit-b0-r64"}},
		{"no pattern", TrioViT, Width{Where: Selection{Name: "("}, Weights: 4}, []string{`name pattern "("`}},
		{"operations without weights", TrioViT, Width{Where: Roles(efficientvit.Query), Weights: 4}, []string{"rounds the weights of no such operation"}},
		{"weights that stay in float", Vanilla, Width{Where: Roles(efficientvit.QKV), Weights: 4}, []string{"rounds the weights of no such operation"}},
		{"tensors that stay in float", Vanilla, Width{Where: Roles(efficientvit.QKV), Activations: 4}, []string{"rounds no tensor that such an operation"}},
		{"tensors whose class has its own width", TrioViTPlusInteger, Width{Where: Selection{Name: `\.act$`}, Activations: 4}, []string{"rounds no tensor that such an operation"}},
		{"two grids of a tensor", TrioViTPlusInteger.With("shared", func(r *Recipe) { r.ResidualBits = 0 }), Width{Where: Roles(efficientvit.PW1), Activations: 4}, []string{"a tensor has one grid", "4 bits", "8 bits"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Quantize(model, profile, c.recipe.With("x", func(r *Recipe) { r.Widths = []Width{c.width} }))
			told(t, err, append(c.want, "recipe x: ")...)
		})
	}
}
