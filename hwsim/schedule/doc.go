// SPDX-License-Identifier: Apache-2.0

// Package schedule says what the accelerator runs in which order: the steps of a
// workload, the tiles of each step and the tasks of each tile. It knows no time.
// The event-driven model (package event) reads it to price it; package engine reads
// the same to compute its operations on data:
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
// A [Step] is an operation of the engines, or two or three where a pipeline joins
// them, with the elementwise operations behind. A [Tile] is a rectangle of the
// step's outputs, some heads, or a part of the tokens of heads. A [Task] is what
// all copies of the engines do between two points at which they wait for one
// another; its [Work] names operations, the half-open ranges of the outputs that
// they complete, and with [Work.Reads] those of the inputs that they need.
//
// # What an executor may rely on
//
// All outputs of each of the engines' operations are in the work of exactly one
// task, but for a sum over tokens that is cut: its terms are, each once. A task's
// work reads outputs of earlier steps, of earlier tiles, of earlier tasks or of
// earlier work of the task, in the order of the list, and of nothing else.
//
// Elementwise operations stand in [Step.Ops], in an order in which they can run.
// Those on single elements of the engines' outputs may run tile by tile. What
// reads a neighbourhood or all of a tensor (upsampling, pooling, the sum over K)
// runs when the step's last tile has ended at the latest.
package schedule
