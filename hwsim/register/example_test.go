// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A row of two pixels with two channels runs through a depthwise convolution of
// 3×3 on R-MAC, whose one lane takes a pixel at a time, a channel in each MAC.
// The middle of the kernel copies, so the registers get the input in the fifth
// of nine cycles. The pixels stream into a pointwise convolution that makes
// their sum and their difference. For the first pixel MAT, also with one lane,
// needs the cycles 10 and 11. The second is complete when R-MAC is done; both
// engines make its two outputs in cycle 19.
func ExampleInterLayer() {
	c := arch.ZCU102()
	c.MAT = arch.Engine{Lanes: 1, MACs: 2}
	c.RMAC = arch.Engine{Lanes: 1, MACs: 2}

	x := integer.Value{Shape: [3]int{1, 2, 2}, Data: []int32{10, 20, 30, 40}}
	dw := &integer.Conv{Kernel: 3, Stride: 1, Groups: 2, WeightBits: 8, Weights: make([]int8, 18), Bias: make([]int32, 2)}
	dw.Weights[4], dw.Weights[13] = 1, 1
	pw := &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 1, 1, -1}, Bias: make([]int32, 2)} // the filters make a sum and a difference

	y, trace, err := register.InterLayer(c, x, dw, nil, pw, func(r register.Registers) {
		switch r.Cycle {
		case 4, 5, 9, 10, 11, 14, 18, 19:
			fmt.Printf("cycle %2d: MAT %v, R-MAC %v\n", r.Cycle, r.MAT, r.RMAC)
		}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y.Data)
	fmt.Printf("%d cycles; MAT idle in %d, R-MAC in %d\n", trace.Cycles, trace.MAT.Idle, trace.RMAC.Idle)
	// Output:
	// cycle  4: MAT [0], R-MAC [[0 0]]
	// cycle  5: MAT [0], R-MAC [[10 20]]
	// cycle  9: MAT [0], R-MAC [[10 20]]
	// cycle 10: MAT [30], R-MAC [[0 0]]
	// cycle 11: MAT [-10], R-MAC [[0 0]]
	// cycle 14: MAT [-10], R-MAC [[30 40]]
	// cycle 18: MAT [-10], R-MAC [[30 40]]
	// cycle 19: MAT [70], R-MAC [[30 -10]]
	// [30 -10 70 -10]
	// 19 cycles; MAT idle in 16, R-MAC in 0
}
