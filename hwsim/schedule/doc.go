// SPDX-License-Identifier: Apache-2.0

// Package schedule lists what the accelerator runs in which order: the steps of a
// workload, the tiles of each step and the tasks of each tile. It contains no times. The
// event-driven model (package event) prices its tasks; package engine computes their
// operations on data:
//
//	s, err := schedule.New(w, arch.ZCU102(), schedule.Options{})
//	for i := range s.Steps {
//		p := s.Plan(&s.Steps[i], tiling) // of a run: run.Tiling
//		for t := range p.All() {
//			for _, task := range p.Tasks(t.Area) {
//				for _, work := range p.Work(t, task) {
//					// compute work.Op's outputs in work's ranges
//				}
//			}
//		}
//	}
//
// A [Step] is an operation of the engines, or two or three joined by a pipeline, with the
// elementwise operations behind. A [Tile] is a rectangle of the step's outputs, some
// heads, or a part of the tokens of heads. A [Task] is the work of all copies of the
// engines between two points at which they wait for one another. Its [Work] names the
// operations and the half-open ranges of outputs that they complete; [Work.Reads] returns
// the ranges of inputs that they need.
//
// # What an executor may rely on
//
// Each output of an engines' operation is in the work of exactly one task. Where a sum
// over tokens is cut, this holds for each of its terms instead. A task's work reads only
// outputs of earlier steps, of earlier tiles, of earlier tasks, or of earlier work of the
// task, in the order of the list.
//
// Elementwise operations are in [Step.Ops], in an order in which they can run. Operations
// on single elements of the engines' outputs may run tile by tile. Operations that read a
// neighbourhood or a whole tensor (upsampling, pooling, the sum over K) run at the latest
// when the step's last tile has ended.
package schedule
