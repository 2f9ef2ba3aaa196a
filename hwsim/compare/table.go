// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/table"
)

// Computed is the mark of a number from a timing model.
const Computed paper.Mark = "C"

// A Number is one value with its mark.
type Number struct {
	// Value is NaN where it is not known.
	Value float64
	// Mark is one of the paper's marks, [Computed], or two with a slash where
	// the value is a ratio.
	Mark paper.Mark
}

var (
	unknown = Number{math.NaN(), paper.Unknown}
	none    = Number{math.NaN(), ""} // there is no such cell, since the column is another network's
)

func printed(c paper.Cell) Number { return Number{c.Value, c.Mark} }

func computed(x float64) Number {
	if math.IsNaN(x) {
		return unknown
	}
	return Number{x, Computed}
}

// over divides n by m. The ratio has both marks, unless both numbers are computed.
func (n Number) over(m Number) Number {
	switch {
	case math.IsNaN(n.Value) || math.IsNaN(m.Value):
		return unknown
	case n.Mark == Computed && m.Mark == Computed:
		return computed(n.Value / m.Value)
	default:
		return Number{n.Value / m.Value, n.Mark + "/" + m.Mark}
	}
}

// String returns the number with its mark, "U", or "" for a cell that cannot have a
// number. A printed number is not rounded; any other has three digits or more.
func (n Number) String() string {
	switch {
	case n.Mark == "":
		return ""
	case math.IsNaN(n.Value):
		return string(n.Mark)
	case n.Mark != Computed && !strings.Contains(string(n.Mark), "/"):
		return fmt.Sprintf("%s %s", strconv.FormatFloat(n.Value, 'f', -1, 64), n.Mark)
	case n.Value >= 1000:
		return fmt.Sprintf("%.0f %s", n.Value, n.Mark)
	case n.Value >= 100:
		return fmt.Sprintf("%.1f %s", n.Value, n.Mark)
	case n.Value >= 1:
		return fmt.Sprintf("%.2f %s", n.Value, n.Mark)
	default:
		return fmt.Sprintf("%.3f %s", n.Value, n.Mark)
	}
}

// A Table has printed rows and computed rows, in separate lists.
type Table struct {
	Title string
	// Columns name the numbers of each row.
	Columns           []string
	Printed, Computed []Row
	// Notes are facts for a fair comparison.
	Notes []string
	// Configs are the accelerators of the computed rows.
	Configs []arch.Config
}

// A Row holds the numbers of a design or a platform, and the network that it runs, where
// all its numbers are of one network.
type Row struct {
	Name, Network string
	Numbers       []Number
}

// legend explains the marks.
const legend = "V verified, I inferred, M from memory, U unknown, C computed; a ratio has the marks of both operands\n"

// Page returns the table with a line between printed and computed rows, and notes below.
func (t *Table) Page() table.Page { return t.page(math.MaxInt) }

// page is Page with names of at most width characters in a line: a longer name takes several
// rows, the last of which has the numbers.
func (t *Table) page(width int) table.Page {
	var s table.Writer
	fmt.Fprintln(&s, t.Title)
	columns := append([]string{"", "network"}, t.Columns...)
	if !t.oneNetwork() {
		columns = slices.Delete(columns, 1, 2)
	}
	s.Table(strings.Join(columns, "\t"), func(row func(string, ...any)) {
		for _, part := range []struct {
			name string
			rows []Row
		}{{"printed", t.Printed}, {"computed", t.Computed}} {
			if len(part.rows) == 0 {
				continue
			}
			row("%s", part.name+":")
			for _, r := range part.rows {
				name := folded(r.Name, width)
				for _, part := range name[:len(name)-1] {
					row("%s", part)
				}
				format, args := "%s", []any{name[len(name)-1]}
				if t.oneNetwork() {
					format, args = format+"\t%s", append(args, r.Network)
				}
				for _, n := range r.Numbers {
					format, args = format+"\t%s", append(args, n)
				}
				row(format+"\t", args...)
			}
		}
	})
	for _, note := range t.Notes {
		fmt.Fprintln(&s, strings.Join(folded("note: "+note, pageWidth), "\n  "))
	}
	s.WriteString(legend)
	return s.Page()
}

// A table as text fits a terminal without breaking words.
const (
	pageWidth = 116 // width of the page in characters
	nameWidth = 24  // width of the names in characters
)

// folded breaks a text between words into lines of at most width characters.
func folded(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// String returns the table's page and the assumptions of each accelerator.
func (t *Table) String() string {
	var s strings.Builder
	s.WriteString(t.page(nameWidth).String())
	for _, c := range t.Configs {
		fmt.Fprintf(&s, "computed on %s\n%s", c, c.Assumptions())
	}
	return s.String()
}

// WriteCSV writes a line for each number. An unknown number is empty, and a cell that
// cannot have a number has no line.
func (t *Table) WriteCSV(w io.Writer) error {
	records := [][]string{{"source", "row", "network", "column", "value", "mark"}}
	for _, part := range []struct {
		source string
		rows   []Row
	}{{"printed", t.Printed}, {"computed", t.Computed}} {
		for _, r := range part.rows {
			for i, n := range r.Numbers {
				value := ""
				if !math.IsNaN(n.Value) {
					value = strconv.FormatFloat(n.Value, 'g', -1, 64)
				}
				if n.Mark != "" {
					records = append(records, []string{part.source, r.Name, r.Network, t.Columns[i], value, string(n.Mark)})
				}
			}
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}

// MarshalJSON writes the table. An unknown number is null, and a cell that cannot have a
// number is left out.
func (t *Table) MarshalJSON() ([]byte, error) {
	type number struct {
		Value jsonfloat.Float `json:"value"`
		Mark  paper.Mark      `json:"mark"`
	}
	type row struct {
		Name    string            `json:"name"`
		Network string            `json:"network,omitempty"`
		Numbers map[string]number `json:"numbers"`
	}
	of := func(rows []Row) []row {
		list := make([]row, len(rows))
		for i, r := range rows {
			list[i] = row{r.Name, r.Network, make(map[string]number)}
			for j, n := range r.Numbers {
				if n.Mark != "" {
					list[i].Numbers[t.Columns[j]] = number{jsonfloat.Float(n.Value), n.Mark}
				}
			}
		}
		return list
	}
	type accelerator struct {
		Configuration arch.Config      `json:"configuration"`
		Assumptions   arch.Assumptions `json:"assumptions"`
	}
	accelerators := make([]accelerator, len(t.Configs))
	for i, c := range t.Configs {
		accelerators[i] = accelerator{c, c.Assumptions()}
	}
	return json.Marshal(struct {
		Title        string        `json:"title"`
		Columns      []string      `json:"columns"`
		Printed      []row         `json:"printed"`
		Computed     []row         `json:"computed"`
		Notes        []string      `json:"notes"`
		Accelerators []accelerator `json:"accelerators"`
	}{t.Title, t.Columns, of(t.Printed), of(t.Computed), append([]string{}, t.Notes...), accelerators})
}

// oneNetwork reports whether each row is of one network.
func (t *Table) oneNetwork() bool {
	return !slices.ContainsFunc(t.Printed, func(r Row) bool { return r.Network == "" })
}
