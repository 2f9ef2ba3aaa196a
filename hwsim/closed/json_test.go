// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/golden"
)

// TestResultJSONAndCSV: one operation for each rule, and some operations that are not
// charged.
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
	r, err := Charge(w, arch.ZCU102(), hwsim.Backbone)
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
