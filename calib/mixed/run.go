// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// A Result compares the chosen widths with uniform ones.
type Result struct {
	Sensitivity *Sensitivity
	Chosen      Scored
	// Uniform has a line for each measured width, in rising order.
	Uniform []Scored
	// Recipe is the recipe with the chosen widths, and Quantized the model quantized by
	// it.
	Recipe    calib.Recipe     `json:"-"`
	Quantized *calib.Quantized `json:"-"`
}

// Scored is a plan whose network was scored.
type Scored struct {
	Name string
	Plan
	// Measured is the SQNR of the logits of the network with these widths.
	Measured diagnose.Decibels
}

// A Budget is an upper bound of the price.
type Budget struct {
	Amount float64
	// Share marks the amount as a share of the price of the widest weights.
	Share bool
}

// in returns the budget in the unit of a price. A budget below the price of the narrowest
// widths is an error with that price. Nothing need have been measured.
func (b Budget) in(p Price, s *Sensitivity) (float64, error) {
	c := &search{Sensitivity: s, price: p, known: map[string]float64{}}
	amount := b.Amount
	if b.Share {
		widest, err := c.of(c.uniform(len(s.Bits) - 1))
		if err != nil {
			return 0, fmt.Errorf("the price of %d bits everywhere for %s: %w", slices.Max(s.Bits), s.Network, err)
		}
		amount *= widest
	}
	if err := c.reachable(amount); err != nil {
		return 0, c.failed(amount, err)
	}
	return amount, nil
}

// Run measures the accuracy cost of widths, chooses the widths of least noise within a
// budget, and scores them and the uniform widths. Everything but the search is cached. A
// budget that no widths keep to is an error before anything is measured.
func Run(ctx context.Context, model *triovit.Folded, pictures dataset.Dataset, recipe calib.Recipe, p Price, budget Budget, o Options) (*Result, error) {
	s, err := begin(model.Net, recipe, o)
	if err != nil {
		return nil, err
	}
	amount, err := budget.in(p, s)
	if err != nil {
		return nil, err
	}
	if s, err = Measure(ctx, model, pictures, recipe, o); err != nil {
		return nil, err
	}
	plan, err := s.Choose(p, amount)
	if err != nil {
		return nil, err
	}
	r := &Result{Sensitivity: s, Recipe: plan.Recipe(recipe)}
	scored := func(name string, plan *Plan, of calib.Recipe) (Scored, *calib.Quantized, error) {
		q, err := calib.Calibrate(ctx, model, pictures, of)
		if err != nil {
			return Scored{}, nil, err
		}
		measured, err := diagnose.Logits(ctx, q, pictures, o.Pictures)
		return Scored{name, *plan, measured}, q, err
	}
	for _, bits := range s.Bits {
		plan, err := s.Uniform(p, bits)
		if err != nil {
			return nil, err
		}
		line, _, err := scored(fmt.Sprintf("%d bits", bits), plan, uniform(recipe, bits))
		if err != nil {
			return nil, err
		}
		r.Uniform = append(r.Uniform, line)
	}
	r.Chosen, r.Quantized, err = scored("chosen", plan, r.Recipe)
	return r, err
}

// Shown is how many of the most sensitive convolutions [Sensitivity.String] lists.
const Shown = 10

// Table lists the convolutions with the noisiest narrowest weights, with the SQNR of the
// logits at each width.
func (s *Sensitivity) Table() table.Table {
	var text table.Writer
	fmt.Fprintf(&text, "%s by %s on %d pictures of %s; the logits' SQNR where one convolution's weights alone are rounded, in dB\n", s.Network, s.Recipe, s.Sampled, s.Dataset)
	head := "convolution\trole\tweights"
	for _, b := range s.Bits {
		head += fmt.Sprintf("\t%d bits", b)
	}
	text.Words(head, func(row func(string, ...any)) {
		ranked := s.Ranked()
		for _, op := range ranked[:min(Shown, len(ranked))] {
			format, args := "%s\t%s\t%d", []any{op.Name, op.Role, op.Weights}
			for _, n := range op.Noise {
				format, args = format+"\t%s", append(args, sqnr(n))
			}
			row(format, args...)
		}
	})
	return text.One()
}

// String is the text of [Sensitivity.Table], which ends with a line break.
func (s *Sensitivity) String() string { return s.Table().String() }

// Ranked returns the convolutions, sorted by the noise of the narrowest weights, the
// noisiest first.
func (s *Sensitivity) Ranked() []Op {
	ops := slices.Clone(s.Ops)
	slices.SortStableFunc(ops, func(a, b Op) int { return cmp.Compare(b.Noise[0], a.Noise[0]) })
	return ops
}

// WriteCSV writes a line for each convolution, with its noise at each width as a share of
// the energy of the exact logits, below a line of titles.
func (s *Sensitivity) WriteCSV(w io.Writer) error {
	titles := []string{"convolution", "role", "weights"}
	for _, b := range s.Bits {
		titles = append(titles, fmt.Sprintf("noise at %d bits", b))
	}
	rows := [][]string{titles}
	for _, op := range s.Ops {
		row := []string{op.Name, op.Role, strconv.Itoa(op.Weights)}
		for _, n := range op.Noise {
			row = append(row, strconv.FormatFloat(n, 'g', -1, 64))
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// Tables returns the table of sensitivities, the chosen widths beside uniform ones, and how
// many convolutions have each of the chosen widths.
func (r *Result) Tables() table.Page {
	var s table.Writer
	s.Append(r.Sensitivity.Table())
	s.WriteString("\n")
	s.Words("weights\t"+r.Chosen.Unit+"\tpredicted dB\tmeasured dB", func(row func(string, ...any)) {
		for _, line := range append(slices.Clone(r.Uniform), r.Chosen) {
			row("%s\t%.6g\t%s\t%s", line.Name, line.Price, line.Predicted, line.Measured)
		}
	})
	s.WriteString("\nchosen: ")
	s.Append(r.Chosen.Table())
	return s.Page()
}

// String is the text of [Result.Tables], which ends with a line break.
func (r *Result) String() string { return r.Tables().String() }
