// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/trust"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// operations returns the operations of a network. The name must be right.
func operations(name string) *workload.Workload {
	return must.M1(workload.Variant(name))
}

// From the closed form to the event-driven model, cause by cause.
func ExampleNewBridge() {
	for _, name := range []string{"b1-r224", "b1-r256", "b1-r288", "b2-r224"} {
		b := must.M1(trust.NewBridge(operations(name), arch.ZCU102(), hwsim.Backbone))
		fmt.Printf("%s: closed form %.0f", name, b.ClosedForm)
		for _, t := range b.Terms {
			fmt.Printf(", %s %+.0f", t.Cause, t.Cycles)
		}
		fmt.Printf(": %d cycles\n", b.EventDriven)
	}
	// Output:
	// b1-r224: closed form 250343, aggregation +0, divisors +131, imbalance +43870, intra-layer pipeline +624, auxiliary units +0, memory +1481, pipeline fill +0: 296449 cycles
	// b1-r256: closed form 324139, aggregation +0, divisors +160, imbalance +12095, intra-layer pipeline +336, auxiliary units +0, memory +834, pipeline fill +0: 337564 cycles
	// b1-r288: closed form 420593, aggregation +0, divisors +211, imbalance +48380, intra-layer pipeline +704, auxiliary units +0, memory +3867, pipeline fill +0: 473755 cycles
	// b2-r224: closed form 762009, aggregation +2223, divisors +276, imbalance +133674, intra-layer pipeline +2576, auxiliary units +0, memory +2168, pipeline fill +0: 902926 cycles
}

// The assumptions that change the cycles of B1 if they are changed.
func ExampleNewSensitivity() {
	s := must.M1(trust.NewSensitivity(operations("b1-r224"), arch.ZCU102(), event.Options{}))
	fmt.Printf("%d cycles\n", s.Cycles)
	still := 0
	for _, a := range s.Swings {
		half, double := a.Half.Cycles-float64(s.Cycles), a.Double.Cycles-float64(s.Cycles)
		if half == 0 && double == 0 {
			still++
			continue
		}
		fmt.Printf("%s: %+.0f with %s, %+.0f with %s\n", a.Field, half, a.Half.Value, double, a.Double.Value)
	}
	fmt.Printf("%d of %d numbers change nothing; not tried: %d of 0, %d word\n", still, len(s.Swings), len(s.Zeros), len(s.Words))
	// Output:
	// 296449 cycles
	// buffers.weight.port_bytes: +249661 with 64, -511 with 256
	// buffers.input.port_bytes: +16659 with 512, +0 with 2048
	// auxiliary.activation: +8387 with 4, +0 with 16
	// auxiliary.requantize: +4907 with 11, +0 with 42
	// auxiliary.shifter: +2996 with 2, +0 with 8
	// auxiliary.add: +617 with 4, +0 with 16
	// off_chip.mb_per_s: +471 with 9600, -326 with 38400
	// off_chip.latency_cycles: -50 with 50, +100 with 200
	// 16 of 24 numbers change nothing; not tried: 2 of 0, 1 word
}

// Cycles of a picture by how the copies share the layers.
func ExampleNewShares() {
	s := must.M1(trust.NewShares(operations("b1-r224"), arch.ZCU102(), hwsim.Backbone))
	for _, v := range s.Variants {
		fmt.Printf("%s:", v.Name)
		for _, share := range arch.Shares() {
			fmt.Printf(" %s %.0f,", share, v.Cycles[share])
		}
		fmt.Printf(" best of pixels and channels %.0f, of all %.0f; layers %v\n", v.OnePicture, v.Best, v.Layers)
	}
	// Output:
	// as assumed: pixels 296449, channels 3769250, batch 359544, best of pixels and channels 296318, of all 267880; layers map[batch:29 pixels:36]
	// weight port for all copies: pixels 295812, channels 614490, batch 312877, best of pixels and channels 256783, of all 255788; layers map[batch:4 channels:28 pixels:33]
	// free memory and units: pixels 294968, channels 613718, batch 250734, best of pixels and channels 256112, of all 250734; layers map[batch:35 channels:23 pixels:7]
}

// The cycles of B1 with deeper pipelines.
func ExampleDepths() {
	for _, d := range must.M1(trust.Depths(operations("b1-r224"), arch.ZCU102(), event.Options{}, 16)) {
		if d.Depth%8 == 0 {
			fmt.Printf("depth %d: %d cycles\n", d.Depth, d.Cycles)
		}
	}
	// Output:
	// depth 0: 296449 cycles
	// depth 8: 305937 cycles
	// depth 16: 315425 cycles
}

// B1's demand for the units that multiply, and the cost of fewer requantizers.
func ExampleNewDemands() {
	w := operations("b1-r224")
	for _, d := range must.M1(trust.NewDemands(w, arch.ZCU102(), hwsim.Backbone)) {
		fmt.Printf("%s: %.1f a cycle of %d×%d bits, at least %d in each copy, %d slices\n", d.Field, d.PerCycle, d.A, d.B, d.Fewest, d.Slices)
	}
	for _, n := range must.M1(trust.Counts(w, arch.ZCU102(), event.Options{}, "auxiliary.requantize", 4, 8, 16, 64)) {
		fmt.Printf("%d requantizers a copy: %d cycles, %d DSPs\n", n.PerCopy, n.Cycles, n.DSPs)
	}
	// Output:
	// auxiliary.requantize: 43.7 a cycle of 27×18 bits, at least 21 in each copy, 336 slices
	// auxiliary.activation: 18.2 a cycle of 16×18 bits, at least 8 in each copy, 128 slices
	// auxiliary.add: 2.2 a cycle of 8×18 bits, at least 6 in each copy, 128 slices
	// 4 requantizers a copy: 353666 cycles, 1344 DSPs
	// 8 requantizers a copy: 307178 cycles, 1408 DSPs
	// 16 requantizers a copy: 297066 cycles, 1536 DSPs
	// 64 requantizers a copy: 296449 cycles, 2304 DSPs
}
