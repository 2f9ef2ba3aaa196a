// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"pgregory.net/rapid"
)

func init() {
	drawings["ranges"] = rangesFixture(16)
	drawings["divisors"] = divisorsFixture()
}

// svgTexts are texts that the drawings of the fixtures have.
var svgTexts = map[string][]string{
	"ranges":   {"(a) PW1 input", "(d) step", "channels, sorted by maximum", "values per bin, %", "channel minimum", "−0.375"},
	"divisors": {"(a) divisors span", "8-bit uniform", "4-bit log2", "divisor, logarithmic", "2⁻⁶", "uniform: rounds to 0"},
}

func TestTableReadsBack(t *testing.T) {
	d := rangesFixture(16)
	f := draw(t, d)
	b, err := f.CSV()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"input", "tensor", "channel", "min", "max", "codes"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	if want := 1 + 4 + 16 + 16; len(rows) != want {
		t.Fatalf("%d lines, want %d", len(rows), want)
	}
	for c, row := range rows[5:21] { // rows of the DW input, in the order of its channels
		v, err := strconv.ParseFloat(row[4], 32)
		if err != nil || float32(v) != d.Panels[1].Max[c] {
			t.Errorf("maximum of channel %d reads back as %v, want %v (error %v)", c, v, d.Panels[1].Max[c], err)
		}
	}
	text := f.String()
	if !strings.HasPrefix(text, f.Title()) || !strings.Contains(text, "and 24 more rows") {
		t.Errorf("plain text is:\n%s", text)
	}
}

func TestRangeSummary(t *testing.T) {
	p := rangesPanel{
		Min:  []float32{-127, -1, 0, -0.25},
		Max:  []float32{127, 1, 100, -0.125},
		Hist: histogram([]float32{-127, 0.25, 0.5, 100}),
	}
	want := rangeSummary{channels: 4, low: 0.25, high: 127, top: 0, step: 1, few: 2, off: 2, zeroed: 0.25}
	if diff := cmp.Diff(want, p.summary(), cmp.AllowUnexported(rangeSummary{})); diff != "" {
		t.Error(diff)
	}
	if got := p.codes(0, 1); got != 255 {
		t.Errorf("the channel that sets the step takes %v codes, want 255", got)
	}
}

func TestDivisorSummary(t *testing.T) {
	d := divisorsData{
		Hist:    histogram([]float32{0, 0.125, 0.25, 1, 8, 64, 1024, 2048}),
		Uniform: uniformGrid(4), Log2: log2Grid(-2, 10),
	}
	got := d.summary()
	for what, pair := range map[string][2]float64{
		"zero already": {got.zeros, 1. / 8}, "rounded to zero": {got.zeroed, 3. / 8},
		"below": {got.below, 1. / 8}, "above": {got.above, 1. / 8},
	} {
		if pair[0] != pair[1] {
			t.Errorf("share %s is %v, want %v", what, pair[0], pair[1])
		}
	}
	for _, row := range d.table().Rows {
		if uniform := row[3].(float64); uniform < 0 || math.Mod(uniform, 4) != 0 {
			t.Errorf("uniform value %v is not on the grid of step 4", uniform)
		}
	}
}

// TestRebinKeepsEverything: what lies between the edges is counted once.
func TestRebinKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32Range(-100, 100), 1, 50).Draw(t, "values")
		scale := plot.Symlog{Unit: math.Pow(10, float64(rapid.IntRange(-3, 1).Draw(t, "unit")))}
		lo, hi := scale.Position(-101), scale.Position(101)
		var sum float64
		for _, share := range rebin(histogram(values), scale.Position, plot.Spaced(lo, hi, rapid.IntRange(1, 60).Draw(t, "bins"))) {
			if share < 0 {
				t.Fatalf("share %v", share)
			}
			sum += share
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("shares add up to %v", sum)
		}
	})
}

// TestHostileSummaries draws what a broken network or an empty profile yields.
func TestHostileSummaries(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	same := func(lo, hi []float32, values ...float32) rangesData {
		p := rangesPanel{Role: "DW", Tensor: "t", Min: lo, Max: hi, Hist: histogram(values)}
		return rangesData{Block: "b", Panels: [3]rangesPanel{p, p, p}}
	}
	for name, test := range map[string]struct {
		data  drawable
		title string
	}{
		"NaN channel":       {same([]float32{nan, -1}, []float32{nan, 1}, nan, -1, 1), "One 8-bit step serves every channel"},
		"all NaN":           {same([]float32{nan}, []float32{nan}, nan), "No channel of the DW input has a finite range"},
		"infinite channel":  {same([]float32{-inf, -1}, []float32{inf, 1}, inf, -inf, 0), "One 8-bit step serves every channel"},
		"one channel":       {same([]float32{-2}, []float32{3}, -2, 3), "One 8-bit step serves every channel"},
		"all zero":          {same([]float32{0, 0}, []float32{0, 0}, 0), "The DW input is 0 throughout"},
		"all equal":         {same([]float32{5, 5}, []float32{5, 5}, 5, 5), "2 of 2 channels fewer than 16"},
		"nothing counted":   {same([]float32{-1}, []float32{1}), "One 8-bit step serves every channel"},
		"outlier":           {same([]float32{0, 0}, []float32{1e30, 1}, 1e30, 1), "1 of 2 channels fewer than 16"},
		"denormal":          {same([]float32{0}, []float32{1e-44}, 1e-44), "One 8-bit step serves every channel"},
		"one divisor":       {divisorsData{Block: "b", Hist: histogram([]float32{8}), Uniform: uniformGrid(8. / 255), Log2: log2Grid(-12, 3)}, "One divisor in a hundred may err by 0.2 % or more on the 8-bit uniform grid; by 41 % at most on 4-bit log2"},
		"one log2 code":     {divisorsData{Block: "b", Hist: histogram([]float32{8, 4}), Uniform: uniformGrid(1), Log2: log2Grid(3, 3)}, "log2 clamps 50 %"},
		"NaN and zero bits": {divisorsData{Block: "b", Hist: histogram([]float32{nan, inf, 0, 2}), Uniform: uniformGrid(2. / 255), Log2: log2Grid(0, 15)}, "8-bit uniform"},
	} {
		t.Run(name, func(t *testing.T) {
			f := draw(t, test.data)
			if !strings.Contains(f.Title(), test.title) {
				t.Errorf("title is %q, want %q in it", f.Title(), test.title)
			}
			needRuntime(t)
			figuretest.IsFinite(t, f)
		})
	}
}

func TestSummaryRefusals(t *testing.T) {
	empty := rangesFixture(16)
	empty.Panels[1].Min = nil
	nan := float32(math.NaN())
	divisors := func(edit func(*divisorsData)) divisorsData { d := divisorsFixture(); edit(&d); return d }
	for name, test := range map[string]struct {
		data drawable
		want string
	}{
		"lost channels": {empty, "the DW input \"backbone.stages.0.op_list.0.main.DW\" has 0 minima and 16 maxima"},
		"bits":          {divisors(func(d *divisorsData) { d.Uniform.Hi = 1 }), "uniform codes 0 to 1 with zero 0, allowed are 0 to 3"},
		"step":          {divisors(func(d *divisorsData) { d.Uniform.Scale = nan }), "uniform step NaN, must be positive"},
		"codes":         {divisors(func(d *divisorsData) { d.Log2.Lo = 10 }), "log2 exponents 10 to 9"},
		"no divisors":   {divisors(func(d *divisorsData) { d.Hist = calib.Histogram{} }), "no positive finite divisor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.data.Figure()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error has several lines: %v", err)
			}
		})
	}
}
