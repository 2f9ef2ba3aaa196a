// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A draw makes the arguments of one kernel from a generator, runs a set's kernel and
// returns what it has written to, with what it must have left alone.
type draw struct {
	*rand.Rand
	m *memory
}

func (d draw) size(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

// bytes, weights and words return random elements that end where memory does.
func (d draw) bytes(n int) []byte {
	x := alloc[byte](d.m, n)
	for i := range x {
		x[i] = byte(d.Uint32())
	}
	return x
}

func (d draw) weights(n int) []int8 {
	x := alloc[int8](d.m, n)
	for i := range x {
		x[i] = int8(d.Uint32())
	}
	return x
}

// words returns integers of any width.
func (d draw) words(n int) []int32 {
	x := alloc[int32](d.m, n)
	for i := range x {
		x[i] = int32(d.Uint32()) >> d.IntN(32)
	}
	return x
}

func (d draw) scale() (s Scale) {
	for o := range Lanes {
		s.Mantissa[o] = int32(d.Uint32()) >> d.IntN(32)
		s.Shift[o] = d.Int32N(32)
		s.Addend[o] = (d.Int64() >> 1 >> d.IntN(60)) - 1<<20
	}
	return s
}

func (d draw) codes(lo, hi int32) Codes {
	c := Codes{Left: d.Int32N(32), Lo: lo + d.Int32N(hi-lo+1)}
	c.Hi = c.Lo + d.Int32N(hi-c.Lo+1)
	return c
}

func (d draw) byteCodes() Codes {
	c := d.codes(0, 255)
	c.Left = 0
	return c
}

// hardswish returns scales and a gate as networks have them: the pre-activations have 16 bits
// and multipliers 17, and the codes end where Hardswish has reached 1/16 to all of its
// largest value.
func (d draw) hardswish() (s [2]Scale, g Gate) {
	mantissa := func(value float64) (m, shift int32) {
		for value *= 1 << 32; value < 1<<30; value *= 2 {
			shift++
		}
		return int32(value) >> 14 << 14, shift
	}
	three := int32(500 * math.Exp2(8*d.Float64())) // may be up to four times the largest code
	g = Gate{Codes: Codes{Left: d.Int32N(3), Lo: math.MinInt16, Hi: math.MaxInt16}, Three: three, Six: 2*three + d.Int32N(3) - 1, Out: d.byteCodes()}
	g.Drop = int32(bits.Len32(uint32(min(g.Six, g.Hi+three))>>16)) + d.Int32N(5) // the product fits 32 bits
	top := max(float64(g.Hi), float64(g.Six)) * float64(g.Six)
	for o := range Lanes {
		s[0].Mantissa[o], s[0].Shift[o] = mantissa(math.Exp2(-1 - 8*d.Float64()))
		s[0].Addend[Place(o)] = int64(d.NormFloat64()*1e4*(1<<32)) << s[0].Shift[o]
		gain := float64(g.Out.Hi+1) / top * math.Exp2(4*d.Float64())
		s[1].Mantissa[o], s[1].Shift[o] = mantissa(math.Ldexp(gain, int(g.Drop)))
		s[1].Addend[Place(o)] = int64((float64(d.IntN(30)) + 0.5) * (1 << 32) * math.Exp2(float64(s[1].Shift[o])))
	}
	return s, g
}

// rows returns how many rows, and how many channels of Lanes.
func (d draw) rows() (rows, n int) { return d.size(1, 60), d.size(1, Lanes) }

// spaced returns the bytes of rows of n elements, some elements apart, and the stride.
func (d draw) spaced(rows, n, slack int) ([]byte, int) {
	stride := n + d.size(0, 40)
	return d.bytes((rows-1)*stride + n + slack), stride
}

// cases have one entry for each kernel.
var cases = []struct {
	name string
	run  func(d draw, set *Set) (bytes []byte, words []int32)
}{
	{"Multiply", func(d draw, set *Set) ([]byte, []int32) {
		rows, blocks := d.size(1, 60), d.size(1, 9)
		p := Patch{Row: d.size(0, 300), Line: d.size(0, 300), Lines: d.size(1, 4), Steps: d.size(1, 20)}
		y := d.words(blocks * rows * Lanes)
		set.Multiply(y, d.bytes(p.last(rows)+1+Slack), &p, rows, d.weights(blocks*p.steps()*4*Lanes), d.words(blocks*Lanes), blocks)
		return nil, y
	}},
	{"Interleave", func(d draw, set *Set) ([]byte, []int32) {
		n := d.size(1, 100)
		y := d.bytes((4*n + 4*Lanes - 1) / (4 * Lanes) * 4 * Lanes)
		set.Interleave(y, d.bytes(n+Slack), d.bytes(n+Slack), d.bytes(n+Slack), d.bytes(n+Slack), n)
		return y[:4*n], nil
	}},
	{"Taps", func(d draw, set *Set) ([]byte, []int32) {
		columns, stride, n := d.size(1, 40), d.size(0, 200), d.size(1, 12)
		offsets := make([]int, n)
		for i := range offsets {
			offsets[i] = d.IntN(300)
		}
		y := d.words(columns * Lanes)
		set.Taps(y, d.bytes((columns-1)*stride+slices.Max(offsets)+4*Lanes+Slack), columns, stride, offsets, d.weights(n*4*Lanes), d.words(Lanes))
		return nil, y
	}},
	{"Requantize", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.rows()
		y, ldy := d.spaced(rows, n, 0)
		s, c := d.scale(), d.codes(-128, 255)
		set.Requantize(y, ldy, rows, d.words(rows*Lanes), &s, &c, n)
		return y, nil
	}},
	{"Hardswish", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.rows()
		y, ldy := d.spaced(rows, n, 0)
		s := [2]Scale{d.scale(), d.scale()}
		g := Gate{Codes: d.codes(math.MinInt16, math.MaxInt16), Drop: d.Int32N(33), Three: int32(d.Uint32() >> d.IntN(32)), Six: d.Int32(), Out: d.byteCodes()}
		set.Hardswish(y, ldy, rows, d.words(rows*Lanes), &s, &g, nil, n)
		return y, nil
	}},
	{"Hardswish by an estimate", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.rows()
		y, ldy := d.spaced(rows, n, 0)
		s, g := d.hardswish()
		acc := d.words(rows * Lanes)
		for i := range acc {
			acc[i] >>= 8 // of 24 bits at most, as in networks
		}
		set.Hardswish(y, ldy, rows, acc, &s, &g, NewEstimate(&s, &g, n), n)
		return y, nil
	}},
	{"HardswishWords", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.rows()
		ldy := n + d.size(0, 20)
		y := d.words((rows-1)*ldy + n)
		s := [2]Scale{d.scale(), d.scale()}
		g := Gate{Codes: d.codes(math.MinInt16, math.MaxInt16), Drop: d.Int32N(33), Three: int32(d.Uint32() >> d.IntN(32)), Six: d.Int32(), Out: d.codes(math.MinInt32/2, math.MaxInt32/2-1)}
		g.Out.Left = 0
		set.HardswishWords(y, ldy, rows, d.words(rows*Lanes), &s, &g, n)
		return nil, y
	}},
	{"Widen", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.rows()
		ldy := n + d.size(0, 20)
		y := d.words((rows-1)*ldy + n)
		s, c := d.scale(), d.codes(math.MinInt32/2, math.MaxInt32/2-1)
		set.Widen(y, ldy, rows, d.words(rows*Lanes), &s, &c, n)
		return nil, y
	}},
	{"Add", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.size(1, 20), d.size(1, 70)
		y, ldy := d.spaced(rows, n, Slack)
		x, ldx := d.spaced(rows, n, Slack)
		if d.IntN(2) == 0 {
			x, ldx = y, ldy
		}
		z, ldz := d.spaced(rows, n, Slack)
		c := d.byteCodes()
		set.Add(y, ldy, x, ldx, z, ldz, rows, n, &Sum{int32(d.Uint32()), int32(d.Uint32()), int32(d.Uint32()), d.Int32N(32), c.Lo, c.Hi})
		return y, nil
	}},
	{"AddWords", func(d draw, set *Set) ([]byte, []int32) {
		n := d.size(1, 70)
		y, x := d.words(n), d.words(n)
		if d.IntN(2) == 0 {
			x = y
		}
		c := d.codes(math.MinInt32/2, math.MaxInt32/2-1)
		a := WideSum{Left: int32(d.Uint32()), Right: int32(d.Uint32()), Addend: d.Int64() - 1<<62, Bits: d.Int32N(32), Shift: d.Int32N(32), Lo: c.Lo, Hi: c.Hi}
		set.AddWords(y, x, d.bytes(n+Slack), &a)
		return nil, y
	}},
	{"Blend", func(d draw, set *Set) ([]byte, []int32) {
		n := d.size(1, 70)
		y := d.words(n)
		set.Blend(y, d.words(n), d.words(n), d.words(n), d.words(n), (*[4]int32)(d.words(4)), uint8(d.IntN(32)))
		return nil, y
	}},
	{"BlendBytes", func(d draw, set *Set) ([]byte, []int32) {
		n := d.size(1, 70)
		y := d.words(n)
		set.BlendBytes(y, d.bytes(n+Slack), d.bytes(n+Slack), d.bytes(n+Slack), d.bytes(n+Slack), (*[4]int32)(d.words(4)), int32(d.Uint32()))
		return nil, y
	}},
	{"Subtract", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.size(1, 20), d.size(1, 70)
		y, ldy := d.spaced(rows, n, 0)
		x, ldx := d.spaced(rows, n, Slack)
		set.Subtract(y, ldy, x, ldx, rows, n, byte(d.Uint32()))
		return y, nil
	}},
	{"Outer", func(d draw, set *Set) ([]byte, []int32) {
		steps, stride := d.size(1, 20), d.size(0, 200)
		y := d.words(Lanes*Lanes + Lanes)
		n := (steps-1)*stride + 4*Lanes + Slack
		set.Outer(y[:Lanes*Lanes], y[Lanes*Lanes:], d.bytes(n), d.bytes(n), stride, steps)
		return nil, y
	}},
	{"Divide", func(d draw, set *Set) ([]byte, []int32) {
		rows, n := d.rows()
		y, ldy := d.spaced(rows, n, 0)
		s := d.scale()
		q := Quotient{Codes: d.codes(math.MinInt16, math.MaxInt16), Mantissa: int32(d.Uint32()), Shift: d.Int32N(15), Offset: d.Int32N(256), Out: d.byteCodes()}
		copy(q.Thresholds[:], d.words(Lanes))
		set.Divide(y, ldy, rows, d.words(rows*Lanes), d.words(rows*Lanes), &s, &q, n)
		return y, nil
	}},
	{"Narrow", func(d draw, set *Set) ([]byte, []int32) {
		n := d.size(1, 70)
		y, x := d.bytes(n), d.words(n)
		lo, hi := slices.Min(x)+d.Int32N(2), slices.Max(x)-d.Int32N(2)
		inside := int32(0)
		if set.Narrow(y, x, int32(d.Uint32()), lo, hi) {
			inside = 1
		}
		return y, []int32{inside}
	}},
}

// differs runs every kernel of a set and the portable one on the same arguments.
func differs(t testing.TB, set *Set, seed uint64) {
	portable := Portable()
	for i, c := range cases {
		run := func(set *Set) ([]byte, []int32) {
			m := newMemory(t)
			defer m.check(t, set.Name+" "+c.name)
			bytes, words := c.run(draw{rand.New(rand.NewPCG(seed, uint64(i))), m}, set)
			return slices.Clone(bytes), slices.Clone(words)
		}
		bytes, words := run(set)
		wantBytes, wantWords := run(portable)
		if !slices.Equal(bytes, wantBytes) || !slices.Equal(words, wantWords) {
			t.Errorf("%s, %s, seed %d: %v %v, the portable kernel makes %v %v", set.Name, c.name, seed, bytes, words, wantBytes, wantWords)
		}
	}
}

// TestSets: every set makes the portable one's integers, writes to nothing else, and
// reads no further than it may.
func TestSets(t *testing.T) {
	for _, set := range Sets() {
		t.Run(set.Name, func(t *testing.T) {
			for seed := range uint64(300) {
				differs(t, set, seed)
			}
		})
	}
}

func FuzzSets(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, set := range native() {
			differs(t, set, seed)
		}
	})
}

// TestDefinitions: the portable kernels are the loops of the comments, element by
// element, where their own loops differ from these.
func TestDefinitions(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(1, 2)), newMemory(t)}
	const rows, blocks = 3, 2
	p := &Patch{Row: 23, Line: 70, Lines: 2, Steps: 5}
	a, w, bias := d.bytes(p.last(rows)+1+Slack), d.weights(blocks*p.steps()*4*Lanes), d.words(blocks*Lanes)
	y := d.words(blocks * rows * Lanes)
	Portable().Multiply(y, a, p, rows, w, bias, blocks)
	for b := range blocks {
		for r := range rows {
			for o := range Lanes {
				want := bias[b*Lanes+o]
				for k := range 4 * p.steps() {
					line, at := k/(4*p.Steps), k%(4*p.Steps)
					want += int32(a[r*p.Row+line*p.Line+at]) * int32(w[((b*p.steps()+k/4)*Lanes+o)*4+k%4])
				}
				if got := y[(b*rows+r)*Lanes+o]; got != want {
					t.Fatalf("Multiply makes %d at block %d, row %d, lane %d, want %d", got, b, r, o, want)
				}
			}
		}
	}
}

// TestFromEnvironment: the variable takes a set by its name, nothing takes the
// fastest, and another name is an error that says which there are.
func TestFromEnvironment(t *testing.T) {
	t.Setenv(Variable, "portable")
	if s, err := FromEnvironment(); err != nil || s.Name != "portable" {
		t.Errorf("%v, %v", s, err)
	}
	t.Setenv(Variable, "")
	if s, err := FromEnvironment(); err != nil || s.Name != Sets()[0].Name {
		t.Errorf("%v, %v", s, err)
	}
	t.Setenv(Variable, "mmx")
	if _, err := FromEnvironment(); err == nil || !strings.Contains(err.Error(), `TRIOVIT_KERNEL="mmx"`) || !strings.Contains(err.Error(), "portable") {
		t.Errorf("error %v", err)
	}
}
