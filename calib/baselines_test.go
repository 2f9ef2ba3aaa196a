// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// pointwise is a convolution of two channels and two filters, the weights of channel
// 1 ten times those of channel 0.
var pointwise = &efficientvit.Op{Kind: efficientvit.Conv, Kernel: 1, Groups: 1}

// TestFactorsByHand: the factors of every method on channels small enough to do by
// hand.
func TestFactorsByHand(t *testing.T) {
	w := &weights.Tensor{Shape: []int{2, 2, 1, 1}, Data: []float32{0.25, 4, -1, 1}}
	signed := func(max ...float32) []float64 {
		var c counter
		c.add(0.5)
		return Migration{Quantile: 0.5, Min: 0.25, Max: 2, Signed: true}.withDefaults().factors(&TensorStats{Max: max, Hist: c.histogram()})
	}
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		{"a grid for each channel", channelGrids([]float64{4, 0.5, 0, 8}), []float64{0.5, 0.0625, 1, 1}},
		{"grids of nothing", channelGrids([]float64{0, 0}), []float64{1, 1}},
		// 8/8, 8/4, 8/3, 8/1.9 and 8/0.01 are 0, 1, 1, 2 and 9 octaves.
		{"power-of-two factor", PowerOfTwoFactor{}.factors([]float64{8, 4, 3, 1.9, 0.01, 0}), []float64{1, 0.5, 0.5, 0.25, 0.125, 1}},
		{"power-of-two factor of an octave", PowerOfTwoFactor{Octaves: 1}.factors([]float64{8, 4, 1}), []float64{1, 0.5, 0.5}},
		// √9/√1 and √4/√4: the largest weights of the channels are 1 and 4.
		{"SmoothQuant", SmoothQuant{}.factors(pointwise, []float64{9, 4}, w), []float64{3, 1}},
		{"SmoothQuant, all to the weights", SmoothQuant{Strength: 1}.factors(pointwise, []float64{9, 4}, w), []float64{9, 4}},
		{"SmoothQuant of nothing", SmoothQuant{}.factors(pointwise, []float64{0, 4}, w), []float64{1, 1}},
		// The reference is the mean of the maxima, 1: 4.625 is clipped to 2, −0.5 keeps
		// its sign, and so does −0.125 at the bound; 0 stays.
		{"signed factors", signed(4.625, -0.5, -0.125, 0), []float64{2, -0.5, -0.25, 1}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// TestOutlierScalingByHand: the error of one threshold, and what the search makes of
// it. A channel that reaches to 1 beside one of 10 that hardly counts is worth the
// threshold's descent to 1, where both share the grid. Where the wide channel has all
// of the weight, nothing is scaled.
func TestOutlierScalingByHand(t *testing.T) {
	w := &weights.Tensor{Shape: []int{1, 2, 1, 1}, Data: []float32{2, 1}}
	// Weights 2 and 1·2 behind activations to 5: 25·(4 + 4), and the widest, 2² · (1 + 5²)/3.
	if got := outlierError(pointwise, []float64{1, 10}, []float64{1, 2}, 5, w); math.Abs(got-(200+104.0/3)) > 1e-9 {
		t.Errorf("the error is %g, want %g", got, 200+104.0/3)
	}
	for _, c := range []struct {
		name string
		w    []float32
		want []float64
	}{
		{"the narrow channel counts", []float32{1, 0.001}, []float64{1, 10}},
		{"the wide channel counts", []float32{0, 1}, []float64{1, 1}},
	} {
		w := &weights.Tensor{Shape: []int{1, 2, 1, 1}, Data: c.w}
		got := outlierFactors(pointwise, []float64{1, 10}, w)
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-9 {
				t.Errorf("%s: factors %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

// TestChannelsOfWeights: which channel a weight reads, in one group, in two and
// depthwise.
func TestChannelsOfWeights(t *testing.T) {
	for _, c := range []struct {
		name   string
		groups int
		shape  []int
		want   []int
	}{
		{"one group", 1, []int{2, 3, 1, 1}, []int{0, 1, 2, 0, 1, 2}},
		{"two groups", 2, []int{4, 2, 1, 1}, []int{0, 1, 0, 1, 2, 3, 2, 3}},
		{"depthwise", 2, []int{2, 1, 1, 3}, []int{0, 0, 0, 1, 1, 1}},
		{"a kernel", 1, []int{1, 2, 1, 2}, []int{0, 0, 1, 1}},
	} {
		w := weights.New(c.shape...)
		for i, want := range c.want {
			if got := channelOf(&efficientvit.Op{Groups: c.groups}, w, i); got != want {
				t.Errorf("%s: weight %d reads channel %d, want %d", c.name, i, got, want)
			}
		}
	}
}

// TestDivisorFloorByHand: which integer stands for a divisor, and that none is 0.
func TestDivisorFloorByHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		rule    DivisorFloor
		largest float32
		want    grid.Uniform
	}{
		{"the vendor's", DivisorFloor{Floor: 90}, 510, grid.Uniform{Scale: 2, Lo: 45, Hi: 255}},
		{"half a step takes the even one", DivisorFloor{Floor: 3}, 510, grid.Uniform{Scale: 2, Lo: 2, Hi: 255}},
		{"no floor is a step", DivisorFloor{}, 510, grid.Uniform{Scale: 2, Lo: 1, Hi: 255}},
		{"above all divisors", DivisorFloor{Floor: 508}, 100, grid.Uniform{Scale: 2, Lo: 254, Hi: 255}},
		{"at the largest", DivisorFloor{Floor: 510}, 510, grid.Uniform{Scale: float32(510.0 / 254), Lo: 254, Hi: 255}},
		{"no divisors", DivisorFloor{Floor: 14, Bits: 4}, 0, grid.Uniform{Scale: 1, Lo: 14, Hi: 15}},
	} {
		q, err := c.rule.Choose(&TensorStats{Name: "divisor", Min: []float32{0}, Max: []float32{c.largest}}, efficientvit.Point{})
		if err != nil || q != Quantizer(c.want) {
			t.Errorf("%s: %v (%v), want %v", c.name, q, err, c.want)
		}
	}
	for x, want := range map[float32]float32{0: 90, 3: 90, 90: 90, 91.5: 92, 200: 200, 1e6: 510} {
		if got := (grid.Uniform{Scale: 2, Lo: 45, Hi: 255}).Fake(x); got != want {
			t.Errorf("a divisor of %g becomes %g, want %g", x, got, want)
		}
	}
	for _, floor := range []float64{-1, math.Inf(1), math.NaN()} {
		_, err := DivisorFloor{Floor: floor}.Choose(&TensorStats{Name: "divisor", Max: []float32{1}}, efficientvit.Point{})
		told(t, err, "for divisor: 0 or a positive number is allowed")
	}
}

// TestLogSqrt2ByHand: codes, and their thresholds at the middle of the log domain:
// 2^(1/4) = 1.189 between 1 and √2.
func TestLogSqrt2ByHand(t *testing.T) {
	q, err := LogSqrt2{Bits: 3}.Choose(&TensorStats{Name: "divisor", Min: []float32{0}, Max: []float32{5}}, efficientvit.Point{})
	if h := (HalfOctaves{Lo: -2, Hi: 5}); err != nil || q != Quantizer(h) { // 5 is √2^4.64
		t.Fatalf("%v (%v), want %v", q, err, h)
	}
	for x, want := range map[float32]float64{0: 0.5, 0.59: 0.5, 0.6: math.Sqrt2 / 2, 1: 1, 1.18: 1, 1.19: math.Sqrt2, 1.5: math.Sqrt2, 1.69: 2, 4.75: 4, 4.76: 4 * math.Sqrt2, 100: 4 * math.Sqrt2} {
		if got := q.Fake(x); got != float32(want) {
			t.Errorf("a divisor of %g becomes %g, want %g", x, got, want)
		}
	}
	_, err = LogSqrt2{Bits: 7}.Choose(&TensorStats{Name: "divisor", Max: []float32{1}}, efficientvit.Point{})
	told(t, err, "log √2 codes for divisor of 7 bits")
}

// TestShiftWeightsByHand: of two filters the one that loses less takes powers of two.
func TestShiftWeightsByHand(t *testing.T) {
	exact := &weights.Tensor{Shape: []int{2, 3, 1, 1}, Data: []float32{0.75, 0.5, -0.375, 1, -0.26, 0.007}}
	for _, c := range []struct {
		name  string
		share float64
		want  []float32
		codes []int // codes of the filters on powers of two
	}{
		{"none", 0.4, []float32{0.75, 0.5, -0.375, 1, -0.26, 0.007}, nil},
		// Step 1/64: 64, 16.64 and 0.448 steps are 2^6, 2^4 and 0. In the first filter, of
		// step 0.75/64, 42.7 and 32 steps are 2^5: more is lost there.
		{"the second", 0.5, []float32{0.75, 0.5, -0.375, 1, -0.25, 0}, []int{64, -16, 0}},
		{"both", 1, []float32{0.75, 0.375, -0.375, 1, -0.25, 0}, []int{64, -16, 0}},
	} {
		rounded, grids := quantizeFilters(exact, 8, false, make([]float64, 2))
		copy(rounded.Data, exact.Data) // rounding by uniform grids is not compared
		n := ShiftWeights{Where: Roles(efficientvit.PW1), Share: c.share}.round(&efficientvit.Op{Role: efficientvit.PW1}, exact, rounded, grids)
		if !slices.Equal(rounded.Data, c.want) || n != int(2*c.share) {
			t.Errorf("%s: %d filters, %v, want %v", c.name, n, rounded.Data, c.want)
		}
		for i, code := range c.codes {
			if got := grids[1].Code(rounded.Data[3+i]); got != code {
				t.Errorf("%s: weight %d has code %d, want %d", c.name, i, got, code)
			}
		}
	}
	rounded, grids := quantizeFilters(exact, 8, false, make([]float64, 2))
	if n := (ShiftWeights{Where: Roles(efficientvit.DW), Share: 1}).round(&efficientvit.Op{Role: efficientvit.PW1}, exact, rounded, grids); n != 0 {
		t.Errorf("%d filters of a convolution that is not picked are on powers of two", n)
	}
}

// mirror is a transform with factors of both signs.
type mirror struct{ where Selection }

func (t mirror) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	return rescale(m, p, "mirror", t.where, only, func(_ *efficientvit.Op, in *TensorStats, _ *weights.Tensor) ([]float64, error) {
		r := make([]float64, len(in.Max))
		for c := range r {
			r[c] = []float64{-0.5, 2, -3}[c%3]
		}
		return r, nil
	})
}

func (mirror) String() string { return "mirror" }

// TestBaselines: every baseline quantizes small networks, and those that say so freeze
// once every point is rounded, operation by operation near the float ones. The others
// are refused by the name of what integers do not have.
func TestBaselines(t *testing.T) {
	for _, variant := range []string{"b0-r224", "seg-b0-cityscapes"} {
		t.Run(variant, func(t *testing.T) { testBaselines(t, variant) })
	}
}

func testBaselines(t *testing.T, variant string) {
	model, profile := smallOf(t, variant)
	refused := map[string][]string{
		"TrioViT floored at 90":           {"divisors ", "uniform 254..255", "not on a log2 grid"},
		"TrioViT with log-sqrt2 divisors": {"divisors ", "log √2 codes", "not on a log2 grid"},
	}
	for _, recipe := range Baselines {
		t.Run(recipe.Name, func(t *testing.T) {
			q, err := Quantize(model, profile, recipe)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := Quantize(model, profile, TrioViT); err != nil || recipe.Name != SignedMigration.Name && plain.ID() == q.ID() {
				t.Errorf("the recipe makes the same as %s (%v)", TrioViT.Name, err)
			}
			every := recipe.Integer()
			if want := refused[recipe.Name]; want != nil {
				q, err := Quantize(model, profile, every)
				if err == nil {
					_, err = Freeze(q, integer.Limits{})
				}
				told(t, err, want...)
				return
			}
			testFrozen(t, model, profile, every, oneSlice)
		})
	}
	t.Run("negative factors", func(t *testing.T) {
		testFrozen(t, model, profile, TrioViTPlusInteger.With("mirror", func(r *Recipe) { r.Transforms = []Transform{mirror{Roles(efficientvit.DW, efficientvit.PW2)}} }), oneSlice)
	})
}

// TestFrozenPowersOfTwo: the weights of the chosen filters are integers that are
// powers of two.
func TestFrozenPowersOfTwo(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, MixedWeights.Integer().With("x", func(r *Recipe) { r.ShiftWeights.Share = 1 }))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Freeze(q, integer.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, op := range m.Ops {
		conv, is := op.Operation.(*integer.Conv)
		if of := q.Model.Net.Op(op.Name); !is || of.Role != efficientvit.PW1 && of.Role != efficientvit.PW2 {
			continue
		}
		for _, w := range conv.Weights {
			if size := max(int(w), -int(w)); size > 64 || size&(size-1) != 0 {
				t.Fatalf("%s has a weight of %d", op.Name, w)
			}
			seen++
		}
	}
	if seen == 0 {
		t.Error("no weight was looked at")
	}
}

// TestRulesThatAreNone: settings out of range are named.
func TestRulesThatAreNone(t *testing.T) {
	model, profile := small(t)
	for _, c := range []struct {
		name string
		edit func(r *Recipe)
		want string
	}{
		{"octaves", func(r *Recipe) { r.Transforms = []Transform{PowerOfTwoFactor{Octaves: -1}} }, "power-of-two factor of -1 octaves: 1 to 30 are allowed"},
		{"strength", func(r *Recipe) { r.Transforms = []Transform{SmoothQuant{Strength: 1.5}} }, "SmoothQuant of strength 1.5: more than 0 and at most 1"},
		{"grids of a pointwise convolution", func(r *Recipe) { r.Transforms = []Transform{ChannelGrids{Roles(efficientvit.PW2)}} }, "channel-wise grids: PW2 "},
		{"roles", func(r *Recipe) { r.Transforms = []Transform{OutlierScaling{Roles(efficientvit.Attention)}} }, "outlier scaling: no convolution"},
		{"share", func(r *Recipe) { r.ShiftWeights.Share = 1.5 }, "a share of 1.5 of the filters"},
		{"affine", func(r *Recipe) { r.ShiftWeights.Share, r.AffineWeights = 1, true }, "powers of two have no zero point"},
		{"pattern", func(r *Recipe) { r.ShiftWeights = ShiftWeights{Where: Selection{Name: "("}, Share: 1} }, "name pattern"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Quantize(model, profile, TrioViT.With("x", c.edit))
			told(t, err, "recipe x: ", c.want)
		})
	}
}

// TestFloorsByName: a sweep's recipes, and those with every point in integers, are
// found by their names.
func TestFloorsByName(t *testing.T) {
	for name, found := range map[string]bool{"TrioViT floored at 30": true, "TrioViT floored at 0.5": true, "TrioViT floored at 8 by OMSE": true,
		"TrioViT floored at 8 every point": true, "SmoothQuant every point": true, "SmoothQuant every point by OMSE": true, "TrioViT every point every point": false,
		"TrioViT floored at -1": false, "TrioViT floored at": false, "TrioViT floored at Inf": false, "TrioViT floored at NaN": false, "TrioViT floored at 1,5": false} {
		if r, err := RecipeNamed(name); found != (err == nil) || found && r.Name != name {
			t.Errorf("%q is found as %q: %v", name, r.Name, err)
		}
	}
	if r, _ := RecipeNamed("TrioViT floored at 30"); !strings.Contains(r.String(), "uniform in 8 bits, at least 30") {
		t.Errorf("the recipe is\n%s", r)
	}
}
