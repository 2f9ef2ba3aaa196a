// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/interrupt"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/shard"
	"github.com/gotriovit/gotriovit/triovit/weights"
	"pgregory.net/rapid"
)

// noise returns a classification set of n random pictures of side pixels.
func noise(t *testing.T, n, side, classes int) dataset.Dataset {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	var items []*dataset.Item
	for i := range n {
		m := preprocess.NewRGB(side, side)
		for j := range m.Pix {
			m.Pix[j] = uint8(rng.IntN(256))
		}
		items = append(items, &dataset.Item{ID: fmt.Sprint(i), Image: m, Width: side, Height: side, Label: dataset.Label{Class: i % classes}})
	}
	d, err := dataset.Memory("noise", dataset.Classification, strings.Split("abcdefghij", "")[:classes], items)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// b0 returns a quantized B0 for pictures of 64 pixels, with synthetic weights.
func b0(t *testing.T, recipe calib.Recipe, pictures dataset.Dataset) *calib.Quantized {
	t.Helper()
	net, err := efficientvit.Describe("b0-r224", efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	return quantized(t, net, weights.Synthetic(net.Params()), recipe, pictures)
}

func quantized(t *testing.T, net *efficientvit.Network, set weights.Set, recipe calib.Recipe, pictures dataset.Dataset) *calib.Quantized {
	t.Helper()
	model, err := (&triovit.Model{Net: net, Weights: set}).Fold()
	if err != nil {
		t.Fatal(err)
	}
	q, err := calib.Calibrate(t.Context(), model, pictures, recipe)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// tiny is a network of two operations: a pointwise convolution whose input is rounded,
// and a global mean.
func tiny(t *testing.T, pictures dataset.Dataset) *calib.Quantized {
	t.Helper()
	net := &efficientvit.Network{Name: "tiny", Ops: []efficientvit.Op{
		{Name: "image", Kind: efficientvit.Input, Shape: []int{2, 2, 3}},
		{Name: "conv", Kind: efficientvit.Conv, Role: efficientvit.PW2, Block: "block", Inputs: []string{"image"}, Shape: []int{2, 2, 2}, Kernel: 1, Stride: 1, Groups: 1,
			Params: []efficientvit.Param{{Name: "conv.weight", Shape: []int{2, 3, 1, 1}}},
			Points: []efficientvit.Point{{Operand: 0, Class: efficientvit.ConvInput, Bits: 8, Signed: true}}},
		{Name: "pool", Kind: efficientvit.GlobalAvgPool, Inputs: []string{"conv"}, Shape: []int{2}},
	}}
	set := weights.Set{"conv.weight": &weights.Tensor{Shape: []int{2, 3, 1, 1}, Data: []float32{1, -0.26, 0.5, 0.25, 0.125, -1}}}
	return quantized(t, net, set, calib.Recipe{Name: "tiny", Points: []calib.PointSelection{calib.AllConvolutions}}, pictures)
}

// TestTally: SQNR, saturation, occupancy and zeros of four values, computed by hand.
func TestTally(t *testing.T) {
	log2 := grid.Log2{Unit: 1, Lo: 0, Hi: 2, Threshold: 1.5, Integer: true, IntegerMax: 7}
	for _, c := range []struct {
		name          string
		q             calib.Quantizer
		exact, all    []float32
		isolated      Decibels
		accumulated   Decibels
		beyond, zeros int64
		used          int
		notFinite     int64
	}{
		// 0.4 becomes 0.5; 1 and -3 are clamped to 0.5 and -1: Σx² = 10.16, the noise 0.01 + 0.25 + 4.
		{"uniform", grid.Uniform{Scale: 0.5, Lo: -2, Hi: 1}, []float32{0.4, 1, -3, 0}, []float32{0.4, 1, -3, 0}, ratio(10.16, 4.26), ratio(10.16, 4.26), 2, 1, 3, 0},
		// The quantized network has 0.6 in place of 0.4, which becomes 0.5 all the same, and 0 in place of 1.
		{"accumulated", grid.Uniform{Scale: 0.5, Lo: -2, Hi: 1}, []float32{0.4, 1}, []float32{0.6, 0}, ratio(1.16, 0.26), ratio(1.16, 1.01), 0, 1, 2, 0},
		{"on the grid", grid.Uniform{Scale: 0.5, Lo: -2, Hi: 1}, []float32{0.5, -1}, []float32{0.5, -1}, Decibels(math.Inf(1)), Decibels(math.Inf(1)), 0, 0, 2, 0},
		{"half a step beyond", grid.Uniform{Scale: 1, Lo: -2, Hi: 2}, []float32{2.5, -2.4}, []float32{2.5, -2.4}, ratio(12.01, 0.41), ratio(12.01, 0.41), 0, 0, 2, 0},
		// Integers 0, 2, 4, 7 take the codes 0 (1), 1, 2 and 2 (4): 0 and 7 lie beyond.
		{"log2", log2, []float32{0.4, 2, 4, 7.3}, []float32{0.4, 2, 4, 7.3}, ratio(0.16+4+16+53.29, 0.36+3.3*3.3), ratio(0.16+4+16+53.29, 0.36+3.3*3.3), 2, 1, 3, 0},
		{"not finite", grid.Uniform{Scale: 1, Lo: -2, Hi: 2}, []float32{1, 2}, []float32{1, float32(math.Inf(1))}, Decibels(math.Inf(1)), Decibels(math.Inf(-1)), 0, 0, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got tally
			got.add(c.q, true, c.exact, c.all)
			isolated, accumulated := ratio(got.Signal, got.Isolated), ratio(got.Signal, got.All)
			if !near(isolated, c.isolated) || !near(accumulated, c.accumulated) {
				t.Errorf("%v dB isolated, %v dB accumulated, want %v and %v", isolated, accumulated, c.isolated, c.accumulated)
			}
			if got.Counts.Saturated != c.beyond || got.Counts.Zeros != c.zeros || got.Counts.Codes() != c.used || got.Counts.NotFinite != c.notFinite {
				t.Errorf("%d beyond, %d zeros, %d codes, %d not finite; want %d, %d, %d, %d", got.Counts.Saturated, got.Counts.Zeros, got.Counts.Codes(), got.Counts.NotFinite, c.beyond, c.zeros, c.used, c.notFinite)
			}
		})
	}
	if got := ratio(100, 1); got != 20 {
		t.Errorf("an energy of 100 beside 1 is %v dB, want 20", got)
	}
}

// near compares to a millionth of a decibel; infinities are near themselves.
func near(a, b Decibels) bool { return a == b || math.Abs(float64(a-b)) < 1e-5 }

// TestTallyInParts: values counted in two parts are counted as in one.
func TestTallyInParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := grid.Uniform{Scale: 0.5, Lo: -8, Hi: 7}
		x := rapid.SliceOfN(rapid.Map(rapid.IntRange(-40, 40), func(i int) float32 { return float32(i) / 8 }), 2, 20).Draw(t, "x")
		cut := rapid.IntRange(1, len(x)-1).Draw(t, "cut")
		var whole, sum, a, b tally
		whole.add(q, true, x, x)
		a.add(q, true, x[:cut], x[:cut])
		b.add(q, true, x[cut:], x[cut:])
		sum.plus(&a)
		sum.plus(&b)
		if !reflect.DeepEqual(sum, whole) { // sums of such values are exact
			t.Errorf("in parts %+v, whole %+v", sum, whole)
		}
	})
}

// TestTiny: what is told of a network of one convolution, against loops over its
// pictures. Its input is on a coarse grid beyond which many pixels lie.
func TestTiny(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	pictures := noise(t, 5, 2, 2)
	g := grid.Uniform{Scale: 0.5, Lo: -2, Hi: 1}
	q, err := tiny(t, pictures).With(calib.Learned{Grids: map[string]grid.Uniform{"image": g}}, "coarse")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), q, pictures, Options{Levels: Levels, Metric: true})
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := triovit.LoadBatch(t.Context(), q.Network(), pictures, 0, pictures.Len())
	if err != nil {
		t.Fatal(err)
	}
	exact, rounded := q.Exact().Weights["conv.weight"].Data, q.Model.Weights["conv.weight"].Data
	var signal, lost, outputs, noise, filters, filterNoise float64
	saturated := int64(0)
	for i := 0; i < len(x); i += 3 {
		for _, v := range x[i : i+3] {
			f := min(max(math.RoundToEven(float64(v)/0.5), -2), 1) * 0.5
			signal, lost = signal+float64(v)*float64(v), lost+(f-float64(v))*(f-float64(v))
			if v < -1.25 || v > 0.75 {
				saturated++
			}
		}
		for o := range 2 {
			var y, z float64
			for c, v := range x[i : i+3] {
				y += float64(v) * float64(exact[o*3+c])
				z += float64(g.Fake(v)) * float64(rounded[o*3+c])
			}
			outputs, noise = outputs+y*y, noise+(z-y)*(z-y)
		}
	}
	for i, w := range exact {
		d := float64(rounded[i]) - float64(w)
		filters, filterNoise = filters+float64(w)*float64(w), filterNoise+d*d
	}
	if len(r.Tensors) != 2 {
		t.Fatalf("%d tensors, want the image and the weights", len(r.Tensors))
	}
	image, conv := r.Tensors[0], r.Tensors[1]
	if want := ratio(signal, lost); !alike(image.Isolated, want) || image.Isolated != image.Accumulated {
		t.Errorf("the image has %v and %v dB, want %v twice: nothing is rounded before it", image.Isolated, image.Accumulated, want)
	}
	if want := ratio(filters, filterNoise); !alike(conv.Isolated, want) {
		t.Errorf("the weights have %v dB, want %v", conv.Isolated, want)
	}
	if want := ratio(outputs, noise); !alike(conv.Accumulated, want) {
		t.Errorf("the convolution's outputs have %v dB, want %v", conv.Accumulated, want)
	}
	if image.Saturated != saturated || image.Used != 4 || image.Codes != 4 || image.Values != int64(len(x)) {
		t.Errorf("%d of %d values saturate with %d of %d codes, want %d of %d with 4 of 4", image.Saturated, image.Values, image.Used, image.Codes, saturated, len(x))
	}
	if want := []string{"PW2 conv"}; !slices.Equal(image.Feeds, want) || image.Class != "conv input" || conv.Class != weightsClass || conv.Codes != 256 || conv.Used > 6 {
		t.Errorf("the image is %+v, the weights are %+v", image, conv)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], fmt.Sprintf("image (conv input), read by PW2 conv: %d of %d values saturate", saturated, len(x))) {
		t.Errorf("the warnings are %q", r.Warnings)
	}
	if !math.IsInf(float64(r.Parity.SQNR), 1) || r.Parity.Agree != 1 || r.Parity.Largest != 0 {
		t.Errorf("no transform, and the parity is %+v", r.Parity)
	}
	for _, u := range r.Units {
		if u.Only.Metric == nil || u.AllBut.Metric == nil {
			t.Errorf("%s %s has no metric", u.Level, u.Name)
		}
	}
	if got := names(r.Ranked(ByTensor)); !slices.Equal(got, []string{"image", "conv weights"}) {
		t.Errorf("the ranking is %q: the coarse grid is the image's", got)
	}
	if got := names(r.Ranked(ByClass)); !slices.Equal(got, []string{"conv input", weightsClass}) {
		t.Errorf("the classes are %q", got)
	}
}

// alike compares with what the graph computes in float32.
func alike(a, b Decibels) bool { return a == b || math.Abs(float64(a-b)) < 1e-3 }

func names(units []Unit) []string {
	var all []string
	for _, u := range units {
		all = append(all, u.Name)
	}
	return all
}

// TestEnds: the graph with every gate shut is the exact network and with every gate
// open the quantized one; nothing rounded is an infinite SQNR, and one unit of
// everything has that of the whole.
func TestEnds(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	pictures := noise(t, 3, 64, 10)
	q := b0(t, calib.TrioViTPlusInteger, pictures)
	g, err := newGated(q)
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := triovit.LoadBatch(t.Context(), g.net, pictures, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	exact, err := forward.New(q.Exact())
	if err != nil {
		t.Fatal(err)
	}
	least := map[string]Decibels{"exact": 100, "quantized": 100}
	if b, err := forward.Backend(); err == nil && b.Name() == platform.XLA {
		least["quantized"] = 30 // XLA joins operations, so that codes flip
	}
	for _, c := range []struct {
		name string
		p    triovit.Predictor
		mask []bool
	}{{"exact", exact, g.none()}, {"quantized", q, g.all()}} {
		want, err := c.p.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.predict(x, c.mask)
		if err != nil {
			t.Fatal(err)
		}
		if s := between(want, got); s < least[c.name] {
			t.Errorf("the gated network and the %s one differ by %v dB", c.name, s)
		}
	}
	r, err := Run(t.Context(), q, pictures, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsInf(float64(r.Exact.SQNR), 1) || math.IsInf(float64(r.All.SQNR), 0) {
		t.Errorf("nothing rounded has %v dB, everything %v", r.Exact.SQNR, r.All.SQNR)
	}
	for _, level := range []Level{ByClass, ByBlock, ByOperation} {
		places, units := 0, r.Ranked(level)
		for i, u := range units {
			places += u.Places
			if i > 0 && u.Only.SQNR < units[i-1].Only.SQNR {
				t.Errorf("%s is ranked behind %s", u.Name, units[i-1].Name)
			}
		}
		if places != len(g.places) {
			t.Errorf("the units by %s have %d of %d places", level, places, len(g.places))
		}
	}
	if want := len(q.Quantizers()) + len(q.WeightGrids); len(r.Tensors) != want {
		t.Errorf("%d tensors and weights are told of %d", len(r.Tensors), want)
	}
	for _, x := range r.Tensors { // the pointwise convolution behind DW reads DW's outputs
		if x.Class == weightsClass || !strings.HasSuffix(x.Name, "depth_conv.act") && x.Role != efficientvit.Recenter.String() {
			continue
		}
		if len(x.Feeds) != 1 || !strings.HasPrefix(x.Feeds[0], "PW2 ") && !strings.HasPrefix(x.Feeds[0], "DSConv PW ") {
			t.Errorf("%s feeds %q", x.Name, x.Feeds)
		}
	}
	if r.Parity.SQNR < ParityLimit {
		t.Errorf("the transforms leave %v dB", r.Parity.SQNR)
	}
}

// TestDivisorsBecomeZero: divisors on a grid so coarse that all of one branch become
// the integer 0 are counted and warned of, and whatever the network makes of them is no
// error.
func TestDivisorsBecomeZero(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	pictures := noise(t, 2, 64, 10)
	q := b0(t, calib.MSAUniformBranch, pictures)
	net := q.Network()
	at := slices.IndexFunc(net.Ops, func(op efficientvit.Op) bool {
		return op.Role == efficientvit.Divisor && op.Kind == efficientvit.MatMul
	})
	divisor := net.Ops[at].Name
	q, err := q.With(calib.Learned{Grids: map[string]grid.Uniform{divisor: {Scale: 1e30, Lo: 0, Hi: 255}}}, "coarse")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), q, pictures, Options{Levels: []Level{ByClass}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Tensors, func(x Tensor) bool { return x.Name == divisor })
	if x := r.Tensors[i]; x.Zeros != x.Values || x.Values != 2*int64(efficientvit.Size(net.Ops[at].Shape)) || x.Used != 1 || x.Isolated != 0 {
		t.Errorf("all divisors are 0, so that the noise is the signal: %+v", x)
	}
	want := fmt.Sprintf("%s, read by attention %s: %d of %[3]d divisors become integer 0", divisor, net.Consumers(divisor)[0], r.Tensors[i].Values)
	if !slices.Contains(r.Warnings, want) {
		t.Errorf("the warnings are %q, none is %q", r.Warnings, want)
	}
	health, err := calib.CheckHealth(t.Context(), q, pictures)
	if err != nil {
		t.Fatal(err)
	}
	if len(health) == 0 {
		t.Error("the health tells of no tensor")
	}
	var warnings []string
	for _, h := range health {
		i := slices.IndexFunc(r.Tensors, func(x Tensor) bool { return x.Name == h.Grid && x.Class != weightsClass })
		if x := r.Tensors[i]; h.Seen != x.Values || h.Saturated != x.Saturated || h.Zeros != x.Zeros || h.NotFinite != x.NotFinite || h.Codes() != x.Used || !slices.Equal(h.Feeds, x.Feeds) {
			t.Errorf("the health is %+v, the report says %+v", h, x)
		}
		warnings = append(warnings, h.Warnings(calib.SevereSaturation)...)
	}
	if !slices.Contains(warnings, want) {
		t.Errorf("the health warns %q, not %q", warnings, want)
	}
	if few, err := calib.Warnings(t.Context(), q, pictures); err != nil || !slices.Equal(few, warnings) {
		t.Errorf("on both of the pictures it warns %q, error %v, want %q", few, err, warnings)
	}
	if r.Ranked(ByClass)[0].Name != efficientvit.DivisorOperand.String() {
		t.Errorf("the ranking is %q", names(r.Ranked(ByClass)))
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil || !slices.Equal(back.Warnings, r.Warnings) {
		t.Errorf("read back with the warnings %q, error %v", back.Warnings, err)
	}
}

// TestResumed: a diagnosis that was cancelled in the middle and asked for again finds
// the same bits as one that was not.
func TestResumed(t *testing.T) {
	pictures := noise(t, 3, 64, 10)
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q := b0(t, calib.TrioViTPlus, pictures)
	o := Options{Levels: []Level{ByClass, ByBlock}}
	straight, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	for _, left := range []int{0, 3, 20} {
		if _, err := Run(interrupt.After(t.Context(), left), q, pictures, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled after %d looks at the context: error %v", left, err)
		}
	}
	resumed, err := Run(t.Context(), q, pictures, o)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(straight, resumed) {
		t.Error("a diagnosis that was interrupted found something else")
	}
}

// TestWeightScores: the pictures are as many as asked for, the scores of one
// convolution's weights are those of its unit in a report, and so are the others, which
// are found again after an interruption.
func TestWeightScores(t *testing.T) {
	pictures := noise(t, 5, 64, 10)
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	q := b0(t, calib.TrioViTPlus, pictures)
	if _, err := Weights(interrupt.After(t.Context(), 3), q, pictures, 3); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled after 3 looks at the context: error %v", err)
	}
	got, err := Weights(t.Context(), q, pictures, 3)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), q, pictures, Options{Levels: []Level{ByClass, ByTensor}, Pictures: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got.Sampled != 3 || r.Sampled != 3 {
		t.Errorf("scored on %d and %d pictures, asked for 3", got.Sampled, r.Sampled)
	}
	if got.All != r.All.SQNR {
		t.Errorf("everything rounded leaves %v dB, the report says %v", got.All, r.All.SQNR)
	}
	alone := map[string]Decibels{}
	for _, a := range got.Weights {
		alone[a.Operation+" "+weightsClass] = a.SQNR
	}
	if len(alone) != len(q.WeightGrids) {
		t.Errorf("%d scores of %d convolutions", len(alone), len(q.WeightGrids))
	}
	for _, u := range r.Units {
		if sqnr, weights := alone[u.Name]; weights && sqnr != u.Only.SQNR {
			t.Errorf("%s leaves %v dB, the report says %v", u.Name, sqnr, u.Only.SQNR)
		}
		if u.Level == ByClass && u.Name == weightsClass && got.Tensors != u.AllBut.SQNR {
			t.Errorf("all but weights leaves %v dB, the report says %v", got.Tensors, u.AllBut.SQNR)
		}
	}
	if sqnr, err := Logits(t.Context(), q, pictures, 3); err != nil || sqnr != got.All {
		t.Errorf("the logits' SQNR is %v, error %v, want %v", sqnr, err, got.All)
	}
	if _, err := Weights(t.Context(), q, pictures, -1); err == nil || !strings.Contains(err.Error(), "-1 pictures") {
		t.Errorf("-1 pictures have the error %v", err)
	}
}

// TestWritten: a report is read back from JSON as it was, infinite ratios included, and
// its tables have a line for each tensor and unit.
func TestWritten(t *testing.T) {
	metric := 0.25
	r := &Report{Network: "n", Shard: shard.Shard{Index: 1, Of: 1}, Warnings: []string{"w"}, Parity: Parity{SQNR: 101.25}, Exact: Score{SQNR: Decibels(math.Inf(1))}, All: Score{Decibels(math.Inf(-1)), &metric},
		Tensors: []Tensor{{Name: "a", Feeds: []string{"PW2 b", "DW c"}, Isolated: 1.0 / 3, Saturated: 2, Values: 8, Used: 3, Codes: 4}, {Name: "b", Accumulated: -1, Saturated: 1, Values: 2}},
		Units:   []Unit{{Level: ByBlock, Name: "u", Places: 2, Only: Score{3, &metric}, AllBut: Score{SQNR: Decibels(math.Inf(1))}}}}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, &back) {
		t.Errorf("%+v comes back as %+v", r, &back)
	}
	var tensors, units bytes.Buffer
	if err := errors.Join(r.WriteTensors(&tensors), r.WriteUnits(&units)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&tensors).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][4] != "PW2 b; DW c" || rows[1][9] != "0.3333333333333333" {
		t.Errorf("the tensors are %q, error %v", rows, err)
	}
	rows, err = csv.NewReader(&units).ReadAll()
	if want := []string{"block", "u", "", "2", "3", "+Inf", "0.25", ""}; err != nil || len(rows) != 2 || !slices.Equal(rows[1], want) {
		t.Errorf("the units are %q, error %v", rows, err)
	}
	for _, m := range Measures {
		first := map[string]string{"accumulated": "b", "isolated": "b", "saturation": "b", "occupancy": "b"}[m.Name]
		if got := r.Sorted(m)[0].Name; got != first {
			t.Errorf("by %s %s comes first, want %s", m.Name, got, first)
		}
	}
	if err := new(Decibels).UnmarshalJSON([]byte(`"many"`)); err == nil {
		t.Error(`"many" is read as decibels`)
	}
}

// TestRefuses: what cannot be diagnosed is an error that says why.
func TestRefuses(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	pictures := noise(t, 2, 2, 2)
	q := tiny(t, pictures)
	for want, o := range map[string]Options{"-1 pictures": {Pictures: -1}, `level "stage"`: {Levels: []Level{"stage"}}} {
		if _, err := Run(t.Context(), q, pictures, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, it should say %q", err, want)
		}
	}
	if _, err := Run(t.Context(), q, noise(t, 2, 4, 2), Options{}); err == nil || !strings.Contains(err.Error(), "the picture is 4 wide") {
		t.Errorf("pictures of another size: error %v", err)
	}
}
