// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"errors"
	"fmt"
	"go/parser"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"pgregory.net/rapid"
)

// drawn draws a few convolutions, whose noise falls with the width.
func drawn(t *rapid.T) *Sensitivity {
	s := &Sensitivity{Network: "n", Bits: []int{2, 4, 6, 8}[:rapid.IntRange(2, 4).Draw(t, "widths")], Rest: rapid.Float64Range(0, 1).Draw(t, "rest")}
	for i := range rapid.IntRange(1, 5).Draw(t, "convolutions") {
		op := Op{Name: fmt.Sprint("op", i), Noise: make([]float64, len(s.Bits))}
		sum := 0.0
		for k := range s.Bits {
			sum += rapid.Float64Range(0, 1).Draw(t, "noise")
			op.Noise[len(s.Bits)-1-k] = sum
		}
		s.Ops = append(s.Ops, op)
	}
	return s
}

// tables draws for each convolution a price that does not fall with the width.
func tables(t *rapid.T, s *Sensitivity) map[string]map[int]float64 {
	prices := map[string]map[int]float64{}
	for _, op := range s.Ops {
		sum := 0.0
		prices[op.Name] = map[int]float64{}
		for _, b := range s.Bits {
			sum += float64(rapid.IntRange(0, 9).Draw(t, "price"))
			prices[op.Name][b] = sum
		}
	}
	return prices
}

// every calls do with all choices.
func every(s *search, do func(choice)) {
	c := s.uniform(0)
	var from func(i int)
	from = func(i int) {
		if i == len(c) {
			do(slices.Clone(c))
			return
		}
		for k := range s.Bits {
			c[i] = uint8(k)
			from(i + 1)
		}
	}
	from(0)
}

// least returns by brute force the least noise within a budget, +Inf where nothing is.
func least(t *rapid.T, s *search, budget float64) float64 {
	best := math.Inf(1)
	every(s, func(c choice) {
		price, err := s.of(c)
		if err != nil {
			t.Fatal(err)
		}
		if price <= budget {
			best = min(best, s.noise(c))
		}
	})
	return best
}

func noiseOf(s *search, p *Plan) float64 {
	sum := s.Rest
	for _, op := range s.Ops {
		sum += op.Noise[slices.Index(s.Bits, p.Bits[op.Name])]
	}
	return sum
}

// TestSums: where the price is a sum, the choice has the least noise of all within the
// budget, and a budget below everything is an error with the least price.
func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		of := tables(t, s)
		p := Price{"bytes", func(bits map[string]int) (float64, error) {
			sum := 0.0
			for name, b := range bits {
				sum += of[name][b]
			}
			return sum, nil
		}}
		all := &search{Sensitivity: s, price: p, known: map[string]float64{}}
		budget := float64(rapid.IntRange(0, 100).Draw(t, "budget"))
		want := least(t, all, budget)
		plan, err := s.Choose(p, budget)
		if math.IsInf(want, 1) {
			if narrow, _ := all.of(all.uniform(0)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("weights of 2 bits everywhere take %g", narrow)) {
				t.Errorf("nothing is within %g: error %v", budget, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := noiseOf(all, plan); math.Abs(got-want) > 1e-9 {
			t.Errorf("a noise of %g, the least within %g is %g", got, budget, want)
		}
		if price, _ := p.Of(plan.Bits); price != plan.Price || price > budget || plan.Budget != budget {
			t.Errorf("a price of %g, said to be %g, within %g, said to be %g", price, plan.Price, budget, plan.Budget)
		}
	})
}

// TestPipelines: where neighbours wait for each other, so that a pair costs its dearer
// part, the choice is within the budget by the real price, never noisier than a uniform
// width that is, and no convolution can be widened.
func TestPipelines(t *testing.T) {
	exact, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		of := tables(t, s)
		p := Price{"cycles", func(bits map[string]int) (float64, error) {
			sum := 0.0
			for pair := range slices.Chunk(s.Ops, 2) {
				dearer := 0.0
				for _, op := range pair {
					dearer = max(dearer, of[op.Name][bits[op.Name]])
				}
				sum += dearer
			}
			return sum, nil
		}}
		c := &search{Sensitivity: s, price: p, known: map[string]float64{}}
		budget := float64(rapid.IntRange(0, 60).Draw(t, "budget"))
		plan, err := s.Choose(p, budget)
		if narrow, _ := c.of(c.uniform(0)); narrow > budget {
			if err == nil {
				t.Errorf("a plan within %g, of which the cheapest is %g", budget, narrow)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if price, _ := p.Of(plan.Bits); price != plan.Price || price > budget {
			t.Errorf("a price of %g, said to be %g, within %g", price, plan.Price, budget)
		}
		got := noiseOf(c, plan)
		for _, b := range s.Bits {
			u, err := s.Uniform(p, b)
			if err != nil {
				t.Fatal(err)
			}
			if u.Price <= budget && noiseOf(c, u) < got {
				t.Errorf("%d bits everywhere have a noise of %g for %g, the choice has %g", b, noiseOf(c, u), u.Price, got)
			}
		}
		for i, op := range s.Ops {
			chosen := make(choice, len(s.Ops))
			for j := range chosen {
				chosen[j] = uint8(slices.Index(s.Bits, plan.Bits[s.Ops[j].Name]))
			}
			for k := range s.Bits {
				if price, _ := c.of(chosen.with(i, k)); price <= budget && op.Noise[k] < op.Noise[chosen[i]] {
					t.Errorf("%s of %d bits is within the budget and less noisy", op.Name, s.Bits[k])
				}
			}
		}
		all++
		if got <= least(t, c, budget)+1e-9 {
			exact++
		}
	})
	if exact < all*3/4 {
		t.Errorf("%d of %d choices have the least noise of all", exact, all)
	}
	t.Logf("%d of %d choices have the least noise of all", exact, all)
}

// TestThinned: a front of more points than are kept stays in order, with its ends, and
// loses no range of prices.
func TestThinned(t *testing.T) {
	var points []point
	for i := range 5 * maxFront {
		points = append(points, point{price: float64(i), noise: -float64(i), from: i})
	}
	got := thinned(slices.Clone(points))
	if len(got) > maxFront+2 || got[0] != points[0] || got[len(got)-1] != points[len(points)-1] {
		t.Errorf("%d points from %v to %v", len(got), got[0], got[len(got)-1])
	}
	for i := range got[1:] {
		if step := got[i+1].price - got[i].price; step <= 0 || step > 10 {
			t.Errorf("a step of %g behind point %d", step, i)
		}
	}
}

// TestPlan: the recipe has the widths, the Go that is printed is an expression with
// every name, and a price that fails or is no number is an error.
func TestPlan(t *testing.T) {
	p := &Plan{Unit: "cycles", Price: 90, Budget: 100, Bits: map[string]int{"a.conv": 4, "c": 8, "b": 4}, Predicted: 20}
	r := p.Recipe(calib.TrioViT)
	if want := []calib.Width{{Where: calib.Operations("a.conv", "b"), Weights: 4}}; r.WeightBits != 8 || fmt.Sprint(r.Widths) != fmt.Sprint(want) {
		t.Errorf("the widths are %d bits and %v, want 8 and %v", r.WeightBits, r.Widths, want)
	}
	if r.Name != "TrioViT for 100 cycles" || len(calib.TrioViT.Widths) != 0 {
		t.Errorf("the recipe is called %q", r.Name)
	}
	if _, err := parser.ParseExpr("func() {\n" + p.Go("calib.TrioViT") + "}"); err != nil {
		t.Errorf("%v in\n%s", err, p.Go("calib.TrioViT"))
	}
	for _, part := range []string{`"a.conv",`, `"b",`, "r.WeightBits = 8\n", "{Weights: 4, "} {
		if !strings.Contains(p.Go("calib.TrioViT"), part) {
			t.Errorf("%s is not in\n%s", part, p.Go("calib.TrioViT"))
		}
	}
	if want := "90 cycles of 100, predicted SQNR of the logits 20.0 dB\n  weights bits  convolutions\n             4             2\n             8             1\n"; p.String() != want {
		t.Errorf("the plan says %q, want %q", p, want)
	}
	if b, err := p.Table().CSV(); err != nil || string(b) != "weights bits,convolutions\n4,2\n8,1\n" {
		t.Errorf("the plan's table is %q (%v)", b, err)
	}
	s := &Sensitivity{Network: "n", Bits: []int{4, 8}, Ops: []Op{{Name: "a", Noise: []float64{1, 0}}}}
	for want, of := range map[string]func(map[string]int) (float64, error){
		"widths for n within 5 cycles: no engines": func(map[string]int) (float64, error) { return 0, errors.New("no engines") },
		"is NaN cycles": func(map[string]int) (float64, error) { return math.NaN(), nil },
	} {
		if _, err := s.Choose(Price{"cycles", of}, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := s.Uniform(Price{}, 5); err == nil || !strings.Contains(err.Error(), "measured are [4 8]") {
		t.Errorf("a width that was not measured has the error %v", err)
	}
}
