// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/table"
)

// TestTables: each result on trust is a table whose heads name their units and whose rows
// have the numbers of the result.
func TestTables(t *testing.T) {
	w, err := workload.Variant("b1-r224")
	if err != nil {
		t.Fatal(err)
	}
	c := arch.ZCU102()
	result := func(made interface {
		Table() table.Table
		String() string
	}, err error) table.Table {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if text := made.String(); text != made.Table().String() || !strings.HasSuffix(text, "\n") {
			t.Errorf("the text is not the table's: %.80q", text)
		}
		return made.Table()
	}
	bridge, err1 := NewBridge(w, c, hwsim.Backbone)
	sensitivity, err2 := NewSensitivity(w, c, event.Options{})
	shares, err3 := NewShares(w, c, hwsim.Backbone)
	steps, err4 := NewSteps(workload.Of("PW1", workload.Conv("PW1", 1, 3, 4, 6, 1)), tiny())
	demands, err5 := NewDemands(w, c, hwsim.Backbone)
	for _, test := range []struct {
		name string
		t    table.Table
		rows int
		want []string
	}{
		{"bridge", result(bridge, err1), 9, []string{"up to here cycles", "imbalance             +43870             294344\n", "event-driven                                296449\n"}},
		{"sensitivity", result(sensitivity, err2), 24, []string{"by half cycles", "296449 cycles as assumed", "+249661", "not tried: "}},
		{"shares", result(shares, err3), 3, []string{"batch cycles", "as assumed", "3769250", "267880"}},
		{"steps", result(steps, err4), 1, []string{"registers cycles", "12", "true"}},
		{"demands", result(demands, err5), 3, []string{"in all copies DSPs", "auxiliary.requantize", "27×18", "43.7", "336"}},
	} {
		text := test.t.String()
		if len(test.t.Rows) != test.rows {
			t.Errorf("%s has %d rows, want %d", test.name, len(test.t.Rows), test.rows)
		}
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", test.name, want, text)
			}
		}
	}
}
