// SPDX-License-Identifier: Apache-2.0

package energy_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim/energy"
)

// TestEnergyJSONAndCSV: an energy that the table lacks is null in JSON and empty in CSV,
// never 0. The known energies add up.
func TestEnergyJSONAndCSV(t *testing.T) {
	for _, test := range []struct {
		name     string
		table    *energy.Table
		complete bool
	}{
		{"published", energy.Horowitz45nm(), false},
		{"derived", energy.Derived45nm(), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := test.table.Price(paperRun(t, nil).Counts())
			b, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Joules  *float64
				Known   float64  `json:"known_joules"`
				Unknown []string `json:"unknown_events"`
				Parts   []struct {
					Event  string
					Joules *float64
				}
			}
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			if (got.Joules != nil) != test.complete || (len(got.Unknown) == 0) != test.complete {
				t.Errorf("joules %v with %d unknown events, complete is %t", got.Joules, len(got.Unknown), test.complete)
			}
			sum, unknown := 0.0, 0
			for _, p := range got.Parts {
				if p.Joules == nil {
					unknown++
				} else {
					sum += *p.Joules
				}
			}
			if math.Abs(sum-got.Known) > 1e-12*got.Known || unknown != len(got.Unknown) {
				t.Errorf("parts add up to %g J with %d unknown, the page says %g and %d", sum, unknown, got.Known, len(got.Unknown))
			}

			var buffer bytes.Buffer
			if err := e.WriteCSV(&buffer); err != nil {
				t.Fatal(err)
			}
			lines, err := csv.NewReader(&buffer).ReadAll()
			if err != nil || len(lines) != 1+len(e.Parts) {
				t.Fatalf("%d lines of CSV for %d parts: %v", len(lines), len(e.Parts), err)
			}
			for i, p := range e.Parts {
				if (lines[i+1][3] == "") != math.IsNaN(p.Joules()) {
					t.Errorf("%s: %q joules in CSV, %g in the energy", p.Event, lines[i+1][3], p.Joules())
				}
			}
		})
	}
}
