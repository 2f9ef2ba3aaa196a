// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// maxRows bounds the rows of a front on a page.
const maxRows = 40

// String is the survey on a page: how much was tried, and each workload's front.
func (v *Survey) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d points tried, %d beyond the limits, %d refused\n", v.Tried, v.OverLimit, v.Refused)
	if v.Refusal != nil {
		fmt.Fprintf(&s, "first refusal: %v\n", v.Refusal)
	}
	for _, name := range v.Workloads() {
		front := v.Front(name)
		fmt.Fprintf(&s, "%s: %d points that no other beats in FPS and DSPs\n", name, len(front))
		t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, field := range v.Fields {
			fmt.Fprintf(t, "%s\t", field)
		}
		fmt.Fprint(t, "DSPs\tcycles\tFPS\tGOPS\tof the peak\t\n")
		for i := range front[:min(len(front), maxRows)] {
			p := &front[i]
			for _, value := range p.Values {
				fmt.Fprintf(t, "%v\t", value)
			}
			fmt.Fprintf(t, "%d\t%d\t%.1f\t%.1f\t%.1f %%\t\n", p.DSPs, p.Cycles, p.FPS, p.GOPS, 100*p.Utilization())
		}
		t.Flush()
		if more := len(front) - maxRows; more > 0 {
			fmt.Fprintf(&s, "and %d more\n", more)
		}
	}
	fmt.Fprintf(&s, "by the %s: %s\n", v.Model, v.Note)
	return s.String()
}
