// SPDX-License-Identifier: Apache-2.0

package closed_test

import (
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// The paper's network on the paper's accelerator: the published throughput is
// 780.2 GOPS.
func ExampleCharge() {
	net, err := efficientvit.Describe("b1-r224")
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := workload.FromNetwork(net)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := closed.Charge(w, arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(result)
	// Output:
	// closed form, efficientvit-b1-r224, backbone
	// on Trio-ViT on ZCU102: (8×8 + 8×8)×16 at 200 MHz, 1024 + 592 DSPs, peak 819.2 GOPS
	// 250343 cycles (4005490 / 16 copies), 1.252 ms, 798.9 FPS
	// 781.9 GOPS by 489.4 M MACs, 95.4 % of the peak
	// (792.3 GOPS by 495.9 M MACs, which the authors do not count in full)
	// (250852.75 cycles and 780.3 GOPS with each set-up of a stream charged twice: a fit to what is published for B1-R224, found after the fact)
	//                              role  operations  cycles of one copy   share  utilization
	//                               PW1          14             1404928  35.1 %      100.0 %
	//                          DW + PW2          14             1337480  33.4 %       98.9 %
	//                               qkv           7              526848  13.2 %      100.0 %
	//                              proj           7              351232   8.8 %      100.0 %
	//   aggregation DW + aggregation PW           7              168000   4.2 %       43.8 %
	//                              stem           1              112896   2.8 %       37.5 %
	//             DSConv DW + DSConv PW           1               39210   1.0 %      100.0 %
	//                               KTV          14               33536   0.8 %       93.5 %
	//                          dividend          14               31360   0.8 %      100.0 %
	//      not charged  operations  M MACs  M elements                                      because
	//   requantization         170    0.00       12.96  auxiliary units are free in the closed form
	//       activation          58    0.00        5.39  auxiliary units are free in the closed form
	//            adder          18    0.00        0.65  auxiliary units are free in the closed form
	//       sum over K          14    0.25        0.25    the authors' formulas have no denominator
	//          engines          14    0.25        0.00    the authors' formulas have no denominator
	//      log2 module          14    0.00        0.02  auxiliary units are free in the closed form
	//          shifter          14    0.00        0.25  auxiliary units are free in the closed form
	//          engines           3   23.33        0.00  the authors' formulas end with the backbone
	//   requantization           6    0.00        0.16  the authors' formulas end with the backbone
	//       activation           2    0.00        0.08  the authors' formulas end with the backbone
	//    pooling adder           1    0.00        0.08  the authors' formulas end with the backbone
	//             host           1    0.00        0.00  the authors' formulas end with the backbone
	// needs 1024 DSPs for the engines and, by an estimate of our own, 592 for auxiliary units and 135280 LUTs of all arithmetic;
	// 642 block RAMs of 36 Kbit for the buffers (XCZU9EG of the ZCU102 has 2520 DSPs, 274080 LUTs and 912 block RAMs)
	// note: buffers, ports and off-chip memory are unlimited, and the copies divide every operation without a remainder
	// note: the aggregation's grouped convolution is charged with a third of its output channels and counted as no operations, as in the authors' script
	// assumption: copies_share = pixels: the authors' cycle script divides all cycles by the copies, which fits output pixels best
	// assumption: buffers.input.kib = 1024: holds every tensor of B1-R224, the largest of which has 784 KiB; all buffers fit the board's 4 MiB of block RAM
	// assumption: buffers.input.port_bytes = 1024: what R-MAC reads in depthwise mode: lanes × MACs × copies
	// assumption: buffers.weight.kib = 512: holds the weights of the largest layer of B1's trunk (256 KiB) twice
	// assumption: buffers.weight.port_bytes = 128: one weight for every multiplier of one copy; copies that share pixels share weights
	// assumption: buffers.output.kib = 1024: as large as the input buffer: the two change roles between layers
	// assumption: buffers.output.port_bytes = 1024: as wide as the input buffer's port: the two buffers change roles between layers
	// assumption: buffers.divisor.kib = 8: holds one head's divisors at 1024×2048 (8192 tokens of one byte)
	// assumption: buffers.divisor.port_bytes = 16: one divisor per copy
	// assumption: auxiliary.sum_k = 8: one lane of channels, beside R-MAC
	// assumption: auxiliary.log2 = 1: one leading-one detector
	// assumption: auxiliary.shifter = 4: the fewest units with which B1-R224 loses no cycle, in any mode of depthwise convolutions
	// assumption: auxiliary.requantize = 21: the fewest units with which B1-R224 loses no cycle, in any mode of depthwise convolutions; all copies together need 44 a cycle on average, and more in bursts
	// assumption: auxiliary.activation = 8: the fewest units with which B1-R224 loses no cycle, in any mode of depthwise convolutions
	// assumption: auxiliary.add = 8: the fewest units with which B1-R224 loses no cycle, in any mode of depthwise convolutions
	// assumption: auxiliary.resize = 1: one interpolator: the paper's accelerator runs no segmentation head
	// assumption: auxiliary.pool = 16: one adder per lane
	// assumption: auxiliary.multiplier_bits = 18: calib/INTEGER.md: a factor of 18 bits fits one DSP slice; one of 32 bits, as integer libraries commonly have, takes two
	// assumption: auxiliary.accumulator_bits = 27: calib/INTEGER.md: one DSP slice takes 27 bits; a sum over the 1024 input channels of B1's widest layer has 25, and a frozen model proves its own
}

// A standard ViT needs the host for softmax, GELU and LayerNorm in every block.
func ExampleResult() {
	w, err := workload.DeiT("deit-small")
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := closed.Charge(w, arch.ZCU102(), hwsim.Whole)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f FPS, %.1f GOPS, if the host took no time for:\n", result.FPS(), result.GOPS())
	for _, o := range result.Omitted {
		if o.Unit == workload.Host && strings.HasPrefix(o.Name, "blocks.0.") {
			fmt.Printf("%s, %d elements\n", o.Name, o.Elements)
		}
	}
	// Output:
	// 87.1 FPS, 801.5 GOPS, if the host took no time for:
	// blocks.0.LayerNorm_1, 75648 elements
	// blocks.0.softmax, 232854 elements
	// blocks.0.LayerNorm_2, 75648 elements
	// blocks.0.GELU, 302592 elements
}
