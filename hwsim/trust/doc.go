// SPDX-License-Identifier: Apache-2.0

// Package trust computes the checks that an accelerator designer asks for before believing
// a count of cycles. Each check is data that package charts draws:
//
//   - [NewBridge] leads from the closed form's cycles to those of the event-driven model,
//     cause by cause.
//   - [NewSensitivity] runs with every assumed number of the configuration at half and at
//     double its value.
//   - [NewShares] divides every layer among the copies in each way, and in the best way
//     for the layer.
//   - [NewSteps] steps the registers through one or two small layers, and compares the
//     cycles with the other models.
//   - [Depths] adds the cycles that fill the engines' pipelines at the start of every
//     task.
//   - [Counts] tries other numbers of an auxiliary unit, and counts their DSP slices.
//     [Fewest] finds the smallest number that costs no cycle. [Demands] counts a picture's
//     elements on each unit that multiplies.
//
// All other cycles come from simulations by package event.
package trust
