// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// maxRows bounds the rows of a front on a page.
const maxRows = 40

// Tables returns the survey on a page: the number of points tried, each workload's front,
// and the assumptions.
func (v *Survey) Tables() table.Page {
	var s table.Writer
	fmt.Fprintf(&s, "%s tried, %d beyond the limits, %d refused", countPoints(v.Tried), v.OverLimit, v.Refused)
	if !v.Shard.Whole() {
		fmt.Fprintf(&s, "; shard %s of the space", v.Shard)
	}
	s.WriteString("\n")
	if v.Refusal != nil {
		fmt.Fprintf(&s, "first refusal: %v\n", v.Refusal)
	}
	for _, name := range v.Workloads() {
		v.front(name).write(&s)
	}
	fmt.Fprintf(&s, "by the %s: %s\n", v.Model, v.Note)
	if slices.ContainsFunc(v.Fields, func(f string) bool { return strings.HasSuffix(f, ".lanes") || strings.HasSuffix(f, ".macs") }) {
		s.WriteString("auxiliary units are in proportion to the multipliers of a copy\n")
	}
	s.WriteString(v.Assumptions().String())
	return s.Page()
}

// String is the text of [Survey.Tables], which ends with a line break.
func (v *Survey) String() string { return v.Tables().String() }

// countPoints returns a number of points in words.
func countPoints(n int) string {
	if n == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%d points", n)
}

// MarshalJSON writes the survey with every point, each marked if it is on its workload's
// front. An unknown energy is null.
func (v *Survey) MarshalJSON() ([]byte, error) {
	type place struct {
		workload string
		config   arch.Config
	}
	front := make(map[place]bool)
	for _, name := range v.Workloads() {
		for _, p := range v.front(name).Points {
			front[place{name, p.Config}] = true
		}
	}
	type point struct {
		Workload    string          `json:"workload"`
		Values      map[string]any  `json:"values"`
		DSPs        int             `json:"dsps"`
		BRAMs       int             `json:"brams"`
		Cycles      float64         `json:"cycles"`
		FPS         float64         `json:"fps"`
		GOPS        float64         `json:"gops"`
		Utilization float64         `json:"utilization"`
		Joules      jsonfloat.Float `json:"joules"` // energy of one picture in J
		Front       bool            `json:"front"`
	}
	points := make([]point, len(v.Points))
	for i := range v.Points {
		p := &v.Points[i]
		values := make(map[string]any, len(p.Values))
		for j, value := range p.Values {
			values[v.Fields[j]] = value
		}
		points[i] = point{p.Workload, values, p.DSPs, p.BRAMs, p.Cycles, p.FPS, p.GOPS, p.Utilization(), jsonfloat.Float(p.Joules), front[place{p.Workload, p.Config}]}
	}
	var objectives []string
	for _, o := range v.objectives() {
		objectives = append(objectives, o.String())
	}
	refusal := ""
	if v.Refusal != nil {
		refusal = v.Refusal.Error()
	}
	part := v.Shard
	if part.Whole() {
		part = shard.Shard{}
	}
	return json.Marshal(struct {
		Model         string           `json:"model"`
		Note          string           `json:"note"`
		Configuration arch.Config      `json:"configuration"`
		Assumptions   arch.Assumptions `json:"assumptions"`
		Objectives    []string         `json:"objectives"`
		Shard         shard.Shard      `json:"shard,omitzero"` // the shard of a part
		Tried         int              `json:"tried"`
		OverLimit     int              `json:"over_limit"`
		Refused       int              `json:"refused"`
		Refusal       string           `json:"first_refusal,omitempty"`
		Points        []point          `json:"points"`
	}{v.Model, v.Note, v.Base, v.Assumptions(), objectives, part, v.Tried, v.OverLimit, v.Refused, refusal, points})
}

// Tables returns the front on a page, with energies if any is known.
func (f *Front) Tables() table.Page {
	var s table.Writer
	f.write(&s)
	return s.Page()
}

func (f *Front) write(s *table.Writer) {
	var names []string
	for _, o := range f.Objectives {
		names = append(names, o.String())
	}
	fmt.Fprintf(s, "%s: %s that no other beats in %s\n", f.Workload, countPoints(len(f.Points)), strings.Join(names, " and "))
	if f.Unrankable > 0 {
		fmt.Fprintf(s, "%s cannot be ranked: %s\n", countPoints(f.Unrankable), f.Why)
	}
	if len(f.Points) == 0 {
		return
	}
	head := strings.Join(append(slices.Clone(f.fields), "DSPs\tBRAMs\tcycles\tFPS\tGOPS\tof the peak"), "\t")
	priced := slices.ContainsFunc(f.Points, func(p Point) bool { return !math.IsNaN(p.Joules) })
	if priced {
		head += "\tmJ"
	}
	s.Table(head, func(row func(string, ...any)) {
		for i := range f.Points[:min(len(f.Points), maxRows)] {
			p := &f.Points[i]
			format, args := strings.Repeat("%v\t", len(p.Values))+"%d\t%d\t%.0f\t%.1f\t%.1f\t%.1f %%", append(slices.Clone(p.Values), p.DSPs, p.BRAMs, p.Cycles, p.FPS, p.GOPS, 100*p.Utilization())
			switch {
			case priced && math.IsNaN(p.Joules):
				format += "\tunknown"
			case priced:
				format, args = format+"\t%.3f", append(args, 1e3*p.Joules)
			}
			row(format, args...)
		}
	})
	if more := len(f.Points) - maxRows; more > 0 {
		fmt.Fprintf(s, "and %d more\n", more)
	}
}

// String is the text of [Front.Tables], which ends with a line break.
func (f *Front) String() string { return f.Tables().String() }
