// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/calib/mixed"
	"github.com/gotriovit/gotriovit/calib/reconstruct"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/hwsim/ablate"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/compare"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/explore"
	"github.com/gotriovit/gotriovit/hwsim/peer"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/hwsim/trust"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Each result that prints a table displays as one. That its type has
// the method is what the compiler checks here.
var (
	_ = []interface{ Table() table.Table }{
		(*calib.Climb)(nil), (*mixed.Sensitivity)(nil), (*mixed.Plan)(nil), (*reconstruct.Result)(nil), (*tables.Table)(nil), (*tables.Sweep)(nil),
		(*triovit.Answer)(nil), (*triovit.Report)(nil), (*triovit.Paired)(nil), triovit.Comparisons(nil), (*triovit.Diagnosis)(nil), (*triovit.Setup)(nil), (*triovit.Model)(nil),
		(*tables.Widths)(nil), (*trust.Bridge)(nil), (*trust.Sensitivity)(nil), (*trust.Shares)(nil), (*trust.Steps)(nil), trust.Demands(nil), register.Recording(nil), arch.Assumptions(nil),
		(*ablate.Study)(nil), (*peer.Comparison)(nil), (*workload.Workload)(nil), (*efficientvit.Network)(nil),
	}
	_ = []interface{ Tables() table.Page }{
		(*diagnose.Report)(nil), (*mixed.Result)(nil), (*closed.Result)(nil), (*event.Run)(nil), (*event.Difference)(nil), (*energy.Breakdown)(nil),
		(*explore.Survey)(nil), (*explore.Front)(nil),
	}
	_ interface{ Page() table.Page } = (*compare.Table)(nil)
)

// text is a result without a table.
type text string

func (t text) String() string { return string(t) }

func TestMarkup(t *testing.T) {
	net := &workload.Workload{Name: "<none>"}
	for name, test := range map[string]struct {
		x    fmt.Stringer
		want string
	}{
		"table":             {table.Table{Title: "a"}, "a</p>"},
		"page":              {table.Page{{Title: "a"}, {Title: "b"}}, "b</p>"},
		"result of a table": {net, "&lt;none&gt;"},
		"text":              {text("a < b"), "a &lt; b</pre>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := markup(test.x); err != nil || !strings.Contains(got, test.want) {
				t.Errorf("%s has no %q", got, test.want)
			}
		})
	}
}

func TestShowReturnsTheError(t *testing.T) {
	broken := errors.New("broken")
	if err := Show((*Figure)(nil), broken); err != broken {
		t.Errorf("error %v, want %v", err, broken)
	}
}

// TestEnded: a text ends with one line break, whether its own form has one or not.
func TestEnded(t *testing.T) {
	for _, text := range []string{"a", "a\n"} {
		if got := ended(text); got != "a\n" {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
