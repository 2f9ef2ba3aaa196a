// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// TestObserveVersion keeps observeVersion honest: the profile of a small
// network has the values that are stored for this version. Where a change of
// the code changes them, cached profiles are wrong: raise the version and
// refresh the file with UPDATE_GOLDEN=1.
func TestObserveVersion(t *testing.T) {
	_, p := small(t)
	got := map[string][]float64{}
	for i, s := range p.Tensors {
		if i%9 == 0 {
			last, second := len(s.Min)-1, s.Ranges[1]
			got[s.Name] = []float64{float64(s.Count), float64(s.Min[0]), float64(s.Max[last]), float64(s.Mean[0]),
				float64(s.Hist.Quantile(0.1)), float64(s.Hist.Quantile(0.9)), float64(second.Min), float64(second.Max)}
		}
	}
	checkVersion(t, "observe", observeVersion, 0.01, got)
}

// TestQuantizeVersion keeps quantizeVersion honest in the same way: what the grids
// of the quantized small network make of the operands that they round, and what
// each of their operations makes of that.
//
// Run from its input to its end, such a network says little about the code: sums
// that differ in the last digit put a value that lies on a threshold on the next
// code, and from there it spreads to a tenth of the logits. So every rounded
// operand is cut off from what is before it and reads numbers of which none is
// near a threshold. Then every backend has the same codes, and what is made of
// them is the same but for last digits.
func TestQuantizeVersion(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViTPlusInteger)
	if err != nil {
		t.Fatal(err)
	}
	type probe struct {
		op     string
		end    float64 // end of the operand's grid, 0 for the operation's result
		output int
	}
	var probes []probe
	exec, err := forward.NewWithOutputs(q.Model.Model, func(in []*graph.Node, hooks forward.Hooks) []*graph.Node {
		var outputs []*graph.Node
		probes = nil
		look := func(op *efficientvit.Op, end float64, y *graph.Node) {
			probes = append(probes, probe{op.Name, end, len(outputs)})
			outputs = append(outputs, y)
		}
		hooks.Operand = func(op *efficientvit.Op, i int, y *graph.Node) *graph.Node {
			if !q.rounded[operand{op.Name, i}] {
				return y
			}
			end := float64(q.quantizers[q.GridName(op, i)].Fake(math.MaxFloat32))
			own := graph.MulScalar(fill(in[0], y.Shape().Dimensions), end)
			rounded := q.fake(op, i, own)
			if _, powers := q.quantizers[q.GridName(op, i)].(grid.Log2); powers {
				look(op, end, graph.MulScalar(graph.Log(graph.Div(rounded, graph.Abs(own))), end))
			} else {
				look(op, end, graph.Sub(rounded, own))
			}
			return rounded
		}
		hooks.Result = func(op *efficientvit.Op, y *graph.Node) *graph.Node {
			if len(probes) > 0 && probes[len(probes)-1].op == op.Name {
				look(op, 0, y)
			}
			return y
		}
		forward.Build(q.Model.Net, in, hooks)
		return outputs
	})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := exec.Run(offThresholds(q, 3*64*64))
	if err != nil {
		t.Fatal(err)
	}
	// A row is an operation: the end of each operand's grid and its rounding error,
	// of powers of two in the logarithm, then the result. Errors are in 1/1000 of
	// the end, so that 16 bits show too.
	got := map[string][]float64{}
	for _, p := range probes {
		var sum, squares float64
		for _, v := range outputs[p.output] {
			sum, squares = sum+float64(v), squares+float64(v)*float64(v)
		}
		n := float64(len(outputs[p.output]))
		if rms := math.Sqrt(squares / n); p.end > 0 {
			got[p.op] = append(got[p.op], p.end, 1000*rms/p.end)
		} else {
			got[p.op] = append(got[p.op], rms, sum/n/rms)
		}
	}
	checkVersion(t, "quantize", quantizeVersion, 1e-3, got)
}

// offThresholds returns n numbers from -1.1 to 1.1, every other of any order of
// magnitude that a grid tells apart. Times the end of any grid of q, none is near a
// value where the grid goes from one code to the next; how near does not depend on
// the last digits of its step.
func offThresholds(q *Quantized, n int) []float32 {
	rng := rand.New(rand.NewPCG(5, 6))
	numbers := make([]float32, 0, n)
draw:
	for len(numbers) < n {
		u := rng.Float32()*2.2 - 1.1
		if len(numbers)%2 == 1 {
			u *= float32(math.Exp2(-16 * rng.Float64()))
		}
		for _, quantizer := range q.quantizers {
			var code float64 // code of u, with its fraction; thresholds are whole
			switch g := quantizer.(type) {
			case grid.Uniform:
				code = float64(u)*float64(g.Hi-g.Zero) + 0.5
			case grid.Log2:
				code = math.Log2(math.Abs(float64(u)) / g.Threshold)
			}
			if math.Abs(code-math.Round(code)) < 0.02 {
				continue draw
			}
		}
		numbers = append(numbers, u)
	}
	return numbers
}

// fill returns a tensor of the given shape with the numbers of x, over and over.
func fill(x *graph.Node, shape []int) *graph.Node {
	x = graph.Reshape(x, -1)
	n, size := efficientvit.Size(shape), x.Shape().Size()
	var copies []*graph.Node
	for have := 0; have < n; have += size {
		copies = append(copies, x)
	}
	return graph.Reshape(graph.Slice(graph.Concatenate(copies, 0), graph.AxisRange(0, n)), shape...)
}

// checkVersion compares values with those stored for a version of a stage,
// relative to each.
func checkVersion(t *testing.T, stage string, version int, within float64, got map[string][]float64) {
	t.Helper()
	golden.Numbers(t, fmt.Sprintf("%s_version_%d.json", stage, version), got,
		func(row []float64, i int) float64 { return within * max(math.Abs(row[i]), 0.01) }, "raise "+stage+"Version")
}
