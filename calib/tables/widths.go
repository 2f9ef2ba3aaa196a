// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"context"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Widths are the scores of several ways of rounding, each at several widths, all on the
// same pictures.
type Widths struct {
	// Names are the ways of rounding, and Bits the widths, in the order of the call.
	Names []string
	Bits  []int
	// Climb has a rung for each width of the first name, then of the second, and so on.
	Climb *calib.Climb
}

// Alone rounds one kind of operand at a time, at each of the widths, and leaves everything
// else in float. So it shows which operand loses the accuracy; the paper's Tables I and II
// do so at 8 bits. The kinds are the weights of all convolutions; the inputs of PW1, of DW
// and of PW2, each with its convolutions' weights in 8 bits; the divisors on a uniform
// grid for each MSA; and the same grid without its code 0 ([calib.DivisorFloor]), since a
// division by 0 has no score.
func Alone(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, bits ...int) (*Widths, error) {
	inputs := func(role efficientvit.Role) calib.Recipe {
		return calib.Recipe{Name: role.String(), About: "inputs of " + role.String(), Points: []calib.PointSelection{calib.MBConvInputs}, Only: calib.Roles(role)}
	}
	ways := []way{
		{"weights", func(bits int) calib.Recipe {
			r := calib.VanillaAll.Bits(bits, 8)
			r.About, r.Activations = "weights of all convolutions", calib.InFloat{}
			return r
		}},
		activations(inputs(efficientvit.PW1)), activations(inputs(efficientvit.DW)), activations(inputs(efficientvit.PW2)),
		{"divisors", func(bits int) calib.Recipe {
			return calib.Recipe{About: "divisors, uniform, one grid per MSA", Divisors: calib.MinMax{Bits: bits}, LayerDivisors: true}
		}},
		{"divisors without 0", func(bits int) calib.Recipe {
			return calib.Recipe{About: "divisors, uniform from the first step on, one grid per MSA", Divisors: calib.DivisorFloor{Bits: bits}, LayerDivisors: true}
		}},
	}
	return widths(ctx, model, calibration, evaluation, bits, ways)
}

// Curves scores recipes at each of the widths of activations, with weights of 8 bits.
func Curves(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, bits []int, recipes ...calib.Recipe) (*Widths, error) {
	var ways []way
	for _, r := range recipes {
		ways = append(ways, activations(r))
	}
	return widths(ctx, model, calibration, evaluation, bits, ways)
}

// A way is a way of rounding: a recipe for each width.
type way struct {
	name   string
	recipe func(bits int) calib.Recipe
}

// activations returns the way that gives a recipe each width of activations.
func activations(r calib.Recipe) way {
	return way{r.Name, func(bits int) calib.Recipe { return r.Bits(8, bits) }}
}

func widths(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, bits []int, ways []way) (*Widths, error) {
	if len(bits) == 0 || len(ways) == 0 {
		return nil, fmt.Errorf("%d recipes at %d widths: one of each is needed", len(ways), len(bits))
	}
	w := &Widths{Bits: slices.Clone(bits)}
	var recipes []calib.Recipe
	for _, way := range ways {
		w.Names = append(w.Names, way.name)
		for _, b := range bits {
			r := way.recipe(b)
			r.Name = fmt.Sprintf("%s at %d bits", way.name, b)
			recipes = append(recipes, r)
		}
	}
	var err error
	w.Climb, err = calib.RunLadder(ctx, model, calibration, evaluation, recipes)
	return w, err
}

// At returns the rung of a name at a width, nil where there is none.
func (w *Widths) At(name string, bits int) *calib.Rung {
	i, j := slices.Index(w.Names, name), slices.Index(w.Bits, bits)
	if i < 0 || j < 0 {
		return nil
	}
	return &w.Climb.Rungs[i*len(w.Bits)+j]
}

// Table has a row for each name and a column for each width. A cell is the points lost to
// float, and ± half of the width of the paired 95 % interval.
func (w *Widths) Table() table.Table {
	score, metric := w.Climb.Float.Score()
	t := table.Table{Title: fmt.Sprintf("points of %s minus float (%s), on %d pictures of %s", metric, score, w.Climb.Float.Images, w.Climb.Evaluation),
		Columns: table.Columns("rounded")}
	for _, b := range w.Bits {
		t.Columns = append(t.Columns, table.Column{Name: fmt.Sprintf("%d bits", b), Unit: "points"})
	}
	for _, name := range w.Names {
		row := []any{name}
		for _, b := range w.Bits {
			row = append(row, change(w.At(name, b)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// String is the text of the table, which ends with a line break.
func (w *Widths) String() string { return w.Table().String() }

// change is a rung's difference to float as a cell of a table.
func change(r *calib.Rung) table.Cell {
	if r.AgainstFloat == nil {
		return table.Cell{Text: noScore}
	}
	d := r.AgainstFloat.Difference
	return table.Cell{Value: 100 * d.Value, Text: fmt.Sprintf("%+.2f ± %.2f", 100*d.Value, 50*(d.Hi-d.Lo))}
}
