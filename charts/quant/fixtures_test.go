// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// observed returns the built-in model with two calibration pictures and their profile. A
// short test run is skipped.
func observed(t *testing.T) (*triovit.Setup, *calib.Profile) {
	t.Helper()
	if testing.Short() {
		t.Skip("a network is run: run without -short")
	}
	s, err := triovit.Prepare(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Calibration, err = dataset.Head(s.Calibration, 2); err != nil {
		t.Fatal(err)
	}
	p, err := calib.Observe(t.Context(), s.Folded, s.Calibration)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// histogram counts values as package calib does.
func histogram(values []float32) calib.Histogram {
	counts := map[uint16]int64{}
	for _, v := range values {
		counts[uint16(math.Float32bits(v)>>16)]++
	}
	var h calib.Histogram
	for key, n := range counts {
		h.Bins = append(h.Bins, calib.Bin{Key: key, Count: n})
	}
	slices.SortFunc(h.Bins, func(a, b calib.Bin) int {
		rank := func(key uint16) int {
			if key&0x8000 != 0 {
				return -int(key & 0x7fff)
			}
			return int(key)
		}
		if d := rank(a.Key) - rank(b.Key); d != 0 {
			return d
		}
		return int(b.Key) - int(a.Key)
	})
	return h
}

// tensorOf makes a panel of channels, each with 400 values from a normal
// distribution that spread and centre choose, through an activation.
func tensorOf(role string, channels int, seed uint64, activation func(float64) float64, shape func(r *rand.Rand) (centre, spread float64)) rangesPanel {
	r := rand.New(rand.NewPCG(seed, 1))
	p := rangesPanel{Role: role, Tensor: "backbone.stages.0.op_list.0.main." + role}
	var all []float32
	for range channels {
		centre, spread := shape(r)
		lo, hi := float32(math.Inf(1)), float32(math.Inf(-1))
		for range 400 {
			v := float32(activation(centre + spread*r.NormFloat64()))
			lo, hi = min(lo, v), max(hi, v)
			all = append(all, v)
		}
		p.Min, p.Max = append(p.Min, lo), append(p.Max, hi)
	}
	p.Hist = histogram(all)
	return p
}

func hardswish(v float64) float64 { return v * min(6, max(0, v+3)) / 6 }

// rangesFixture resembles the first MBConv of Seg-B0 on a street scene.
func rangesFixture(mid int) rangesData {
	return rangesData{
		Block: "backbone.stages.0.op_list.0.main",
		Panels: [3]rangesPanel{
			tensorOf("PW1", max(1, mid/4), 1, identity, func(r *rand.Rand) (float64, float64) { return r.NormFloat64(), 2 + r.Float64() }),
			tensorOf("DW", mid, 2, hardswish, func(r *rand.Rand) (float64, float64) {
				return 0, math.Exp(3.2*r.Float64()*r.Float64()*1.9 - 1)
			}),
			tensorOf("PW2", mid, 3, hardswish, func(r *rand.Rand) (float64, float64) {
				return 6 * r.NormFloat64(), math.Exp(2*r.Float64() - 1)
			}),
		},
	}
}

// divisorsFixture resembles the last MSA of Seg-B0 on a street scene: two
// groups of heads, orders of magnitude apart.
func divisorsFixture() divisorsData {
	r := rand.New(rand.NewPCG(4, 1))
	var all []float32
	var top float32
	for i := range 20_000 {
		centre := 0.9
		if i%5 < 2 {
			centre = 6.9
		}
		v := float32(math.Exp(centre + 1.1*r.NormFloat64()))
		if i%1000 == 0 {
			v = 0
		}
		top = max(top, v)
		all = append(all, v)
	}
	return divisorsData{
		Block: "backbone.stages.3.op_list.2.context_module.main", Hist: histogram(all),
		Uniform: uniformGrid(top / 127), Log2: log2Grid(-6, 9),
	}
}

func uniformGrid(step float32) grid.Uniform { return grid.Uniform{Scale: step, Hi: 255} }

func log2Grid(lo, hi int) grid.Log2 {
	return grid.Log2{Unit: 1, Lo: lo, Hi: hi, Threshold: math.Sqrt2}
}
