// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestMain keeps the tests' results out of the user's cache.
func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }

// noise returns a classification set of n random pictures of side pixels.
func noise(t testing.TB, n, side int) dataset.Dataset {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	var items []*dataset.Item
	for i := range n {
		m := preprocess.NewRGB(side, side)
		for j := range m.Pix {
			m.Pix[j] = uint8(rng.IntN(256))
		}
		items = append(items, &dataset.Item{ID: fmt.Sprintf("noise/%d", i), Image: m, Width: side, Height: side, Label: dataset.Label{Class: i % 10}})
	}
	classes := strings.Split("a b c d e f g h i j", " ")
	d, err := dataset.Memory("noise", dataset.Classification, classes, items)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// small returns a folded B0 for pictures of 64 pixels, with synthetic weights,
// and its profile.
func small(t testing.TB) (*triovit.Folded, *Profile) {
	t.Helper()
	return smallOf(t, "b0-r224")
}

// smallOf is small for another variant.
func smallOf(t testing.TB, variant string) (*triovit.Folded, *Profile) {
	t.Helper()
	net, err := efficientvit.Describe(variant, efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Observe(context.Background(), model, noise(t, 6, 64))
	if err != nil {
		t.Fatal(err)
	}
	return model, p
}

func everywhere(*efficientvit.Op) bool { return true }

// tensorsOf runs a model on one picture and returns every tensor by name.
func tensorsOf(t testing.TB, m *triovit.Folded, picture []float32) map[string][]float32 {
	t.Helper()
	exec, err := forward.NewTapped(m.Model, everywhere)
	if err != nil {
		t.Fatal(err)
	}
	made, err := exec.Run(picture)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float32{}
	for i, op := range m.Net.Ops {
		all[op.Name] = made[i]
	}
	return all
}

// TestTransformsKeepTheFunction: after a transform every tensor of the original
// network has the same values, borders of the pictures included, and so has
// the network's output; the tensors that were inserted lie in the range that
// the changed profile says.
func TestTransformsKeepTheFunction(t *testing.T) {
	model, profile := small(t)
	picture := weights.SyntheticInput(3 * 64 * 64)
	before := tensorsOf(t, model, picture)
	for _, transform := range []Transform{
		PaperMigration, WiderMigration, Migration{Where: Roles(efficientvit.DW), PowerOfTwo: true},
		Migration{Where: Roles(efficientvit.AggDW)}, Migration{Where: Roles(efficientvit.DW), Signed: true}, mirror{MBConvs},
		ChannelGrids{Roles(efficientvit.DW, efficientvit.AggDW)}, PowerOfTwoFactor{Where: MBConvs}, SmoothQuant{Where: MBConvs},
		SmoothQuant{Where: Roles(efficientvit.AggPW)}, OutlierScaling{MBConvs},
		PaperShifting, Shifting{Where: Roles(efficientvit.PW2), AsPrinted: true}, Shifting{Where: Roles(efficientvit.PW1, efficientvit.QKV, efficientvit.Proj)},
	} {
		t.Run(fmt.Sprintf("%T %s", transform, transform), func(t *testing.T) {
			hash := model.Model.Hash()
			changed, p, changes, err := transform.Apply(model, profile, everywhere)
			if err != nil {
				t.Fatal(err)
			}
			if model.Model.Hash() != hash {
				t.Fatal("the transform changed its argument")
			}
			if inserted := len(changed.Net.Ops) - len(model.Net.Ops); len(changes) == 0 || inserted != len(changes) {
				t.Fatalf("%d changes reported, %d operations inserted", len(changes), inserted)
			}
			after := tensorsOf(t, changed, picture)
			for name, want := range before {
				if d, scale := difference(after[name], want); d > 1e-5*scale {
					t.Fatalf("%s differs by %g of %g", name, d, scale)
				}
			}
			observed, err := Observe(context.Background(), changed, noise(t, 6, 64))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				name := changed.Net.Op(c.Op).Inputs[0]
				derived, err := p.Tensor(name)
				if err != nil {
					t.Fatal(err)
				}
				seen, err := observed.Tensor(name)
				if err != nil {
					t.Fatal(err)
				}
				for _, pair := range [][2][]float32{{derived.Min, seen.Min}, {derived.Max, seen.Max}, {derived.Mean, seen.Mean}} {
					if d, scale := difference(pair[0], pair[1]); d > 1e-4*scale {
						t.Fatalf("%s: derived and observed ranges differ by %g of %g", name, d, scale)
					}
				}
			}
		})
	}
}

// difference returns the largest difference and the largest magnitude.
func difference(a, b []float32) (d, scale float64) {
	if len(a) != len(b) {
		return math.Inf(1), 0
	}
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
		scale = max(scale, math.Abs(float64(b[i])))
	}
	return d, scale
}

// TestMigrationFactors computes the released code's formula on tensors small
// enough to do by hand.
func TestMigrationFactors(t *testing.T) {
	var c counter
	for range 98 {
		c.add(1)
	}
	c.add(8) // the 0.99 quantile is 8
	c.add(600)
	hist := c.histogram()
	eight := float64(hist.Quantile(0.99)) // 8, up to the width of its bin
	for _, x := range []struct {
		name string
		t    Migration
		max  []float32
		want []float64
	}{
		{"the mean of the maxima is the reference", PaperMigration, []float32{8, 0, -0.1, 1, 600},
			[]float64{0.1, 1, 0.1, 0.1, 600 / 121.78}}, // 8/121.78 is below 0.1
		{"the quantile is the reference", PaperMigration, []float32{4, 2, 1, 9, 0.1},
			[]float64{4 / eight, 2 / eight, 1 / eight, 9 / eight, 0.1}},
		{"another quantile", Migration{Quantile: 0.5}, []float32{4, 0.5}, []float64{4 / 2.25, 0.5 / 2.25}},
		{"clipped at the top", Migration{Quantile: 0.5, Max: 1.5}, []float32{4, 0.5}, []float64{1.5, 0.5 / 2.25}},
		{"powers of two from 1 to 32", Migration{Quantile: 0.5, PowerOfTwo: true}, []float32{3, 0.1, 2.2, 0.5},
			[]float64{2, 1, 2, 1}}, // the maxima over 1.45 are 2.07, 0.07, 1.52, 0.34
	} {
		got := x.t.withDefaults().factors(&TensorStats{Max: x.max, Hist: hist})
		for i := range x.want {
			if math.Abs(got[i]-x.want[i]) > 1e-3 {
				t.Errorf("%s: channel %d has factor %g, want %g", x.name, i, got[i], x.want[i])
			}
		}
	}
	wide := make([]float32, 2000)
	wide[0] = 1000
	small := new(counter)
	small.add(0.1)
	if got := PaperMigration.withDefaults().factors(&TensorStats{Max: wide, Hist: small.histogram()}); got[0] != 64 {
		t.Errorf("a channel 2000 times the mean has factor %g, want the bound 64", got[0])
	}
}

// TestShiftMakesRangesSymmetric: behind the default variant every channel's
// range is centred on zero.
func TestShiftMakesRangesSymmetric(t *testing.T) {
	model, profile := small(t)
	changed, p, changes, err := PaperShifting.Apply(model, profile, everywhere)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		s, err := p.Tensor(changed.Net.Op(c.Op).Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Min {
			if math.Abs(float64(s.Min[i]+s.Max[i])) > 1e-5*float64(s.Max[i]-s.Min[i]) {
				t.Fatalf("%s: channel %d reaches from %g to %g", s.Name, i, s.Min[i], s.Max[i])
			}
		}
	}
}

func TestProfileOfTensors(t *testing.T) {
	model, p := small(t)
	if len(p.Tensors) != len(model.Net.Ops) || len(p.Images) != 6 {
		t.Fatalf("%d tensors of %d, %d pictures of 6", len(p.Tensors), len(model.Net.Ops), len(p.Images))
	}
	// Against a plain loop over one tensor of every picture.
	data := noise(t, 6, 64)
	name := "backbone.stages.2.op_list.1.local_module.main.inverted_conv.act"
	s, err := p.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	lo, hi, sum := float32(math.Inf(1)), float32(math.Inf(-1)), 0.0
	var n int64
	for i := range data.Len() {
		item, err := data.Load(i)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 3*64*64)
		item.Image.Normalize(x)
		for j, v := range tensorsOf(t, model, x)[name] {
			if j%len(s.Min) == 3 {
				lo, hi, sum, n = min(lo, v), max(hi, v), sum+float64(v), n+1
			}
		}
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-5*max(math.Abs(b), 1e-3) }
	if !near(float64(s.Min[3]), float64(lo)) || !near(float64(s.Max[3]), float64(hi)) || !near(float64(s.Mean[3]), sum/float64(n)) || s.Count != n || s.Hist.Total() != n*int64(len(s.Min)) {
		t.Errorf("channel 3 of %s: %g to %g, mean %g of %d, want %g to %g, %g of %d", name, s.Min[3], s.Max[3], s.Mean[3], s.Count, lo, hi, sum/float64(n), n)
	}

	broken := *p
	lying := *p.Tensors[3]
	lying.Min = lying.Min[:1]
	broken.Tensors = append(slices.Clone(p.Tensors[:3]), &lying)
	file := t.TempDir() + "/broken"
	if err := broken.Save(file); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadProfile(file); err == nil || !strings.Contains(err.Error(), lying.Name) {
		t.Errorf("a profile whose statistics lack channels gives %v", err)
	}
	path := t.TempDir() + "/profile"
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := LoadProfile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range p.Tensors {
		a := again.Tensors[i]
		if a.Name != s.Name || a.Role != s.Role || !slices.Equal(a.Min, s.Min) || !slices.Equal(a.Hist.Bins, s.Hist.Bins) {
			t.Fatalf("%s is not the same after saving", s.Name)
		}
	}
	pw1, dw, pw2, err := again.MBConv(model.Net, "stages.3.op_list.1.local_module")
	if err != nil || pw1.Role != efficientvit.Residual || dw.Role != efficientvit.PW1 || pw2.Role != efficientvit.DW {
		t.Errorf("inputs of an MBConv: %v %v %v (%v)", pw1, dw, pw2, err)
	}
	if d, err := again.Divisors(model.Net, "stages.3.op_list.1.context_module"); err != nil || d.Count == 0 || d.Hist.Total() != 2*p.divisors(t, model)[0].Hist.Total() {
		t.Errorf("divisors: %v (%v)", d, err)
	}
}

func (p *Profile) divisors(t *testing.T, m *triovit.Folded) (all []*TensorStats) {
	t.Helper()
	for _, s := range p.Tensors {
		if s.Role == efficientvit.Divisor && strings.HasPrefix(s.Block, "backbone.stages.3.op_list.1.") {
			all = append(all, s)
		}
	}
	if len(all) != 2 {
		t.Fatalf("%d tensors of divisors in one block", len(all))
	}
	return all
}

// smallFrozen returns a small network of a variant quantized by TrioViTPlusInteger, and
// frozen.
func smallFrozen(t testing.TB, variant string) (*Quantized, *integer.Model) {
	t.Helper()
	model, profile := smallOf(t, variant)
	q, err := Quantize(model, profile, TrioViTPlusInteger)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Freeze(q, oneSlice)
	if err != nil {
		t.Fatal(err)
	}
	return q, m
}
