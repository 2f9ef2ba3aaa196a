// SPDX-License-Identifier: Apache-2.0

package ablate_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/ablate"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
)

// What the paper's design choices buy for EfficientViT-B1.
func ExampleRun() {
	net, err := triovit.Describe("b1-r224")
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := workload.FromNetwork(net)
	if err != nil {
		fmt.Println(err)
		return
	}
	study, err := ablate.Run(w, arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(study)
	// Output:
	// efficientvit-b1-r224 on Trio-ViT on ZCU102: (8×8 + 8×8)×16 at 200 MHz, 1024 DSPs, peak 819.2 GOPS
	//                                                       without   cycles     ×      FPS  DSPs  FPS/DSP
	//                                                       nothing   250343  1.00    798.9  1024    0.780
	//                                          inter-layer pipeline   260004  1.04    769.2  1024    0.751
	//                                        R-MAC's depthwise mode   334512  1.34    597.9  1024    0.584
	//   R-MAC's depthwise mode, but with windows across MAT's lanes   252192  1.01    793.0  1024    0.774
	//                                               packing of DSPs   250343  1.00    798.9  2048    0.390
	//                                          intra-layer pipeline  unknown        unknown  1024  unknown
	//                                                 log2 divisors  unknown        unknown  1024  unknown
	// unknown without intra-layer pipeline: the closed form has no denominators to wait for
	// unknown without log2 divisors: the closed form has no division
	// by the closed form: memory and auxiliary units take no time
}
