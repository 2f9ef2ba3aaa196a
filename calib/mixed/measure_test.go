// SPDX-License-Identifier: Apache-2.0

package mixed

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
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// small returns a chain of four convolutions for pictures of 8 pixels, with random
// pictures. The second convolution loses nothing at any width.
func small(t *testing.T) (*triovit.Folded, dataset.Dataset) {
	t.Helper()
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	const side = 8
	net := &efficientvit.Network{Name: "chain", Ops: []efficientvit.Op{{Name: "image", Kind: efficientvit.Input, Shape: []int{side, side, 3}}}}
	rng := rand.New(rand.NewPCG(1, 2))
	set := weights.Set{}
	last := "image"
	point := func(c efficientvit.PointClass) []efficientvit.Point {
		return []efficientvit.Point{{Class: c, Bits: 8, Signed: true}}
	}
	for i, channels := range []int{16, 24, 8, 6} {
		name := fmt.Sprint("conv", i)
		shape := []int{channels, net.Op(last).Shape[2], 1, 1}
		net.Ops = append(net.Ops, efficientvit.Op{Name: name, Kind: efficientvit.Conv, Role: efficientvit.PW2, Inputs: []string{last}, Shape: []int{side, side, channels},
			Kernel: 1, Stride: 1, Groups: 1, Params: []efficientvit.Param{{Name: name + ".weight", Shape: shape}}, Points: point(efficientvit.ConvInput)})
		w := weights.New(shape...)
		for j := range w.Data {
			w.Data[j] = float32(rng.NormFloat64())
			if i == 1 {
				w.Data[j] = float32(1 - 2*rng.IntN(2)) // these values lie on every grid
			}
		}
		set[name+".weight"], last = w, name
	}
	net.Ops = append(net.Ops, efficientvit.Op{Name: "pool", Kind: efficientvit.GlobalAvgPool, Inputs: []string{last}, Shape: []int{6}, Points: point(efficientvit.PoolInput)})
	model, err := (&triovit.Model{Net: net, Weights: set}).Fold()
	if err != nil {
		t.Fatal(err)
	}
	var items []*dataset.Item
	for i := range 40 {
		m := preprocess.NewRGB(side, side)
		for j := range m.Pix {
			m.Pix[j] = uint8(rng.IntN(256))
		}
		items = append(items, &dataset.Item{ID: fmt.Sprint(i), Image: m, Width: side, Height: side})
	}
	d, err := dataset.Memory("noise", dataset.Classification, strings.Split("abcdef", ""), items)
	if err != nil {
		t.Fatal(err)
	}
	return model, d
}

// plain rounds everything in the chain.
var plain = calib.Recipe{Name: "plain", Points: []calib.PointSelection{{Classes: []efficientvit.PointClass{efficientvit.ConvInput, efficientvit.PoolInput}}}}

// TestRun: the measured noises are those of the diagnosis, the chosen network has the
// chosen widths also as integers, keeps to the budget, and is better than the uniform
// width of the same mean, by prediction and by measurement.
func TestRun(t *testing.T) {
	model, pictures := small(t)
	p := MeanBits(model.Net)
	o := Options{Bits: []int{8, 5, 6}, Pictures: 32}
	r, err := Run(t.Context(), model, pictures, plain, p, Budget{Amount: 6}, o)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Sensitivity
	if fmt.Sprint(s.Bits) != "[5 6 8]" || s.Sampled != 32 {
		t.Errorf("widths %v on %d pictures", s.Bits, s.Sampled)
	}
	q, err := calib.Calibrate(t.Context(), model, pictures, plain.Bits(6, 8))
	if err != nil {
		t.Fatal(err)
	}
	scores, err := diagnose.Weights(t.Context(), q, pictures, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, alone := range scores.Weights {
		if op := s.Ops[i]; op.Name != alone.Operation || math.Abs(float64(sqnr(op.Noise[1])-alone.SQNR)) > 1e-9 {
			t.Errorf("%s has %v at 6 bits, the diagnosis of %s says %v", op.Name, sqnr(op.Noise[1]), alone.Operation, alone.SQNR)
		}
	}
	uniform := r.Uniform[1]
	if uniform.Name != "6 bits" || uniform.Price != 6 || uniform.Measured != scores.All {
		t.Errorf("of 6 bits everywhere it says %+v, the diagnosis has %v dB", uniform, scores.All)
	}
	c := r.Chosen
	if c.Price > 6 || c.Predicted <= uniform.Predicted || c.Measured <= uniform.Measured {
		t.Errorf("%g bits are predicted %v and measured %v dB, 6 bits everywhere %v and %v", c.Price, c.Predicted, c.Measured, uniform.Predicted, uniform.Measured)
	}
	if c.Bits["conv1"] != 5 || math.Abs(float64(c.Measured-c.Predicted)) > 3 {
		t.Errorf("conv1 has %d bits, want 5; predicted %v dB, measured %v", c.Bits["conv1"], c.Predicted, c.Measured)
	}
	t.Logf("%g bits are predicted %v and measured %v dB, 6 bits everywhere %v and %v", c.Price, c.Predicted, c.Measured, uniform.Predicted, uniform.Measured)
	m, err := calib.Freeze(r.Quantized, integer.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range m.Ops {
		if c, ok := op.Operation.(*integer.Conv); ok && c.WeightBits != r.Chosen.Bits[op.Name] {
			t.Errorf("%s is frozen with %d bits, chosen are %d", op.Name, c.WeightBits, r.Chosen.Bits[op.Name])
		}
	}
	if text := r.String(); !strings.Contains(text, "\nchosen: ") || !strings.Contains(text, "bits per weight of 6,") {
		t.Errorf("the result says\n%s", text)
	}

	data, err := json.Marshal(s)
	var back Sensitivity
	if err == nil {
		err = json.Unmarshal(data, &back)
	}
	if err != nil || !reflect.DeepEqual(*s, back) {
		t.Errorf("a sensitivity is read back as another one, error %v", err)
	}
	var table bytes.Buffer
	if err := s.WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	if rows, err := csv.NewReader(&table).ReadAll(); err != nil || len(rows) != 1+len(s.Ops) || len(rows[0]) != 6 {
		t.Errorf("the table has %d rows, error %v", len(rows), err)
	}
	if ranked := s.Ranked(); ranked[0].Noise[0] < ranked[len(ranked)-1].Noise[0] {
		t.Error("the least sensitive convolution is ranked first")
	}

	most, err := Run(t.Context(), model, pictures, plain, Bytes(model.Net), Budget{0.75, true}, o)
	if err != nil {
		t.Fatal(err)
	}
	if widest := most.Uniform[2].Price; most.Chosen.Budget != widest*0.75 || most.Chosen.Price > widest*0.75 {
		t.Errorf("three quarters of %g bytes are a budget of %g, of which %g are used", widest, most.Chosen.Budget, most.Chosen.Price)
	}
}

// TestRunRefusesAtOnce: a budget that no widths keep to, or that is not known, is an error
// with the least price before a picture is loaded.
func TestRunRefusesAtOnce(t *testing.T) {
	model, pictures := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	broken := Price{"cycles", func(map[string]int) (float64, error) { return 0, errors.New("no engines") }}
	for _, c := range []struct {
		price  Price
		budget Budget
		want   string
	}{
		{MeanBits(model.Net), Budget{Amount: 4.9}, "widths for chain within 4.9 bits per weight: weights of 5 bits everywhere take 5"},
		{MeanBits(model.Net), Budget{0.5, true}, "widths for chain within 4 bits per weight: weights of 5 bits everywhere take 5"},
		{broken, Budget{Amount: 5}, "widths for chain within 5 cycles: no engines"},
		{broken, Budget{0.5, true}, "the price of 8 bits everywhere for chain: no engines"},
		{MeanBits(model.Net), Budget{Amount: 5}, "context canceled"}, // the budget is reachable, and measuring begins
	} {
		if _, err := Run(ctx, model, pictures, plain, c.price, c.budget, Options{Bits: []int{5, 8}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.budget, err, c.want)
		}
	}
}

// TestMeasureRefuses: what leaves nothing to choose is an error that says so.
func TestMeasureRefuses(t *testing.T) {
	model, pictures := small(t)
	for _, c := range []struct {
		recipe calib.Recipe
		bits   []int
		want   string
	}{
		{plain, []int{4, 4}, "a choice needs at least 2"},
		{plain, []int{1, 4}, "2 to 16"},
		{plain.With("x", func(r *calib.Recipe) { r.Widths = []calib.Width{{Weights: 4}} }), nil, "recipe x has widths of its own"},
		{plain.With("x", func(r *calib.Recipe) { r.Only = calib.Roles(efficientvit.DW) }), nil, "recipe x rounds no weights of chain"},
	} {
		if _, err := Measure(t.Context(), model, pictures, c.recipe, Options{Bits: c.bits}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
