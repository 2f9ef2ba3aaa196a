// SPDX-License-Identifier: Apache-2.0

package ablate_test

import (
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/ablate"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// The gain of each of the paper's design choices for EfficientViT-B1.
func ExampleEach() {
	w := must.M1(workload.FromNetwork(must.M1(efficientvit.Describe("b1-r224"))))
	study := must.M1(ablate.Each(w, arch.ZCU102(), hwsim.Backbone))
	page, _, _ := strings.Cut(study.String(), "assumption: ") // a list of assumptions ends the page
	fmt.Print(page)
	// Output:
	// efficientvit-b1-r224, backbone, on Trio-ViT on ZCU102: (8×8 + 8×8)×16 at 200 MHz, 1024 + 592 DSPs, peak 819.2 GOPS
	//                          without  DSPs    LUTs  closed form, cycles      ×  event-driven, cycles      ×
	//                          nothing  1616  135280               250343  1.000                296449  1.000
	//             inter-layer pipeline  1616  135280               260004  1.039                303844  1.025
	//             intra-layer pipeline  1616  135280              unknown                       299597  1.011
	//                   both pipelines  1616  135280              unknown                       306872  1.035
	//           R-MAC's depthwise mode  1616  120688               334512  1.336                377524  1.273
	//   depthwise mode, windows on MAT  1616  144240               252192  1.007                288031  0.972
	//                  packing of DSPs  2640   82288               250343  1.000                296449  1.000
	//                    log2 divisors  1616  141472              unknown                       299557  1.010
	// unknown without intra-layer pipeline: the closed form has no denominators to wait for
	// unknown without both pipelines: the closed form has no denominators to wait for
	// unknown without log2 divisors: the closed form has no division
	// closed form: memory and auxiliary units take no time
}
