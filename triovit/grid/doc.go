// SPDX-License-Identifier: Apache-2.0

// Package grid has the grids of values that integers express: a [Uniform] grid of equal
// steps, or a [Log2] grid of powers of two. Code returns the integer of a value, Value the
// value of an integer, and Fake the value of the value's integer, with which a network in
// fake quantization computes.
//
//	u := grid.Uniform{Scale: 0.5, Lo: -128, Hi: 127}
//	u.Code(1.3)  // 3
//	u.Value(3)   // 1.5
//	u.Fake(1.3)  // 1.5
//
// Grids are pure data. Package calib chooses them and puts them into a graph;
// package integer computes with their codes. A grid links no tensor library.
package grid
