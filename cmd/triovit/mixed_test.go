// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib/mixed"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// TestMixed: the widths keep to the budget and are those of the artefact, and the table
// and the recipe are told.
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
	// The accelerator takes the widths from the artefact, whatever those of other
	// workloads are.
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
