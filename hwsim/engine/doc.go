// SPDX-License-Identifier: Apache-2.0

// Package engine runs an integer model on the simulated accelerator: one run gives the
// logits of a picture and the cycles that they took.
//
// The event-driven model (package event) prices the tasks of a schedule and computes no
// outputs. This package takes the same tasks in the same order, each with the cycles of
// the event-driven model, and computes their outputs on the integers of a model:
//
//	w, err := workload.FromNetwork(net)                       // or workload.FromModel(model)
//	e, err := engine.New(model, w, arch.ZCU102(), event.Options{})
//	result, err := e.Run(model.Input().Codes(picture))
//	fmt.Println(result.Run.Cycles, result.Logits.Data)
//
// # What a run proves
//
// A task computes the outputs that schedule.Plan.Work gives it, in the tile's rows,
// columns, channels and heads, and nothing else. The engines add products in 32 bits;
// where heads are cut along the tokens, each tile adds its part to the sums of KᵀV. The
// auxiliary units requantize, activate, add, resize and divide by the functions of
// package integer, element by element, as soon as a task reads their results, and at
// the end of the step at the latest.
//
// The run records for every element whether it is made. A task that reads an element
// before the schedule has made it, or makes one a second time, is an error of the run, and
// so is a schedule that leaves an output unmade. So a run without an error shows that the
// tiles and tasks whose cycles were counted do compute the network. The conformance suite
// (triovit/integer/integertest) shows that they compute the integers of calib/INTEGER.md.
//
// # What it leaves out
//
// Buffers are one address space here. The event-driven model decides which bank holds a
// tensor and when a tile leaves the chip, and refuses tiles that do not fit. Lanes and
// cycles within a task are modelled by package register. LayerNorm is computed as the host
// would, in no cycles of the accelerator.
package engine
