// SPDX-License-Identifier: Apache-2.0

package workload_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// The operations of a standard ViT that the accelerator can run, and those that it
// cannot.
func ExampleDeiT() {
	w, err := workload.DeiT("deit-tiny")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(w)
	// Output:
	// deit-tiny: 222 operations, 2.51 GOP (1253.7 M MACs); Fig. 10 uses 2.6 GOP (inferred)
	//             unit  operations   M MACs  M elements
	//          engines          74  1253.68        0.00
	//   requantization          74     0.00        5.97
	//            adder          25     0.00        0.95
	//             host          49     0.00        4.16
}
