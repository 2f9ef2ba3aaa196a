// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// avx2 returns the kernels for AVX2 and FMA, nil where the processor lacks one of them: the
// products of rows and weights and the estimate of Hardswish in assembly, the others in Go's
// vectors. VPMADDUBSW saturates. So bytes are multiplied as pairs of 16-bit numbers, in two
// groups: the even bytes of four and the odd ones.
func avx2() *Set {
	if !archsimd.X86.AVX2() || !archsimd.X86.FMA() {
		return nil
	}
	return &Set{
		Name: "avx2", Multiply: multiplyPairs, Interleave: interleaveAVX2, Taps: tapsAVX2,
		Requantize: requantizeAVX2, Hardswish: hardswishAVX2, HardswishWords: hardswishWordsAVX2,
		Widen: widenAVX2, Add: addAVX2, AddWords: addWordsAVX2, Blend: blendAVX2,
		BlendBytes: blendBytesAVX2, Subtract: subtractVector, Outer: outerAVX2,
		Divide: divideAVX2, Narrow: narrowAVX2,
	}
}

type (
	words = archsimd.Int32x8
	pairs = archsimd.Int16x16
)

// weights returns the weights of four bytes of eight channels as those of the even and
// of the odd bytes.
func weights(w []int8) (even, odd pairs) {
	x := archsimd.LoadInt8x32(w).ToBits().AsInt16x16()
	return x.ShiftAllLeft(8).ShiftAllRight(8), x.ShiftAllRight(8)
}

// unsigned is weights of unsigned bytes.
func unsigned(x []byte) (even, odd pairs) {
	v := archsimd.LoadUint8x32(x).AsUint16x16()
	return v.And(archsimd.BroadcastUint16x16(0xff)).AsInt16x16(), v.ShiftAllRight(8).AsInt16x16()
}

// four returns four bytes in every lane, as the even and the odd ones.
func four(x []byte) (even, odd pairs) {
	v := archsimd.BroadcastUint32x8(binary.LittleEndian.Uint32(x)).AsUint16x16()
	return v.And(archsimd.BroadcastUint16x16(0xff)).AsInt16x16(), v.ShiftAllRight(8).AsInt16x16()
}

// dotted adds the products of even and odd bytes to sums.
func dotted(sum words, xe, xo, we, wo pairs) words {
	return sum.Add(xe.DotProductPairs(we)).Add(xo.DotProductPairs(wo))
}

func interleaveAVX2(y, x0, x1, x2, x3 []byte, n int) {
	for i := 0; i < n; i += Lanes {
		p := archsimd.LoadUint8x16(x1[i:]).ExtendToUint16().ShiftAllLeft(8).Or(archsimd.LoadUint8x16(x0[i:]).ExtendToUint16())
		q := archsimd.LoadUint8x16(x3[i:]).ExtendToUint16().ShiftAllLeft(8).Or(archsimd.LoadUint8x16(x2[i:]).ExtendToUint16())
		lo, hi := p.InterleaveLoGrouped(q).AsUint8x32(), p.InterleaveHiGrouped(q).AsUint8x32()
		to := y[4*i:][:4*Lanes]
		lo.GetLo().Store(to)
		hi.GetLo().Store(to[16:])
		lo.GetHi().Store(to[32:])
		hi.GetHi().Store(to[48:])
	}
	archsimd.ClearAVXUpperBits()
}

func tapsAVX2(acc []int32, x []byte, columns, stride int, offsets []int, w []int8, bias []int32) {
	lo, hi := archsimd.LoadInt32x8(bias), archsimd.LoadInt32x8(bias[8:])
	for c := 0; c < columns; c += 2 {
		next := min(c+1, columns-1)
		l0, h0, l1, h1 := lo, hi, lo, hi
		for t, offset := range offsets {
			le, lo := weights(w[t*4*Lanes:])
			he, ho := weights(w[t*4*Lanes+32:])
			from := x[c*stride+offset:]
			e, o := unsigned(from)
			l0 = dotted(l0, e, o, le, lo)
			e, o = unsigned(from[32:])
			h0 = dotted(h0, e, o, he, ho)
			from = x[next*stride+offset:]
			e, o = unsigned(from)
			l1 = dotted(l1, e, o, le, lo)
			e, o = unsigned(from[32:])
			h1 = dotted(h1, e, o, he, ho)
		}
		l0.Store(acc[c*Lanes:])
		h0.Store(acc[c*Lanes+8:])
		l1.Store(acc[next*Lanes:])
		h1.Store(acc[next*Lanes+8:])
	}
	archsimd.ClearAVXUpperBits()
}

// odd returns the lanes in front of each two.
func odd() archsimd.Mask32x8 {
	return archsimd.BroadcastInt64x4(-1 << 32).AsInt32x8().ToMask()
}

// front returns the lanes in front of each two in the places of those behind them.
func front(x words) words { return x.AsUint64x4().ShiftAllRight(32).AsInt32x8() }

// scaled brings eight lanes to a scale.
func scaled(x, me, mo words, ae, ao archsimd.Int64x4, shift archsimd.Uint32x8, odd archsimd.Mask32x8) words {
	e := x.MulWidenEven(me).Add(ae).AsInt32x8()
	o := front(x).MulWidenEven(mo).Add(ao).AsInt32x8()
	return o.IfElse(odd, front(e)).ShiftRight(shift)
}

// scale returns half a block of a Scale.
func (s *Scale) half(h int) (me, mo words, ae, ao archsimd.Int64x4, shift archsimd.Uint32x8) {
	me = archsimd.LoadInt32x8(s.Mantissa[8*h:])
	return me, front(me), archsimd.LoadInt64x4(s.Addend[4*h:]), archsimd.LoadInt64x4(s.Addend[8+4*h:]), archsimd.LoadInt32x8(s.Shift[8*h:]).ToBits()
}

// firstBytes are the lowest bytes of four lanes, at the begin or behind four others.
var (
	firstBytes = [32]int8{0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
	nextBytes  = [32]int8{-1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1}
	joined     = [8]uint32{0, 4, 1, 5, 2, 6, 3, 7}
)

// joinedBytes returns the lowest bytes of sixteen lanes.
func joinedBytes(lo, hi words) archsimd.Uint8x16 {
	a := lo.AsUint8x32().PermuteOrZeroGrouped(archsimd.LoadInt8x32Array(&firstBytes))
	b := hi.AsUint8x32().PermuteOrZeroGrouped(archsimd.LoadInt8x32Array(&nextBytes))
	return a.Or(b).AsUint32x8().Permute(archsimd.LoadUint32x8Array(&joined)).AsUint8x32().GetLo()
}

func requantizeAVX2(y []byte, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	odd := odd()
	me0, mo0, ae0, ao0, sh0 := s.half(0)
	me1, mo1, ae1, ao1, sh1 := s.half(1)
	lo, hi, left := archsimd.BroadcastInt32x8(c.Lo), archsimd.BroadcastInt32x8(c.Hi), uint64(c.Left)
	for r := range rows {
		x := acc[r*Lanes:][:Lanes]
		a := scaled(archsimd.LoadInt32x8(x).ShiftAllLeft(left), me0, mo0, ae0, ao0, sh0, odd)
		b := scaled(archsimd.LoadInt32x8(x[8:]).ShiftAllLeft(left), me1, mo1, ae1, ao1, sh1, odd)
		storeBytes(y[r*ldy:], joinedBytes(clamped(a, lo, hi), clamped(b, lo, hi)), n)
	}
	archsimd.ClearAVXUpperBits()
}

func widenAVX2(y []int32, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	odd := odd()
	lo, hi, left := archsimd.BroadcastInt32x8(c.Lo), archsimd.BroadcastInt32x8(c.Hi), uint64(c.Left)
	for h := range (n + 7) / 8 {
		me, mo, ae, ao, shift := s.half(h)
		for r := range rows {
			x := archsimd.LoadInt32x8(acc[r*Lanes+8*h:]).ShiftAllLeft(left)
			clamped(scaled(x, me, mo, ae, ao, shift, odd), lo, hi).StorePart(y[r*ldy+8*h : r*ldy+min(n, 8*h+8)])
		}
	}
	archsimd.ClearAVXUpperBits()
}

// gated is Hardswish of eight lanes between its requantizations.
func gated(x words, drop uint64, three, six words, odd archsimd.Mask32x8) words {
	gate := clamped(x.Add(three), archsimd.BroadcastInt32x8(0), six)
	e := x.MulWidenEven(gate).AsUint64x4().ShiftAllRight(drop).AsInt32x8()
	o := front(x).MulWidenEven(front(gate)).AsUint64x4().ShiftAllRight(drop).ShiftAllLeft(32).AsInt32x8()
	return o.IfElse(odd, e)
}

func hardswishAVX2(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, e *Estimate, n int) {
	estimatedHalves(hardswishVectors, y, ldy, rows, acc, s, g, e, n)
}

func hardswishVectors(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	odd := odd()
	lo, hi, left := archsimd.BroadcastInt32x8(g.Lo), archsimd.BroadcastInt32x8(g.Hi), uint64(g.Left)
	three, six, drop := archsimd.BroadcastInt32x8(g.Three), archsimd.BroadcastInt32x8(g.Six), uint64(g.Drop)
	outLo, outHi := archsimd.BroadcastInt32x8(g.Out.Lo), archsimd.BroadcastInt32x8(g.Out.Hi)
	for r := range rows {
		x := acc[r*Lanes:][:Lanes]
		me, mo, ae, ao, shift := s[0].half(0)
		a := clamped(scaled(archsimd.LoadInt32x8(x).ShiftAllLeft(left), me, mo, ae, ao, shift, odd), lo, hi)
		me, mo, ae, ao, shift = s[1].half(0)
		a = clamped(scaled(gated(a, drop, three, six, odd), me, mo, ae, ao, shift, odd), outLo, outHi)
		me, mo, ae, ao, shift = s[0].half(1)
		b := clamped(scaled(archsimd.LoadInt32x8(x[8:]).ShiftAllLeft(left), me, mo, ae, ao, shift, odd), lo, hi)
		me, mo, ae, ao, shift = s[1].half(1)
		b = clamped(scaled(gated(b, drop, three, six, odd), me, mo, ae, ao, shift, odd), outLo, outHi)
		storeBytes(y[r*ldy:], joinedBytes(a, b), n)
	}
	archsimd.ClearAVXUpperBits()
}

func hardswishWordsAVX2(y []int32, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	odd := odd()
	lo, hi, left := archsimd.BroadcastInt32x8(g.Lo), archsimd.BroadcastInt32x8(g.Hi), uint64(g.Left)
	three, six, drop := archsimd.BroadcastInt32x8(g.Three), archsimd.BroadcastInt32x8(g.Six), uint64(g.Drop)
	outLo, outHi := archsimd.BroadcastInt32x8(g.Out.Lo), archsimd.BroadcastInt32x8(g.Out.Hi)
	for h := range (n + 7) / 8 {
		me0, mo0, ae0, ao0, shift0 := s[0].half(h)
		me1, mo1, ae1, ao1, shift1 := s[1].half(h)
		for r := range rows {
			x := archsimd.LoadInt32x8(acc[r*Lanes+8*h:]).ShiftAllLeft(left)
			x = clamped(scaled(x, me0, mo0, ae0, ao0, shift0, odd), lo, hi)
			x = clamped(scaled(gated(x, drop, three, six, odd), me1, mo1, ae1, ao1, shift1, odd), outLo, outHi)
			x.StorePart(y[r*ldy+8*h : r*ldy+min(n, 8*h+8)])
		}
	}
	archsimd.ClearAVXUpperBits()
}

// lanes returns eight bytes as lanes.
func lanes(x []byte) words { return archsimd.LoadUint8x16(x).ExtendLo8ToUint32().BitsToInt32() }

func addAVX2(y []byte, ldy int, x []byte, ldx int, z []byte, ldz, rows, n int, a *Sum) {
	left, right, addend := archsimd.BroadcastInt32x8(a.Left), archsimd.BroadcastInt32x8(a.Right), archsimd.BroadcastInt32x8(a.Addend)
	lo, hi, shift := archsimd.BroadcastInt32x8(a.Lo), archsimd.BroadcastInt32x8(a.Hi), uint64(a.Shift)
	for r := range rows {
		y, x, z := y[r*ldy:], x[r*ldx:], z[r*ldz:]
		for i := 0; i < n; i += Lanes {
			a := lanes(x[i:]).Mul(left).Add(lanes(z[i:]).Mul(right)).Add(addend)
			b := lanes(x[i+8:]).Mul(left).Add(lanes(z[i+8:]).Mul(right)).Add(addend)
			storeBytes(y[i:], joinedBytes(clamped(a.ShiftAllRight(shift), lo, hi), clamped(b.ShiftAllRight(shift), lo, hi)), min(Lanes, n-i))
		}
	}
	archsimd.ClearAVXUpperBits()
}

func addWordsAVX2(y, x []int32, z []byte, a *WideSum) {
	odd := odd()
	left, right, addend := archsimd.BroadcastInt32x8(a.Left), archsimd.BroadcastInt32x8(a.Right), archsimd.BroadcastInt64x4(a.Addend)
	lo, hi, bits, shift := archsimd.BroadcastInt32x8(a.Lo), archsimd.BroadcastInt32x8(a.Hi), uint64(a.Bits), uint64(a.Shift)
	whole := len(y) &^ 7
	for i := 0; i < whole; i += 8 {
		x, z := archsimd.LoadInt32x8(x[i:]).ShiftAllLeft(bits), lanes(z[i:]).ShiftAllLeft(bits)
		e := x.MulWidenEven(left).Add(z.MulWidenEven(right)).Add(addend).AsInt32x8()
		o := front(x).MulWidenEven(left).Add(front(z).MulWidenEven(right)).Add(addend).AsInt32x8()
		clamped(o.IfElse(odd, front(e)).ShiftAllRight(shift), lo, hi).Store(y[i:])
	}
	archsimd.ClearAVXUpperBits()
	addWords(y[whole:], x[whole:], z[whole:], a)
}

func blendAVX2(y, x0, x1, x2, x3 []int32, w *[4]int32, drop uint8) {
	w0, w1, w2, w3 := archsimd.BroadcastInt32x8(w[0]), archsimd.BroadcastInt32x8(w[1]), archsimd.BroadcastInt32x8(w[2]), archsimd.BroadcastInt32x8(w[3])
	whole := len(y) &^ 7
	for i := 0; i < whole; i += 8 {
		sum := archsimd.LoadInt32x8(x0[i:]).Mul(w0).Add(archsimd.LoadInt32x8(x1[i:]).Mul(w1))
		sum = sum.Add(archsimd.LoadInt32x8(x2[i:]).Mul(w2)).Add(archsimd.LoadInt32x8(x3[i:]).Mul(w3))
		sum.ShiftAllRight(uint64(drop)).Store(y[i:])
	}
	archsimd.ClearAVXUpperBits()
	blend(y[whole:], x0[whole:], x1[whole:], x2[whole:], x3[whole:], w, drop)
}

func blendBytesAVX2(y []int32, x0, x1, x2, x3 []byte, w *[4]int32, addend int32) {
	w0, w1, w2, w3 := archsimd.BroadcastInt32x8(w[0]), archsimd.BroadcastInt32x8(w[1]), archsimd.BroadcastInt32x8(w[2]), archsimd.BroadcastInt32x8(w[3])
	first := archsimd.BroadcastInt32x8(addend)
	whole := len(y) &^ 7
	for i := 0; i < whole; i += 8 {
		sum := lanes(x0[i:]).Mul(w0).Add(lanes(x1[i:]).Mul(w1)).Add(first)
		sum.Add(lanes(x2[i:]).Mul(w2)).Add(lanes(x3[i:]).Mul(w3)).Store(y[i:])
	}
	archsimd.ClearAVXUpperBits()
	blendBytes(y[whole:], x0[whole:], x1[whole:], x2[whole:], x3[whole:], w, addend)
}

func outerAVX2(kv, sum []int32, k, v []byte, stride, steps int) {
	offset := archsimd.BroadcastInt16x16(128)
	for i := 0; i < Lanes; i += 4 {
		y := kv[i*Lanes:][:4*Lanes]
		l0, l1, l2, l3 := archsimd.LoadInt32x8(y), archsimd.LoadInt32x8(y[16:]), archsimd.LoadInt32x8(y[32:]), archsimd.LoadInt32x8(y[48:])
		h0, h1, h2, h3 := archsimd.LoadInt32x8(y[8:]), archsimd.LoadInt32x8(y[24:]), archsimd.LoadInt32x8(y[40:]), archsimd.LoadInt32x8(y[56:])
		for s := range steps {
			ks := k[s*stride+4*i:][:16]
			for j, b := range ks {
				sum[i+j/4] += int32(b)
			}
			le, lo := unsigned(v[s*stride:])
			he, ho := unsigned(v[s*stride+32:])
			le, lo, he, ho = le.Sub(offset), lo.Sub(offset), he.Sub(offset), ho.Sub(offset)
			e, o := four(ks)
			l0, h0 = dotted(l0, e, o, le, lo), dotted(h0, e, o, he, ho)
			e, o = four(ks[4:])
			l1, h1 = dotted(l1, e, o, le, lo), dotted(h1, e, o, he, ho)
			e, o = four(ks[8:])
			l2, h2 = dotted(l2, e, o, le, lo), dotted(h2, e, o, he, ho)
			e, o = four(ks[12:])
			l3, h3 = dotted(l3, e, o, le, lo), dotted(h3, e, o, he, ho)
		}
		l0.Store(y)
		h0.Store(y[8:])
		l1.Store(y[16:])
		h1.Store(y[24:])
		l2.Store(y[32:])
		h2.Store(y[40:])
		l3.Store(y[48:])
		h3.Store(y[56:])
	}
	archsimd.ClearAVXUpperBits()
}

func divideAVX2(y []byte, ldy, rows int, acc, d []int32, s *Scale, q *Quotient, n int) {
	odd := odd()
	me0, mo0, ae0, ao0, sh0 := s.half(0)
	me1, mo1, ae1, ao1, sh1 := s.half(1)
	lo, hi, left := archsimd.BroadcastInt32x8(q.Lo), archsimd.BroadcastInt32x8(q.Hi), uint64(q.Left)
	mantissa, offset := archsimd.BroadcastInt32x8(q.Mantissa), archsimd.BroadcastInt32x8(q.Offset)
	outLo, outHi := archsimd.BroadcastInt32x8(q.Out.Lo), archsimd.BroadcastInt32x8(q.Out.Hi)
	for r := range rows {
		shift := q.shift(d[r*Lanes:])
		half := archsimd.BroadcastInt32x8(1 << shift >> 1)
		x := acc[r*Lanes:][:Lanes]
		a := clamped(scaled(archsimd.LoadInt32x8(x).ShiftAllLeft(left), me0, mo0, ae0, ao0, sh0, odd), lo, hi)
		b := clamped(scaled(archsimd.LoadInt32x8(x[8:]).ShiftAllLeft(left), me1, mo1, ae1, ao1, sh1, odd), lo, hi)
		a = a.Mul(mantissa).Add(half).ShiftAllRight(uint64(shift)).Add(offset)
		b = b.Mul(mantissa).Add(half).ShiftAllRight(uint64(shift)).Add(offset)
		storeBytes(y[r*ldy:], joinedBytes(clamped(a, outLo, outHi), clamped(b, outLo, outHi)), n)
	}
	archsimd.ClearAVXUpperBits()
}

func narrowAVX2(y []byte, x []int32, offset, lo, hi int32) bool {
	whole := len(y) &^ (Lanes - 1)
	all, least, most := archsimd.BroadcastInt32x8(offset), archsimd.BroadcastInt32x8(hi), archsimd.BroadcastInt32x8(lo)
	for i := 0; i < whole; i += Lanes {
		a, b := archsimd.LoadInt32x8(x[i:]), archsimd.LoadInt32x8(x[i+8:])
		least, most = least.Min(a).Min(b), most.Max(a).Max(b)
		joinedBytes(a.Add(all), b.Add(all)).Store(y[i:])
	}
	var below, above [8]int32
	least.StoreArray(&below)
	most.StoreArray(&above)
	archsimd.ClearAVXUpperBits()
	inside := narrow(y[whole:], x[whole:], offset, lo, hi)
	for i := range below {
		inside = inside && below[i] >= lo && above[i] <= hi
	}
	return inside
}
