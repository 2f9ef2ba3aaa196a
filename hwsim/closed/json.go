// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// MarshalJSON writes the result with its rates, operations and assumptions. A field that
// event.Run also has has the same name there.
func (r *Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Model         string           `json:"model"`
		Workload      string           `json:"workload"`
		Scope         hwsim.Scope      `json:"scope"`
		Configuration arch.Config      `json:"configuration"`
		Assumptions   arch.Assumptions `json:"assumptions"`
		Notes         []string         `json:"notes"`
		DSPs          int              `json:"dsps"`
		EngineDSPs    int              `json:"engine_dsps"`
		LUTs          int              `json:"luts"`
		BRAMs         int              `json:"brams"`
		Cycles        int64            `json:"cycles"`
		Undivided     int64            `json:"cycles_of_one_copy"`
		SetUp         int64            `json:"set_up_cycles"`
		Latency       float64          `json:"latency_seconds"`
		FPS           float64          `json:"fps"`
		GOPS          float64          `json:"gops"`
		AllGOPS       float64          `json:"gops_all_macs"`
		Utilization   float64          `json:"utilization"`
		MACs          int64            `json:"macs"`
		PaperMACs     int64            `json:"authors_macs"`
		Roles         []Part           `json:"roles"`
		Blocks        []Part           `json:"blocks"`
		Ops           []OpCycles       `json:"operations"`
		Omitted       []hwsim.Omission `json:"omitted"`
	}{r.Model, r.Workload, r.Scope, r.Config, r.Assumptions(), r.Notes(), r.Config.DSPs(), r.Config.EngineDSPs(), r.Config.LUTs(), r.Config.BRAMs(), r.Cycles, r.Undivided, r.SetUp,
		r.seconds(), r.FPS(), r.GOPS(), r.AllGOPS(), r.Utilization(), r.MACs, r.PaperMACs, r.ByRole(), r.ByBlock(), r.Ops, append([]hwsim.Omission{}, r.Omitted...)})
}

// WriteCSV writes a line per charged operation, then one per omitted operation, with a
// reason in place of rule and cycles.
func (r *Result) WriteCSV(w io.Writer) error {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	lines := [][]string{{"name", "streamed", "label", "block", "unit", "rule", "cycles of one copy", "set-up cycles", "macs", "authors' macs", "elements", "omitted because"}}
	for i := range r.Ops {
		o := &r.Ops[i]
		lines = append(lines, []string{o.Name, o.Streamed, o.Label, o.Block, workload.Engines.String(), string(o.Rule), number(o.Cycles), number(o.SetUp), number(o.MACs), number(o.PaperMACs), "", ""})
	}
	for i := range r.Omitted {
		o := &r.Omitted[i]
		lines = append(lines, []string{o.Name, "", o.Label, "", o.Unit.String(), "", "", "", number(o.MACs), "", number(o.Elements), o.Why})
	}
	if err := csv.NewWriter(w).WriteAll(lines); err != nil {
		return fmt.Errorf("result of %s: CSV: %w", r.Workload, err)
	}
	return nil
}
