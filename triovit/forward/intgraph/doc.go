// SPDX-License-Identifier: Apache-2.0

// Package intgraph runs an integer model, or a cut of one, as a GoMLX graph, on the
// backend of package forward. Every tensor is of int32 and equal to the reference
// executor's, bit for bit.
//
// Factors are applied in int64. Products are taken in the fastest type that is exact
// ([kernel]): bytes with sums of 32 bits on XLA; float32 where no sum of magnitudes
// leaves its 24 bits, so that every partial sum is an integer that float32 holds,
// whatever the order; int32 else.
package intgraph
