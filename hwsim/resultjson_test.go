// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/golden"
)

// One operation for each rule, and some that are not charged.
func TestResultJSONAndCSV(t *testing.T) {
	w, err := workload.Read("few.yaml", []byte(`
version: 1
name: a few operations
operations:
  - {name: a.pw, form: convolution, role: PW1, block: a, height: 14, width: 14, output_channels: 128, input_channels: 32, kernel: 1}
  - {name: a.dw, form: depthwise convolution, role: DW, block: a, height: 14, width: 14, output_channels: 128, kernel: 3, feeds: a.pw2}
  - {name: a.pw2, form: convolution, role: PW2, block: a, height: 14, width: 14, output_channels: 32, input_channels: 128, kernel: 1}
  - {name: b.ktv, form: matrix product, role: KTV, block: b, heads: 4, rows: 16, inner: 196, columns: 16}
  - {name: b.requantize, form: elementwise, unit: requantization, block: b, elements: 1024}
  - {name: classifier, form: convolution, head: true, height: 1, width: 1, output_channels: 10, input_channels: 32, kernel: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ClosedForm(w, arch.ZCU102(), Backbone)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "result.json", string(data)+"\n")
	var buffer bytes.Buffer
	if err := r.WriteCSV(&buffer); err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "result.csv", buffer.String())
}

// What a result and a run both say has one name in JSON.
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
	result, err := ClosedForm(w, arch.ZCU102(), Backbone)
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
