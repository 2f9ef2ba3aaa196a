// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/peer"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// The gain by R-MAC. SCALE-Sim's own total of 780,874 cycles is for other depthwise
// layers than those of the network.
func ExampleCompare() {
	w := must.M1(workload.FromNetwork(must.M1(efficientvit.Describe("b1-r224"))))
	c := must.M1(peer.Compare(w, peer.Array64x32(), arch.ZCU102()))
	page, _, _ := strings.Cut(c.String(), "assumption: ") // a list of assumptions ends the page
	fmt.Print(page)
	// Output:
	// efficientvit-b1-r224 on a 64×32 array of 2048 multipliers and on Trio-ViT on ZCU102: (8×8 + 8×8)×16 at 200 MHz, 1024 + 592 DSPs, peak 819.2 GOPS
	// cycles without memory; × says how many times more than the accelerator
	//                                          convolutions     ×  of them depthwise      ×  matrix products
	//                     as SCALE-Sim counts        780874   3.2             134458    4.7      not entered
	//                     one group at a time       4749281  19.3            4070474  143.4            99140
	//                     groups side by side       1617983   6.6             971792   34.2            77396
	//   one group at a time, folds overlapped       2555840  10.4            2257920   79.5            20800
	//   groups side by side, folds overlapped        759010   3.1             472850   16.7            12960
	//                             accelerator        246287   1.0              28392    1.0             4056
	// accelerator's depthwise: R-MAC alone; its MAT works on the pointwise convolution behind meanwhile
}
