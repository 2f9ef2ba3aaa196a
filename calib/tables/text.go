// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
)

// marks explains the paper's marks.
const marks = "V read in a source that quotes it, I inferred, U not at hand"

// Table returns the table as text, with the paper's numbers to the right of a bar. Below
// it stand the facts for a fair comparison: recipes without a score, widths, and notes.
func (t *Table) Table() table.Table {
	var s table.Writer
	fmt.Fprintf(&s, "Table %s: %s\n%s (%s), %s of %s\n", t.Number, t.About, t.Network, t.Source, t.Metric, t.Setting)
	fmt.Fprintf(&s, "right of the bar, printed and not computed here: %s; %s\n", t.Printed, marks)
	cells := func(name string, own []string, beside []string) string {
		return strings.Join(slices.Concat([]string{name}, own, []string{"|"}, beside), "\t")
	}
	s.Table(cells("", heads(t.Metric, t.Draws), t.Columns), func(row func(string, ...any)) {
		line := func(name string, own, beside []string) { row(strings.ReplaceAll(cells(name, own, beside), "%", "%%")) }
		for i := range t.Rows {
			r := &t.Rows[i]
			line(r.Name, t.cells(r), texts(r.Beside))
		}
		for i := range t.Contrasts {
			c := &t.Contrasts[i]
			line(c.Name, t.differences(c), texts(c.Beside))
		}
	})
	if slices.ContainsFunc(t.Rows, func(r Row) bool { return timing(r.Scores).Cached }) {
		s.WriteString(observedEarlier)
	}
	for i := range t.Contrasts {
		fmt.Fprintf(&s, "%s: %s minus %s\n", t.Contrasts[i].Name, t.Contrasts[i].Second, t.Contrasts[i].First)
	}
	for _, r := range t.Unpaired {
		fmt.Fprintf(&s, "printed, of a row that is not known: %s: %s\n", r.Name, strings.Join(texts(r.Cells), ", "))
	}
	for i := range t.Rows {
		for draw, score := range t.Rows[i].Scores {
			if score.Unscored != "" {
				fmt.Fprintf(&s, "no score, %s: %s\n", t.name(&t.Rows[i], draw), score.Unscored)
			}
		}
	}
	s.WriteString(t.widths())
	if t.Missing != "" {
		fmt.Fprintf(&s, "not at hand: %s\n", t.Missing)
	}
	for _, n := range slices.Concat(t.Notes, t.Remarks) {
		fmt.Fprintf(&s, "note: %s\n", n)
	}
	return s.One()
}

// String is the text of [Table.Table], which ends with a line break.
func (t *Table) String() string { return t.Table().String() }

// String names the evaluation pictures and the calibration pictures.
func (s Setting) String() string {
	text := fmt.Sprintf("%d pictures of %s, calibrated on ", s.EvaluationImages, s.Evaluation)
	switch {
	case s.Draws > 1:
		return text + fmt.Sprintf("%d draws of %d from %d of %s, seeds from %d", s.Draws, s.Pictures, s.CalibrationImages, s.Calibration, s.Seed)
	case s.Pictures < s.CalibrationImages:
		return text + fmt.Sprintf("%d drawn from %d of %s, seed %d", s.Pictures, s.CalibrationImages, s.Calibration, s.Seed)
	}
	return text + fmt.Sprintf("%d of %s", s.CalibrationImages, s.Calibration)
}

// name returns a row's name, with the draw where there are several.
func (t *Table) name(r *Row, draw int) string {
	if len(r.Scores) < 2 {
		return r.Name
	}
	return fmt.Sprintf("%s, %s", r.Name, t.drawn(draw))
}

// drawn names the calibration pictures of a draw: those of a seed, or all.
func (s Setting) drawn(draw int) string {
	if s.Pictures == s.CalibrationImages {
		return "all"
	}
	return fmt.Sprintf("seed %d", s.Seed+uint64(draw))
}

// heads returns the titles of the computed columns, for one draw or for several.
func heads(metric string, draws int) []string {
	if draws > 1 {
		return []string{"mean " + metric + " %", "deviation", "minus float", "deviation", "draws scored", "calibration"}
	}
	return []string{metric + " %", "95 % interval", "minus float", "95 % interval", "calibration"}
}

// cells returns a row's cells, one for each of the heads.
func (t *Table) cells(r *Row) []string {
	own := r.Scores[0].Score
	switch {
	case r.float():
		cells := make([]string, len(heads(t.Metric, t.Draws)))
		cells[0] = percent("%.2f", own.Value)
		if t.Draws == 1 {
			cells[1] = interval("%.2f", own)
		}
		return cells
	case t.Draws > 1:
		return spreadCells(r.Scores)
	case r.Scores[0].Unscored != "":
		return []string{noScore, "", "", "", timed(r.Scores)}
	}
	d := r.Scores[0].AgainstFloat.Difference
	return []string{percent("%.2f", own.Value), interval("%.2f", own), percent("%+.2f", d.Value), interval("%+.2f", d), timed(r.Scores)}
}

// spreadCells returns the cells for several draws.
func spreadCells(scores []Score) []string {
	cells := []string{noScore, "", "", ""}
	of, against := scoresOf(scores), againstOf(scores)
	if of.Draws > 0 {
		cells = []string{percent("%.2f", of.Mean), percent("%.2f", of.Deviation), percent("%+.2f", against.Mean), percent("%.2f", against.Deviation)}
	}
	return append(cells, fmt.Sprintf("%d of %d", of.Draws, len(scores)), timed(scores))
}

// differences returns a contrast's cells: the mean and the deviation over draws, or for
// one draw the difference and its interval.
func (t *Table) differences(c *Contrast) []string {
	cells := make([]string, len(heads(t.Metric, t.Draws)))
	switch of := c.Spread(); {
	case of.Draws == 0:
	case t.Draws > 1:
		cells[0], cells[1] = percent("%+.2f", of.Mean), percent("%.2f", of.Deviation)
	default:
		d := c.Differences[0].Difference
		cells[0], cells[1] = percent("%+.2f", d.Value), interval("%+.2f", d)
	}
	return cells
}

const noScore = "no score"

// earlier marks a time of which an earlier run spent a part.
const (
	earlier         = " *"
	observedEarlier = "* the pictures were observed by an earlier run, whose time it is\n"
)

// timed formats the mean time of the calibrations.
func timed(scores []Score) string {
	mean := timing(scores)
	cached := mean.Cached
	mean.Cached = false
	if cached {
		return mean.String() + earlier
	}
	return mean.String()
}

// interval formats the bounds of an estimate in percent.
func interval(format string, e triovit.Estimate) string {
	return percent(format, e.Lo) + " to " + percent(format, e.Hi)
}

// percent formats a fraction in percent, or a dash for NaN.
func percent(format string, x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf(format, 100*x)
}

func texts(cells []paper.Cell) []string {
	all := make([]string, len(cells))
	for i, c := range cells {
		all[i] = c.Percent()
	}
	return all
}

// widths lists the tensors and weights at other widths than their recipe's, with their
// rows.
func (t *Table) widths() string {
	var order, names []string
	rows := map[string][]string{}
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.float() {
			continue
		}
		names = append(names, r.Name)
		for _, p := range r.Others {
			if rows[p.String()] == nil {
				order = append(order, p.String())
			}
			rows[p.String()] = append(rows[p.String()], r.Name)
		}
	}
	var s strings.Builder
	s.WriteString("at other widths than the recipe's own:\n")
	for _, kept := range order {
		in := fmt.Sprintf("%q", rows[kept])
		without := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(rows[kept], n) })
		switch {
		case len(without) == 0:
			in = "every row"
		case len(without) < len(rows[kept]):
			in = fmt.Sprintf("every row but %q", without)
		}
		fmt.Fprintf(&s, "  %s\n    in %s\n", kept, in)
	}
	return s.String()
}
