// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"pgregory.net/rapid"
)

func init() {
	drawings["paper_fig3"] = paperRangesFixture()
	drawings["paper_fig4"] = paperDivisorsFixture(1599)
	drawings["paper_fig5"] = paperSharing{Panels: []sharingPanel{
		{"generic convolution", "stem", 3, 3, false, 0.02, []float64{0.1, 0.2, 0.1}},
		{"depthwise convolution", "DW", 3, 16, true, 0, []float64{0.3, 0.4, 0.5, 0.6, 0.7}},
	}}
}

func paperRangesFixture() paperRanges {
	d := paperRanges{Block: "stages.0.op_list.0"}
	for _, p := range rangesFixture(16).Panels {
		d.Inputs = append(d.Inputs, paperInput{Role: p.Role, Min: p.Min, Max: p.Max, Hist: p.Hist})
	}
	return d
}

// paperDivisorsFixture are divisors up to the largest, with the grids of Fig. 4.
func paperDivisorsFixture(largest float64) paperDivisors {
	values := []float32{float32(largest)}
	for i := range 400 {
		values = append(values, float32(largest*math.Exp(-float64(i)/60)))
	}
	hi := int(math.Floor(math.Log2(largest)))
	return paperDivisors{
		Block: "stages.3.op_list.2.context_module", Hist: histogram(values), Largest: largest,
		Four: grid.Uniform{Scale: float32(largest / 15), Hi: 15}, Eight: uniformGrid(float32(largest / 255)), Log2: log2Grid(hi-15, hi),
	}
}

// TestPaperFig3ShowsTheProfile: the lines are the channels' own minima and maxima, in
// their order, and the bars hold every value.
func TestPaperFig3ShowsTheProfile(t *testing.T) {
	d := paperRangesFixture()
	f := draw(t, d)
	lo, hi := figuretest.Column[float32](t, f, "min"), figuretest.Column[float32](t, f, "max")
	for _, p := range d.Inputs {
		if n := len(p.Min); !slices.Equal(lo[:n], p.Min) || !slices.Equal(hi[:n], p.Max) {
			t.Errorf("the %s is drawn from %v to %v, it runs from %v to %v", p.name(), lo[:n], hi[:n], p.Min, p.Max)
		}
		lo, hi = lo[len(p.Min):], hi[len(p.Min):]
		from, to := roundRange(p.extent())
		counted := 0.0
		points := countSteps(p.Hist, from, to, 64).Data.([]plot.Point)
		for _, b := range points[:len(points)-1] {
			counted += b.Value[1].(float64)
		}
		if total := float64(p.Hist.Total()); math.Abs(counted-total) > 64 { // each bin is rounded
			t.Errorf("the bars of the %s hold %v of %v values", p.name(), counted, total)
		}
	}
}

// TestRepairedShowsBothProfiles: each row is the tensor before or behind its transform, as
// the profiles have it, and Fig. 6 has the rows behind.
func TestRepairedShowsBothProfiles(t *testing.T) {
	s, before := observed(t)
	q, err := calib.Quantize(s.Folded, before, calib.TrioViT)
	if err != nil {
		t.Fatal(err)
	}
	exact := q.Exact()
	after, err := calib.Observe(t.Context(), exact, s.Calibration)
	if err != nil {
		t.Fatal(err)
	}
	const block = "stages.3.op_list.2.local_module"
	f, err := Repaired(before, s.Folded.Net, after, exact.Net, block)
	if err != nil {
		t.Fatal(err)
	}
	textsAreInside(t, f)
	if names := slices.Compact(figuretest.Column[string](t, f, "input")); !slices.Equal(names, []string{"DW input", "DW input after migration", "PW2 input", "PW2 input after shifting"}) {
		t.Errorf("the rows are %q", names)
	}
	_, dw, pw2, err := before.MBConv(s.Folded.Net, block)
	if err != nil {
		t.Fatal(err)
	}
	most, n := figuretest.Column[float32](t, f, "max"), len(dw.Max)
	if !slices.Equal(most[:n], dw.Max) || !slices.Equal(most[2*n:3*n], pw2.Max) {
		t.Error("the maxima before are not the profile's")
	}
	six, err := PaperFig6(after, exact.Net, block)
	if err != nil {
		t.Fatal(err)
	}
	if got := figuretest.Column[float32](t, six, "max"); !slices.Equal(got, slices.Concat(most[n:2*n], most[3*n:])) {
		t.Error("Fig. 6 and the rows behind the transforms have other maxima")
	}
	if _, err := Repaired(before, s.Folded.Net, before, s.Folded.Net, block); err == nil || !strings.Contains(err.Error(), "a network behind migration and shifting is needed") {
		t.Errorf("error %v for a network without transforms", err)
	}
}

// TestStairsAreTheGrids: between two stairs a grid gives the level that is drawn.
func TestStairsAreTheGrids(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := paperDivisorsFixture(rapid.Float64Range(2, 1e5).Draw(t, "largest"))
		for name, of := range map[string]struct {
			list []stair
			fake func(float32) float32
		}{
			"uniform": {uniformStairs(d.Four, d.Largest), d.Four.Fake},
			"log2":    {log2Stairs(d.Log2, d.Largest), d.Log2.Fake},
		} {
			for i, s := range of.list {
				end := d.Largest
				if i+1 < len(of.list) {
					end = of.list[i+1].from
				}
				if got := float64(of.fake(float32((s.from + end) / 2))); math.Abs(got-s.level) > 1e-5*s.level {
					t.Fatalf("%s: between %v and %v the grid gives %v, %v is drawn", name, s.from, end, got, s.level)
				}
			}
		}
	})
}

// TestLog2StairsStepAtHalfPowers: at √2·2^k, as in the paper's figure.
func TestLog2StairsStepAtHalfPowers(t *testing.T) {
	d := paperDivisorsFixture(1599)
	var got []float64
	for _, s := range log2Stairs(d.Log2, d.Largest)[1:] {
		got = append(got, s.from)
	}
	want := []float64{0.0442, 0.0884, 0.1768, 0.3536, 0.7071, 1.4142, 2.8284, 5.6569, 11.314, 22.627, 45.255, 90.51, 181.02, 362.04, 724.08}
	if len(got) != len(want) {
		t.Fatalf("%d stairs at %v, want %d", len(got), got, len(want))
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-3*want[i] {
			t.Errorf("stair %d is at %v, want %v", i, got[i], want[i])
		}
	}
	if top := log2Stairs(d.Log2, d.Largest)[15].level; top != 1024 {
		t.Errorf("the last stair is at %v, in the paper's figure at 1024", top)
	}
}

func TestRoundRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
		hi := lo + rapid.Float64Range(1e-3, 1e6).Draw(t, "more")
		from, to := roundRange(lo, hi)
		if from > lo || to < hi || to-from > 1.7*(hi-lo) {
			t.Fatalf("%v to %v becomes %v to %v", lo, hi, from, to)
		}
	})
}

func TestPaperRefusals(t *testing.T) {
	ranges := func(edit func(*paperRanges)) paperRanges { d := paperRangesFixture(); edit(&d); return d }
	divisors := func(edit func(*paperDivisors)) paperDivisors { d := paperDivisorsFixture(99); edit(&d); return d }
	for name, test := range map[string]struct {
		data drawable
		want string
	}{
		"no inputs":    {paperRanges{Block: "b"}, "inputs of b: none"},
		"lost minima":  {ranges(func(d *paperRanges) { d.Inputs[0].Min = nil }), "the PW1 input has 0 minima and 4 maxima"},
		"nothing seen": {ranges(func(d *paperRanges) { d.Inputs[1].Hist = calib.Histogram{} }), "no value of the DW input was counted"},
		"infinite":     {ranges(func(d *paperRanges) { d.Inputs[2].Max[3] = float32(math.Inf(1)) }), "channel 3 of the PW2 input runs from"},
		"no divisors":  {divisors(func(d *paperDivisors) { d.Largest = 0 }), "the largest divisor is 0"},
		"wrong width":  {divisors(func(d *paperDivisors) { d.Four.Hi = 7 }), "need codes 0 to 15 and 0 to 255"},
		"log2 codes":   {divisors(func(d *paperDivisors) { d.Log2.Lo = 20 }), "log2 codes 20 to 6"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.data.Figure()
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, want %q in it, on one line", err, test.want)
			}
		})
	}
}
