// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// TestOutputsOfAnotherType are an error of the run, and what the run made is given
// back: also what lies behind them.
func TestOutputsOfAnotherType(t *testing.T) {
	r, err := NewWithOutputs(tiny(t), func(in []*graph.Node, _ Hooks) []*graph.Node {
		return []*graph.Node{in[0], graph.ConvertDType(in[0], dtypes.Int32), graph.Neg(in[0])}
	})
	if err != nil {
		t.Fatal(err)
	}
	if outputs, err := r.Run(make([]float32, 3*32*32)); err == nil || outputs != nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("outputs %v, error %v", outputs, err)
	}
	results := []*tensors.Tensor{tensors.FromValue([]float32{1}), tensors.FromValue([]int32{2}), tensors.FromValue([]float32{3})}
	if values, err := Values[float32](results); err == nil || values != nil {
		t.Errorf("values %v, error %v", values, err)
	}
	for i, result := range results {
		if result.Ok() {
			t.Errorf("result %d is held after the error", i)
		}
	}
}

// TestGraphsWithoutOutputs return none, without a panic.
func TestGraphsWithoutOutputs(t *testing.T) {
	r, err := NewTapped(tiny(t), func(*efficientvit.Op) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if outputs, err := r.Run(make([]float32, 3*32*32)); len(outputs) > 0 || err == nil {
		t.Errorf("outputs %v, error %v", outputs, err)
	}
}

// TestInputsOfCuts: what does not fit the inputs of a cut is an error, and a cut of
// several inputs is no predictor.
func TestInputsOfCuts(t *testing.T) {
	m := synthetic(t, "seg-b0-cityscapes")
	head := m.Net.ByStage()[5]
	cut, err := m.Cut(head.From, head.To)
	if err != nil {
		t.Fatal(err)
	}
	net := cut.Net
	r, err := NewRunner(cut, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 2*4*4*128)
	for _, c := range []struct {
		name   string
		inputs [][]float32
		want   string
	}{
		{"too few", [][]float32{x}, "1 tensors for 3 inputs"},
		{"half a tensor", [][]float32{x[:8*8*32], x[:4*4*64], x[:5]}, "5 values are no whole number of pictures of 2×2×128 in backbone.stages.3"},
		{"of other pictures", [][]float32{x[:8*8*32], x[:2*4*4*64], x[:2*2*128]}, "2 pictures in backbone.stages.2.op_list.2.local_module.add, 1 in backbone.stages.1.op_list.1.add"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := r.Run(c.inputs...); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), net.Name+": ") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := New(folded(t, cut)); err == nil || !strings.Contains(err.Error(), "has 3 inputs and 1 outputs: a predictor has one of each") {
		t.Errorf("a predictor of a cut: error %v", err)
	}
	r, err = NewWithOutputs(cut, func(in []*graph.Node, hooks Hooks) []*graph.Node { return Build(net, in[:1], hooks) })
	if err == nil {
		_, err = r.Run(x[:8*8*32], x[:4*4*64], x[:2*2*128])
	}
	if err == nil || !strings.Contains(err.Error(), "1 nodes for the 3 inputs of") {
		t.Errorf("a graph of one input: error %v", err)
	}
}
