// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// TestAddressable: a plan whose sizes may overflow an int of 32 bits is an error there, and
// is made elsewhere, without its memory.
func TestAddressable(t *testing.T) {
	model := func(shape [3]int, ops ...integer.Operation) *integer.Model {
		m := &integer.Model{Name: "large", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 32}}
		m.Ops = []integer.Op{{Name: "0", Operation: &integer.Input{Shape: shape, Grid: grid.Uniform{Scale: 1, Lo: -300, Hi: 300}}}}
		for i, op := range ops {
			m.Ops = append(m.Ops, integer.Op{Name: fmt.Sprint(i + 1), Inputs: []string{"0"}, Operation: op})
		}
		return m
	}
	conv := func(kernel, groups, weights int) *integer.Conv {
		return &integer.Conv{Kernel: kernel, Stride: 1, Groups: groups, WeightBits: 8, Bias: make([]int32, groups), Weights: make([]int8, weights)}
	}
	sums := model([3]int{1000, 2000, 16})
	for i := range 17 { // all tensors are alive until the pools read them
		sums.Ops = append(sums.Ops, integer.Op{Name: fmt.Sprint(i + 1), Inputs: []string{"0"}, Operation: &integer.ReLU{}})
	}
	for i := range 17 {
		sums.Ops = append(sums.Ops, integer.Op{Name: fmt.Sprint("pool", i+1), Inputs: []string{fmt.Sprint(i + 1)}, Operation: &integer.Pool{}})
	}
	patches := model([3]int{1, 16, 200_000}, &integer.Conv{Kernel: 5, Stride: 5, Groups: 1, WeightBits: 8, Bias: make([]int32, 1), Weights: make([]int8, 25*200_000)})
	for _, c := range []struct {
		name  string
		model *integer.Model
		fits  int // bits of an int
		want  string
	}{
		{"a small model", model([3]int{16, 16, 3}, conv(1, 1, 3)), 32, ""},
		{"a tensor of few channels", model([3]int{1 << 11, 1 << 11, 1}, &integer.ReLU{}), 64, `Input "0" takes a size of 67108864 in its plan`},
		{"weights", model([3]int{1, 1, 1 << 23}, conv(1, 1, 1<<23)), 64, `Conv "1" takes a size of`},
		{"patches of sixteen columns", patches, 64, `Conv "1" takes a size of`},
		{"rows of a large kernel", model([3]int{1, 1 << 20, 16}, conv(31, 16, 31*31*16)), 64, `Conv "1" takes a size of`},
		{"the bytes of words", sums, 64, "its tensors take more bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strconv.IntSize >= c.fits && c.model == patches {
				t.Skip("the plan's packed weights take hundreds of megabytes")
			}
			_, err := newExecutor(c.model, kernel.Portable(), 1, minPart)
			if strconv.IntSize >= c.fits {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
