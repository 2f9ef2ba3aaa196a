// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim/closed"
)

// cyclesData are the cycles of one picture, by role and by block.
type cyclesData struct {
	// Workload was run on Config, by the timing model Model; Note is what the
	// model leaves out.
	Workload, Config, Model, Note string
	// FPS are the pictures per second.
	FPS   float64
	Roles []cyclesRole
	// Blocks are in the order of the network. An operation outside of blocks is a block
	// of its own.
	Blocks []cyclesBlock
}

// cyclesRole is one role of operations: PW1, or "DW + PW2" where one streams
// into the other.
type cyclesRole struct {
	Name string
	// Cycles are the role's in one picture, with all copies at work.
	Cycles float64
	// Utilization is the share of the multipliers that work in these cycles,
	// from 0 to 1.
	Utilization float64
}

// cyclesBlock is one block of the network.
type cyclesBlock struct {
	Name string
	// Cycles has one value per role, in the order of the roles.
	Cycles []float64
}

// Cycles draws the closed form's cycles by role, and in each block.
func Cycles(r *closed.Result) (*Figure, error) {
	d := cyclesData{
		Workload: r.Workload, Config: r.Config.Name, Model: fmt.Sprintf("%s, %s", r.Model, r.Scope),
		Note: "Memory and auxiliary units take no time.", FPS: r.FPS(),
	}
	copies := float64(r.Config.Copies)
	roles := make(map[string]int)
	for i, p := range r.ByRole() {
		roles[p.Label] = i
		d.Roles = append(d.Roles, cyclesRole{p.Label, float64(p.Cycles) / copies, p.Utilization})
	}
	blocks := make(map[string]int)
	for _, o := range r.Ops {
		name := plot.BlockName(cmp.Or(o.Block, o.Label))
		i, ok := blocks[name]
		if !ok {
			i = len(d.Blocks)
			blocks[name] = i
			d.Blocks = append(d.Blocks, cyclesBlock{name, make([]float64, len(d.Roles))})
		}
		d.Blocks[i].Cycles[roles[o.Label]] += float64(o.Cycles) / copies
	}
	return d.Figure()
}

// finding names the fewest roles that take more than half of the cycles.
func (d cyclesData) finding(total float64) string {
	order := slices.Clone(d.Roles)
	slices.SortStableFunc(order, func(a, b cyclesRole) int { return cmp.Compare(b.Cycles, a.Cycles) })
	sum := 0.0
	var names []string
	for _, r := range order {
		names = append(names, plot.PlainRoles(r.Name))
		if sum += r.Cycles; sum > total/2 {
			break
		}
	}
	verb := "take"
	if len(names) == 1 {
		verb = "takes"
	}
	return fmt.Sprintf("%s %s %s of the %s cycles", enumerate(names), verb, plot.Percent(sum/max(total, 1)), plot.Count(int(math.Round(total))))
}

// enumerate joins names by commas, and the last one by "and".
func enumerate(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Figure draws (a) the cycles of each role with the use that it makes of the
// multipliers, and (b) those of each block, stacked in the colours of (a). The
// table has one row per block and role.
func (d cyclesData) Figure() (*Figure, error) {
	b := breakdown{
		subtitle: fmt.Sprintf("%s on %s: %s FPS by the %s. %s\n%s They are counted as the authors do.", plot.ShortName(d.Workload), d.Config, plot.Number(d.FPS), d.Model, d.Note, busyMeans),
		of:       "role", blocks: d.Blocks,
		partsTitle:  "(a) by role, and how busy the multipliers are meanwhile",
		blocksTitle: "(b) by block, in the order of the network and the colours of (a)",
	}
	for _, r := range d.Roles {
		b.parts = append(b.parts, breakdownPart{name: plot.PlainRoles(r.Name), color: plot.LabelColor(r.Name), cycles: r.Cycles, note: plot.Percent(r.Utilization) + " busy"})
	}
	if err := b.check("cycles of " + d.Workload); err != nil {
		return nil, err
	}
	b.title = d.finding(b.total())
	return b.figure()
}
