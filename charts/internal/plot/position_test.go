// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSymlogIsOddAndRising(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Symlog{Unit: rapid.Float64Range(1e-3, 10).Draw(t, "unit")}
		a, b := rapid.Float64Range(-1e6, 1e6).Draw(t, "a"), rapid.Float64Range(-1e6, 1e6).Draw(t, "b")
		if a < b && s.Position(a) > s.Position(b) {
			t.Fatalf("%v < %v, but placed at %v and %v", a, b, s.Position(a), s.Position(b))
		}
		if s.Position(-a) != -s.Position(a) {
			t.Fatalf("%v is placed at %v, %v at %v", a, s.Position(a), -a, s.Position(-a))
		}
	})
}

func TestTicksKeepApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(1e-3, 1e5)
		magnitudes := rapid.SliceOfN(v, 1, 30).Draw(t, "magnitudes")
		s := NewSymlog(magnitudes)
		lo, hi := s.Position(-v.Draw(t, "low")), s.Position(v.Draw(t, "high"))
		ticks := s.Ticks(lo, hi, magnitudes)
		for i, a := range ticks {
			for _, b := range ticks[:i] {
				if math.Abs(a.At-b.At) < tickGap*(hi-lo) {
					t.Fatalf("labels %s and %s touch", a.Label, b.Label)
				}
			}
		}
	})
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", -0.375: "−0.375", 142.72: "143", 15762: "15,800", 1234567: "1,230,000",
		0.0001: "0.0001", 0.00001234: "1.23e−05", 2.5e9: "2.5e+09", math.Inf(1): "Inf",
	} {
		if got := Number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := Number(math.NaN()); got != "NaN" {
		t.Errorf("number(NaN) = %q", got)
	}
	if got := Count(15762); got != "15,762" {
		t.Errorf("count(15762) = %q", got)
	}
}
