// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// swept runs Hardswish on consecutive accumulators, so that each jump of each code among them
// is met: at 4096 accumulators from a random one on.
func swept(set *Set, s *[2]Scale, g *Gate, e *Estimate, from int32) []byte {
	const rows = 4096
	acc, y := make([]int32, rows*Lanes), make([]byte, rows*Lanes)
	for i := range acc {
		acc[i] = from + int32(i/Lanes)
	}
	set.Hardswish(y, Lanes, rows, acc, s, g, e, Lanes)
	return y
}

// TestEstimate: with estimates all sets make the portable kernel's codes. Those that use
// estimates need their doubts: without them some codes are wrong.
func TestEstimate(t *testing.T) {
	for _, set := range Sets() {
		t.Run(set.Name, func(t *testing.T) {
			used, wrong := 0, 0
			for seed := range uint64(200) {
				d := draw{Rand: rand.New(rand.NewPCG(seed, 3))}
				s, g := d.hardswish()
				e := NewEstimate(&s, &g, Lanes)
				if e == nil {
					continue
				}
				used++
				from := d.Int32N(1<<21) - 1<<20
				want := swept(Portable(), &s, &g, nil, from)
				for i, code := range swept(set, &s, &g, e, from) {
					if code != want[i] {
						t.Fatalf("seed %d: accumulator %d of channel %d becomes %d, want %d", seed, from+int32(i/Lanes), i%Lanes, code, want[i])
					}
				}
				e.Doubt = [Lanes]float32{}
				if !slices.Equal(swept(set, &s, &g, e, from), want) {
					wrong++
				}
			}
			if used < 100 {
				t.Errorf("%d of 200 draws have an estimate", used)
			}
			if estimates := set.Name == "vnni" || set.Name == "avxvnni" || set.Name == "avx2"; estimates != (wrong > 0) {
				t.Errorf("without doubts %d of %d draws have a wrong code", wrong, used)
			}
		})
	}
}

// TestEstimateWideCodes: pre-activations may have a range of 32 bits that they do not reach.
func TestEstimateWideCodes(t *testing.T) {
	d := draw{Rand: rand.New(rand.NewPCG(1, 3))}
	s, g := d.hardswish()
	for o := range Lanes {
		s[0].Mantissa[o], s[0].Shift[o], s[0].Addend[Place(o)] = 1<<29, 0, 0 // 8 accumulators are one step
	}
	g.Left, g.Lo, g.Hi = 0, math.MinInt32, math.MaxInt32
	e := NewEstimate(&s, &g, Lanes)
	for _, from := range []int32{-1 << 17, -1 << 12, 1 << 16} {
		want := swept(Portable(), &s, &g, nil, from)
		for _, set := range Sets() {
			if !slices.Equal(swept(set, &s, &g, e, from), want) {
				t.Errorf("%s: codes are wrong from accumulator %d on", set.Name, from)
			}
		}
	}
}

// TestNewEstimateRefuses scales for which floats of 32 bits are too coarse.
func TestNewEstimateRefuses(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(s *[2]Scale, g *Gate)
	}{
		{"negative codes", func(s *[2]Scale, g *Gate) { g.Out.Lo = -1 }},
		{"codes of 9 bits", func(s *[2]Scale, g *Gate) { g.Out.Hi = 256 }},
		{"no 3", func(s *[2]Scale, g *Gate) { g.Three = 0 }},
		{"no 6", func(s *[2]Scale, g *Gate) { g.Six = 0 }},
		{"a product cut off wholly", func(s *[2]Scale, g *Gate) { g.Drop = 32 }},
		{"a wide bias", func(s *[2]Scale, g *Gate) { s[0].Addend[Place(5)], s[0].Shift[5] = 1<<60, 0 }},
		{"a falling code", func(s *[2]Scale, g *Gate) { s[1].Mantissa[5] *= -1 }},
		{"a large gain", func(s *[2]Scale, g *Gate) { s[1].Shift[5] = 0 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := draw{Rand: rand.New(rand.NewPCG(1, 3))}
			s, g := d.hardswish()
			if NewEstimate(&s, &g, Lanes) == nil {
				t.Fatal("there is no estimate to begin with")
			}
			tc.change(&s, &g)
			if NewEstimate(&s, &g, Lanes) != nil {
				t.Error("there is an estimate")
			}
		})
	}
}

// BenchmarkHardswish times 96 rows of a block, by the integers alone and by an estimate. The
// pre-activations are around 0.
func BenchmarkHardswish(b *testing.B) {
	const rows = 96
	d := draw{Rand: rand.New(rand.NewPCG(1, 3))}
	s, g := d.hardswish()
	e := NewEstimate(&s, &g, Lanes)
	acc, y := make([]int32, rows*Lanes), make([]byte, rows*Lanes)
	for i := range acc {
		o := i % Lanes
		slope, start := s[0].line(o)
		acc[i] = int32((d.NormFloat64()*float64(g.Three) - start) / math.Ldexp(slope, int(g.Left)))
	}
	for _, set := range Sets() {
		for name, e := range map[string]*Estimate{"integers": nil, "estimate": e} {
			b.Run(set.Name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					set.Hardswish(y, Lanes, rows, acc, &s, &g, e, Lanes)
				}
			})
		}
	}
}
