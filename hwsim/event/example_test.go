// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// list returns the operations of a network. The name must be right.
func list(name string) *workload.Workload {
	return must.M1(workload.FromNetwork(must.M1(efficientvit.Describe(name))))
}

// simulate runs a workload. The options must be right.
func simulate(w *workload.Workload, c arch.Config, o event.Options) *event.Run {
	return must.M1(event.Simulate(w, c, o))
}

// The paper's network on the paper's accelerator, with memory and units.
func ExampleSimulate() {
	r := simulate(list("b1-r224"), arch.ZCU102(), event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
	fmt.Printf("%d cycles, %.1f FPS, %.1f GOPS\n", r.Cycles, r.FPS(), r.GOPS())
	for _, s := range event.Stalls() {
		if mat, rmac := r.MAT.Stalls[s], r.RMAC.Stalls[s]; mat+rmac > 0 {
			fmt.Printf("%s: MAT %.1f %%, R-MAC %.1f %%\n", s, share(mat, r), share(rmac, r))
		}
	}
	// Output:
	// 296449 cycles, 674.7 FPS, 660.3 GOPS
	// imbalance: MAT 10.7 %, R-MAC 13.5 %
	// stream: MAT 7.4 %, R-MAC 0.0 %
	// channels: MAT 0.0 %, R-MAC 0.0 %
	// input load: MAT 0.2 %, R-MAC 0.2 %
	// output store: MAT 0.0 %, R-MAC 0.0 %
	// weight port: MAT 0.2 %, R-MAC 0.2 %
}

// share returns n as a percentage of the cycles of all copies.
func share(n int64, r *event.Run) float64 {
	return 100 * float64(n) / float64(r.Config.Copies) / float64(r.Cycles)
}

// The cycles of B1 with each choice of pipelines, on an accelerator with memory and
// auxiliary units.
func ExampleSimulate_pipelines() {
	for _, copies := range []int{16, 1} {
		for _, p := range []hwsim.Pipelines{hwsim.NoPipelines, hwsim.InterLayerPipeline, hwsim.IntraLayerPipeline, hwsim.BothPipelines} {
			c := arch.ZCU102()
			c.Copies = copies
			r := simulate(list("b1-r224"), c, event.Options{Scope: hwsim.Backbone, Pipelines: p})
			fmt.Printf("copies: %d, %s: %d cycles\n", copies, p, r.Cycles)
		}
	}
	// Output:
	// copies: 16, no pipelines: 306872 cycles
	// copies: 16, inter-layer pipeline: 299597 cycles
	// copies: 16, intra-layer pipeline: 303844 cycles
	// copies: 16, both pipelines: 296449 cycles
	// copies: 1, no pipelines: 4254408 cycles
	// copies: 1, inter-layer pipeline: 4068994 cycles
	// copies: 1, intra-layer pipeline: 4198430 cycles
	// copies: 1, both pipelines: 4012526 cycles
}

// The paper does not say how the copies share an operation. This is the cost of each way,
// in cycles for each picture, without memory and with it.
func ExampleSimulate_copies() {
	for _, share := range arch.Shares() {
		c := arch.ZCU102()
		c.CopiesShare = share
		o := event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: 16, FreeMemory: true, FreeAuxiliary: true}
		ideal := simulate(list("b1-r224"), c, o)
		o.FreeMemory, o.FreeAuxiliary = false, false
		r := simulate(list("b1-r224"), c, o)
		fmt.Printf("%s: %d cycles without memory, %d with it\n", share, ideal.Cycles/16, r.Cycles/16)
		if share == arch.Batch { // sixteen pictures want more room
			c.Buffers.Input.KiB, c.Buffers.Output.KiB = 4096, 4096
			r := simulate(list("b1-r224"), c, o)
			fmt.Printf("%s, buffers of 4 MiB: %d cycles with memory\n", share, r.Cycles/16)
		}
	}
	// Output:
	// pixels: 294968 cycles without memory, 296449 with it
	// channels: 613718 cycles without memory, 3769250 with it
	// batch: 250733 cycles without memory, 359544 with it
	// batch, buffers of 4 MiB: 325483 cycles with memory
}

// In smaller buffers a row of a map does not fit, so tiles are rectangles.
func ExampleSimulate_buffers() {
	for _, kib := range []int{1024, 256, 64} {
		c := arch.ZCU102()
		c.Buffers.Input.KiB, c.Buffers.Output.KiB = kib, kib
		r := simulate(list("b1-r224"), c, event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
		fmt.Printf("%d KiB: %d cycles, %.1f MB of activations off the chip, rectangles: %t\n", kib, r.Cycles, float64(r.Traffic.InputLoads+r.Traffic.Stores)/1e6, r.Tiling.Bytes > 0)
	}
	// Output:
	// 1024 KiB: 296449 cycles, 0.2 MB of activations off the chip, rectangles: false
	// 256 KiB: 349908 cycles, 5.2 MB of activations off the chip, rectangles: true
	// 64 KiB: 599208 cycles, 12.7 MB of activations off the chip, rectangles: true
}

// A segmentation network at 1024×2048: its feature maps pass through the buffers in
// tiles.
func ExampleSimulate_cityscapes() {
	for _, name := range []string{"seg-b0-cityscapes", "seg-b3-cityscapes"} {
		r := simulate(list(name), arch.ZCU102(), event.Options{Scope: hwsim.Whole, Pipelines: hwsim.BothPipelines})
		fmt.Printf("%s: %.1f FPS, %.1f MB of weights, %.1f MB of activations in and %.1f MB out, off-chip memory busy %.0f %%, engines wait for it %.0f %%\n", name, r.FPS(),
			float64(r.Traffic.WeightLoads)/1e6, float64(r.Traffic.InputLoads)/1e6, float64(r.Traffic.Stores)/1e6, 100*float64(r.OffChipBusy)/float64(r.Cycles),
			share(r.MAT.Stalls[event.WeightLoad]+r.MAT.Stalls[event.InputLoad]+r.MAT.Stalls[event.OutputStore], r))
	}
	// Output:
	// seg-b0-cityscapes: 56.9 FPS, 0.7 MB of weights, 130.8 MB of activations in and 101.0 MB out, off-chip memory busy 69 %, engines wait for it 22 %
	// seg-b3-cityscapes: 2.1 FPS, 544.8 MB of weights, 1248.8 MB of activations in and 895.1 MB out, off-chip memory busy 30 %, engines wait for it 4 %
}

// More lanes can take longer. B1's channels do not divide by 17 lanes, and the weight
// port is wide enough for 16.
func ExampleDiff() {
	c, o := arch.ZCU102(), event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}
	from := simulate(list("b1-r224"), c, o)
	c.RMAC.Lanes = 9
	d, err := event.Diff(from, simulate(list("b1-r224"), c, o))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+d cycles: %s\n", d.Cycles, &d.Terms)
	// Output:
	// +5859 cycles: work -14245, weight port +9554, rounding of lanes +9037, channels +2830, stream -749, imbalance -382, rounding of MACs -267, input port +81
}

// The energy of B1's events by a published table of an ASIC process. The table lacks some
// of the events.
func ExampleRun_Counts() {
	r := simulate(list("b1-r224"), arch.ZCU102(), event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
	fmt.Print(energy.Horowitz45nm().Price(r.Counts()))
	// Output:
	// energy of a picture through efficientvit-b1-r224 by 45 nm, 0.9 V, rough
	// (Horowitz, ISSCC 2014, Fig. 1.1.9)
	//                                       event  millions  pJ each       mJ
	//                        8-bit multiplication   495.639      0.2   0.0991
	//                         32-bit accumulation   495.639      0.1   0.0496
	//                           input buffer byte    46.099     12.5   0.5762
	//                          weight buffer byte    38.216     12.5   0.4777
	//                          output buffer byte    17.397     12.5   0.2175
	//                         divisor buffer byte     0.031     1.25   0.0000
	//                               off-chip byte     4.784    243.8   1.1661
	//   8 by 8 bits multiplied in auxiliary units   124.122  unknown  unknown
	//                                  sum over K     0.251      0.1   0.0000
	//                                 log2 module     0.016  unknown  unknown
	//                                     shifter     0.251  unknown  unknown
	//                              requantization    12.956  unknown  unknown
	//                                  activation     5.394  unknown  unknown
	//                                       adder     0.652      0.1   0.0001
	// total: unknown mJ; the known events are 2.5863 mJ, and of 8 by 8 bits multiplied in auxiliary units; log2 module; shifter; requantization; activation, 142.738 million events, the table says nothing
	// events alone, without leakage, clock, control and the host: unknown GOPS/W by the authors' count
	// not comparable: the companion paper (arXiv 2403.20230, ISCAS 2024) prints 105.1 GOPS/W [V] for EfficientViT-B1-R224, of the power of an FPGA board
}

// With derived entries the total is known. Each derivation is named.
func ExampleRun_Counts_derived() {
	r := simulate(list("b1-r224"), arch.ZCU102(), event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
	e := energy.Derived45nm().Price(r.Counts())
	fmt.Printf("%.4f mJ, %d events without a price\n", 1e3*e.Joules(), e.Unpriced())
	for _, p := range e.Parts {
		if p.Source != "" {
			fmt.Printf("%s, %.4g pJ: %s\n", p.Event, p.Each, p.Source)
		}
	}
	// Output:
	// 2.6147 mJ, 0 events without a price
	// 8 by 8 bits multiplied in auxiliary units, 0.2 pJ: derived: as an 8-bit multiplication; one of 32 bits costs 15.5 times as much in the figure, for 16 times as many products of bits
	// log2 module, 0.2 pJ: derived: the leading one and the rounding, each as a 32-bit addition
	// shifter, 0.1 pJ: derived: a shift as a 32-bit addition
	// requantization, 0.2 pJ: derived: a 32-bit addition to round, a shift as another
	// activation, 0.18 pJ: derived: Hardswish: a 16-bit addition and two bounds, each as two 8-bit additions
}
