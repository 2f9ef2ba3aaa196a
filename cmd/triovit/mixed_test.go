// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/mixed"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// TestWidths: the flag sets the widths of the recipe, and a file of grids stores them.
func TestWidths(t *testing.T) {
	r := recipe{"TrioViT", 8, 6, `stages\.3\.=W4,a=b=A5,depth_conv=W6A5`}
	named, err := r.get()
	if err != nil {
		t.Fatal(err)
	}
	pattern := func(name string) calib.Selection { return calib.Selection{Name: name} }
	want := []calib.Width{{Where: pattern(`stages\.3\.`), Weights: 4}, {Where: pattern("a=b"), Activations: 5}, {Where: pattern("depth_conv"), Weights: 6, Activations: 5}}
	if diff := cmp.Diff(want, named.Widths); diff != "" || named.ActivationBits != 6 {
		t.Errorf("the recipe has %d bits and\n%s", named.ActivationBits, diff)
	}
	g := grids{Recipe: r.name, WeightBits: r.weights, ActivationBits: r.activations, Widths: r.widths}
	if *g.recipe() != r {
		t.Errorf("a file of grids has the recipe %+v", *g.recipe())
	}
}

// TestWidthsAreStored: a model is quantized with widths for its parts. The file of its
// grids quantizes it again, and names its recipe.
func TestWidthsAreStored(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on drawn scenes: run without -short")
	}
	out := filepath.Join(t.TempDir(), "grids.json")
	made := must(t, "quantize", "-calibration-sample", "24", "-widths", "depth_conv=W6A5", "-out", out)
	if want := "TrioViT with depth_conv=W6A5\n"; !strings.Contains(made, want) || !strings.Contains(made, "width      weights of 6 bits, tensors of 5 bits: all operations with a name like \"depth_conv\"\n") {
		t.Errorf("%q is not in\n%s", want, made)
	}
	must(t, "evaluate", "-calibration-sample", "24", "-sample", "50", "-quantized", out)
}

// TestMixed: the widths keep to the budget and are those of the artefact. The command
// prints the table and the recipe.
func TestMixed(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on drawn scenes: run without -short")
	}
	dir := t.TempDir()
	config, table, out := filepath.Join(dir, "four.yaml"), filepath.Join(dir, "noise.csv"), filepath.Join(dir, "m.triovit")
	writeFile(t, config, "version: 1\nname: four bits\nmultiplier_bits: 4\n")
	args := []string{"mixed", "-calibration-sample", "24", "-pictures", "1", "-bits", "8,4", "-budget", "80%", "-config", config}
	var r mixed.Result
	if err := json.Unmarshal([]byte(must(t, append(args, "-json")...)), &r); err != nil {
		t.Fatal(err)
	}
	wide := r.Uniform[len(r.Uniform)-1]
	if c := r.Chosen; c.Unit != "cycles" || c.Budget != 0.8*wide.Price || c.Price > c.Budget || c.Price <= r.Uniform[0].Price {
		t.Errorf("a price of %g %s, the budget is %g and 8 bits take %g", c.Price, c.Unit, c.Budget, wide.Price)
	}
	text := must(t, append(args, "-csv", table, "-out", out)...)
	for _, want := range []string{"convolution ", "predicted dB", "\nchosen ", "recipe := must.M1(calib.RecipeNamed(\"TrioViTPlus every point\")).With(", "{Weights: 4, Where: calib.Operations(", "bytes, hash"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if lines := strings.Count(readFile(t, table), "\n"); lines != 1+len(r.Chosen.Bits) {
		t.Errorf("the table has %d lines for %d convolutions", lines, len(r.Chosen.Bits))
	}
	// The accelerator takes the widths from the artefact. The flag's width is for other
	// workloads.
	simulated := func(bits string) (run struct{ Cycles int64 }) {
		text := must(t, "simulate", "-json", "-scope", "whole", "-model", out, "-config", config, "-weight-bits", bits)
		if err := json.Unmarshal([]byte(text), &run); err != nil {
			t.Fatal(err)
		}
		return run
	}
	if own := simulated("8"); own != simulated("2") || own.Cycles < int64(r.Uniform[0].Price) || own.Cycles >= int64(wide.Price) {
		t.Errorf("the artefact takes %d cycles, with weights of 2 bits elsewhere %d; chosen are %g", own.Cycles, simulated("2").Cycles, r.Chosen.Price)
	}
	m, err := integer.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range m.Ops {
		if c, ok := op.Operation.(*integer.Conv); ok && c.WeightBits != r.Chosen.Bits[op.Name] {
			t.Errorf("%s is written with %d bits, chosen are %d", op.Name, c.WeightBits, r.Chosen.Bits[op.Name])
		}
	}
}
