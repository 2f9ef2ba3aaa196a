// SPDX-License-Identifier: Apache-2.0

package kernel

import "golang.org/x/sys/cpu"

// avxvnni returns the kernels for AVX-VNNI, which processors without AVX-512 have: the
// products of bytes in assembly, the others those of AVX2. It returns nil on a processor
// that lacks one of both.
func avxvnni() *Set {
	s := avx2()
	if s == nil || !cpu.X86.HasAVXVNNI {
		return nil
	}
	s.Name = "avxvnni"
	s.Multiply, s.Taps, s.Outer = multiplyAVXVNNI, tapsAVXVNNI, outerAVXVNNI
	return s
}

func multiplyAVXVNNI(acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int) {
	multiplyTiles(6, dotTiles, dotRows, acc, a, p, rows, w, bias, blocks)
}

func tapsAVXVNNI(acc []int32, x []byte, columns, stride int, offsets []int, w []int8, bias []int32) {
	_, _, _ = acc[columns*Lanes-1], w[len(offsets)*4*Lanes-1], bias[Lanes-1]
	for _, offset := range offsets {
		_ = x[(columns-1)*stride+offset+4*Lanes-1]
	}
	dotColumns(&acc[0], &x[0], columns, stride, &offsets[0], len(offsets), &w[0], &bias[0])
}

func outerAVXVNNI(kv, sum []int32, k, v []byte, stride, steps int) {
	last := (steps-1)*stride + 4*Lanes - 1
	_, _, _, _ = kv[Lanes*Lanes-1], sum[Lanes-1], k[last], v[last]
	dotOuter(&kv[0], &sum[0], &k[0], &v[0], stride, steps)
}

//go:noescape
func dotTiles(acc *int32, a *byte, p *Patch, tiles int, w *int8, bias *int32)

//go:noescape
func dotRows(acc *int32, a *byte, p *Patch, rows int, w *int8, bias *int32)

//go:noescape
func dotColumns(acc *int32, x *byte, columns, stride int, offsets *int, n int, w *int8, bias *int32)

//go:noescape
func dotOuter(kv, sum *int32, k, v *byte, stride, steps int)
