// SPDX-License-Identifier: Apache-2.0

// Package compare tabulates computed designs beside the numbers that the Trio-ViT paper
// and other papers print.
//
// Printed hardware numbers are not equally certain: some were read in a source that quotes
// them, some were inferred, some are from memory, and many are not at hand. So every
// number here carries its mark (package internal/paper): V verified, I inferred, M from
// memory, U unknown, and C computed here. Printed and computed rows are separate. A number
// made of two has both marks: a speed-up marked C/M is only as certain as a memory.
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
// The published throughput evidently comes from the closed form. The event-driven model
// adds memory, and copies that cannot divide everything, to the same accelerator. Each row
// names its model.
//
// # Two kinds of energy
//
// A printed GOPS/W uses the power of a device. No timing model has a device's power, so
// that this number is unknown for a computed design. The energy of the events that a run
// counts, by a published table, has a column of its own.
//
// # Two counts of operations
//
// GOPS of an accelerator use the authors' count of its own operations. Fig. 10 instead
// divides a rounded size of the network, 1.04 GOP for EfficientViT-B1, by the latency of a
// processor. Computed throughputs in that figure's table follow the figure. Speed-ups
// compare pictures per second, for which no count matters.
//
// A table ends with the accelerators of its computed rows and their assumptions.
package compare
