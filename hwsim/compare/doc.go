// SPDX-License-Identifier: Apache-2.0

// Package compare sets computed designs beside the numbers that the Trio-ViT
// paper and others print.
//
// Printed hardware numbers differ in standing: some were read where they are
// quoted, some were reasoned out, some are from memory, and many are not at
// hand. So every number here carries its mark (package internal/paper): V
// verified, I inferred, M from memory, U unknown, and C computed here. Printed
// and computed rows stand apart, and a number made of two has both marks: a
// speed-up of C/M is as certain as a memory.
//
//	result, err := closed.Charge(w, arch.ZCU102(), hwsim.Backbone)
//	...
//	run, err := event.Simulate(w, arch.ZCU102(), options)
//	...
//	d := []hwsim.Estimate{result.Estimate(), run.Estimate(table)}
//	fmt.Println(compare.Resources(arch.ZCU102())) // Table III: DSPs, block RAMs
//	fmt.Println(compare.Accelerators(d...)) // Table VIII: FPS, GOPS, GOPS/W, GOPS/DSP
//	fmt.Println(compare.Platforms(d...))    // Fig. 10
//	fmt.Println(compare.Speedups(d...))     // over Fig. 10, on the same network
//	fmt.Println(compare.Ratios(d...))       // the claims: 3.6×, 5.0×, 7.3×, ...
//
// The closed form is how the published throughput was evidently obtained; the
// event-driven model is what the same accelerator does with memory and with copies
// that cannot divide everything. Each row says which of them it is by.
//
// # Two kinds of energy
//
// A printed GOPS/W is of the power of a device. No timing model has that, so it is
// unknown for a computed design. The energy of the events that a run counts, by a
// published table, stands in a column of its own.
//
// # Two counts of operations
//
// GOPS of an accelerator are by the authors' count of its own operations. Fig. 10
// instead divides a rounded size of the network, 1.04 GOP for EfficientViT-B1, by
// the latency of a processor. Computed throughputs in that figure's table follow
// it; speed-ups compare pictures per second, where no count matters.
//
// A table ends with the accelerators of its computed rows and what each of them
// assumes.
package compare
