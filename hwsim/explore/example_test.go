// SPDX-License-Identifier: Apache-2.0

package explore_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/explore"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// Other shapes of the paper's engines with no more DSPs than the paper's.
func ExampleSweep() {
	w := must.M1(workload.FromNetwork(must.M1(efficientvit.Describe("b1-r224"))))
	survey := must.M1(explore.Sweep(context.Background(), explore.Space{
		Base: arch.ZCU102(),
		Axes: []explore.Axis{
			explore.Over("mat.lanes", 4, 8, 12, 16),
			explore.Over("rmac.lanes", 4, 8, 12, 16),
			explore.Over("copies", 8, 12, 16, 20),
		},
		Limits:    explore.Limits{DSPs: 1616},
		Workloads: []*workload.Workload{w},
		Model:     closed.Model(hwsim.Backbone),
	}))
	page, _, _ := strings.Cut(survey.String(), "assumption: ") // a list of assumptions ends the page
	fmt.Print(page)
	// Output:
	// 64 points tried, 29 beyond the limits, 0 refused
	// efficientvit-b1-r224: 12 points that no other beats in FPS and DSPs
	//   mat.lanes  rmac.lanes  copies  DSPs  BRAMs  cycles    FPS   GOPS  of the peak
	//           4           4       8   408    642  999618  200.1  195.8       95.6 %
	//           4           8       8   608    642  697244  286.8  280.7       91.4 %
	//           4           4      12   612    642  666412  300.1  293.7       95.6 %
	//           8           8       8   808    642  500686  399.5  391.0       95.4 %
	//           4           4      16   816    642  499809  400.2  391.6       95.6 %
	//           4           8      12   912    642  464829  430.3  421.1       91.4 %
	//          12           8       8  1016    642  432821  462.1  452.3       88.3 %
	//           4           4      20  1020    642  399847  500.2  489.6       95.6 %
	//           8           8      12  1212    642  333791  599.2  586.4       95.4 %
	//          12          16       8  1416    642  330219  605.7  592.8       82.7 %
	//           4           8      20  1520    642  278898  717.1  701.9       91.4 %
	//           8           8      16  1616    642  250343  798.9  781.9       95.4 %
	// by the closed form, backbone: memory and auxiliary units take no time
	// auxiliary units are in proportion to the multipliers of a copy
}
