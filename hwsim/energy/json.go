// SPDX-License-Identifier: Apache-2.0

package energy

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// MarshalJSON writes the energy with its parts. An unknown energy is null, and so is the
// total with an unknown part. The companion paper's GOPS/W have fields of their own.
func (e *Breakdown) MarshalJSON() ([]byte, error) {
	type part struct {
		Event  string          `json:"event"`
		Count  int64           `json:"count"`
		Each   jsonfloat.Float `json:"pj_each"`
		Joules jsonfloat.Float `json:"joules"`
		Source string          `json:"source,omitempty"`
	}
	parts := make([]part, len(e.Parts))
	for i := range e.Parts {
		p := &e.Parts[i]
		parts[i] = part{p.Event, p.Count, jsonfloat.Float(p.Each), jsonfloat.Float(p.Joules()), p.Source}
	}
	joules, unknown := e.Known()
	printed := paper.CompanionB1()
	return json.Marshal(struct {
		Workload string          `json:"workload"`
		Batch    int             `json:"batch"`
		Table    string          `json:"table"`
		Source   string          `json:"source"`
		Joules   jsonfloat.Float `json:"joules"`
		Known    float64         `json:"known_joules"`
		Unknown  []string        `json:"unknown_events"`
		GOPSPerW jsonfloat.Float `json:"gops_per_w_of_events"`
		Parts    []part          `json:"parts"`
		Printed  map[string]any  `json:"printed"`
	}{e.Counts.Workload, e.Counts.Batch, e.Table.Name, e.Table.Source, jsonfloat.Float(e.Joules()), joules, append([]string{}, unknown...), jsonfloat.Float(e.GOPSPerW()), parts,
		map[string]any{"network": printed.Network, "gops_per_w": printed.GOPSPerW.Value, "mark": printed.GOPSPerW.Mark, "source": printed.GOPSPerW.Source}})
}

// WriteCSV writes a line per kind of event. An unknown number is empty.
func (e *Breakdown) WriteCSV(w io.Writer) error {
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
		return fmt.Errorf("energy of %s: CSV: %w", e.Counts.Workload, err)
	}
	return nil
}
