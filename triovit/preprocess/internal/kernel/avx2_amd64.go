// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package kernel

import "simd/archsimd"

// native returns the kernels in Go's vectors for AVX2, nil where the processor has none.
// A kernel computes a vector of bytes at a time, and the last vector may overlap the one
// before. Rows that are shorter than a vector are left to the portable loops.
func native() *Set {
	if !archsimd.X86.AVX2() {
		return nil
	}
	return &avx2
}

var avx2 = Set{Transpose: transposeAVX2, Weigh: weighAVX2, Sum: sumAVX2, Interpolate: interpolateAVX2, Colours: coloursAVX2}

type words = archsimd.Int32x8

// bytes is the number of bytes of a vector.
const bytes = 32

// A quad is 32 numbers, those of every fourth byte in one vector.
type quad [4]words

// load returns 32 bytes as numbers.
func load(x []byte) quad {
	all, low := archsimd.LoadUint8x32(x).AsUint32x8(), archsimd.BroadcastUint32x8(0xff)
	return quad{
		all.And(low).AsInt32x8(), all.ShiftAllRight(8).And(low).AsInt32x8(),
		all.ShiftAllRight(16).And(low).AsInt32x8(), all.ShiftAllRight(24).AsInt32x8(),
	}
}

// clamped returns numbers clamped to 0..255.
func clamped(x words) archsimd.Uint32x8 {
	return x.Max(archsimd.BroadcastInt32x8(0)).Min(archsimd.BroadcastInt32x8(255)).AsUint32x8()
}

// blockRows is the number of rows that are transposed at once.
const blockRows = 16

func transposeAVX2(y []byte, ldy int, x []byte, ldx, rows, n int) {
	if rows < blockRows || n < bytes {
		transpose(y, ldy, x, ldx, rows, n)
		return
	}
	for r := 0; r < rows; r += blockRows {
		r := min(r, rows-blockRows)
		for j := 0; j < n; j += bytes {
			j := min(j, n-bytes)
			transposeBlock(y[j*ldy+r:], ldy, x[r*ldx+j:], ldx)
		}
	}
	archsimd.ClearAVXUpperBits()
}

type pairs = archsimd.Uint16x16

// transposeBlock transposes 16 rows of 32 bytes. Two rows are joined to pairs of bytes,
// those of even and those of odd columns. Then 8 rows of pairs are transposed, 8 pairs of
// each half alone.
func transposeBlock(y []byte, ldy int, x []byte, ldx int) {
	var even, odd [blockRows / 2]pairs
	low := archsimd.BroadcastUint16x16(0xff)
	for i := range even {
		a := archsimd.LoadUint8x32(x[2*i*ldx:]).AsUint16x16()
		b := archsimd.LoadUint8x32(x[(2*i+1)*ldx:]).AsUint16x16()
		even[i] = a.And(low).Or(b.ShiftAllLeft(8))
		odd[i] = a.ShiftAllRight(8).Or(b.AndNot(low))
	}
	transposePairs(&even)
	transposePairs(&odd)
	for i := range even {
		even[i].GetLo().AsUint8x16().Store(y[2*i*ldy:])
		odd[i].GetLo().AsUint8x16().Store(y[(2*i+1)*ldy:])
		even[i].GetHi().AsUint8x16().Store(y[(2*i+bytes/2)*ldy:])
		odd[i].GetHi().AsUint8x16().Store(y[(2*i+1+bytes/2)*ldy:])
	}
}

// transposePairs transposes 8 rows of 8 numbers, and the 8 rows of the upper halves. A
// row is interleaved with that four rows below, three times.
func transposePairs(x *[8]pairs) {
	for range 3 {
		a, b, c, d, e, f, g, h := x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
		x[0], x[1] = a.InterleaveLoGrouped(e), a.InterleaveHiGrouped(e)
		x[2], x[3] = b.InterleaveLoGrouped(f), b.InterleaveHiGrouped(f)
		x[4], x[5] = c.InterleaveLoGrouped(g), c.InterleaveHiGrouped(g)
		x[6], x[7] = d.InterleaveLoGrouped(h), d.InterleaveHiGrouped(h)
	}
}

func weighAVX2(y, x []byte, stride int, w []int32) {
	n := len(y)
	if n < bytes {
		weigh(y, x, stride, w)
		return
	}
	round := archsimd.BroadcastInt32x8(1 << (Precision - 1))
	low := archsimd.BroadcastUint32x8(0xff)
	for i := 0; i < n; i += bytes {
		at := min(i, n-bytes)
		a, b, c, d := round, round, round, round
		from := at
		for _, w := range w {
			all, w := archsimd.LoadUint8x32(x[from:from+bytes:from+bytes]).AsUint32x8(), archsimd.BroadcastInt32x8(w)
			a = a.Add(all.And(low).AsInt32x8().Mul(w))
			b = b.Add(all.ShiftAllRight(8).And(low).AsInt32x8().Mul(w))
			c = c.Add(all.ShiftAllRight(16).And(low).AsInt32x8().Mul(w))
			d = d.Add(all.ShiftAllRight(24).AsInt32x8().Mul(w))
			from += stride
		}
		r := clamped(a.ShiftAllRight(Precision)).Or(clamped(b.ShiftAllRight(Precision)).ShiftAllLeft(8))
		s := clamped(c.ShiftAllRight(Precision)).Or(clamped(d.ShiftAllRight(Precision)).ShiftAllLeft(8))
		r.Or(s.ShiftAllLeft(16)).AsUint8x32().Store(y[at:])
	}
	archsimd.ClearAVXUpperBits()
}

func sumAVX2(s []uint16, near, far []byte) {
	n := len(s)
	if n < bytes/2 {
		sum(s, near, far)
		return
	}
	for i := 0; i < n; i += bytes / 2 {
		at := min(i, n-bytes/2)
		near := archsimd.LoadUint8x16(near[at:]).ExtendToUint16()
		far := archsimd.LoadUint8x16(far[at:]).ExtendToUint16()
		near.Add(near).Add(near).Add(far).Store(s[at:])
	}
	archsimd.ClearAVXUpperBits()
}

func interpolateAVX2(y []byte, s []uint16, even, odd uint16) {
	n := len(y) / 2
	if n < bytes/2 {
		interpolate(y, s, even, odd)
		return
	}
	e, o := archsimd.BroadcastUint16x16(even), archsimd.BroadcastUint16x16(odd)
	for i := 0; i < n; i += bytes / 2 {
		at := min(i, n-bytes/2)
		middle := archsimd.LoadUint16x16(s[at+1:])
		three := middle.Add(middle).Add(middle)
		e := three.Add(archsimd.LoadUint16x16(s[at:])).Add(e).ShiftAllRight(4)
		o := three.Add(archsimd.LoadUint16x16(s[at+2:])).Add(o).ShiftAllRight(4)
		e.Or(o.ShiftAllLeft(8)).AsUint8x32().Store(y[2*at:])
	}
	archsimd.ClearAVXUpperBits()
}

// Words of three vectors, taken in turns, and from which vector each is.
var (
	turns = [3][8]uint32{{0, 0, 0, 1, 1, 1, 2, 2}, {2, 3, 3, 3, 4, 4, 4, 5}, {5, 5, 6, 6, 6, 7, 7, 7}}
	first = [3][8]int32{{-1, 0, 0, -1, 0, 0, -1, 0}, {0, -1, 0, 0, -1, 0, 0, -1}, {0, 0, -1, 0, 0, -1, 0, 0}}
	next  = [3][8]int32{{0, -1, 0, 0, -1, 0, 0, -1}, {0, 0, -1, 0, 0, -1, 0, 0}, {-1, 0, 0, -1, 0, 0, -1, 0}}
)

func coloursAVX2(rgb, y, cb, cr []byte) {
	n := len(y)
	if n < bytes {
		colours(rgb, y, cb, cr)
		return
	}
	broadcast := archsimd.BroadcastInt32x8
	// The 128 that the differences exceed is taken from the constants.
	red := broadcast(half - 128*RedFromCr)
	green := broadcast(half + 128*(GreenFromCb+GreenFromCr))
	blue := broadcast(half - 128*BlueFromCb)
	redFromCr, greenFromCb, greenFromCr, blueFromCb := broadcast(RedFromCr), broadcast(-GreenFromCb), broadcast(-GreenFromCr), broadcast(BlueFromCb)
	for i := 0; i < n; i += bytes {
		at := min(i, n-bytes)
		l, u, v := load(y[at:]), load(cb[at:]), load(cr[at:])
		pixel := func(j int) archsimd.Uint32x8 {
			r := clamped(l[j].Add(v[j].Mul(redFromCr).Add(red).ShiftAllRight(16)))
			g := clamped(l[j].Add(u[j].Mul(greenFromCb).Add(v[j].Mul(greenFromCr)).Add(green).ShiftAllRight(16)))
			b := clamped(l[j].Add(u[j].Mul(blueFromCb).Add(blue).ShiftAllRight(16)))
			return r.Or(g.ShiftAllLeft(8)).Or(b.ShiftAllLeft(16))
		}
		p0, p1, p2, p3 := pixel(0), pixel(1), pixel(2), pixel(3)
		// Four pixels are three words.
		w0 := p0.Or(p1.ShiftAllLeft(24))
		w1 := p1.ShiftAllRight(8).Or(p2.ShiftAllLeft(16))
		w2 := p2.ShiftAllRight(16).Or(p3.ShiftAllLeft(8))
		to := rgb[3*at:][:3*bytes]
		for k := range 3 {
			turn := archsimd.LoadUint32x8Array(&turns[k])
			a, b, c := w0.Permute(turn), w1.Permute(turn), w2.Permute(turn)
			c = b.IfElse(archsimd.LoadInt32x8Array(&next[k]).ToMask(), c)
			a.IfElse(archsimd.LoadInt32x8Array(&first[k]).ToMask(), c).AsUint8x32().Store(to[k*bytes:])
		}
	}
	archsimd.ClearAVXUpperBits()
}
