// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// The logits of two pictures by the steps and offsets of two channels, and the widest
// tensor of a model: sums of 3·127·127 at most, in 17 bits.
func TestLogits(t *testing.T) {
	m := &Model{Name: "two", Limits: Limits{MultiplierBits: 18, AccumulatorBits: 27}, Ops: []Op{
		{Name: "image", Operation: &Input{Shape: [3]int{1, 1, 3}, Grid: grid.Uniform{Scale: 1, Lo: -127, Hi: 127}}},
		{Name: "logits", Inputs: []string{"image"}, Operation: &Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8,
			Weights: []int8{127, 127, 127, 0, 0, 0}, Bias: make([]int32, 2)}, Values: Values{Steps: []float64{0.5, 2}, Offsets: []float64{1, 0}}},
	}}
	if got := m.Logits([]int32{4, 5, -2, 0}); !slices.Equal(got, []float32{3, 10, 0, 0}) {
		t.Errorf("logits %v", got)
	}
	if bits, err := m.Widest(); bits != 17 || err != nil {
		t.Errorf("%d bits, %v", bits, err)
	}
	m.Ops[1].Operation.(*Conv).Kernel = 2
	if _, err := m.Widest(); err == nil {
		t.Error("a kernel of 2 has no error")
	}
}
