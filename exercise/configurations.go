// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// network is the variant that E9 and E10 run.
const network = "b1-r224"

// Broken returns the three configurations of E9. Each is the paper's with one
// bottleneck.
func Broken() []arch.Config {
	offChip, port, unit := arch.ZCU102(), arch.ZCU102(), arch.ZCU102()
	offChip.Name, offChip.OffChip.MBPerS = "configuration 1", 1200
	// By its roofline this configuration too is bound by bandwidth.
	port.Name, port.Buffers.Weight.PortBytes, port.OffChip.MBPerS = "configuration 2", 32, 2400
	unit.Name, unit.Auxiliary.Requantize = "configuration 3", 2
	return []arch.Config{offChip, port, unit}
}

// E9 checks the bottlenecks that a student names for the configurations of [Broken], in
// their order. A bottleneck is the stall that takes the most cycles of EfficientViT-B1 at
// 224×224. It is named as in the report of the event-driven model.
func E9(bottlenecks ...string) Verdict {
	w, err := workload.Variant(network)
	if err != nil {
		return Verdict{"E9", false, err.Error()}
	}
	broken := Broken()
	if len(bottlenecks) != len(broken) {
		return Verdict{"E9", false, fmt.Sprintf("%d bottlenecks for %d configurations.", len(bottlenecks), len(broken))}
	}
	for i, c := range broken {
		run, err := event.Simulate(w, c, event.Options{})
		if err != nil {
			return Verdict{"E9", false, err.Error()}
		}
		if says := misnamed(run, strings.ToLower(strings.TrimSpace(bottlenecks[i]))); says != "" {
			return Verdict{"E9", false, c.Name + ": " + says}
		}
	}
	return Verdict{"E9", true, fmt.Sprintf("the bottlenecks of all %d configurations.", len(broken))}
}

// misnamed returns the student's error where the name is no bottleneck of the run, or "".
func misnamed(run *event.Run, name string) string {
	stalls := map[string]int64{}
	waits := func(s event.Stall) int64 { return run.MAT.Stalls[s] + run.RMAC.Stalls[s] }
	most := int64(0)
	for _, s := range event.Stalls() {
		stalls[s.String()] = waits(s)
		most = max(most, waits(s))
	}
	transfers := []event.Stall{event.WeightLoad, event.InputLoad, event.OutputStore}
	bandwidth, offChip := strings.Contains(name, "bandwidth"), int64(0)
	for _, s := range transfers {
		bandwidth = bandwidth || name == s.String()
		offChip = max(offChip, waits(s))
	}
	share := func(n int64) string {
		return fmt.Sprintf("%.1f %%", 50*float64(n)/float64(run.Config.Copies)/float64(run.Cycles))
	}
	got, known := stalls[name]
	line := run.Roofline()
	switch {
	case known && got == most:
		return ""
	case bandwidth && !known && offChip == most:
		return "bandwidth it is, but of which transfers? The report names what the engines wait for."
	case bandwidth && offChip < most && line.Bound(&line.Run) == "bandwidth":
		return fmt.Sprintf("the roofline says bandwidth, but it knows only the off-chip memory, for which the engines wait %s of the cycles, and %s for something on the chip.", share(offChip), share(most))
	case !known:
		return fmt.Sprintf("%q is no stall of the report.", name)
	}
	return fmt.Sprintf("for %q the engines wait %s of the cycles, and %s for something else.", name, share(got), share(most))
}

// E10 checks a configuration of the accelerator. It must run EfficientViT-B1 at 224×224
// in fewer cycles of the event-driven model than the paper's configuration, with no more
// DSP slices in its engines than the paper's, and with no more block RAMs than the
// paper's chip has. The student may choose the sizes and the copies of the engines, the
// resources that the copies share, and the buffers with their ports. All other values are
// the paper's.
func E10(c arch.Config) Verdict {
	says, passed := judged(c)
	return Verdict{"E10", passed, says}
}

func judged(c arch.Config) (says string, passed bool) {
	paper, chip := arch.ZCU102(), arch.XCZU9EG()
	others := c
	others.Name, others.MAT, others.RMAC, others.Copies, others.CopiesShare, others.Buffers = paper.Name, paper.MAT, paper.RMAC, paper.Copies, paper.CopiesShare, paper.Buffers
	if err := c.Validate(); err != nil {
		return err.Error(), false
	}
	switch {
	case c.EngineDSPs() > paper.EngineDSPs():
		return fmt.Sprintf("%d copies of these engines take %d DSP slices, and %d are allowed: more hardware is no better design.", c.Copies, c.EngineDSPs(), paper.EngineDSPs()), false
	case c.BRAMs() > chip.BRAMs:
		return fmt.Sprintf("these buffers take %d block RAMs, and the chip has %d.", c.BRAMs(), chip.BRAMs), false
	case others != paper:
		return "more than the engines, their copies and the buffers is changed: clock, memory, multipliers and auxiliary units are to stay the paper's.", false
	}
	w, err := workload.Variant(network)
	if err != nil {
		return err.Error(), false
	}
	before, err := event.Simulate(w, paper, event.Options{})
	if err != nil {
		return err.Error(), false
	}
	run, err := event.Simulate(w, c, event.Options{})
	if err != nil {
		return err.Error(), false
	}
	cycles := fmt.Sprintf("%d cycles by the event-driven model, where the paper's takes %d", run.Cycles, before.Cycles)
	if run.Cycles < before.Cycles {
		return cycles + ".", true
	}
	if was, is := undivided(w, paper), undivided(w, c); is < was {
		return fmt.Sprintf("a winner in the closed form only, %.0f cycles for %.0f: it takes %s. What do its engines wait for?", is, was, cycles), false
	}
	return "it takes " + cycles + ".", false
}

// undivided returns the cycles of the closed form, or NaN if it returns an error.
func undivided(w *workload.Workload, c arch.Config) float64 {
	result, err := closed.Charge(w, c, hwsim.Backbone)
	if err != nil {
		return math.NaN()
	}
	return result.Estimate().Cycles
}
