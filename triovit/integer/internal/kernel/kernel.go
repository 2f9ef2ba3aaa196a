// SPDX-License-Identifier: Apache-2.0

// Package kernel has the inner loops of the fast executor of integer models, for each kind
// of processor. Each is a plain function, whose comment is the loop that it equals.
// [Portable] is these loops in Go, and every other [Set] computes the same integers.
//
// # Bytes and blocks
//
// A code of 8 bits is stored in a byte, plus an offset that makes it a number from 0 to
// 255: VPDPBUSD multiplies an unsigned by a signed byte. The executor knows the offsets
// and subtracts their effect in biases and addends.
//
// Channels are computed in blocks of [Lanes]. Accumulators of a block are [rows][Lanes],
// and those of several blocks follow one another. Weights are packed as
// [blocks][steps][Lanes][4]: a step multiplies four consecutive bytes.
//
// A kernel may read up to [Slack] bytes behind a buffer of bytes, and none behind the
// accumulators. It writes only the elements in its comment, except that [Set.Interleave]
// may write up to 4·Lanes − 4 bytes behind its result.
package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

const (
	// Lanes is the number of channels of a block.
	Lanes = 16
	// Slack is the number of readable bytes that must follow a buffer.
	Slack = 64
)

// A Set is the kernels of one kind of processor. Sums wrap around in 32 bits.
type Set struct {
	// Name is the set's name in [Variable].
	Name string

	// Multiply multiplies rows of bytes by blocks of weights:
	//
	//	acc[b][r][o] = bias[b][o] + Σ_l Σ_s Σ_j a[r·p.Row + l·p.Line + 4s + j]·w[b][l·p.Steps + s][o][j]
	//
	// for l < p.Lines and s < p.Steps.
	Multiply func(acc []int32, a []byte, p *Patch, rows int, w []int8, bias []int32, blocks int)

	// Interleave joins the bytes of four rows:
	//
	//	y[4i + j] = x_j[i], i < n
	Interleave func(y, x0, x1, x2, x3 []byte, n int)

	// Taps sums the taps of one block of a depthwise convolution. The bytes of a column
	// are interleaved; a tap's lie at an offset of its own:
	//
	//	acc[c][o] = bias[o] + Σ_t Σ_j x[c·stride + offsets[t] + 4o + j]·w[t][o][j], c < columns
	Taps func(acc []int32, x []byte, columns, stride int, offsets []int, w []int8, bias []int32)

	// Requantize makes bytes of one block of accumulators, rows ldy bytes apart, in the
	// first n channels. A byte is the lowest 8 bits of its code, which may be negative:
	//
	//	y[r·ldy + o] = clamp(s.of(o, acc[r][o] << c.Left), c.Lo, c.Hi)
	Requantize func(y []byte, ldy, rows int, acc []int32, s *Scale, c *Codes, n int)

	// Hardswish is Requantize to a pre-activation, Hardswish and a second Requantize:
	//
	//	x := clamp(s[0].of(o, acc[r][o] << g.Left), g.Lo, g.Hi)
	//	p := x·clamp(x + g.Three, 0, g.Six) >> g.Drop
	//	y[r·ldy + o] = clamp(s[1].of(o, p), g.Out.Lo, g.Out.Hi)
	//
	// An estimate of s and g spares a kernel most of this arithmetic, and is nil where there
	// is none. With an estimate acc << g.Left and p must fit 32 bits.
	Hardswish func(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, e *Estimate, n int)

	// HardswishWords is Hardswish to integers of 32 bits:
	//
	//	y[r·ldy + o] = clamp(s[1].of(o, p), g.Out.Lo, g.Out.Hi)
	HardswishWords func(y []int32, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int)

	// Widen is Requantize to integers of 32 bits:
	//
	//	y[r·ldy + o] = clamp(s.of(o, acc[r][o] << c.Left), c.Lo, c.Hi)
	Widen func(y []int32, ldy, rows int, acc []int32, s *Scale, c *Codes, n int)

	// Add adds bytes of two grids; y may be x:
	//
	//	y[r·ldy + i] = clamp((x[r·ldx + i]·a.Left + z[r·ldz + i]·a.Right + a.Addend) >> a.Shift, a.Lo, a.Hi), i < n
	Add func(y []byte, ldy int, x []byte, ldx int, z []byte, ldz, rows, n int, a *Sum)

	// AddWords adds integers of 32 bits and bytes; y may be x:
	//
	//	y[i] = clamp(a.of(x[i], z[i]), a.Lo, a.Hi)
	AddWords func(y, x []int32, z []byte, a *WideSum)

	// Blend adds four rows with a weight each:
	//
	//	y[i] = (Σ_k x_k[i]·w[k]) >> drop
	Blend func(y, x0, x1, x2, x3 []int32, w *[4]int32, drop uint8)

	// BlendBytes is Blend of bytes, beside an addend:
	//
	//	y[i] = addend + Σ_k x_k[i]·w[k]
	BlendBytes func(y []int32, x0, x1, x2, x3 []byte, w *[4]int32, addend int32)

	// Subtract sets bytes below v to 0, and takes v from the others:
	//
	//	y[r·ldy + i] = max(x[r·ldx + i], v) − v, i < n
	Subtract func(y []byte, ldy int, x []byte, ldx, rows, n int, v byte)

	// Outer adds the products of a block of unsigned bytes and one of codes beside an
	// offset of 128, both interleaved in steps, and the unsigned bytes alone:
	//
	//	kv[i][o] += Σ_s Σ_j k[s·stride + 4i + j]·(v[s·stride + 4o + j] − 128)
	//	sum[i]   += Σ_s Σ_j k[s·stride + 4i + j]
	Outer func(kv, sum []int32, k, v []byte, stride, steps int)

	// Divide makes the bytes of quotients of one block, rows ldy bytes apart, in the
	// first n channels. The divisor of a row is the first element of its accumulators
	// d, and 128 times the second:
	//
	//	x := clamp(s.of(o, acc[r][o] << q.Codes.Left), q.Codes.Lo, q.Codes.Hi)
	//	n := Σ_t (d[r][0] + 128·d[r][1] ≥ q.Thresholds[t])
	//	y[r·ldy + o] = clamp((x·q.Mantissa + 1<<(q.Shift+n)>>1) >> (q.Shift+n) + q.Offset, q.Out.Lo, q.Out.Hi)
	Divide func(y []byte, ldy, rows int, acc, d []int32, s *Scale, q *Quotient, n int)

	// Narrow makes bytes of codes, and says whether all were in lo..hi:
	//
	//	y[i] = byte(x[i] + offset)
	Narrow func(y []byte, x []int32, offset, lo, hi int32) bool
}

// A Scale brings integers of a block's channels to another grid. Mantissas and addends are
// scaled so that the low 32 bits are cut off.
//
//	of(o, x) = (x·Mantissa[o] + Addend[Place(o)]) >> 32 >> Shift[o]
//
// The sum fits 64 bits.
type Scale struct {
	Mantissa [Lanes]int32
	Shift    [Lanes]int32
	// Addend has the addends of the even channels, then those of the odd ones.
	Addend [Lanes]int64
}

// Place returns the index of a channel's addend in a [Scale].
func Place(channel int) int { return channel/2 + channel%2*Lanes/2 }

func (s *Scale) of(o int, x int32) int32 {
	return int32((int64(x)*int64(s.Mantissa[o])+s.Addend[Place(o)])>>32) >> (s.Shift[o] & 31)
}

// Codes is the range of a requantization's codes, with the bits by which its operand is
// shifted to the left first.
type Codes struct{ Left, Lo, Hi int32 }

// A Gate has the parameters of Hardswish between two requantizations.
type Gate struct {
	Codes
	Drop, Three, Six int32
	Out              Codes // codes of the result, whose Left is 0
}

// A Patch locates the bytes that a filter's weights multiply: Lines lines of 4·Steps
// bytes, each line Line bytes behind the previous one. The bytes of the next position are
// Row bytes behind.
type Patch struct{ Row, Line, Lines, Steps int }

// steps returns the number of steps of the weights.
func (p *Patch) steps() int { return p.Lines * p.Steps }

// last returns the index of the last byte of the given number of rows.
func (p *Patch) last(rows int) int { return (rows-1)*p.Row + (p.Lines-1)*p.Line + 4*p.Steps - 1 }

// A Sum has the parameters of a sum of two tensors.
type Sum struct{ Left, Right, Addend, Shift, Lo, Hi int32 }

// A WideSum has the parameters of a sum of integers of 32 bits and bytes. Left, Right and
// Addend are scaled so that the low 32 bits of the sum are cut off. Bits shifts both
// operands to the left first.
//
//	of(x, z) = ((x << Bits)·Left + (z << Bits)·Right + Addend) >> 32 >> Shift
//
// The sum fits 64 bits.
type WideSum struct {
	Left, Right         int32
	Addend              int64
	Bits, Shift, Lo, Hi int32
}

func (a *WideSum) of(x int32, z byte) int32 {
	left, right := int64(x<<(a.Bits&31))*int64(a.Left), int64(int32(z)<<(a.Bits&31))*int64(a.Right)
	return int32((left+right+a.Addend)>>32) >> (a.Shift & 31)
}

// A Quotient has the parameters of a division. Its products fit 32 bits.
type Quotient struct {
	Codes
	Mantissa, Shift, Offset int32
	Out                     Codes // codes of the result, whose Left is 0
	// Thresholds are the divisors' thresholds. Unused ones are the largest number, which
	// no divisor reaches.
	Thresholds [Lanes]int32
}

// Variable is the environment variable that forces a set by its name.
const Variable = "TRIOVIT_KERNEL"

// Sets returns the sets that this processor can run, the fastest first, [Portable]
// last.
func Sets() []*Set { return append(native(), Portable()) }

// FromEnvironment returns the set that [Variable] names, and the fastest where it is
// empty. The error lists the existing sets.
func FromEnvironment() (*Set, error) {
	sets := Sets()
	name := os.Getenv(Variable)
	at := slices.IndexFunc(sets, func(s *Set) bool { return name == "" || s.Name == name })
	if at < 0 {
		var names []string
		for _, s := range sets {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("%s=%.40q: this processor and build have %s", Variable, name, strings.Join(names, ", "))
	}
	return sets[at], nil
}
