// SPDX-License-Identifier: Apache-2.0

// Package hwsim models the accelerator of the Trio-ViT paper (Sections V and VI) for any
// EfficientViT, any resolution and any size of the accelerator. It answers how many cycles
// a picture takes and what they are spent on.
//
// A network becomes a list of operations (package workload), a configuration holds the
// sizes of the accelerator (package arch), and a timing model computes the cycles of the
// operations on the configuration. No timing model needs weights:
//
//	net, err := efficientvit.Describe("b1-r224")
//	w, err := workload.FromNetwork(net)
//	result, err := closed.Charge(w, arch.ZCU102(), hwsim.Backbone)
//	fmt.Println(result)
//	run, err := event.Simulate(w, arch.ZCU102(), event.Options{})
//	fmt.Println(run)
//	fmt.Println(energy.Derived45nm().Price(run.Counts()))
//
// Each package answers one question:
//
//   - closed: how long by the authors' formulas, which know no memory.
//   - schedule: what runs in which order, as steps, tiles and tasks.
//   - event: how long a schedule takes by the clock, with buffers, off-chip memory and units.
//   - energy: what the counted events cost by a table.
//   - engine: what a schedule computes, on the integers of a model: logits and cycles
//     of one run.
//   - register: what the engines do cycle by cycle, with the integers of a model.
//   - explore, ablate, compare, peer: how one design stands beside others.
//   - trust: what a count of cycles rests on.
//
// This package has the types that all of them share. VALIDATION.md beside this file tells
// which models agree, and which numbers are only assumed.
package hwsim
