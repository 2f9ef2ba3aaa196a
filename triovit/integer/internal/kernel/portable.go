// SPDX-License-Identifier: Apache-2.0

package kernel

// Portable returns the loops in Go, which run on every processor.
func Portable() *Set {
	return &Set{
		Name: "portable", Multiply: multiply, Interleave: interleave, Taps: taps, Requantize: requantize,
		Hardswish: hardswish, HardswishWords: hardswishWords, Widen: widen, Add: add, AddWords: addWords,
		Blend: blend, BlendBytes: blendBytes, Subtract: subtract, Outer: outer, Divide: divide, Narrow: narrow,
	}
}

func clamp(x, lo, hi int32) int32 { return min(max(x, lo), hi) }

func multiply(acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int) {
	size := p.steps() * 4 * Lanes
	for b := range blocks {
		for r := range rows {
			y := (*[Lanes]int32)(acc[(b*rows+r)*Lanes:])
			*y = [Lanes]int32(bias[b*Lanes:])
			weights := w[b*size:][:size]
			for l := range p.Lines {
				x := a[r*p.Row+l*p.Line:][:4*p.Steps]
				for ; len(x) > 0; x, weights = x[4:], weights[4*Lanes:] {
					dot(y, x, x[1:], x[2:], x[3:], weights, 0)
				}
			}
		}
	}
}

// dot adds Σ_j x_j[o·stride]·w[o][j] to each of a block's accumulators.
func dot(y *[Lanes]int32, x0, x1, x2, x3 []byte, w []int8, stride int) {
	weights := (*[4 * Lanes]int8)(w)
	for o := range y {
		at := o * stride
		y[o] += int32(x0[at])*int32(weights[4*o]) + int32(x1[at])*int32(weights[4*o+1]) +
			int32(x2[at])*int32(weights[4*o+2]) + int32(x3[at])*int32(weights[4*o+3])
	}
}

func interleave(y, x0, x1, x2, x3 []byte, n int) {
	x0, x1, x2, x3 = x0[:n], x1[:n], x2[:n], x3[:n]
	for i := range n {
		four := (*[4]byte)(y[4*i:])
		four[0], four[1], four[2], four[3] = x0[i], x1[i], x2[i], x3[i]
	}
}

func taps(acc []int32, x []byte, columns, stride int, offsets []int, w []int8, bias []int32) {
	for c := range columns {
		y := (*[Lanes]int32)(acc[c*Lanes:])
		*y = [Lanes]int32(bias)
		for t, offset := range offsets {
			from := x[c*stride+offset:]
			dot(y, from, from[1:], from[2:], from[3:], w[t*4*Lanes:], 4)
		}
	}
}

func requantize(y []byte, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	for r := range rows {
		for o, x := range acc[r*Lanes:][:n] {
			y[r*ldy+o] = byte(clamp(s.of(o, x<<c.Left), c.Lo, c.Hi))
		}
	}
}

func hardswish(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, _ *Estimate, n int) {
	for r := range rows {
		for o, x := range acc[r*Lanes:][:n] {
			y[r*ldy+o] = byte(g.of(s, o, x))
		}
	}
}

// of returns the code that Hardswish makes of channel o's accumulator.
func (g *Gate) of(s *[2]Scale, o int, x int32) int32 {
	x = clamp(s[0].of(o, x<<g.Left), g.Lo, g.Hi)
	p := int64(x) * int64(clamp(x+g.Three, 0, g.Six)) >> (g.Drop & 63)
	return clamp(s[1].of(o, int32(p)), g.Out.Lo, g.Out.Hi)
}

func hardswishWords(y []int32, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	for r := range rows {
		for o, x := range acc[r*Lanes:][:n] {
			y[r*ldy+o] = g.of(s, o, x)
		}
	}
}

func widen(y []int32, ldy, rows int, acc []int32, s *Scale, c *Codes, n int) {
	for r := range rows {
		for o, x := range acc[r*Lanes:][:n] {
			y[r*ldy+o] = clamp(s.of(o, x<<c.Left), c.Lo, c.Hi)
		}
	}
}

func add(y []byte, ldy int, x []byte, ldx int, z []byte, ldz, rows, n int, a *Sum) {
	for r := range rows {
		y, x, z := y[r*ldy:][:n], x[r*ldx:][:n], z[r*ldz:][:n]
		for i := range y {
			y[i] = byte(clamp((int32(x[i])*a.Left+int32(z[i])*a.Right+a.Addend)>>(a.Shift&31), a.Lo, a.Hi))
		}
	}
}

func addWords(y, x []int32, z []byte, a *WideSum) {
	x, z = x[:len(y)], z[:len(y)]
	for i := range y {
		y[i] = clamp(a.of(x[i], z[i]), a.Lo, a.Hi)
	}
}

func blend(y, x0, x1, x2, x3 []int32, w *[4]int32, drop uint8) {
	x0, x1, x2, x3 = x0[:len(y)], x1[:len(y)], x2[:len(y)], x3[:len(y)]
	for i := range y {
		y[i] = (x0[i]*w[0] + x1[i]*w[1] + x2[i]*w[2] + x3[i]*w[3]) >> (drop & 31)
	}
}

func blendBytes(y []int32, x0, x1, x2, x3 []byte, w *[4]int32, addend int32) {
	x0, x1, x2, x3 = x0[:len(y)], x1[:len(y)], x2[:len(y)], x3[:len(y)]
	for i := range y {
		y[i] = addend + int32(x0[i])*w[0] + int32(x1[i])*w[1] + int32(x2[i])*w[2] + int32(x3[i])*w[3]
	}
}

func subtract(y []byte, ldy int, x []byte, ldx, rows, n int, v byte) {
	for r := range rows {
		for i, b := range x[r*ldx:][:n] {
			y[r*ldy+i] = max(b, v) - v
		}
	}
}

func outer(kv, sum []int32, k, v []byte, stride, steps int) {
	for s := range steps {
		ks, vs := k[s*stride:][:4*Lanes], v[s*stride:][:4*Lanes]
		for i := range Lanes {
			four := (*[4]byte)(ks[4*i:])
			k0, k1, k2, k3 := int32(four[0]), int32(four[1]), int32(four[2]), int32(four[3])
			sum[i] += k0 + k1 + k2 + k3
			row := (*[Lanes]int32)(kv[i*Lanes:])
			for o := range row {
				x := (*[4]byte)(vs[4*o:])
				row[o] += k0*(int32(x[0])-128) + k1*(int32(x[1])-128) + k2*(int32(x[2])-128) + k3*(int32(x[3])-128)
			}
		}
	}
}

func divide(y []byte, ldy, rows int, acc, d []int32, s *Scale, q *Quotient, n int) {
	for r := range rows {
		shift := q.shift(d[r*Lanes:])
		half := int32(1) << (shift & 31) >> 1
		for o, x := range acc[r*Lanes:][:n] {
			x = clamp(s.of(o, x<<q.Left), q.Lo, q.Hi)
			y[r*ldy+o] = byte(clamp((x*q.Mantissa+half)>>(shift&31)+q.Offset, q.Out.Lo, q.Out.Hi))
		}
	}
}

// shift returns the bits that quotients of a divisor are shifted by.
func (q *Quotient) shift(d []int32) int32 {
	divisor, shift := d[0]+128*d[1], q.Shift
	for _, t := range q.Thresholds {
		if divisor >= t {
			shift++
		}
	}
	return shift
}

func narrow(y []byte, x []int32, offset, lo, hi int32) bool {
	x = x[:len(y)]
	inside := true
	for i, v := range x {
		y[i] = byte(v + offset)
		inside = inside && lo <= v && v <= hi
	}
	return inside
}
