// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
)

// maxRows bounds the rows of a front on a page.
const maxRows = 40

// String is the survey on a page: how much was tried, and each workload's front
// in pictures per second and DSPs.
func (v *Survey) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d points tried, %d beyond the limits, %d refused\n", v.Tried, v.OverLimit, v.Refused)
	if v.Refusal != nil {
		fmt.Fprintf(&s, "first refusal: %v\n", v.Refusal)
	}
	for _, name := range v.Workloads() {
		s.WriteString(v.Front(name).String())
	}
	fmt.Fprintf(&s, "by the %s: %s\n", v.Model, v.Note)
	return s.String()
}

// String is the front on a page.
func (f *Front) String() string {
	var s strings.Builder
	var names []string
	for _, o := range f.Objectives {
		names = append(names, o.String())
	}
	fmt.Fprintf(&s, "%s: %d points that no other beats in %s\n", f.Workload, len(f.Points), strings.Join(names, " and "))
	if f.Unrankable > 0 {
		fmt.Fprintf(&s, "%d points cannot be ranked: %s\n", f.Unrankable, f.Why)
	}
	if len(f.Points) == 0 {
		return s.String()
	}
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, field := range f.fields {
		fmt.Fprintf(t, "%s\t", field)
	}
	fmt.Fprint(t, "DSPs\tBRAMs\tcycles\tFPS\tGOPS\tof the peak\tmJ\t\n")
	for i := range f.Points[:min(len(f.Points), maxRows)] {
		p := &f.Points[i]
		for _, value := range p.Values {
			fmt.Fprintf(t, "%v\t", value)
		}
		energy := "unknown"
		if !math.IsNaN(p.Joules) {
			energy = fmt.Sprintf("%.3f", 1e3*p.Joules)
		}
		fmt.Fprintf(t, "%d\t%d\t%.0f\t%.1f\t%.1f\t%.1f %%\t%s\t\n", p.DSPs, p.BRAMs, p.Cycles, p.FPS, p.GOPS, 100*p.Utilization(), energy)
	}
	t.Flush()
	if more := len(f.Points) - maxRows; more > 0 {
		fmt.Fprintf(&s, "and %d more\n", more)
	}
	return s.String()
}
