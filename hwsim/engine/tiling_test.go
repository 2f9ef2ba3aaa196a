// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// attention returns a model of some heads on a map: qkv, KᵀV and the sums over K,
// dividends and divisors, quotients, and the projection beside a depthwise convolution.
func attention(h, w, heads, dim int) *integer.Model {
	codes := integer.Interval{Lo: -128, Hi: 127}
	m := &integer.Model{Name: "attention", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 32}}
	add := func(name string, op integer.Operation, inputs ...string) string {
		m.Ops = append(m.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op})
		return name
	}
	requantize := func(in string, mantissa int32, codes integer.Interval) string {
		return add(in+".codes", &integer.Requantize{Affine: []integer.Affine{{Mantissa: mantissa, Shift: 24}}, Codes: codes}, in)
	}
	conv := func(name, in string, kernel, groups, each, filters int) string {
		c := &integer.Conv{Kernel: kernel, Stride: 1, Groups: groups, WeightBits: 8, Bias: make([]int32, filters)}
		for i := range filters * each * kernel * kernel {
			c.Weights = append(c.Weights, int8(i*37%255-127))
		}
		return add(name, c, in)
	}
	x := add("input", &integer.Input{Shape: [3]int{h, w, 3}, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}})
	qkv := requantize(conv("qkv", x, 1, 1, 3, 3*heads*dim), 1<<16, codes)
	var parts [3]string
	for i := range parts {
		parts[i] = add(fmt.Sprint("qkv.", i), &integer.Heads{Heads: heads, Dim: dim, Part: i}, qkv)
	}
	q, k := add("q", &integer.ReLU{}, parts[0]), add("k", &integer.ReLU{}, parts[1])
	ktv := requantize(add("ktv", &integer.MatMul{OverTokens: true}, k, parts[2]), 1<<14, codes)
	sum := requantize(add("sum", &integer.SumTokens{}, k), 1<<16, integer.Interval{Hi: 255})
	dividends := add("dividends", &integer.MatMul{}, q, ktv)
	divisors := add("divisors", &integer.MatMul{}, q, sum)
	log2 := add("log2", &integer.Log2{Thresholds: []int32{2, 100, 1000, 5000}, Unit: 1}, divisors)
	quotients := add("quotients", &integer.Divide{Mantissa: 1 << 16, Shift: 20, Codes: codes}, dividends, log2)
	merged := add("merged", &integer.MergeHeads{H: h, W: w}, quotients)
	proj := requantize(conv("proj", add("both", &integer.Concat{}, merged, merged), 1, 1, 2*heads*dim, 7), 1<<15, codes)
	dw := requantize(conv("dw", proj, 3, 7, 1, 7), 1<<16, codes)
	conv("pw", dw, 1, 1, 7, 20)
	return m
}

// TestEveryTiling: with any tiles that the event-driven model may choose, also with
// tokens of cut heads, the engines compute the reference's integers.
func TestEveryTiling(t *testing.T) {
	tried := 0
	cut := map[schedule.Area]bool{} // for each area, whether all runs cut heads
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 7)
		m := attention(size.Draw(t, "height"), size.Draw(t, "width"), rapid.IntRange(1, 5).Draw(t, "heads"), rapid.IntRange(1, 4).Draw(t, "dim"))
		picture := make([]int32, m.Input().Shape[0]*m.Input().Shape[1]*3)
		for i := range picture {
			picture[i] = rapid.Int32Range(-128, 127).Draw(t, "code")
		}
		want, err := m.Run(picture)
		if err != nil {
			t.Fatal(err)
		}
		w, err := workload.FromModel(m)
		if err != nil {
			t.Fatal(err)
		}
		c := arch.ZCU102()
		c.MAT.Lanes, c.RMAC.Lanes, c.Copies = rapid.IntRange(1, 4).Draw(t, "MAT lanes"), rapid.IntRange(1, 4).Draw(t, "R-MAC lanes"), rapid.IntRange(1, 3).Draw(t, "copies")
		c.CopiesShare = rapid.SampledFrom(arch.Shares()).Draw(t, "share")
		pipelines := rapid.SampledFrom([]hwsim.Pipelines{hwsim.NoPipelines, hwsim.InterLayerPipeline, hwsim.IntraLayerPipeline, hwsim.BothPipelines}).Draw(t, "pipelines")
		e, err := New(m, w, c, event.Options{Pipelines: pipelines})
		if err != nil {
			t.Fatal(err)
		}
		s, err := schedule.New(w, c, schedule.Options{Scope: hwsim.Whole, Pipelines: pipelines})
		if err != nil {
			t.Fatal(err)
		}
		for _, tiling := range s.Tilings(0) {
			e.turns = e.turns[:0]
			for i := range s.Steps {
				plan := s.Plan(&s.Steps[i], tiling)
				for tile := range plan.All() {
					cut[tile.Area] = tile.Cut()
					for _, task := range plan.Tasks(tile.Area) {
						e.turns = append(e.turns, event.Turn{Step: i, Plan: &plan, Tile: tile, Task: task})
					}
				}
			}
			got, err := e.Run(picture)
			if err != nil {
				t.Fatalf("tiles of %+v: %v", tiling, err)
			}
			if !slices.Equal(got.Logits.Data, want.Data) {
				t.Fatalf("tiles of %+v: logits %v, the reference has %v", tiling, got.Logits.Data, want.Data)
			}
			tried++
		}
	})
	parts := 0
	for _, is := range cut {
		if is {
			parts++
		}
	}
	if tried == 0 || parts == 0 {
		t.Errorf("%d tilings, %d areas that are parts of heads: the test is void", tried, parts)
	}
}

// TestWrongSchedules: a schedule that leaves out a task, repeats one or runs one too
// early is an error that names the tensor.
func TestWrongSchedules(t *testing.T) {
	m := attention(4, 4, 2, 2)
	w, err := workload.FromModel(m)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(m, w, arch.ZCU102(), event.Options{TilePixels: 4})
	if err != nil {
		t.Fatal(err)
	}
	turns := e.turns
	last := len(turns) - 1
	for _, c := range []struct {
		name  string
		turns []event.Turn
	}{
		{"one less", slices.Delete(slices.Clone(turns), 1, 2)},
		{"one twice", slices.Insert(slices.Clone(turns), 1, turns[0])},
		{"the last first", slices.Concat(turns[last:], turns[:last])},
		{"backwards", reversed(turns)},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := *e
			wrong.turns = c.turns
			if r, err := wrong.Run(make([]int32, 48)); err == nil {
				t.Errorf("%d turns run without an error", r.Turns)
			} else {
				t.Log(err)
			}
		})
	}
}

func reversed(turns []event.Turn) []event.Turn {
	turns = slices.Clone(turns)
	slices.Reverse(turns)
	return turns
}
