// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/page"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/table"
)

// Tables returns the run on a page: rates, the use of the engines' cycles, the cycles by
// role, the traffic, and the assumptions.
func (r *Run) Tables() table.Page {
	var s table.Writer
	copies := float64(r.Config.Copies)
	mat, rmac := r.Utilization()
	fmt.Fprintf(&s, "event-driven, %s, %s, copies share %s\non %s\n", r.Workload, r.Options, r.Config.CopiesShare, r.Config)
	fmt.Fprintf(&s, "%d cycles for %s, %.3f ms to the first, %.1f FPS\n", r.Cycles, page.Pictures(r.Options.Batch), 1e3*r.seconds(r.RoundCycles), r.FPS())
	fmt.Fprintf(&s, "%.1f GOPS by the authors' count, %.1f by all MACs, %.1f %% of the peak (MAT %.1f %%, R-MAC %.1f %%)\n",
		r.GOPS(), r.AllGOPS(), 100*r.AllGOPS()/r.Config.PeakGOPS(), 100*mat, 100*rmac)
	s.Table("cycles\tMAT\tR-MAC\tof all\t", func(row func(string, ...any)) {
		line := func(name string, m, r0 int64) {
			if m+r0 > 0 {
				row("%s\t%.0f\t%.0f\t%.1f %%\t", name, float64(m)/copies, float64(r0)/copies, 50*float64(m+r0)/copies/float64(r.Cycles))
			}
		}
		line("busy", r.MAT.Busy, r.RMAC.Busy)
		for _, c := range Stalls() {
			line(c.String(), r.MAT.Stalls[c], r.RMAC.Stalls[c])
		}
		line("idle", r.MAT.Idle, r.RMAC.Idle)
	})
	s.Table("multipliers of both\tcycles\tof all\t", func(row func(string, ...any)) {
		for t, n := range r.Spending() {
			if n > 0 {
				row("%s\t%d\t%.1f %%\t", Term(t), n, 100*float64(n)/float64(r.Cycles))
			}
		}
	})
	s.Table("role\tsteps\tcycles\tshare\twaited\t", func(row func(string, ...any)) {
		for _, p := range r.ByRole() {
			row("%s\t%d\t%d\t%.1f %%\t%d\t", p.Label, p.Steps, p.Cycles, 100*p.Share, p.Waited)
		}
	})
	t := &r.Traffic
	fmt.Fprintf(&s, "off-chip: %.3f MB of weights, %.3f MB of activations in, %.3f MB out, busy %.1f %% of the time\n",
		float64(t.WeightLoads)/1e6, float64(t.InputLoads)/1e6, float64(t.Stores)/1e6, 100*float64(r.OffChipBusy)/float64(r.Cycles))
	fmt.Fprintf(&s, "ports: %.3f MB input, %.3f MB weight, %.3f MB output, %.3f MB divisor buffer\n",
		float64(t.InputPort)/1e6, float64(t.WeightPort)/1e6, float64(t.OutputPort)/1e6, float64(t.DivisorPort)/1e6)
	s.WriteString(page.Needs(r.Config))
	l := r.Roofline()
	fmt.Fprintf(&s, "roofline: %.1f operations per byte off the chip, ridge at %.1f: bound by %s\n", l.Run.Intensity(), l.Ridge(), l.Bound(&l.Run))
	for _, o := range page.SumOmissions(r.Host, func(o *hwsim.Omission) string { return o.Label }) {
		what := o.First
		if o.Ops > 1 {
			what = fmt.Sprintf("%d times %s", o.Ops, o.Label)
		}
		fmt.Fprintf(&s, "work of the host, in neither cycles nor energy: %s, %d elements\n", what, o.Elements)
	}
	switch host := r.HostSeconds(); {
	case math.IsNaN(host):
		s.WriteString("time of the host: unknown, for host.melements_per_s is\n")
	case host > 0:
		fmt.Fprintf(&s, "time of the host: %.3f ms for %s, apart from the accelerator's %.3f ms\n", 1e3*host, page.Pictures(r.Options.Batch), 1e3*r.seconds(r.Cycles))
	}
	s.WriteString(r.Config.Assumptions().String())
	return s.Page()
}

// String is the text of [Run.Tables], which ends with a line break.
func (r *Run) String() string { return r.Tables().String() }

// MarshalJSON writes the stalls by name, without those of no cycles.
func (a Account) MarshalJSON() ([]byte, error) {
	stalls := make(map[string]int64)
	for c, n := range a.Stalls {
		if n > 0 {
			stalls[Stall(c).String()] = n
		}
	}
	return json.Marshal(map[string]any{"busy": a.Busy, "idle": a.Idle, "stalls": stalls, "lanes": a.Lanes, "macs": a.MACs})
}

// MarshalJSON writes the run with its rates, steps and assumptions, without the events.
// Cycles of engines are summed over the copies.
func (r *Run) MarshalJSON() ([]byte, error) {
	steps := make([]map[string]any, len(r.Steps))
	for i := range r.Steps {
		s := &r.Steps[i]
		steps[i] = map[string]any{"name": s.Name, "operations": s.Ops, "label": s.Label, "block": s.Block, "start": s.Start, "cycles": s.Cycles,
			"compute": s.Compute, "imbalance": s.Imbalance(r.Config.Copies), "spending": s.Spending(&r.Config), "mat": s.MAT, "rmac": s.RMAC, "bytes": s.Traffic, "macs": s.MACs, "authors_macs": s.PaperMACs}
	}
	mat, rmac := r.Utilization()
	return json.Marshal(struct {
		Model           string                  `json:"model"`
		Workload        string                  `json:"workload"`
		Scope           hwsim.Scope             `json:"scope"`
		Pipelines       string                  `json:"pipelines"`
		Batch           int                     `json:"batch"`
		WeightBits      int                     `json:"weight_bits"`
		WeightBitsOf    map[string]int          `json:"weight_bits_of,omitempty"`
		FreeMemory      bool                    `json:"free_memory"`
		FreeAuxiliary   bool                    `json:"free_auxiliary"`
		TilePixels      int64                   `json:"tile_pixels"`
		TileBytes       int64                   `json:"tile_bytes"`
		CutHeads        bool                    `json:"cut_heads"`
		Configuration   arch.Config             `json:"configuration"`
		Assumptions     arch.Assumptions        `json:"assumptions"`
		DSPs            int                     `json:"dsps"`
		EngineDSPs      int                     `json:"engine_dsps"`
		LUTs            int                     `json:"luts"`
		BRAMs           int                     `json:"brams"`
		Cycles          int64                   `json:"cycles"`
		RoundCycles     int64                   `json:"round_cycles"`
		Drain           int64                   `json:"drain_cycles"`
		OffChipBusy     int64                   `json:"off_chip_busy_cycles"`
		Latency         float64                 `json:"latency_seconds"`
		FPS             float64                 `json:"fps"`
		GOPS            float64                 `json:"gops"`
		AllGOPS         float64                 `json:"gops_all_macs"`
		MATUtilization  float64                 `json:"mat_utilization"`
		RMACUtilization float64                 `json:"rmac_utilization"`
		MACs            int64                   `json:"macs"`
		PaperMACs       int64                   `json:"authors_macs"`
		MAT             Account                 `json:"mat"`
		RMAC            Account                 `json:"rmac"`
		Bytes           Traffic                 `json:"bytes"`
		Elements        map[workload.Unit]int64 `json:"elements"`
		Host            []hwsim.Omission        `json:"host"`
		HostSeconds     jsonfloat.Float         `json:"host_seconds"`
		Roofline        *Roofline               `json:"roofline"`
		Roles           []Part                  `json:"roles"`
		Blocks          []Part                  `json:"blocks"`
		Steps           []map[string]any        `json:"steps"`
	}{"event-driven", r.Workload, r.Options.Scope, r.Options.Pipelines.String(), r.Options.Batch,
		r.Options.WeightBits, r.Options.WeightBitsOf, r.Options.FreeMemory, r.Options.FreeAuxiliary, r.Tiling.Pixels, r.Tiling.Bytes, r.Tiling.CutHeads, r.Config, r.Config.Assumptions(),
		r.Config.DSPs(), r.Config.EngineDSPs(), r.Config.LUTs(), r.Config.BRAMs(), r.Cycles, r.RoundCycles, r.Drain, r.OffChipBusy, r.seconds(r.RoundCycles), r.FPS(), r.GOPS(), r.AllGOPS(), mat, rmac,
		r.MACs, r.PaperMACs, r.MAT, r.RMAC, r.Traffic, r.Elements, append([]hwsim.Omission{}, r.Host...), jsonfloat.Float(r.HostSeconds()), r.Roofline(),
		r.ByRole(), r.ByBlock(), steps})
}

// WriteCSV writes a line per step: its cycles, their use in each engine, summed over the
// copies, and its traffic in bytes.
func (r *Run) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"name", "label", "block", "start", "cycles", "compute", "imbalance", "macs", "authors' macs",
		"weight loads", "input loads", "stores", "input port", "weight port", "output port", "divisor port",
		"operations per off-chip byte", "GOPS", "roof GOPS", "bound"}
	for _, engine := range []string{"MAT", "R-MAC"} {
		head = append(head, engine+" busy", engine+" idle")
		for _, c := range Stalls() {
			head = append(head, engine+" "+c.String())
		}
	}
	lines := [][]string{head}
	roofline := r.Roofline()
	points := make(map[string]*RooflinePoint)
	for i := range roofline.Steps {
		points[roofline.Steps[i].Name] = &roofline.Steps[i]
	}
	place := func(s *Step) []string {
		p, ok := points[s.Name]
		if !ok {
			return make([]string, 4) // the step multiplies nothing
		}
		float := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
		intensity := "" // the intensity is empty where all data stays on the chip
		if x := p.Intensity(); !math.IsInf(x, 1) {
			intensity = float(x)
		}
		return []string{intensity, float(p.GOPS), float(roofline.Roof(p.Intensity())), roofline.Bound(p)}
	}
	for i := range r.Steps {
		s, t := &r.Steps[i], &r.Steps[i].Traffic
		line := []string{s.Name, s.Label, s.Block}
		numbers := []int64{s.Start, s.Cycles, s.Compute, s.Imbalance(r.Config.Copies), s.MACs, s.PaperMACs,
			t.WeightLoads, t.InputLoads, t.Stores, t.InputPort, t.WeightPort, t.OutputPort, t.DivisorPort}
		write := func(numbers ...int64) {
			for _, n := range numbers {
				line = append(line, strconv.FormatInt(n, 10))
			}
		}
		write(numbers...)
		line = append(line, place(s)...)
		for _, a := range []*Account{&s.MAT, &s.RMAC} {
			write(a.Busy, a.Idle)
			write(a.Stalls[:]...)
		}
		lines = append(lines, line)
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("run %s: CSV: %w", r.Workload, err)
	}
	return nil
}

// The tracks of a trace.
const (
	matTrack = iota + 1
	rmacTrack
	channelTrack
)

// WriteTrace writes the events of the first round as Chrome trace events for
// ui.perfetto.dev and chrome://tracing: the tasks of each engine and the off-chip
// transfers, in the time of the configured clock. A run without events is an error.
func (r *Run) WriteTrace(w io.Writer) error {
	if len(r.Events) == 0 {
		return fmt.Errorf("run %s: trace: no events were kept: set the option Events", r.Workload)
	}
	type event struct {
		Name     string         `json:"name"`
		Phase    string         `json:"ph"`
		Time     float64        `json:"ts"` // begin in µs
		Duration float64        `json:"dur,omitempty"`
		Process  int            `json:"pid"`
		Thread   int            `json:"tid"`
		Args     map[string]any `json:"args,omitempty"`
	}
	events := []event{
		{Name: "process_name", Phase: "M", Process: 1, Args: map[string]any{"name": r.Config.Name}},
		{Name: "thread_name", Phase: "M", Process: 1, Thread: matTrack, Args: map[string]any{"name": "MAT"}},
		{Name: "thread_name", Phase: "M", Process: 1, Thread: rmacTrack, Args: map[string]any{"name": "R-MAC"}},
		{Name: "thread_name", Phase: "M", Process: 1, Thread: channelTrack, Args: map[string]any{"name": "off-chip memory"}},
	}
	at := func(cycle int64) float64 { return float64(cycle) / r.Config.ClockMHz }
	for _, e := range r.Events {
		x := event{Phase: "X", Time: at(e.Start), Duration: at(e.End - e.Start), Process: 1}
		switch e.Kind {
		case ComputeEvent:
			for i, op := range []string{e.MAT, e.RMAC} {
				if op != "" {
					x.Name, x.Thread = op, matTrack+i
					events = append(events, x)
				}
			}
		case LoadEvent, StoreEvent:
			x.Name, x.Thread = e.Kind.String()+" "+e.Op, channelTrack
			x.Args = map[string]any{"bytes": e.Bytes, "buffer": e.Buffer}
			events = append(events, x)
		}
	}
	// Some readers need the events in the order of time across all tracks.
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.Time, b.Time) })
	err := json.NewEncoder(w).Encode(map[string]any{"traceEvents": events, "displayTimeUnit": "ns"})
	if err != nil {
		return fmt.Errorf("run %s: trace: %w", r.Workload, err)
	}
	return nil
}
