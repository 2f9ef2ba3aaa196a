// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/compare"
	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// TestComparison: a panel for each column, printed numbers hollow, and an error for a
// table without numbers or with too few of them.
func TestComparison(t *testing.T) {
	f, err := Comparison(compare.Resources(arch.ZCU102()))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, f.Option(), "", " "); err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "sim_compare.json", got.String()+"\n")
	for _, row := range f.Table().Rows {
		value, mark := row[4].(float64), row[5].(string)
		if math.IsNaN(value) != (mark == string(paper.Unknown)) || (row[0] == "computed") != (mark == string(compare.Computed)) && mark != string(paper.Unknown) {
			t.Errorf("%v", row)
		}
	}
	needRuntime(t)
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"1024 [I]", "unknown [U]", "592.0 [C]"} {
		if !strings.Contains(figuretest.Texts(t, svg), text) {
			t.Errorf("the SVG lacks %q", text)
		}
	}
	if _, err := Comparison(compare.Accelerators()); err != nil {
		t.Error(err)
	}
	for want, table := range map[string]*compare.Table{
		"at least one of each": {Title: "empty", Columns: []string{"a"}},
		"2 numbers in 1":       {Columns: []string{"a"}, Printed: []compare.Row{{Name: "b", Numbers: make([]compare.Number, 2)}}},
	} {
		if _, err := Comparison(table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
