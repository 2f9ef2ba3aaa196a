// SPDX-License-Identifier: Apache-2.0

// Package table is the form of every result's numbers in this module: a title, columns
// with units, rows of typed cells, and notes. A table is plain data. It is written as text
// for a shell, HTML for a notebook, and CSV or JSON for other programs.
//
//	fmt.Print(t)              // aligned text that ends with a line break
//	charts.Show(t, nil)       // HTML, as the output of a notebook's cell
package table

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A Table holds numbers with the titles, units and notes that a reader needs.
type Table struct {
	// Title stands above, in one line or several.
	Title   string
	Columns []Column
	// Rows have a cell for each column: a string, a number, a bool, a [fmt.Stringer], or
	// nil for none. The trailing cells of a row may be left out. A number that is not
	// finite is unknown.
	Rows [][]any
	// Notes stand below, one line each.
	Notes []string
	// LeftText aligns the columns of the text to the left, for tables of words. Columns
	// of HTML are aligned one by one in any case.
	LeftText bool
}

// A Column is the head of the cells below it.
type Column struct {
	// Name names the cells' quantity and Unit its unit, empty for a count or a text.
	Name, Unit string
	// Format is the verb of [fmt] for the column's numbers in text and HTML; empty means
	// their shortest form. CSV and JSON have all digits.
	Format string
	// Align is the column's alignment in HTML.
	Align Align
}

// An Align is the side on which the cells of a column are flush.
type Align uint8

const (
	// Auto is right where a cell is a number, else left.
	Auto Align = iota
	Left
	Right
)

// Columns returns columns of these names, without units.
func Columns(names ...string) []Column {
	all := make([]Column, len(names))
	for i, name := range names {
		all[i].Name = name
	}
	return all
}

// head returns the name with the unit behind it.
func (c Column) head() string { return strings.TrimSpace(c.Name + " " + c.Unit) }

// number returns the value of a cell that is a float.
func number(cell any) (v float64, bits int, ok bool) {
	switch x := cell.(type) {
	case float32:
		return float64(x), 32, true
	case float64:
		return x, 64, true
	}
	return 0, 0, false
}

// isNumber says whether a cell is an integer or a float.
func isNumber(cell any) bool {
	switch cell := cell.(type) {
	case Cell:
		return isNumber(cell.Value)
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		_, named := cell.(fmt.Stringer)
		return !named
	}
	return false
}

// finite says whether v is a number.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// text is a cell for people.
func (c Column) text(cell any) string {
	if v, _, ok := number(cell); ok && !finite(v) {
		return "-" // there is no such number
	}
	if own, ok := cell.(Cell); ok {
		return own.Text
	}
	if c.Format != "" && isNumber(cell) {
		return fmt.Sprintf(c.Format, cell)
	}
	return exact(cell)
}

// exact is a cell for programs: a float reads back to the bit.
func exact(cell any) string {
	if v, bits, ok := number(cell); ok {
		return strconv.FormatFloat(v, 'g', -1, bits)
	}
	if cell == nil {
		return ""
	}
	return fmt.Sprint(cell)
}

// cell returns that of a column, nil where the row is shorter.
func cell(row []any, column int) any {
	if column < len(row) {
		return row[column]
	}
	return nil
}

// right says whether a column of HTML is flush right.
func (t Table) right(column int) bool {
	align := t.Columns[column].Align
	for _, row := range t.Rows {
		if align == Auto && isNumber(cell(row, column)) {
			align = Right
		}
	}
	return align == Right
}

// String is the table as text, which ends with a line break.
func (t Table) String() string {
	var s strings.Builder
	for _, line := range lines(t.Title) {
		fmt.Fprintln(&s, line)
	}
	if len(t.Columns) > 0 {
		flags := uint(tabwriter.AlignRight)
		end := "\t\n" // an aligned last column has to end with a tab
		if t.LeftText {
			flags, end = 0, "\n"
		}
		var aligned strings.Builder
		w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', flags)
		heads := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			heads[i] = c.head()
		}
		fmt.Fprint(w, strings.Join(heads, "\t")+end)
		for _, row := range t.Rows {
			cells := make([]string, len(t.Columns))
			for i, c := range t.Columns {
				cells[i] = c.text(cell(row, i))
			}
			fmt.Fprint(w, strings.Join(cells, "\t")+end)
		}
		w.Flush() // a strings.Builder does not fail
		for line := range strings.Lines(aligned.String()) {
			fmt.Fprintln(&s, strings.TrimRight(line, " \n")) // spaces of absent cells are cut
		}
	}
	for _, note := range t.Notes {
		fmt.Fprintln(&s, note)
	}
	return s.String()
}

// lines returns those of a text, none of an empty one.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// HTML is the table for a notebook. It has no script and no style element, which
// JupyterLab removes where it does not trust a notebook, and names each alignment twice:
// GitHub keeps the attribute, JupyterLab the style. Words break into lines, numbers do
// not, and a table that is still wider than the page scrolls in a box of its own. It has
// no colours, so that it takes those of a light or a dark theme.
func (t Table) HTML() string {
	var s strings.Builder
	s.WriteString(`<div style="overflow-x:auto;max-width:100%">`)
	if t.Title != "" {
		fmt.Fprintf(&s, `<p align="left" style="text-align:left;margin:0">%s</p>`, lineBreaks(t.Title))
	}
	if len(t.Columns) > 0 {
		s.WriteString(`<table style="margin:4px 0;border-collapse:collapse">`)
		heads := make([]any, len(t.Columns))
		for i, c := range t.Columns {
			heads[i] = c.head()
		}
		right := make([]bool, len(t.Columns))
		for i := range right {
			right[i] = t.right(i)
		}
		s.WriteString("<thead>")
		t.row(&s, "th", heads, right)
		s.WriteString("</thead><tbody>")
		for _, r := range t.Rows {
			t.row(&s, "td", r, right)
		}
		s.WriteString("</tbody></table>")
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&s, `<p align="left" style="text-align:left;margin:0">%s</p>`, lineBreaks(note))
	}
	s.WriteString("</div>\n")
	return s.String()
}

// row writes a row of HTML.
func (t Table) row(s *strings.Builder, element string, row []any, right []bool) {
	s.WriteString("<tr>")
	for i, c := range t.Columns {
		side, value := "left", cell(row, i)
		if right[i] {
			side = "right"
		}
		space := "normal"
		if isNumber(value) {
			space = "nowrap"
		}
		fmt.Fprintf(s, `<%[1]s align="%[2]s" style="text-align:%[2]s;white-space:%[3]s;padding:2px 8px">%[4]s</%[1]s>`,
			element, side, space, html.EscapeString(c.text(value)))
	}
	s.WriteString("</tr>")
}

// lineBreaks is a text of several lines as HTML.
func lineBreaks(text string) string {
	return strings.ReplaceAll(html.EscapeString(strings.TrimSuffix(text, "\n")), "\n", "<br>")
}

// CSV is a line of heads and one for each row. Numbers read back to the bit; what is not
// known or absent is empty.
func (t Table) CSV() ([]byte, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = c.head()
	}
	if err := w.Write(record); err != nil {
		return nil, fmt.Errorf("table %q: %w", t.Title, err)
	}
	for _, row := range t.Rows {
		for i := range record {
			record[i] = exact(known(cell(row, i)))
		}
		if err := w.Write(record); err != nil {
			return nil, fmt.Errorf("table %q: %w", t.Title, err)
		}
	}
	w.Flush()
	return buf.Bytes(), w.Error()
}

// known is a cell's value, nil where it is a number that is not finite.
func known(cell any) any {
	if own, ok := cell.(Cell); ok {
		cell = own.Value
	}
	if v, _, ok := number(cell); ok && !finite(v) {
		return nil
	}
	return cell
}

// JSON is what [Table.MarshalJSON] writes.
func (t Table) JSON() ([]byte, error) { return json.Marshal(t) }

// MarshalJSON writes {"title", "columns": [{"name", "unit"}], "rows", "notes"}. A number
// that is not finite is null, and a cell that is neither text nor number nor bool is its text.
func (t Table) MarshalJSON() ([]byte, error) {
	type column struct {
		Name string `json:"name"`
		Unit string `json:"unit,omitempty"`
	}
	columns := make([]column, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = column{c.Name, c.Unit}
	}
	rows := make([][]any, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = make([]any, len(t.Columns))
		for j := range rows[i] {
			value := known(cell(row, j))
			if _, truth := value.(bool); !truth && !isNumber(value) && value != nil {
				value = fmt.Sprint(value)
			}
			rows[i][j] = value
		}
	}
	return json.Marshal(struct {
		Title   string   `json:"title"`
		Columns []column `json:"columns"`
		Rows    [][]any  `json:"rows"`
		Notes   []string `json:"notes"`
	}{t.Title, columns, rows, append([]string{}, t.Notes...)})
}

// A Page is the tables of one result, from top to bottom. A table without columns is a
// text.
type Page []Table

// String is the page as text, which ends with a line break.
func (p Page) String() string { return p.join(Table.String) }

// HTML is the page for a notebook, see [Table.HTML].
func (p Page) HTML() string { return p.join(Table.HTML) }

func (p Page) join(form func(Table) string) string {
	var s strings.Builder
	for _, t := range p {
		s.WriteString(form(t))
	}
	return s.String()
}
