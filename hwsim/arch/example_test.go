// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// A file describes a design by its differences from the paper's.
func ExampleRead() {
	c, err := arch.Read("half.yaml", []byte("version: 1\nname: half the copies\ncopies: 8\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c)
	for _, a := range c.Assumptions()[:2] {
		fmt.Println(a)
	}

	_, err = arch.Read("half.yaml", []byte("version: 1\ncopies: 0\n"))
	fmt.Println(err)
	// Output:
	// half the copies: (8×8 + 8×8)×8 at 200 MHz, 512 + 296 DSPs, peak 409.6 GOPS
	// copies = 8: changed from 16, which is stated in the companion paper (ISCAS 2024): (8×8 + 8×8)×16
	// copies_share = pixels: the authors' cycle script divides all cycles by the copies, which fits output pixels best
	// half.yaml:2: copies: 0 must be a whole number from 1 to 4096
}
