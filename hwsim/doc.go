// SPDX-License-Identifier: Apache-2.0

// Package hwsim answers what Sections V and VI of the Trio-ViT paper answer for
// its accelerator, for any EfficientViT, any resolution and any size of the
// accelerator: how many cycles a picture takes and where they go.
//
// A network becomes a list of operations (package workload), a configuration
// says how large the accelerator is (package arch), and a timing model charges
// the one on the other. No timing model needs weights:
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
// This package has the words that all of them share. VALIDATION.md beside this
// file says what agrees with what, and what is only assumed.
package hwsim
