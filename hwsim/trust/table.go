// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/table"
)

// heading is the title of a table of a workload on a configuration.
func heading(what, workload string, c arch.Config) string {
	return fmt.Sprintf("%s, %s\non %s", what, workload, c)
}

// Table has a row for each cause, with its cycles and the cycles up to it.
func (b *Bridge) Table() table.Table {
	t := table.Table{Title: heading("from the closed form to the event-driven model", b.Workload, b.Config), Columns: []table.Column{
		{Name: "cause"}, {Name: "difference", Unit: "cycles", Format: "%+.0f"}, {Name: "up to here", Unit: "cycles", Format: "%.0f"}}}
	at := b.ClosedForm
	t.Rows = append(t.Rows, []any{"closed form", nil, at})
	for _, term := range b.Terms {
		at += term.Cycles
		t.Rows = append(t.Rows, []any{term.Cause, term.Cycles, at})
	}
	t.Rows = append(t.Rows, []any{"event-driven", nil, float64(b.EventDriven)})
	return t
}

// String is the text of the table, which ends with a line break.
func (b *Bridge) String() string { return b.Table().String() }

// Table has a row for each assumed number, with the cycles at half and at double its value.
// Notes give the reasons where the model refuses a value, and the assumptions that are not
// tried.
func (s *Sensitivity) Table() table.Table {
	t := table.Table{Title: heading("assumptions at half and at double", s.Workload, s.Config) + fmt.Sprintf("\n%d cycles as assumed", s.Cycles), Columns: []table.Column{
		{Name: "assumption"}, {Name: "value"}, {Name: "half"}, {Name: "by half", Unit: "cycles", Format: "%+.0f"}, {Name: "double"}, {Name: "by double", Unit: "cycles", Format: "%+.0f"}}}
	for _, a := range s.Swings {
		t.Rows = append(t.Rows, []any{a.Field, a.Value, a.Half.Value, a.Half.Cycles - float64(s.Cycles), a.Double.Value, a.Double.Cycles - float64(s.Cycles)})
		for _, trial := range []Trial{a.Half, a.Double} {
			if trial.Refusal != "" {
				t.Notes = append(t.Notes, fmt.Sprintf("%s = %s is refused: %s", a.Field, trial.Value, trial.Refusal))
			}
		}
	}
	for _, a := range append(s.Zeros[:len(s.Zeros):len(s.Zeros)], s.Words...) {
		t.Notes = append(t.Notes, fmt.Sprintf("not tried: %s = %s", a.Field, a.Value))
	}
	return t
}

// String is the text of the table, which ends with a line break.
func (s *Sensitivity) String() string { return s.Table().String() }

// Table has a row for each memory: the cycles of one picture where all layers have the same
// share, and where each layer has its best.
func (s *Shares) Table() table.Table {
	t := table.Table{Title: heading("cycles of a picture by what the copies share", s.Workload, s.Config), Columns: []table.Column{{Name: "memory"}}}
	number := func(name string) {
		t.Columns = append(t.Columns, table.Column{Name: name, Unit: "cycles", Format: "%.0f"})
	}
	for _, share := range arch.Shares() {
		number(string(share))
	}
	number("best of pixels and channels")
	number("best of all")
	for _, share := range arch.Shares() {
		t.Columns = append(t.Columns, table.Column{Name: "layers best by " + string(share)})
	}
	for _, v := range s.Variants {
		row := []any{v.Name}
		for _, share := range arch.Shares() {
			row = append(row, v.Cycles[share])
		}
		row = append(row, v.OnePicture, v.Best)
		for _, share := range arch.Shares() {
			row = append(row, v.Layers[share])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// String is the text of the table, which ends with a line break.
func (s *Shares) String() string { return s.Table().String() }

// Table has the cycles by both models and by the registers.
func (s *Steps) Table() table.Table {
	return table.Table{Title: heading("one count by three models", s.Workload, s.Config),
		Columns: []table.Column{{Name: "closed form", Unit: "cycles"}, {Name: "event-driven", Unit: "cycles"}, {Name: "registers", Unit: "cycles"}, {Name: "reference's integers"}},
		Rows:    [][]any{{s.ClosedForm, s.EventDriven, len(s.Cycles), s.Equal}}}
}

// String is the text of the table, which ends with a line break.
func (s *Steps) String() string { return s.Table().String() }

// Table has a row for each kind of unit.
func (d Demands) Table() table.Table {
	t := table.Table{Columns: []table.Column{{Name: "unit"}, {Name: "product", Unit: "bits"}, {Name: "demand", Unit: "a cycle", Format: "%.1f"},
		{Name: "in a copy"}, {Name: "fewest without a wait"}, {Name: "in all copies", Unit: "DSPs"}}}
	for _, u := range d {
		t.Rows = append(t.Rows, []any{u.Field, fmt.Sprintf("%d×%d", u.A, u.B), u.PerCycle, u.Units, u.Fewest, u.Slices})
	}
	return t
}

// String is the text of the table, which ends with a line break.
func (d Demands) String() string { return d.Table().String() }
