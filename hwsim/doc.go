// SPDX-License-Identifier: Apache-2.0

// Package hwsim models the accelerator of the Trio-ViT paper (Sections V and VI) for any
// EfficientViT, any resolution and any size of the accelerator. It computes the cycles of a
// picture and their causes.
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
//   - closed: how many cycles do the authors' formulas give, which model no memory?
//   - schedule: in which order do the steps, tiles and tasks of a network run?
//   - event: how many cycles does a schedule take with buffers, off-chip memory and
//     auxiliary units?
//   - energy: how much energy do the counted events take by a table?
//   - engine: which logits does a schedule compute on the integers of a model?
//   - register: which integers does each register hold in each cycle?
//   - explore, ablate, compare, peer: how does one design compare with others?
//   - trust: on which causes and assumptions does a count of cycles depend?
//
// This package has the types that all of them share. VALIDATION.md beside this file lists
// the models that agree, and the numbers that are only assumed.
package hwsim
