// SPDX-License-Identifier: Apache-2.0

package table

import (
	"fmt"
	"strings"
)

// A Cell is a value with its own text for people.
type Cell struct {
	Value any
	Text  string
}

// String is the text.
func (c Cell) String() string { return c.Text }

// A Writer makes a page from top to bottom: Write appends text, and [Writer.Table] puts a
// table below it. It is an [io.Writer] that does not fail.
type Writer struct {
	text strings.Builder
	page Page
}

// Write appends a text.
func (w *Writer) Write(text []byte) (int, error) { return w.text.Write(text) }

// WriteString appends a text.
func (w *Writer) WriteString(text string) (int, error) { return w.text.WriteString(text) }

// WriteByte appends a byte of a text.
func (w *Writer) WriteByte(b byte) error { return w.text.WriteByte(b) }

// New returns a table without rows. Tabs separate the heads of its columns.
//
//	t := table.New("divisor\tquotient")
//	t.Row("%d\t%.3f", divisor, quotient)
//	charts.Display(t)
func New(head string) *Table { return &Table{Columns: Columns(cells(head)...)} }

// Row appends a row. Tabs separate the cells in its format. A cell with one verb and a number
// has the number as its value, so that JSON has it where the text has its digits. Missing
// and surplus arguments show as those of [fmt.Sprintf] do, surplus ones in the last cell.
func (t *Table) Row(format string, args ...any) {
	var row []any
	pieces := cells(format)
	for i, piece := range pieces {
		verbs := min(strings.Count(piece, "%")-2*strings.Count(piece, "%%"), len(args))
		if i == len(pieces)-1 {
			verbs = len(args)
		}
		text := fmt.Sprintf(piece, args[:verbs]...)
		if verbs == 1 && isNumber(args[0]) {
			row = append(row, Cell{args[0], text})
		} else {
			row = append(row, text)
		}
		args = args[verbs:]
	}
	t.Rows = append(t.Rows, row)
}

// Table appends a table, whose text is aligned to the right. The head is that of [New], and
// each row that of [Table.Row].
func (w *Writer) Table(head string, fill func(row func(format string, args ...any))) {
	w.table(head, false, fill)
}

// Words is [Writer.Table] with the text aligned to the left.
func (w *Writer) Words(head string, fill func(row func(format string, args ...any))) {
	w.table(head, true, fill)
}

func (w *Writer) table(head string, left bool, fill func(row func(format string, args ...any))) {
	t := New(head)
	t.Title, t.LeftText = w.text.String(), left
	w.text.Reset()
	fill(t.Row)
	w.page = append(w.page, *t)
}

// cells splits at tabs, of which one may stand at the end.
func cells(line string) []string { return strings.Split(strings.TrimSuffix(line, "\t"), "\t") }

// Append appends a finished table.
func (w *Writer) Append(t Table) {
	t.Title = w.text.String() + t.Title
	w.text.Reset()
	w.page = append(w.page, t)
}

// Page returns what was written. The text below the last table is its notes.
func (w *Writer) Page() Page {
	page, rest := w.page, w.text.String()
	switch {
	case rest == "":
	case len(page) == 0:
		page = Page{{Title: rest}}
	default:
		page[len(page)-1].Notes = append(page[len(page)-1].Notes, strings.Split(strings.TrimSuffix(rest, "\n"), "\n")...)
	}
	w.text.Reset()
	return page
}

// One returns the page's one table; a page of several is an error of the program.
func (w *Writer) One() Table {
	page := w.Page()
	if len(page) != 1 {
		panic(fmt.Sprintf("table: %d tables where one was meant", len(page)))
	}
	return page[0]
}
