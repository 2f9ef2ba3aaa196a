// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/table"
)

// A Plan is a choice of widths, with its price and its predicted SQNR.
type Plan struct {
	// Unit is the unit of Price and Budget. Budget is 0 for a uniform width.
	Unit          string
	Price, Budget float64
	// Bits are the widths of the weights, by the convolution's name.
	Bits map[string]int
	// Predicted is the SQNR of the logits on the assumption that noises add up.
	Predicted diagnose.Decibels
}

// Choose returns the widths of least predicted noise whose price is within the budget, by
// the three steps in the package's comment. The error for a budget below the price of the
// narrowest widths names that price.
func (s *Sensitivity) Choose(p Price, budget float64) (*Plan, error) {
	c := &search{Sensitivity: s, price: p, known: map[string]float64{}}
	plan, err := c.run(budget)
	if err != nil {
		return nil, c.failed(budget, err)
	}
	return plan, nil
}

// failed adds to an error which widths were searched.
func (s *search) failed(budget float64, err error) error {
	return fmt.Errorf("widths for %s within %.6g %s: %w", s.Network, budget, s.price.Unit, err)
}

// Uniform returns the plan with one width everywhere, which must be one of Bits.
func (s *Sensitivity) Uniform(p Price, bits int) (*Plan, error) {
	k := slices.Index(s.Bits, bits)
	if k < 0 {
		return nil, fmt.Errorf("weights of %d bits: measured are %v", bits, s.Bits)
	}
	c := &search{Sensitivity: s, price: p, known: map[string]float64{}}
	all := c.uniform(k)
	price, err := c.of(all)
	if err != nil {
		return nil, err
	}
	return c.plan(all, price, 0), nil
}

// choice holds, for each convolution, the index into Bits of its width.
type choice []uint8

// search is the state of one call of Choose or Uniform.
type search struct {
	*Sensitivity
	price Price
	known map[string]float64 // the prices computed so far, by choice
}

// of returns the real price of a choice. It computes each price once.
func (s *search) of(c choice) (float64, error) {
	if price, ok := s.known[string(c)]; ok {
		return price, nil
	}
	price, err := s.price.Of(s.bits(c))
	if err == nil && (math.IsNaN(price) || math.IsInf(price, 0)) {
		err = fmt.Errorf("the price of widths is %g %s: a finite number is needed", price, s.price.Unit)
	}
	if err == nil {
		s.known[string(c)] = price
	}
	return price, err
}

// bits returns the widths by the operations' names.
func (s *search) bits(c choice) map[string]int {
	bits := make(map[string]int, len(c))
	for i, k := range c {
		bits[s.Ops[i].Name] = s.Bits[k]
	}
	return bits
}

// noise returns the predicted noise of a choice.
func (s *search) noise(c choice) float64 {
	sum := s.Rest
	for i, k := range c {
		sum += s.Ops[i].Noise[k]
	}
	return sum
}

func (s *search) plan(c choice, price, budget float64) *Plan {
	return &Plan{Unit: s.price.Unit, Price: price, Budget: budget, Bits: s.bits(c), Predicted: sqnr(s.noise(c))}
}

// uniform returns the choice of one width for all.
func (s *search) uniform(k int) choice {
	return choice(slices.Repeat([]uint8{uint8(k)}, len(s.Ops)))
}

// with returns the choice with convolution i at width index k.
func (c choice) with(i, k int) choice {
	c = slices.Clone(c)
	c[i] = uint8(k)
	return c
}

// reachable returns an error with the price of the narrowest widths where that is above
// the budget.
func (s *search) reachable(budget float64) error {
	least, err := s.of(s.uniform(0))
	if err == nil && least > budget {
		err = fmt.Errorf("weights of %d bits everywhere take %.6g", s.Bits[0], least)
	}
	return err
}

func (s *search) run(budget float64) (*Plan, error) {
	if err := s.reachable(budget); err != nil {
		return nil, err
	}
	best := s.uniform(0)
	// take keeps a choice that is within the budget and less noisy than the best so far.
	take := func(c choice) (within bool, err error) {
		price, err := s.of(c)
		if err != nil || price > budget {
			return false, err
		}
		if s.noise(c) < s.noise(best) {
			best = c
		}
		return true, nil
	}
	for k := range s.Bits {
		if _, err := take(s.uniform(k)); err != nil {
			return nil, err
		}
	}
	prices, err := s.prices()
	if err != nil {
		return nil, err
	}
	front := s.front(prices)
	for low, high := 0, len(front); low < high; {
		middle := (low + high) / 2
		within, err := take(front[middle])
		if err != nil {
			return nil, err
		}
		if within {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if best, err = s.widen(best, budget); err != nil {
		return nil, err
	}
	price, err := s.of(best)
	if err != nil {
		return nil, err
	}
	return s.plan(best, price, budget), nil
}

// prices returns the price of each width of each convolution, less that of the narrowest:
// the mean of two prices, one with all other convolutions at the narrowest width and one
// with all others at the widest.
func (s *search) prices() ([][]float64, error) {
	prices := make([][]float64, len(s.Ops))
	for i := range prices {
		prices[i] = make([]float64, len(s.Bits))
		for _, others := range []int{0, len(s.Bits) - 1} {
			base := s.uniform(others)
			narrow, err := s.of(base.with(i, 0))
			if err != nil {
				return nil, err
			}
			for k := range s.Bits {
				wide, err := s.of(base.with(i, k))
				if err != nil {
					return nil, err
				}
				prices[i][k] += (wide - narrow) / 2
			}
		}
	}
	return prices, nil
}

// maxFront bounds the points of a front. A smaller front is exact. A larger one is thinned
// to one point for each of maxFront equal ranges of prices.
const maxFront = 1 << 14

// A point of a front is a choice for the first convolutions: the choice of a previous
// point, and a width for one more convolution.
type point struct {
	price, noise float64
	from         int
	width        uint8
}

// front returns the choices that no other beats in both price and noise, the cheapest and
// noisiest first.
func (s *search) front(prices [][]float64) []choice {
	layers := [][]point{{{}}}
	for i := range s.Ops {
		var next []point
		for from, p := range layers[i] {
			for k := range s.Bits {
				next = append(next, point{p.price + prices[i][k], p.noise + s.Ops[i].Noise[k], from, uint8(k)})
			}
		}
		layers = append(layers, thinned(undominated(next)))
	}
	var front []choice
	for at := range layers[len(s.Ops)] {
		c := make(choice, len(s.Ops))
		for i := len(c); i > 0; i-- {
			p := layers[i][at]
			c[i-1], at = p.width, p.from
		}
		front = append(front, c)
	}
	return front
}

// undominated returns, sorted by price, the points for which no other point has at most
// the price and at most the noise.
func undominated(points []point) []point {
	slices.SortFunc(points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.price, b.price), cmp.Compare(a.noise, b.noise))
	})
	best := points[:0]
	for _, p := range points {
		if len(best) == 0 || p.noise < best[len(best)-1].noise {
			best = append(best, p)
		}
	}
	return slices.Clip(best)
}

// thinned keeps the first of too many points, and the last in each of maxFront equal
// ranges of prices.
func thinned(points []point) []point {
	if len(points) <= maxFront {
		return points
	}
	low, high := points[0].price, points[len(points)-1].price
	cell := func(p point) int { return int((p.price - low) / (high - low) * maxFront) }
	kept := points[:1]
	for i, p := range points[1:] {
		if i+2 == len(points) || cell(points[i+2]) != cell(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// widen gives convolutions wider weights, the largest gain first, until no single one can
// be widened within the budget.
func (s *search) widen(c choice, budget float64) (choice, error) {
	type move struct {
		op, width int
		gain      float64
	}
	for {
		var moves []move
		for i, at := range c {
			for k := range s.Bits {
				if gain := s.Ops[i].Noise[at] - s.Ops[i].Noise[k]; gain > 0 {
					moves = append(moves, move{i, k, gain})
				}
			}
		}
		slices.SortStableFunc(moves, func(a, b move) int { return cmp.Compare(b.gain, a.gain) })
		changed := false
		for _, m := range moves {
			if s.Ops[m.op].Noise[c[m.op]] <= s.Ops[m.op].Noise[m.width] {
				continue // an earlier move gave it a better width
			}
			next := c.with(m.op, m.width)
			price, err := s.of(next)
			if err != nil {
				return nil, err
			}
			if price <= budget {
				c, changed = next, true
			}
		}
		if !changed {
			return c, nil
		}
	}
}

// widths returns the plan's widest width, and a selection for each of the others, with its
// operations in alphabetical order.
func (p *Plan) widths() (widest int, others []calib.Width) {
	operations := map[int][]string{}
	for _, name := range slices.Sorted(maps.Keys(p.Bits)) {
		operations[p.Bits[name]] = append(operations[p.Bits[name]], name)
	}
	for _, bits := range slices.Sorted(maps.Keys(operations)) {
		others = append(others, calib.Width{Where: calib.Operations(operations[bits]...), Weights: bits})
	}
	last := len(others) - 1
	return others[last].Weights, others[:last]
}

// Recipe returns the base recipe with the plan's widths, under a name with the budget: the
// widest width for all weights, and narrower ones by selection.
func (p *Plan) Recipe(base calib.Recipe) calib.Recipe {
	return base.With(p.name(base.Name), func(r *calib.Recipe) { r.WeightBits, r.Widths = p.widths() })
}

func (p *Plan) name(base string) string {
	return fmt.Sprintf("%s for %.6g %s", base, p.Budget, p.Unit)
}

// Go returns the recipe as a statement in Go. base is a Go expression for the recipe
// without these widths, such as "calib.TrioViTPlusInteger".
func (p *Plan) Go(base string) string {
	var s strings.Builder
	widest, others := p.widths()
	fmt.Fprintf(&s, "recipe := %s.With(%q, func(r *calib.Recipe) {\n\tr.WeightBits = %d\n\tr.Widths = []calib.Width{\n", base, p.name("mixed"), widest)
	for _, w := range others {
		fmt.Fprintf(&s, "\t\t{Weights: %d, Where: calib.Operations(\n", w.Weights)
		for _, name := range w.Where.Operations {
			fmt.Fprintf(&s, "\t\t\t%q,\n", name)
		}
		s.WriteString("\t\t)},\n")
	}
	s.WriteString("\t}\n})\n")
	return s.String()
}

// Table has a row for each width, below the price and the predicted SQNR.
func (p *Plan) Table() table.Table {
	budget := ""
	if p.Budget != 0 {
		budget = fmt.Sprintf(" of %.6g", p.Budget)
	}
	t := table.Table{Title: fmt.Sprintf("%.6g %s%s, predicted SQNR of the logits %s dB", p.Price, p.Unit, budget, p.Predicted),
		Columns: []table.Column{{Name: "weights", Unit: "bits"}, {Name: "convolutions"}}}
	count := map[int]int{}
	for _, bits := range p.Bits {
		count[bits]++
	}
	for _, bits := range slices.Sorted(maps.Keys(count)) {
		t.Rows = append(t.Rows, []any{bits, count[bits]})
	}
	return t
}

// String is the text of [Plan.Table], which ends with a line break.
func (p *Plan) String() string { return p.Table().String() }
