// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/hwsim"
)

// CyclesData is where the cycles of one picture go.
type CyclesData struct {
	// Workload was run on Config, by the timing model Model; Note is what the
	// model leaves out.
	Workload, Config, Model, Note string
	// FPS are the pictures per second.
	FPS   float64
	Roles []CyclesRole
	// Blocks are in the order of the network; an operation outside of blocks is
	// one of its own.
	Blocks []CyclesBlock
}

// CyclesRole is one role of operations: PW1, or "DW + PW2" where one streams
// into the other.
type CyclesRole struct {
	Name string
	// Cycles are those of one picture on all copies together.
	Cycles float64
	// Utilization is the share of the multipliers that work in these cycles,
	// from 0 to 1.
	Utilization float64
}

// CyclesBlock is one block of the network.
type CyclesBlock struct {
	Name string
	// Cycles has one value per role, in the order of the roles.
	Cycles []float64
}

// Cycles draws where the closed form's cycles go: by role, and in each block.
func Cycles(r *hwsim.Result) (*Figure, error) {
	d := CyclesData{
		Workload: r.Workload, Config: r.Config.Name, Model: fmt.Sprintf("%s, %s", r.Model, r.Scope),
		Note: "Memory and auxiliary units take no time.", FPS: r.FPS(),
	}
	copies := float64(r.Config.Copies)
	roles := make(map[string]int)
	for i, p := range r.ByRole() {
		roles[p.Label] = i
		d.Roles = append(d.Roles, CyclesRole{p.Label, float64(p.Cycles) / copies, p.Utilization})
	}
	blocks := make(map[string]int)
	for _, o := range r.Ops {
		name := strings.TrimPrefix(cmp.Or(o.Block, o.Label), "backbone.")
		i, ok := blocks[name]
		if !ok {
			i = len(d.Blocks)
			blocks[name] = i
			d.Blocks = append(d.Blocks, CyclesBlock{name, make([]float64, len(d.Roles))})
		}
		d.Blocks[i].Cycles[roles[o.Label]] += float64(o.Cycles) / copies
	}
	return d.Figure()
}

func (d CyclesData) check() error {
	if len(d.Roles) == 0 || len(d.Blocks) == 0 {
		return fmt.Errorf("charts: cycles of %s: %d roles and %d blocks, need at least one of each", d.Workload, len(d.Roles), len(d.Blocks))
	}
	sums := make([]float64, len(d.Roles))
	for _, b := range d.Blocks {
		if len(b.Cycles) != len(d.Roles) {
			return fmt.Errorf("charts: cycles of %s: block %q has %d values, one for each of %d roles is allowed", d.Workload, b.Name, len(b.Cycles), len(d.Roles))
		}
		for i, c := range b.Cycles {
			sums[i] += c
		}
	}
	for i, r := range d.Roles {
		if !(r.Cycles >= 0) || !finite(r.Cycles) || math.Abs(sums[i]-r.Cycles) > 1e-6*r.Cycles {
			return fmt.Errorf("charts: cycles of %s: role %q has %v cycles, its blocks %v", d.Workload, r.Name, r.Cycles, sums[i])
		}
	}
	return nil
}

func (d CyclesData) total() float64 {
	sum := 0.0
	for _, r := range d.Roles {
		sum += r.Cycles
	}
	return sum
}

// ranks orders the roles for colours: a role of many blocks needs one, that of a
// single block is named by its row. Roles past the colours share one.
func (d CyclesData) ranks() []int {
	blocks := make([]int, len(d.Roles))
	for _, b := range d.Blocks {
		for i, c := range b.Cycles {
			if c > 0 {
				blocks[i]++
			}
		}
	}
	order := make([]int, len(d.Roles))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(blocks[b], blocks[a]) })
	ranks := make([]int, len(d.Roles))
	for rank, i := range order {
		ranks[i] = rank
		if blocks[i] < 2 {
			ranks[i] = len(parts)
		}
	}
	return ranks
}

// finding names the fewest roles that take more than half of the cycles.
func (d CyclesData) finding() string {
	order := slices.Clone(d.Roles)
	slices.SortStableFunc(order, func(a, b CyclesRole) int { return cmp.Compare(b.Cycles, a.Cycles) })
	total, sum := d.total(), 0.0
	var names []string
	for _, r := range order {
		names = append(names, r.Name)
		if sum += r.Cycles; sum > total/2 {
			break
		}
	}
	verb := "take"
	if len(names) == 1 {
		verb = "takes"
	}
	return fmt.Sprintf("%s %s %s of the %s cycles", enumerate(names), verb, percent(sum/max(total, 1)), count(int(math.Round(total))))
}

// enumerate joins names as a sentence does.
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
func (d CyclesData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch, rolePitch, foot = 116, 20, 24, 96
		right                       = 190
		unit                        = "cycles of one picture"
	)
	total := d.total()
	share := func(cycles float64) string {
		return fmt.Sprintf("%s · %s", count(int(math.Round(cycles))), percent(cycles/max(total, 1)))
	}
	ranks := d.ranks()
	var roles, blocks []string
	var bars []opts.BarData
	var roleTexts, blockTexts []point
	for i, r := range d.Roles {
		roles = append(roles, r.Name)
		text := fmt.Sprintf("%s of all; %s of the multipliers busy", share(r.Cycles), percent(r.Utilization))
		bars = append(bars, opts.BarData{Name: r.Name + ": " + text, Value: r.Cycles, ItemStyle: &opts.ItemStyle{Color: partColor(ranks[i])}})
		roleTexts = append(roleTexts, point{fmt.Sprintf("%s · %s busy", share(r.Cycles), percent(r.Utilization)), []any{r.Cycles, i}})
	}
	table := Table{Columns: []string{"block", "role", "cycles"}}
	stacks := make([][]opts.BarData, len(d.Roles))
	for i, b := range d.Blocks {
		blocks = append(blocks, b.Name)
		sum := 0.0
		var holds []string
		for j, c := range b.Cycles {
			sum += c
			if c > 0 {
				holds = append(holds, d.Roles[j].Name+" "+count(int(math.Round(c))))
				table.Rows = append(table.Rows, []any{b.Name, d.Roles[j].Name, c})
			}
		}
		text := fmt.Sprintf("%s: %s cycles (%s)", b.Name, count(int(math.Round(sum))), strings.Join(holds, ", "))
		for j, c := range b.Cycles {
			stacks[j] = append(stacks[j], opts.BarData{Name: text, Value: c})
		}
		blockTexts = append(blockTexts, point{share(sum), []any{sum, i}})
	}
	left := max(labelRoom(roles), labelRoom(blocks))
	width := figureWidth - left - right
	byRole := panel{
		title: "(a) by role, and how many of the multipliers are busy meanwhile",
		left:  left, top: top, width: width, height: rolePitch * len(roles),
		x: axis{name: unit}, y: axis{labels: roles},
		series: []echarts.SingleSeries{{Name: "roles", Type: "bar", BarWidth: "66%", Data: bars}, captions(roleTexts)},
	}
	byBlock := panel{
		title: "(b) by block, in the order of the network and the colours of (a)",
		left:  left, top: top + byRole.height + foot, width: width, height: pitch * len(blocks),
		x: axis{name: unit}, y: axis{labels: blocks},
	}
	for i, r := range d.Roles {
		byBlock.series = append(byBlock.series, echarts.SingleSeries{
			Name: r.Name, Type: "bar", Stack: "block", BarWidth: "66%", Data: stacks[i], Color: partColor(ranks[i]),
			ItemStyle: &opts.ItemStyle{Color: partColor(ranks[i])},
		})
	}
	byBlock.series = append(byBlock.series, captions(blockTexts))
	subtitle := fmt.Sprintf("%s on %s: %s FPS by the %s. %s", d.Workload, d.Config, number(d.FPS), d.Model, d.Note)
	return newFigure(d.finding(), figureWidth, byBlock.top+byBlock.height+54,
		compose(d.finding(), subtitle, nil, []panel{byRole, byBlock}), table)
}
