// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// maxRows bounds the rows of a front on a page.
const maxRows = 40

// String is the survey on a page: how much was tried, each workload's front, and
// what was assumed.
func (v *Survey) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s tried, %d beyond the limits, %d refused", countPoints(v.Tried), v.OverLimit, v.Refused)
	if !v.Shard.Whole() {
		fmt.Fprintf(&s, "; shard %s of the space", v.Shard)
	}
	s.WriteString("\n")
	if v.Refusal != nil {
		fmt.Fprintf(&s, "first refusal: %v\n", v.Refusal)
	}
	for _, name := range v.Workloads() {
		s.WriteString(v.front(name).String())
	}
	fmt.Fprintf(&s, "by the %s: %s\n", v.Model, v.Note)
	if slices.ContainsFunc(v.Fields, func(f string) bool { return strings.HasSuffix(f, ".lanes") || strings.HasSuffix(f, ".macs") }) {
		s.WriteString("auxiliary units are in proportion to the multipliers of a copy\n")
	}
	s.WriteString(v.Assumptions().String())
	return s.String()
}

// countPoints counts them in words.
func countPoints(n int) string {
	if n == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%d points", n)
}

// MarshalJSON writes the survey with every point, and says of each whether it is
// on its workload's front. An energy that is not known is null.
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
		Joules      jsonfloat.Float `json:"joules"` // of one picture
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
		Shard         shard.Shard      `json:"shard,omitzero"` // of a part
		Tried         int              `json:"tried"`
		OverLimit     int              `json:"over_limit"`
		Refused       int              `json:"refused"`
		Refusal       string           `json:"first_refusal,omitempty"`
		Points        []point          `json:"points"`
	}{v.Model, v.Note, v.Base, v.Assumptions(), objectives, part, v.Tried, v.OverLimit, v.Refused, refusal, points})
}

// String is the front on a page, with energies where any is known.
func (f *Front) String() string {
	var s strings.Builder
	var names []string
	for _, o := range f.Objectives {
		names = append(names, o.String())
	}
	fmt.Fprintf(&s, "%s: %s that no other beats in %s\n", f.Workload, countPoints(len(f.Points)), strings.Join(names, " and "))
	if f.Unrankable > 0 {
		fmt.Fprintf(&s, "%s cannot be ranked: %s\n", countPoints(f.Unrankable), f.Why)
	}
	if len(f.Points) == 0 {
		return s.String()
	}
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, field := range f.fields {
		fmt.Fprintf(t, "%s\t", field)
	}
	fmt.Fprint(t, "DSPs\tBRAMs\tcycles\tFPS\tGOPS\tof the peak\t")
	priced := slices.ContainsFunc(f.Points, func(p Point) bool { return !math.IsNaN(p.Joules) })
	if priced {
		fmt.Fprint(t, "mJ\t")
	}
	fmt.Fprintln(t)
	for i := range f.Points[:min(len(f.Points), maxRows)] {
		p := &f.Points[i]
		for _, value := range p.Values {
			fmt.Fprintf(t, "%v\t", value)
		}
		energy := "unknown"
		if !math.IsNaN(p.Joules) {
			energy = fmt.Sprintf("%.3f", 1e3*p.Joules)
		}
		fmt.Fprintf(t, "%d\t%d\t%.0f\t%.1f\t%.1f\t%.1f %%\t", p.DSPs, p.BRAMs, p.Cycles, p.FPS, p.GOPS, 100*p.Utilization())
		if priced {
			fmt.Fprintf(t, "%s\t", energy)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	if more := len(f.Points) - maxRows; more > 0 {
		fmt.Fprintf(&s, "and %d more\n", more)
	}
	return s.String()
}
