// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// MarshalJSON writes the energy with its parts. What is unknown is null, the
// total too where a part is.
func (e *Energy) MarshalJSON() ([]byte, error) {
	known := func(x float64) *float64 {
		if math.IsNaN(x) {
			return nil
		}
		return &x
	}
	type part struct {
		Event  string   `json:"event"`
		Count  int64    `json:"count"`
		Each   *float64 `json:"pj_each"`
		Joules *float64 `json:"joules"`
		Source string   `json:"source,omitempty"`
	}
	parts := make([]part, len(e.Parts))
	for i := range e.Parts {
		p := &e.Parts[i]
		parts[i] = part{p.Event, p.Count, known(p.Each), known(p.Joules()), p.Source}
	}
	joules, unknown := e.Known()
	return json.Marshal(struct {
		Workload string   `json:"workload"`
		Batch    int      `json:"batch"`
		Table    string   `json:"table"`
		Source   string   `json:"source"`
		Joules   *float64 `json:"joules"`
		Known    float64  `json:"known_joules"`
		Unknown  []string `json:"unknown_events"`
		Parts    []part   `json:"parts"`
	}{e.run.Workload, e.run.Options.Batch, e.Table.Name, e.Table.Source, known(e.Joules()), joules, unknown, parts})
}

// WriteCSV writes a line per kind of event; what is unknown is empty.
func (e *Energy) WriteCSV(w io.Writer) error {
	number := func(x float64) string {
		if math.IsNaN(x) {
			return ""
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	lines := [][]string{{"event", "count", "pJ each", "joules", "source"}}
	for i := range e.Parts {
		p := &e.Parts[i]
		lines = append(lines, []string{p.Event, strconv.FormatInt(p.Count, 10), number(p.Each), number(p.Joules()), p.Source})
	}
	if err := csv.NewWriter(w).WriteAll(lines); err != nil {
		return fmt.Errorf("energy of %s: CSV: %w", e.run.Workload, err)
	}
	return nil
}
