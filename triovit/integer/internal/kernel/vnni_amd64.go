// SPDX-License-Identifier: Apache-2.0

package kernel

import "golang.org/x/sys/cpu"

// vnni returns the kernels in assembly for AVX-512 with VNNI, nil where the processor
// has not all of it.
func vnni() *Set {
	x := &cpu.X86
	if !(x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VNNI && x.HasPOPCNT) {
		return nil
	}
	return &Set{
		Name: "vnni", Multiply: multiplyVNNI, Interleave: interleaveVNNI, Taps: tapsVNNI,
		Requantize: requantizeVNNI, Hardswish: hardswishVNNI, HardswishWords: hardswishWordsVNNI,
		Widen: widenVNNI, Add: addVNNI, AddWords: addWordsVNNI, Blend: blendVNNI, BlendBytes: blendBytesVNNI, Subtract: subtractVNNI, Outer: outerVNNI,
		Divide: divideVNNI, Narrow: narrowVNNI,
	}
}

// The functions below check once that everything a loop accesses exists, and call the
// loop.

// blocksOf returns the number of blocks of sixteen for n elements, and the number of
// elements in the last one.
func blocksOf(n int) (blocks, last int) {
	blocks = (n + Lanes - 1) / Lanes
	return blocks, n - (blocks-1)*Lanes
}

func multiplyVNNI(acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int) {
	size := p.steps() * 4 * Lanes
	_, _, _, _ = acc[blocks*rows*Lanes-1], a[p.last(rows)], w[blocks*size-1], bias[blocks*Lanes-1]
	block := rows * Lanes * 4
	for b := 0; b < blocks; {
		tile, n, kernel := 12, 1, multiply1
		switch {
		case blocks-b >= 4:
			tile, n, kernel = 6, 4, multiply4
		case blocks-b >= 2:
			n, kernel = 2, multiply2
		}
		whole := rows / tile
		if whole > 0 {
			kernel(&acc[b*rows*Lanes], block, &a[0], p, whole, &w[b*size], &bias[b*Lanes])
		}
		for ; n > 0; n-- {
			if r := whole * tile; r < rows {
				multiplyRow(&acc[(b*rows+r)*Lanes], block, &a[r*p.Row], p, rows-r, &w[b*size], &bias[b*Lanes])
			}
			b++
		}
	}
}

func interleaveVNNI(y, x0, x1, x2, x3 []byte, n int) {
	blocks, _ := blocksOf(n)
	last := blocks*Lanes - 1
	_, _, _, _, _ = y[4*last+3], x0[last], x1[last], x2[last], x3[last]
	interleave16(&y[0], &x0[0], &x1[0], &x2[0], &x3[0], blocks)
}

func tapsVNNI(acc []int32, x []byte, columns, stride int, offsets []int, w []int8, bias []int32) {
	_, _, _ = acc[columns*Lanes-1], w[len(offsets)*4*Lanes-1], bias[Lanes-1]
	for _, offset := range offsets {
		_ = x[(columns-1)*stride+offset+4*Lanes-1]
	}
	tapsColumns(&acc[0], &x[0], columns, stride, &offsets[0], len(offsets), &w[0], &bias[0])
}

func requantizeVNNI(y []byte, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	_, _ = y[(rows-1)*ldy+n-1], acc[rows*Lanes-1]
	requantizeRows(&y[0], ldy, rows, &acc[0], s, c, n)
}

func hardswishVNNI(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, e *Estimate, n int) {
	_, _ = y[(rows-1)*ldy+n-1], acc[rows*Lanes-1]
	estimated(estimateRows, hardswishVNNIExact, y, ldy, rows, acc, s, g, e, 0, n)
}

func hardswishVNNIExact(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	hardswishRows(&y[0], ldy, rows, &acc[0], s, g, n)
}

func hardswishWordsVNNI(y []int32, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	_, _ = y[(rows-1)*ldy+n-1], acc[rows*Lanes-1]
	hardswishWordRows(&y[0], ldy, rows, &acc[0], s, g, n)
}

func widenVNNI(y []int32, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	_, _ = y[(rows-1)*ldy+n-1], acc[rows*Lanes-1]
	widenRows(&y[0], ldy, rows, &acc[0], s, c, n)
}

func addVNNI(y []byte, ldy int, x []byte, ldx int, z []byte, ldz, rows, n int, a *Sum) {
	blocks, last := blocksOf(n)
	_, _, _ = y[(rows-1)*ldy+n-1], x[(rows-1)*ldx+blocks*Lanes-1], z[(rows-1)*ldz+blocks*Lanes-1]
	addRows(&y[0], ldy, &x[0], ldx, &z[0], ldz, rows, blocks, last, a)
}

func addWordsVNNI(y, x []int32, z []byte, a *WideSum) {
	blocks, n := blocksOf(len(y))
	_, _ = x[len(y)-1], z[blocks*Lanes-1]
	addWords16(&y[0], &x[0], &z[0], a, blocks, n)
}

func blendVNNI(y, x0, x1, x2, x3 []int32, w *[4]int32, drop uint8) {
	last := len(y) - 1
	_, _, _, _ = x0[last], x1[last], x2[last], x3[last]
	blocks, n := blocksOf(len(y))
	blendWords(&y[0], &x0[0], &x1[0], &x2[0], &x3[0], w, uint64(drop), blocks, n)
}

func blendBytesVNNI(y []int32, x0, x1, x2, x3 []byte, w *[4]int32, addend int32) {
	blocks, n := blocksOf(len(y))
	last := blocks*Lanes - 1
	_, _, _, _ = x0[last], x1[last], x2[last], x3[last]
	blendBytes16(&y[0], &x0[0], &x1[0], &x2[0], &x3[0], w, int64(addend), blocks, n)
}

func subtractVNNI(y []byte, ldy int, x []byte, ldx, rows, n int, v byte) {
	blocks, last := blocksOf(n)
	_, _ = y[(rows-1)*ldy+n-1], x[(rows-1)*ldx+blocks*Lanes-1]
	subtractRows(&y[0], ldy, &x[0], ldx, rows, blocks, last, uint64(v))
}

func outerVNNI(kv, sum []int32, k, v []byte, stride, steps int) {
	last := (steps-1)*stride + 4*Lanes - 1
	_, _, _, _ = kv[Lanes*Lanes-1], sum[Lanes-1], k[last], v[last]
	outerSteps(&kv[0], &sum[0], &k[0], &v[0], stride, steps)
}

func divideVNNI(y []byte, ldy, rows int, acc, d []int32, s *Scale, q *Quotient, n int) {
	_, _, _ = y[(rows-1)*ldy+n-1], acc[rows*Lanes-1], d[rows*Lanes-1]
	divideRows(&y[0], ldy, rows, &acc[0], &d[0], s, q, n)
}

func narrowVNNI(y []byte, x []int32, offset, lo, hi int32) bool {
	_ = x[len(y)-1]
	blocks, n := blocksOf(len(y))
	return narrowBlocks(&y[0], &x[0], int64(offset), int64(lo), int64(hi), blocks, n)
}

//go:noescape
func multiply4(acc *int32, block int, a *byte, p *Patch, tiles int, w *int8, bias *int32)

//go:noescape
func multiply2(acc *int32, block int, a *byte, p *Patch, tiles int, w *int8, bias *int32)

//go:noescape
func multiply1(acc *int32, block int, a *byte, p *Patch, tiles int, w *int8, bias *int32)

//go:noescape
func multiplyRow(acc *int32, block int, a *byte, p *Patch, rows int, w *int8, bias *int32)

//go:noescape
func interleave16(y, x0, x1, x2, x3 *byte, blocks int)

//go:noescape
func tapsColumns(acc *int32, x *byte, columns, stride int, offsets *int, n int, w *int8, bias *int32)

//go:noescape
func requantizeRows(y *byte, ldy, rows int, acc *int32, s *Scale, c *Codes, n int)

//go:noescape
func widenRows(y *int32, ldy, rows int, acc *int32, s *Scale, c *Codes, n int)

//go:noescape
func hardswishRows(y *byte, ldy, rows int, acc *int32, s *[2]Scale, gate *Gate, n int)

//go:noescape
func estimateRows(y *byte, ldy, fours int, acc *int32, e *Estimate, gate *Gate, first, n int) uint64

//go:noescape
func hardswishWordRows(y *int32, ldy, rows int, acc *int32, s *[2]Scale, gate *Gate, n int)

//go:noescape
func addWords16(y, x *int32, z *byte, a *WideSum, blocks, n int)

//go:noescape
func addRows(y *byte, ldy int, x *byte, ldx int, z *byte, ldz, rows, blocks, n int, a *Sum)

//go:noescape
func blendWords(y, x0, x1, x2, x3 *int32, w *[4]int32, drop uint64, blocks, n int)

//go:noescape
func blendBytes16(y *int32, x0, x1, x2, x3 *byte, w *[4]int32, addend int64, blocks, n int)

//go:noescape
func subtractRows(y *byte, ldy int, x *byte, ldx, rows, blocks, n int, v uint64)

//go:noescape
func outerSteps(kv, sum *int32, k, v *byte, stride, steps int)

//go:noescape
func divideRows(y *byte, ldy, rows int, acc, d *int32, s *Scale, q *Quotient, n int)

//go:noescape
func narrowBlocks(y *byte, x *int32, offset, lo, hi int64, blocks, n int) bool
