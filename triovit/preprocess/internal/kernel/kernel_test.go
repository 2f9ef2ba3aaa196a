// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestNativeEqualsPortable: the vectors compute the bytes of the portable loops.
func TestNativeEqualsPortable(t *testing.T) {
	set := native()
	if set == nil {
		t.Skip("this processor and build have the portable loops alone")
	}
	draw := func(t *rapid.T, name string, n int) []byte {
		return rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0, 255})), n, n).Draw(t, name)
	}
	for name, run := range map[string]func(t *rapid.T, n int) func(s *Set, y []byte){
		"Weigh": func(t *rapid.T, n int) func(*Set, []byte) {
			w := rapid.SliceOfN(rapid.Int32Range(-1<<20, 1<<22), 1, 6).Draw(t, "w")
			stride := rapid.IntRange(0, n+5).Draw(t, "stride")
			x := draw(t, "x", (len(w)-1)*stride+n)
			return func(s *Set, y []byte) { s.Weigh(y, x, stride, w) }
		},
		"Sum and Interpolate": func(t *rapid.T, n int) func(*Set, []byte) {
			near, far := draw(t, "near", n/2+2), draw(t, "far", n/2+2)
			even, odd := rapid.Uint16Range(0, 8).Draw(t, "even"), rapid.Uint16Range(0, 8).Draw(t, "odd")
			return func(s *Set, y []byte) {
				sums := make([]uint16, n/2+2)
				s.Sum(sums, near, far)
				s.Interpolate(y[:n/2*2], sums, even, odd)
			}
		},
		"Colours": func(t *rapid.T, n int) func(*Set, []byte) {
			luma, cb, cr := draw(t, "y", n/3), draw(t, "cb", n/3), draw(t, "cr", n/3)
			return func(s *Set, y []byte) { s.Colours(y, luma, cb, cr) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.IntRange(1, 400).Draw(t, "n")
				f := run(t, n)
				got, want := make([]byte, n), make([]byte, n)
				f(set, got)
				f(Portable(), want)
				if !slices.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
			})
		})
	}
}

// TestColours: all colours, so that every sum and both clamps occur.
func TestColours(t *testing.T) {
	y, cb, cr := make([]byte, 256), make([]byte, 256), make([]byte, 256)
	for i := range y {
		y[i] = byte(i)
	}
	got, want := make([]byte, 768), make([]byte, 768)
	for u := range 256 {
		for v := range 256 {
			for i := range y {
				cb[i], cr[i] = byte(u), byte(v)
			}
			Best().Colours(got, y, cb, cr)
			Portable().Colours(want, y, cb, cr)
			if !slices.Equal(got, want) {
				t.Fatalf("differences %d and %d: %v, want %v", u, v, got, want)
			}
		}
	}
}

// TestTranspose: a transposed block lies where it belongs, and nothing is written beside.
func TestTranspose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, n := rapid.IntRange(1, 70).Draw(t, "rows"), rapid.IntRange(1, 70).Draw(t, "n")
		ldx, ldy := n+rapid.IntRange(0, 9).Draw(t, "ldx"), rows+rapid.IntRange(0, 9).Draw(t, "ldy")
		x := make([]byte, (rows-1)*ldx+n)
		for i := range x {
			x[i] = byte(i * i >> 3)
		}
		want := make([]byte, (n-1)*ldy+rows)
		for r := range rows {
			for j := range n {
				want[j*ldy+r] = x[r*ldx+j]
			}
		}
		for _, set := range []*Set{Portable(), Best()} {
			got := make([]byte, len(want))
			set.Transpose(got, ldy, x, ldx, rows, n)
			if !slices.Equal(got, want) {
				t.Errorf("%d rows of %d: %v, want %v", rows, n, got, want)
			}
		}
	})
}
