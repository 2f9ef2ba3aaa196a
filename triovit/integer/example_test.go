// SPDX-License-Identifier: Apache-2.0

package integer_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// One pre-activation on its way to the next convolution: 2.5 in 16-bit codes of a
// step of 1/1024 becomes 2.5·clamp(2.5 + 3, 0, 6)/6 = 2.2917 in 8-bit codes of a
// step of 1/32.
func ExampleHardswish() {
	codes := integer.Interval{Lo: -1 << 15, Hi: 1<<15 - 1}
	h, err := integer.NewHardswish(1.0/1024, codes, integer.OperandPort)
	if err != nil {
		fmt.Println(err)
		return
	}
	product := h.Of(2560)
	fmt.Println("3 is", h.Three, "and the product", product, "without its lowest", h.Drop, "bits")

	unit := float64(int(1)<<h.Drop) / 1024 / 1024 / 6
	a, err := integer.NewAffine(unit*32, 0, integer.MultiplierPort)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("times", a.Mantissa, "shifted by", a.Shift, "is", a.Of(product), "steps of 1/32:", float64(a.Of(product))/32)
	// Output:
	// 3 is 3072 and the product 3604480 without its lowest 2 bits
	// times 87381 shifted by 32 is 73 steps of 1/32: 2.28125
}
