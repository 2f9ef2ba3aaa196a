// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/page"
	"github.com/gotriovit/gotriovit/table"
)

// Tables returns the result on a page: cycles and rates, the cycles by role, the
// omissions, and the assumptions.
func (r *Result) Tables() table.Page {
	var s table.Writer
	fmt.Fprintf(&s, "%s, %s, %s\non %s\n", r.Model, r.Workload, r.Scope, r.Config)
	fmt.Fprintf(&s, "%d cycles (%d / %d copies), %.3f ms, %.1f FPS\n",
		r.Cycles, r.Undivided, r.Config.Copies, 1e3*r.seconds(), r.FPS())
	fmt.Fprintf(&s, "%.1f GOPS by %.1f M MACs, %.1f %% of the peak\n", r.GOPS(), float64(r.PaperMACs)/1e6, 100*r.Utilization())
	if r.PaperMACs != r.MACs {
		fmt.Fprintf(&s, "(%.1f GOPS by %.1f M MACs, which the authors do not count in full)\n", r.AllGOPS(), float64(r.MACs)/1e6)
	}
	if r.SetUp > 0 {
		cycles, gops := r.SetUpTwice()
		fmt.Fprintf(&s, "(%.2f cycles and %.1f GOPS with each set-up of a stream charged twice: a fit to what is published for B1-R224, found after the fact)\n", cycles, gops)
	}
	s.Table("role\toperations\tcycles of one copy\tshare\tutilization\t", func(row func(string, ...any)) {
		for _, p := range r.ByRole() {
			row("%s\t%d\t%d\t%.1f %%\t%.1f %%\t", p.Label, p.Ops, p.Cycles, 100*p.Share, 100*p.Utilization)
		}
	})
	s.Table("not charged\toperations\tM MACs\tM elements\tbecause\t", func(row func(string, ...any)) {
		for _, o := range page.SumOmissions(r.Omitted, func(o *hwsim.Omission) string { return o.Unit.String() }) {
			row("%s\t%d\t%.2f\t%.2f\t%s\t", o.Label, o.Ops, float64(o.MACs)/1e6, float64(o.Elements)/1e6, o.Why)
		}
	})
	s.WriteString(page.Needs(r.Config))
	for _, note := range r.Notes() {
		fmt.Fprintf(&s, "note: %s\n", note)
	}
	s.WriteString(r.Assumptions().String())
	return s.Page()
}

// String is the text of [Result.Tables], which ends with a line break.
func (r *Result) String() string { return r.Tables().String() }

// Notes lists the ways in which the closed form departs from the hardware, as far as they
// matter for this workload.
func (r *Result) Notes() []string {
	notes := []string{
		"buffers, ports and off-chip memory are unlimited, and the copies divide every operation without a remainder",
	}
	if slices.ContainsFunc(r.Ops, func(o OpCycles) bool { return o.PaperMACs < o.MACs }) {
		notes = append(notes, "the aggregation's grouped convolution is charged with a third of its output channels and counted as no operations, as in the authors' script")
	}
	return notes
}

// Assumptions lists the assumed or changed values of the configuration that the closed
// form uses: engines, copies and clock for the cycles; buffers and auxiliary units for
// block RAMs, DSPs and LUTs.
func (r *Result) Assumptions() arch.Assumptions {
	return slices.DeleteFunc(r.Config.Assumptions(), func(a arch.Assumption) bool {
		group, _, _ := strings.Cut(a.Field, ".")
		return slices.Contains([]string{"off_chip", "host", "pipeline_depth"}, group) ||
			slices.Contains([]string{"auxiliary.divider_interval", "auxiliary.divider_latency"}, a.Field) ||
			a.Field == "auxiliary.dividers" && r.Config.Division != arch.DividerDivision ||
			a.Field == "multiplications_per_dsp_4" && r.Config.MultiplierBits > 4
	})
}
