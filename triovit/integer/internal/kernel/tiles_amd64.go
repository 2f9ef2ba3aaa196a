// SPDX-License-Identifier: Apache-2.0

package kernel

// A tiler multiplies n tiles of rows, or n single rows, by one block of weights.
type tiler func(acc *int32, a *byte, p *Patch, n int, w *int8, bias *int32)

// multiplyTiles is [Set.Multiply] by assembly: whole takes tiles of the given number of
// rows, single takes the rows that are left. It checks once that everything that they
// access exists.
func multiplyTiles(tile int, whole, single tiler, acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int) {
	size := p.steps() * 4 * Lanes
	_, _, _, _ = acc[blocks*rows*Lanes-1], a[p.last(rows)], w[blocks*size-1], bias[blocks*Lanes-1]
	tiles := rows / tile
	for b := range blocks {
		if tiles > 0 {
			whole(&acc[b*rows*Lanes], &a[0], p, tiles, &w[b*size], &bias[b*Lanes])
		}
		if r := tiles * tile; r < rows {
			single(&acc[(b*rows+r)*Lanes], &a[r*p.Row], p, rows-r, &w[b*size], &bias[b*Lanes])
		}
	}
}

// multiplyPairs is [Set.Multiply] for AVX2.
func multiplyPairs(acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int) {
	multiplyTiles(4, pairTiles, pairRows, acc, a, p, rows, w, bias, blocks)
}

//go:noescape
func pairTiles(acc *int32, a *byte, p *Patch, tiles int, w *int8, bias *int32)

//go:noescape
func pairRows(acc *int32, a *byte, p *Patch, rows int, w *int8, bias *int32)
