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

// What the paper's design choices buy for EfficientViT-B1.
func ExampleEach() {
	w := must.M1(workload.FromNetwork(must.M1(efficientvit.Describe("b1-r224"))))
	study := must.M1(ablate.Each(w, arch.ZCU102(), hwsim.Backbone))
	page, _, _ := strings.Cut(study.String(), "assumption: ") // a list ends it
	fmt.Print(page)
	// Output:
	// efficientvit-b1-r224, backbone, on Trio-ViT on ZCU102: (8×8 + 8×8)×16 at 200 MHz, 1024 DSPs, peak 819.2 GOPS
	//                          without  DSPs  closed form, cycles      ×      FPS     GOPS  event-driven, cycles      ×      FPS     GOPS
	//                          nothing  1024               250343  1.000    798.9    781.9                296449  1.000    674.7    660.3
	//             inter-layer pipeline  1024               260004  1.039    769.2    752.9                303844  1.025    658.2    644.2
	//             intra-layer pipeline  1024              unknown         unknown  unknown                296657  1.001    674.2    659.8
	//                   both pipelines  1024              unknown         unknown  unknown                303932  1.025    658.0    644.0
	//           R-MAC's depthwise mode  1024               334512  1.336    597.9    585.2                377524  1.273    529.8    518.5
	//   depthwise mode, windows on MAT  1024               252192  1.007    793.0    776.2               unknown         unknown  unknown
	//                  packing of DSPs  2048               250343  1.000    798.9    781.9                296449  1.000    674.7    660.3
	//                    log2 divisors  1024              unknown         unknown  unknown                299557  1.010    667.7    653.5
	// unknown without intra-layer pipeline: the closed form has no denominators to wait for
	// unknown without both pipelines: the closed form has no denominators to wait for
	// unknown without depthwise mode, windows on MAT: the event-driven model has no line buffers
	// unknown without log2 divisors: the closed form has no division
	// closed form: memory and auxiliary units take no time
}
