// SPDX-License-Identifier: Apache-2.0

package register_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// R-MAC's two MACs hold a channel each while the middle row of the kernel passes over two
// pixels. The other rows of the kernel meet the border. Then both lanes sum channels.
func ExampleRecording() {
	c := arch.ZCU102()
	c.MAT, c.RMAC = arch.Engine{Lanes: 1, MACs: 2}, arch.Engine{Lanes: 1, MACs: 2}
	x := integer.Value{Shape: [3]int{1, 2, 2}, Data: []int32{1, 2, 3, 4}}
	dw := &integer.Conv{Kernel: 3, Stride: 1, Groups: 2, WeightBits: 8, Bias: make([]int32, 2), Weights: []int8{
		0, 0, 0, 1, 2, 3, 0, 0, 0,
		0, 0, 0, -1, -2, -3, 0, 0, 0}}
	pw := &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 1, 1, -1}, Bias: make([]int32, 2)}

	var cycles register.Recording
	if _, _, err := register.InterLayer(c, x, dw, nil, pw, cycles.Watch); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(cycles[3:6])
	fmt.Print(cycles[18:])
	// Output:
	// cycle  MAT lane 1  R-MAC lane 1
	// 4      -           0×1, 0×-1 → 0, 0
	// 5      -           1×2, 2×-2 → 2, -4
	// 6      -           3×3, 4×-3 → 11, -16
	// cycle  MAT lane 1        R-MAC lane 1
	// 19     7×1 + -10×1 → -3  7×1 + -10×-1 → 17
}
