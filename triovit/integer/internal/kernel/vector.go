// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd && (arm64 || wasm)

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// native returns the kernels in Go's vectors of 128 bits, which each of these processors
// has. Bytes are extended to 32 bits and multiplied there.
func native() []*Set {
	s := Portable()
	s.Name = vectorSet
	s.Multiply, s.Interleave, s.Taps = multiplyVector, interleaveVector, tapsVector
	s.Requantize, s.Hardswish, s.HardswishWords = requantizeVector, hardswishVector, hardswishWordsVector
	s.Widen, s.Add, s.AddWords = widenVector, addVector, addWordsVector
	s.Blend, s.BlendBytes, s.Subtract = blendVector, blendBytesVector, subtractVector
	s.Outer, s.Divide, s.Narrow = outerVector, divideVector, narrowVector
	return []*Set{s}
}

type words = archsimd.Int32x4

// weights returns the four weights of each of four channels.
func weights(w []int8) (w0, w1, w2, w3 words) {
	return signedBytes(archsimd.LoadInt8x16(w))
}

// dotted adds the products of four bytes to sums.
func dotted(sum, x0, x1, x2, x3, w0, w1, w2, w3 words) words {
	return productSum(x3, w3, productSum(x2, w2, productSum(x1, w1, productSum(x0, w0, sum))))
}

func multiplyVector(acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int) {
	size := p.steps() * 4 * Lanes
	for half := range 2 * blocks { // each half of a block has eight channels
		b, first := half/2, half%2*8
		lo, hi := archsimd.LoadInt32x4(bias[b*Lanes+first:]), archsimd.LoadInt32x4(bias[b*Lanes+first+4:])
		for r := 0; r < rows; r += 4 {
			// Rows behind the last repeat the last row.
			row := func(i int) int { return min(r+i, rows-1) }
			l0, l1, l2, l3, h0, h1, h2, h3 := lo, lo, lo, lo, hi, hi, hi, hi
			w := w[b*size:][:size]
			for l := range p.Lines {
				line := a[l*p.Line:]
				n := 4 * p.Steps
				x0, x1, x2, x3 := line[row(0)*p.Row:][:n], line[row(1)*p.Row:][:n], line[row(2)*p.Row:][:n], line[row(3)*p.Row:][:n]
				for at := 0; at < n; at += 4 {
					from := at*Lanes + 4*first
					w0, w1, w2, w3 := weights(w[from : from+16 : from+16])
					v0, v1, v2, v3 := weights(w[from+16 : from+32 : from+32])
					b0, b1, b2, b3 := four(x0[at : at+4 : at+4])
					l0, h0 = dotted(l0, b0, b1, b2, b3, w0, w1, w2, w3), dotted(h0, b0, b1, b2, b3, v0, v1, v2, v3)
					b0, b1, b2, b3 = four(x1[at : at+4 : at+4])
					l1, h1 = dotted(l1, b0, b1, b2, b3, w0, w1, w2, w3), dotted(h1, b0, b1, b2, b3, v0, v1, v2, v3)
					b0, b1, b2, b3 = four(x2[at : at+4 : at+4])
					l2, h2 = dotted(l2, b0, b1, b2, b3, w0, w1, w2, w3), dotted(h2, b0, b1, b2, b3, v0, v1, v2, v3)
					b0, b1, b2, b3 = four(x3[at : at+4 : at+4])
					l3, h3 = dotted(l3, b0, b1, b2, b3, w0, w1, w2, w3), dotted(h3, b0, b1, b2, b3, v0, v1, v2, v3)
				}
				w = w[n*Lanes:]
			}
			y := acc[b*rows*Lanes:][:rows*Lanes]
			l0.Store(y[row(0)*Lanes+first:])
			h0.Store(y[row(0)*Lanes+first+4:])
			l1.Store(y[row(1)*Lanes+first:])
			h1.Store(y[row(1)*Lanes+first+4:])
			l2.Store(y[row(2)*Lanes+first:])
			h2.Store(y[row(2)*Lanes+first+4:])
			l3.Store(y[row(3)*Lanes+first:])
			h3.Store(y[row(3)*Lanes+first+4:])
		}
	}
}

func interleaveVector(y, x0, x1, x2, x3 []byte, n int) {
	for i := 0; i < n; i += Lanes {
		lo, hi := zipped(archsimd.LoadUint8x16(x0[i:]), archsimd.LoadUint8x16(x1[i:]))
		nextLo, nextHi := zipped(archsimd.LoadUint8x16(x2[i:]), archsimd.LoadUint8x16(x3[i:]))
		to := y[4*i:][:4*Lanes]
		a, b := zippedPairs(lo, nextLo)
		a.Store(to)
		b.Store(to[16:])
		a, b = zippedPairs(hi, nextHi)
		a.Store(to[32:])
		b.Store(to[48:])
	}
}

func tapsVector(acc []int32, x []byte, columns, stride int, offsets []int, w []int8, bias []int32) {
	for first := 0; first < Lanes; first += 4 {
		sum := archsimd.LoadInt32x4(bias[first:])
		for c := 0; c < columns; c += 4 {
			// Columns behind the last repeat the last column.
			column := func(i int) int { return min(c+i, columns-1) }
			y0, y1, y2, y3 := sum, sum, sum, sum
			for t, offset := range offsets {
				w0, w1, w2, w3 := weights(w[(t*Lanes+first)*4:])
				from := x[offset+4*first:]
				b0, b1, b2, b3 := unsignedBytes(archsimd.LoadUint8x16(from[column(0)*stride:]))
				y0 = dotted(y0, b0, b1, b2, b3, w0, w1, w2, w3)
				b0, b1, b2, b3 = unsignedBytes(archsimd.LoadUint8x16(from[column(1)*stride:]))
				y1 = dotted(y1, b0, b1, b2, b3, w0, w1, w2, w3)
				b0, b1, b2, b3 = unsignedBytes(archsimd.LoadUint8x16(from[column(2)*stride:]))
				y2 = dotted(y2, b0, b1, b2, b3, w0, w1, w2, w3)
				b0, b1, b2, b3 = unsignedBytes(archsimd.LoadUint8x16(from[column(3)*stride:]))
				y3 = dotted(y3, b0, b1, b2, b3, w0, w1, w2, w3)
			}
			y0.Store(acc[column(0)*Lanes+first:])
			y1.Store(acc[column(1)*Lanes+first:])
			y2.Store(acc[column(2)*Lanes+first:])
			y3.Store(acc[column(3)*Lanes+first:])
		}
	}
}

// quarter returns the scale of four channels.
func (s *Scale) quarter(first int) (mantissa words, lo, hi archsimd.Int64x2, shift words) {
	var addends [4]int64
	for i := range addends {
		addends[i] = s.Addend[Place(first+i)]
	}
	return archsimd.LoadInt32x4(s.Mantissa[first:]), archsimd.LoadInt64x2(addends[:]), archsimd.LoadInt64x2(addends[2:]), shifts(s.Shift[first : first+4])
}

// scaled brings four lanes to a scale.
func scaled(x, mantissa words, addLo, addHi archsimd.Int64x2, shift words) words {
	lo, hi := products(x, mantissa)
	return shiftedRight(highWords(lo.Add(addLo), hi.Add(addHi)), shift)
}

func requantizeVector(y []byte, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	m0, al0, ah0, sh0 := s.quarter(0)
	m1, al1, ah1, sh1 := s.quarter(4)
	m2, al2, ah2, sh2 := s.quarter(8)
	m3, al3, ah3, sh3 := s.quarter(12)
	lo, hi, left := archsimd.BroadcastInt32x4(c.Lo), archsimd.BroadcastInt32x4(c.Hi), uint64(c.Left)
	for r := range rows {
		x := acc[r*Lanes:][:Lanes]
		x0 := scaled(archsimd.LoadInt32x4(x).ShiftAllLeft(left), m0, al0, ah0, sh0)
		x1 := scaled(archsimd.LoadInt32x4(x[4:]).ShiftAllLeft(left), m1, al1, ah1, sh1)
		x2 := scaled(archsimd.LoadInt32x4(x[8:]).ShiftAllLeft(left), m2, al2, ah2, sh2)
		x3 := scaled(archsimd.LoadInt32x4(x[12:]).ShiftAllLeft(left), m3, al3, ah3, sh3)
		storeBytes(y[r*ldy:], lowestBytes(clamped(x0, lo, hi), clamped(x1, lo, hi), clamped(x2, lo, hi), clamped(x3, lo, hi)), n)
	}
}

func widenVector(y []int32, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	lo, hi, left := archsimd.BroadcastInt32x4(c.Lo), archsimd.BroadcastInt32x4(c.Hi), uint64(c.Left)
	for first := 0; first < n; first += 4 {
		m, addLo, addHi, shift := s.quarter(first)
		for r := range rows {
			x := scaled(archsimd.LoadInt32x4(acc[r*Lanes+first:]).ShiftAllLeft(left), m, addLo, addHi, shift)
			clamped(x, lo, hi).StorePart(y[r*ldy+first : r*ldy+min(n, first+4)])
		}
	}
}

// gated is Hardswish of four lanes between its requantizations.
func gated(x words, drop uint64, three, six words) words {
	lo, hi := products(x, clamped(x.Add(three), archsimd.BroadcastInt32x4(0), six))
	return lowWords(lo.ShiftAllRight(drop), hi.ShiftAllRight(drop))
}

func hardswishVector(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, _ *Estimate, n int) {
	lo, hi, left := archsimd.BroadcastInt32x4(g.Lo), archsimd.BroadcastInt32x4(g.Hi), uint64(g.Left)
	three, six, drop := archsimd.BroadcastInt32x4(g.Three), archsimd.BroadcastInt32x4(g.Six), uint64(g.Drop)
	outLo, outHi := archsimd.BroadcastInt32x4(g.Out.Lo), archsimd.BroadcastInt32x4(g.Out.Hi)
	for first := 0; first < n; first += 4 {
		m, addLo, addHi, shift := s[0].quarter(first)
		m1, addLo1, addHi1, shift1 := s[1].quarter(first)
		for r := range rows {
			x := clamped(scaled(archsimd.LoadInt32x4(acc[r*Lanes+first:]).ShiftAllLeft(left), m, addLo, addHi, shift), lo, hi)
			x = clamped(scaled(gated(x, drop, three, six), m1, addLo1, addHi1, shift1), outLo, outHi)
			four := lowestBytes(x, x, x, x).ReshapeToUint32s().GetElem(0)
			if to := y[r*ldy+first:]; n-first >= 4 {
				binary.LittleEndian.PutUint32(to, four)
			} else {
				for i := range n - first {
					to[i] = byte(four >> (8 * i))
				}
			}
		}
	}
}

func hardswishWordsVector(y []int32, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	lo, hi, left := archsimd.BroadcastInt32x4(g.Lo), archsimd.BroadcastInt32x4(g.Hi), uint64(g.Left)
	three, six, drop := archsimd.BroadcastInt32x4(g.Three), archsimd.BroadcastInt32x4(g.Six), uint64(g.Drop)
	outLo, outHi := archsimd.BroadcastInt32x4(g.Out.Lo), archsimd.BroadcastInt32x4(g.Out.Hi)
	for first := 0; first < n; first += 4 {
		m, addLo, addHi, shift := s[0].quarter(first)
		m1, addLo1, addHi1, shift1 := s[1].quarter(first)
		for r := range rows {
			x := clamped(scaled(archsimd.LoadInt32x4(acc[r*Lanes+first:]).ShiftAllLeft(left), m, addLo, addHi, shift), lo, hi)
			x = clamped(scaled(gated(x, drop, three, six), m1, addLo1, addHi1, shift1), outLo, outHi)
			x.StorePart(y[r*ldy+first : r*ldy+min(n, first+4)])
		}
	}
}

func addWordsVector(y, x []int32, z []byte, a *WideSum) {
	left, right, addend := archsimd.BroadcastInt32x4(a.Left), archsimd.BroadcastInt32x4(a.Right), archsimd.BroadcastInt64x2(a.Addend)
	lo, hi, bits, shift := archsimd.BroadcastInt32x4(a.Lo), archsimd.BroadcastInt32x4(a.Hi), uint64(a.Bits), uint64(a.Shift)
	sum := func(x []int32, z words) words {
		x0, x1 := products(archsimd.LoadInt32x4(x).ShiftAllLeft(bits), left)
		z0, z1 := products(z.ShiftAllLeft(bits), right)
		return clamped(highWords(x0.Add(z0).Add(addend), x1.Add(z1).Add(addend)).ShiftAllRight(shift), lo, hi)
	}
	whole := len(y) &^ (Lanes - 1)
	for i := 0; i < whole; i += Lanes {
		z0, z1, z2, z3 := extended(archsimd.LoadUint8x16(z[i:]))
		from, to := x[i:][:Lanes], y[i:][:Lanes]
		sum(from, z0).Store(to)
		sum(from[4:], z1).Store(to[4:])
		sum(from[8:], z2).Store(to[8:])
		sum(from[12:], z3).Store(to[12:])
	}
	addWords(y[whole:], x[whole:], z[whole:], a)
}

func addVector(y []byte, ldy int, x []byte, ldx int, z []byte, ldz, rows, n int, a *Sum) {
	left, right, addend := archsimd.BroadcastInt32x4(a.Left), archsimd.BroadcastInt32x4(a.Right), archsimd.BroadcastInt32x4(a.Addend)
	lo, hi, shift := archsimd.BroadcastInt32x4(a.Lo), archsimd.BroadcastInt32x4(a.Hi), uint64(a.Shift)
	sum := func(x, z words) words {
		return clamped(productSum(x, left, productSum(z, right, addend)).ShiftAllRight(shift), lo, hi)
	}
	for r := range rows {
		y, x, z := y[r*ldy:], x[r*ldx:], z[r*ldz:]
		for i := 0; i < n; i += Lanes {
			x0, x1, x2, x3 := extended(archsimd.LoadUint8x16(x[i:]))
			z0, z1, z2, z3 := extended(archsimd.LoadUint8x16(z[i:]))
			storeBytes(y[i:], lowestBytes(sum(x0, z0), sum(x1, z1), sum(x2, z2), sum(x3, z3)), min(Lanes, n-i))
		}
	}
}

func blendVector(y, x0, x1, x2, x3 []int32, w *[4]int32, drop uint8) {
	w0, w1, w2, w3 := archsimd.BroadcastInt32x4(w[0]), archsimd.BroadcastInt32x4(w[1]), archsimd.BroadcastInt32x4(w[2]), archsimd.BroadcastInt32x4(w[3])
	whole, zero := len(y)&^3, archsimd.BroadcastInt32x4(0)
	for i := 0; i < whole; i += 4 {
		sum := dotted(zero, archsimd.LoadInt32x4(x0[i:]), archsimd.LoadInt32x4(x1[i:]), archsimd.LoadInt32x4(x2[i:]), archsimd.LoadInt32x4(x3[i:]), w0, w1, w2, w3)
		sum.ShiftAllRight(uint64(drop)).Store(y[i:])
	}
	blend(y[whole:], x0[whole:], x1[whole:], x2[whole:], x3[whole:], w, drop)
}

func blendBytesVector(y []int32, x0, x1, x2, x3 []byte, w *[4]int32, addend int32) {
	w0, w1, w2, w3 := archsimd.BroadcastInt32x4(w[0]), archsimd.BroadcastInt32x4(w[1]), archsimd.BroadcastInt32x4(w[2]), archsimd.BroadcastInt32x4(w[3])
	whole, first := len(y)&^(Lanes-1), archsimd.BroadcastInt32x4(addend)
	for i := 0; i < whole; i += Lanes {
		a0, a1, a2, a3 := extended(archsimd.LoadUint8x16(x0[i:]))
		b0, b1, b2, b3 := extended(archsimd.LoadUint8x16(x1[i:]))
		c0, c1, c2, c3 := extended(archsimd.LoadUint8x16(x2[i:]))
		d0, d1, d2, d3 := extended(archsimd.LoadUint8x16(x3[i:]))
		to := y[i:][:Lanes]
		dotted(first, a0, b0, c0, d0, w0, w1, w2, w3).Store(to)
		dotted(first, a1, b1, c1, d1, w0, w1, w2, w3).Store(to[4:])
		dotted(first, a2, b2, c2, d2, w0, w1, w2, w3).Store(to[8:])
		dotted(first, a3, b3, c3, d3, w0, w1, w2, w3).Store(to[12:])
	}
	blendBytes(y[whole:], x0[whole:], x1[whole:], x2[whole:], x3[whole:], w, addend)
}

func outerVector(kv, sum []int32, k, v []byte, stride, steps int) {
	offset := archsimd.BroadcastUint8x16(128)
	for s := range steps {
		for i, b := range k[s*stride:][:4*Lanes] {
			sum[i/4] += int32(b)
		}
	}
	for i := 0; i < Lanes; i += 4 {
		for first := 0; first < Lanes; first += 4 {
			y := kv[i*Lanes+first:][:3*Lanes+4]
			y0, y1, y2, y3 := archsimd.LoadInt32x4(y), archsimd.LoadInt32x4(y[Lanes:]), archsimd.LoadInt32x4(y[2*Lanes:]), archsimd.LoadInt32x4(y[3*Lanes:])
			for s := range steps {
				ks := k[s*stride+4*i:][:16]
				v0, v1, v2, v3 := signedBytes(archsimd.LoadUint8x16(v[s*stride+4*first:]).Xor(offset).BitsToInt8())
				b0, b1, b2, b3 := four(ks)
				y0 = dotted(y0, b0, b1, b2, b3, v0, v1, v2, v3)
				b0, b1, b2, b3 = four(ks[4:])
				y1 = dotted(y1, b0, b1, b2, b3, v0, v1, v2, v3)
				b0, b1, b2, b3 = four(ks[8:])
				y2 = dotted(y2, b0, b1, b2, b3, v0, v1, v2, v3)
				b0, b1, b2, b3 = four(ks[12:])
				y3 = dotted(y3, b0, b1, b2, b3, v0, v1, v2, v3)
			}
			y0.Store(y)
			y1.Store(y[Lanes:])
			y2.Store(y[2*Lanes:])
			y3.Store(y[3*Lanes:])
		}
	}
}

func divideVector(y []byte, ldy, rows int, acc, d []int32, s *Scale, q *Quotient, n int) {
	m0, al0, ah0, sh0 := s.quarter(0)
	m1, al1, ah1, sh1 := s.quarter(4)
	m2, al2, ah2, sh2 := s.quarter(8)
	m3, al3, ah3, sh3 := s.quarter(12)
	lo, hi, left := archsimd.BroadcastInt32x4(q.Lo), archsimd.BroadcastInt32x4(q.Hi), uint64(q.Left)
	mantissa, offset := archsimd.BroadcastInt32x4(q.Mantissa), archsimd.BroadcastInt32x4(q.Offset)
	outLo, outHi := archsimd.BroadcastInt32x4(q.Out.Lo), archsimd.BroadcastInt32x4(q.Out.Hi)
	for r := range rows {
		shift := uint64(q.shift(d[r*Lanes:]))
		half := archsimd.BroadcastInt32x4(1 << shift >> 1)
		quotient := func(x words) words {
			return clamped(productSum(clamped(x, lo, hi), mantissa, half).ShiftAllRight(shift).Add(offset), outLo, outHi)
		}
		x := acc[r*Lanes:][:Lanes]
		x0 := quotient(scaled(archsimd.LoadInt32x4(x).ShiftAllLeft(left), m0, al0, ah0, sh0))
		x1 := quotient(scaled(archsimd.LoadInt32x4(x[4:]).ShiftAllLeft(left), m1, al1, ah1, sh1))
		x2 := quotient(scaled(archsimd.LoadInt32x4(x[8:]).ShiftAllLeft(left), m2, al2, ah2, sh2))
		x3 := quotient(scaled(archsimd.LoadInt32x4(x[12:]).ShiftAllLeft(left), m3, al3, ah3, sh3))
		storeBytes(y[r*ldy:], lowestBytes(x0, x1, x2, x3), n)
	}
}

func narrowVector(y []byte, x []int32, offset, lo, hi int32) bool {
	whole := len(y) &^ (Lanes - 1)
	all, least, most := archsimd.BroadcastInt32x4(offset), archsimd.BroadcastInt32x4(hi), archsimd.BroadcastInt32x4(lo)
	for i := 0; i < whole; i += Lanes {
		a, b, c, d := archsimd.LoadInt32x4(x[i:]), archsimd.LoadInt32x4(x[i+4:]), archsimd.LoadInt32x4(x[i+8:]), archsimd.LoadInt32x4(x[i+12:])
		least, most = least.Min(a).Min(b).Min(c).Min(d), most.Max(a).Max(b).Max(c).Max(d)
		lowestBytes(a.Add(all), b.Add(all), c.Add(all), d.Add(all)).Store(y[i:])
	}
	inside := narrow(y[whole:], x[whole:], offset, lo, hi)
	var below, above [4]int32
	least.StoreArray(&below)
	most.StoreArray(&above)
	for i := range below {
		inside = inside && below[i] >= lo && above[i] <= hi
	}
	return inside
}
