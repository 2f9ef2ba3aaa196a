// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/internal/linked"
)

func TestLight(t *testing.T) { linked.Light(t) }

// scores has each kind of cell: a number, one that is not known, and none.
var scores = Table{
	Title:   "scores <of> two networks\non one set",
	Columns: []Column{{Name: "recipe"}, {Name: "mIoU", Unit: "%", Format: "%.2f"}, {Name: "pictures"}},
	Rows:    [][]any{{"float & all", 1.0 / 3, 12}, {"b", math.NaN()}, {"c", float32(0.1), 3}},
	Notes:   []string{"a note"},
}

func TestString(t *testing.T) {
	left := scores
	left.LeftText = true
	for name, test := range map[string]struct {
		table Table
		want  string
	}{
		"right": {scores, "scores <of> two networks\non one set\n" +
			"       recipe  mIoU %  pictures\n  float & all    0.33        12\n            b       -\n            c    0.10         3\na note\n"},
		"left": {left, "scores <of> two networks\non one set\n" +
			"recipe       mIoU %  pictures\nfloat & all  0.33    12\nb            -\nc            0.10    3\na note\n"},
		"text alone": {Table{Title: "one line\n"}, "one line\n"},
		"nothing":    {Table{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.table.String(); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// TestHTML: what JupyterLab and GitHub remove is not there, a text is escaped, and
// numbers are flush right.
func TestHTML(t *testing.T) {
	got := scores.HTML()
	for _, refused := range []string{"<script", "<style", "class=", "<of>", "NaN"} {
		if strings.Contains(got, refused) {
			t.Errorf("%q in %s", refused, got)
		}
	}
	for _, wanted := range []string{
		`scores &lt;of&gt; two networks<br>on one set`, `<th align="left"`, `<th align="right"`,
		`<td align="left" style="text-align:left;white-space:normal;padding:2px 8px">float &amp; all</td>`,
		`<td align="right" style="text-align:right;white-space:nowrap;padding:2px 8px">0.33</td>`, "overflow-x:auto", "a note",
	} {
		if !strings.Contains(got, wanted) {
			t.Errorf("no %q in %s", wanted, got)
		}
	}
	if n := strings.Count(got, "<td"); n != 9 {
		t.Errorf("%d cells, want 9: a short row is filled", n)
	}
}

func TestJSON(t *testing.T) {
	const want = `{"title":"t","columns":[{"name":"recipe"},{"name":"mIoU","unit":"%"},{"name":"pictures"}],"rows":[["float \u0026 all",0.3333333333333333,12],["b",null,null],["c",0.1,3]],"notes":["a note"]}`
	short := scores
	short.Title = "t"
	for name, value := range map[string]any{"value": short, "pointer": &short, "infinite": Table{Rows: [][]any{{math.Inf(1), float32(math.Inf(-1))}}, Columns: Columns("a", "b")}} {
		got, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if name != "infinite" && string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		} else if name == "infinite" && !bytes.Contains(got, []byte("[null,null]")) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestCSV: what is written reads back, and not one text breaks a line of the text form.
func TestCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z",; ]{1,12}`), 2, 5).Draw(t, "words")
		drawn := Table{Columns: Columns(words...)}
		row := make([]any, len(words))
		for i, w := range words {
			row[i] = w
		}
		drawn.Rows = [][]any{row, row[:1]}
		b, err := drawn.CSV()
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(records) != 3 || !slices.Equal(records[1], words) || records[2][0] != words[0] {
			t.Fatalf("%q", records)
		}
		if n := strings.Count(drawn.String(), "\n"); n != 3 {
			t.Fatalf("%d lines", n)
		}
	})
}

// TestNew: the rows of a table are added one by one, and a cell of one verb keeps its
// value.
func TestNew(t *testing.T) {
	made := New("divisor\tover float\tgrid")
	made.Row("%.4g\t%.3f\tuniform", 91400.0, float32(1.0009765625))
	made.Row("%d\t%s\t%d to %d", 2, "none", -6, 9)
	if want := "   divisor  over float     grid\n  9.14e+04       1.001  uniform\n         2        none  -6 to 9\n"; made.String() != want {
		t.Errorf("got\n%q\nwant\n%q", made, want)
	}
	if b, err := made.CSV(); err != nil || string(b) != "divisor,over float,grid\n91400,1.0009766,uniform\n2,none,-6 to 9\n" {
		t.Errorf("%q, %v", b, err)
	}
	if none := New("divisor"); len(none.Columns) != 1 || len(none.Rows) != 0 {
		t.Errorf("%+v", none)
	}
}

// TestWriter: a cell of one verb keeps its value, others are text, and what stands
// between two tables is the second one's title.
func TestWriter(t *testing.T) {
	var w Writer
	w.WriteString("first\n")
	w.Table("name\tshare\trange\t", func(row func(string, ...any)) {
		row("%s\t%.1f %%\t%d to %d\t", "a", 12.345, 1, 2)
		row("b\tunknown\t")
	})
	w.WriteString("second\n\n")
	w.Words("word", func(row func(string, ...any)) { row("%s", "100 %") })
	w.WriteString("note: below\n")
	page := w.Page()
	const want = "first\n  name    share   range\n     a   12.3 %  1 to 2\n     b  unknown\nsecond\n\nword\n100 %\nnote: below\n"
	if got := page.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	b, err := page[0].JSON()
	if err != nil || !bytes.Contains(b, []byte(`[["a",12.345,"1 to 2"],["b","unknown",null]]`)) {
		t.Errorf("%s, %v", b, err)
	}
	if b, err := page[0].CSV(); err != nil || string(b) != "name,share,range\na,12.345,1 to 2\nb,unknown,\n" {
		t.Errorf("%q, %v", b, err)
	}
	if len(page) != 2 {
		t.Errorf("%d tables", len(page))
	}
}
