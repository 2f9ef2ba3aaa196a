// SPDX-License-Identifier: Apache-2.0

// Package trust computes what an accelerator designer asks before believing a cycle
// count, each as data that package charts draws:
//
//   - [NewBridge] leads from the closed form's cycles to those of the event-driven model,
//     cause by cause.
//   - [NewSensitivity] takes every number that the configuration assumes at half and at
//     double its value.
//   - [NewShares] divides every layer among the copies in each way, and in the best way for
//     that layer.
//   - [NewSteps] steps the registers through one or two small layers, beside the other models.
//   - [Depths] fills the engines' pipelines at the start of every task.
//   - [Counts] tries other numbers of an auxiliary unit, with the DSP slices that they take,
//     and [Fewest] finds the smallest that costs no cycle; [Demands] says what a picture
//     asks of each unit that multiplies.
//
// Other numbers come from simulations of package event.
package trust
