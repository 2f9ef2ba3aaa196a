// SPDX-License-Identifier: Apache-2.0

package event

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
)

// Short names of functions that the tests of hwsim share.
var (
	network     = hwtest.Network
	conv        = hwtest.Conv
	depthwise   = hwtest.Depthwise
	pair        = hwtest.Pair
	product     = hwtest.Product
	attention   = hwtest.Attention
	drawEngines = hwtest.DrawEngines
	drawOps     = hwtest.DrawOps
)

// TestResultAndRunNamesAgree: a value that a result and a run both have has the same name
// in the JSON of both.
func TestResultAndRunNamesAgree(t *testing.T) {
	run := paperRun(t, nil)
	names := func(v any) map[string]any {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		return fields
	}
	w := network(t, "b1-r224")
	result, err := closed.Charge(w, arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	of, on := names(result), names(run)
	for _, name := range []string{"model", "workload", "scope", "configuration", "assumptions", "dsps", "brams", "cycles", "latency_seconds",
		"fps", "gops", "gops_all_macs", "macs", "authors_macs", "roles", "blocks"} {
		if of[name] == nil || on[name] == nil {
			t.Errorf("%q: %v in the result, %v in the run", name, of[name], on[name])
		}
	}
	for _, name := range []string{"workload", "scope", "configuration", "dsps", "brams", "macs", "authors_macs"} {
		if d := cmp.Diff(of[name], on[name]); d != "" {
			t.Errorf("%s (-result +run):\n%s", name, d)
		}
	}
}
