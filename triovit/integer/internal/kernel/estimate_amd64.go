// SPDX-License-Identifier: Apache-2.0

package kernel

import "math/bits"

// An estimator makes the bytes of at most 64 fours of rows by their estimate. It returns a
// bit for each four with a code in doubt. The channels are those of a block, or eight of
// them from the first on.
type estimator func(y *byte, ldy, fours int, acc *int32, e *Estimate, gate *Gate, first, n int) uint64

// hardswishing is [Set.Hardswish] without an estimate.
type hardswishing func(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int)

// estimated is [Set.Hardswish] by an estimator, and by exact integers for four rows with a
// code in doubt, or where there is no estimate. The exact integers compute all n channels.
func estimated(run estimator, exact hardswishing, y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, e *Estimate, first, n int) {
	if e == nil || rows < 4 {
		exact(y, ldy, rows, acc, s, g, n)
		return
	}
	for row := 0; row < rows; {
		row = min(row, rows-4) // the last four may begin among rows that are done
		fours := min((rows-row)/4, 64)
		doubts := run(&y[row*ldy], ldy, fours, &acc[row*Lanes], e, g, first, n)
		for ; doubts != 0; doubts &= doubts - 1 {
			r := row + 4*bits.TrailingZeros64(doubts)
			exact(y[r*ldy:], ldy, 4, acc[r*Lanes:], s, g, n)
		}
		row += 4 * fours
	}
}

// estimatedHalves is estimated for an estimator of eight channels.
func estimatedHalves(exact hardswishing, y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, e *Estimate, n int) {
	if e == nil || n%8 != 0 {
		exact(y, ldy, rows, acc, s, g, n)
		return
	}
	_, _ = y[(rows-1)*ldy+n-1], acc[rows*Lanes-1]
	for first := 0; first < n; first += 8 {
		estimated(estimateHalf, exact, y, ldy, rows, acc, s, g, e, first, n)
	}
}

//go:noescape
func estimateHalf(y *byte, ldy, fours int, acc *int32, e *Estimate, gate *Gate, first, n int) uint64
