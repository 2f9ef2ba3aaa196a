// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Run is the result of the event-driven model for a workload.
type Run struct {
	Workload string
	Config   arch.Config
	// Options are the options of the call, with defaults filled in.
	Options Options
	// Tiling is the fastest size of tiles for the first round. [schedule.Schedule] returns
	// the run's tiles and tasks for it.
	Tiling schedule.Tiling
	// Cycles is the time of the whole batch. RoundCycles is the time of the first round,
	// which is one picture, or one for each copy where they share a batch.
	Cycles, RoundCycles int64
	// Drain is the part of Cycles in which the engines have ended and the last results are
	// still being stored.
	Drain int64
	// MAT and RMAC account for every cycle of every copy.
	MAT, RMAC Account
	// Steps are in the order of the workload, each summed over all rounds.
	Steps []Step
	// Host are the operations of one picture for which the accelerator has no unit. Their
	// time is not in Cycles: see [Run.HostSeconds].
	Host []hwsim.Omission
	// Traffic is the traffic of all steps. OffChipBusy are the cycles in which the
	// off-chip memory moves data.
	Traffic     Traffic
	OffChipBusy int64
	// Elements counts the elements processed by each auxiliary unit.
	Elements map[workload.Unit]int64
	// MACs counts the multiply-accumulates of the scope, PaperMACs those that the authors
	// count (see closed.Result).
	MACs, PaperMACs int64
	// Events are the events of the first round, where the options ask for them.
	Events []Event
}

// A Step is one operation of the engines, or several joined by a pipeline, with the
// elementwise operations that stream behind them.
type Step struct {
	// Name is the name of the operation by which the closed form charges the step. Ops are
	// all its operations.
	Name string
	Ops  []string
	// Label joins the roles of the engines' operations. Labels has each role by the
	// operation's name. Block is the network's block.
	Label, Block string
	Labels       map[string]string
	// Start is the cycle in which the first round reaches the step. Cycles are counted
	// from the end of the previous step.
	Start, Cycles int64
	// Compute is the part of Cycles that the engines take, without waiting for ports,
	// units or off-chip memory.
	Compute int64
	// OneCopy is the cycles of one copy alone, for all pictures.
	OneCopy   int64
	MAT, RMAC Account
	Traffic   Traffic
	// MACs and PaperMACs are counted as in [Run].
	MACs, PaperMACs int64
}

// Imbalance returns the cost of dividing the step among the copies: the compute cycles of
// all copies together, less the cycles of one copy alone.
func (s *Step) Imbalance(copies int) int64 { return int64(copies)*s.Compute - s.OneCopy }

// Traffic counts bytes.
type Traffic struct {
	// WeightLoads and InputLoads are transfers from off-chip memory into the weight and
	// input buffers, Stores from the output buffer to off-chip memory.
	WeightLoads int64 `json:"weight_loads"`
	InputLoads  int64 `json:"input_loads"`
	Stores      int64 `json:"stores"`
	// InputPort to DivisorPort are the bytes between a buffer and the engines.
	InputPort   int64 `json:"input_port"`
	WeightPort  int64 `json:"weight_port"`
	OutputPort  int64 `json:"output_port"`
	DivisorPort int64 `json:"divisor_port"`
}

// OffChip returns the bytes to and from off-chip memory.
func (t *Traffic) OffChip() int64 { return t.WeightLoads + t.InputLoads + t.Stores }

func (t *Traffic) add(b *Traffic, times int64) {
	to := []*int64{&t.WeightLoads, &t.InputLoads, &t.Stores, &t.InputPort, &t.WeightPort, &t.OutputPort, &t.DivisorPort}
	for i, n := range []int64{b.WeightLoads, b.InputLoads, b.Stores, b.InputPort, b.WeightPort, b.OutputPort, b.DivisorPort} {
		count.Inc(to[i], count.Mul(n, times))
	}
}

// An EventKind is the kind of an [Event].
type EventKind uint8

// The kinds: a transfer from or to off-chip memory, a task of the engines, and
// the end of a piece's time in a buffer.
const (
	LoadEvent EventKind = iota
	StoreEvent
	ComputeEvent
	freeEvent
)

// String names the kind.
func (k EventKind) String() string {
	return [...]string{"load", "store", "compute", "free"}[k]
}

// A BufferName is one of the buffers through which tiles pass.
type BufferName string

// The buffers.
const (
	InputBuffer  BufferName = "input buffer"
	WeightBuffer BufferName = "weight buffer"
	OutputBuffer BufferName = "output buffer"
	// noBuffer stands for bytes that only pass the auxiliary units.
	noBuffer BufferName = ""
)

// An Event occupies an engine, a buffer or the off-chip memory for some cycles.
type Event struct {
	Kind   EventKind
	Buffer BufferName // the buffer's name, empty for a ComputeEvent
	Op     string     // the step's name
	Bytes  int64
	// MAT and RMAC are the operations of the engines in a ComputeEvent, empty for an
	// engine without a part in it.
	MAT, RMAC string
	// Head is the number of the head that the intra-layer pipeline works on, from 1
	// within a tile, or within the step where heads are cut; 0 outside the attention.
	// Only the slowest copy is recorded.
	Head int
	// Start and End are in cycles. Loaded data is usable a latency after End.
	Start, End int64
}

// newRun returns a run without rounds. The first round gives its tiling.
func newRun(name string, c *arch.Config, o *Options, first *round) *Run {
	r := &Run{Workload: name, Config: *c, Options: *o, Tiling: first.tiling,
		RoundCycles: first.end, Events: first.events, Host: first.host,
		Elements: make(map[workload.Unit]int64), Steps: make([]Step, len(first.steps))}
	for i, s := range first.steps {
		r.Steps[i] = Step{Name: s.Name, Ops: s.Ops, Label: s.Label, Labels: s.Labels, Block: s.Block, Start: s.Start}
	}
	return r
}

// add adds equal rounds, the given number of times.
func (r *Run) add(f *round, times int64) {
	for i := range f.steps {
		from, to := &f.steps[i], &r.Steps[i]
		count.Inc(&to.Cycles, count.Mul(times, from.Cycles))
		count.Inc(&to.Compute, count.Mul(times, from.Compute))
		count.Inc(&to.OneCopy, count.Mul(times, from.OneCopy))
		count.Inc(&to.MACs, count.Mul(times, from.MACs))
		count.Inc(&to.PaperMACs, count.Mul(times, from.PaperMACs))
		to.MAT.add(&from.MAT, times)
		to.RMAC.add(&from.RMAC, times)
		to.Traffic.add(&from.Traffic, times)
		count.Inc(&r.MACs, count.Mul(times, from.MACs))
		count.Inc(&r.PaperMACs, count.Mul(times, from.PaperMACs))
		r.MAT.add(&from.MAT, times)
		r.RMAC.add(&from.RMAC, times)
		r.Traffic.add(&from.Traffic, times)
	}
	drain := count.Mul(times, f.drain)
	count.Inc(&r.Drain, drain)
	for _, a := range []*Account{&r.MAT, &r.RMAC} {
		count.Inc(&a.Stalls[OutputStore], count.Mul(drain, int64(r.Config.Copies)))
	}
	count.Inc(&r.Cycles, count.Mul(times, f.end))
	count.Inc(&r.OffChipBusy, count.Mul(times, f.offChipBusy))
	for unit, s := range unitStall {
		if n := count.Mul(times, f.elements[s]); n > 0 {
			r.Elements[unit] = count.Add(r.Elements[unit], n)
		}
	}
}

// Counts returns the run's events for package energy.
func (r *Run) Counts() energy.Counts {
	b, n := r.Config.Buffers, &r.Traffic
	return energy.Counts{
		Workload: r.Workload, Batch: r.Options.Batch,
		MACs: r.MAT.MACs + r.RMAC.MACs, PaperMACs: r.PaperMACs,
		Buffers: []energy.Buffer{
			{Name: "input", Bytes: n.InputLoads + n.InputPort, KiB: b.Input.KiB},
			{Name: "weight", Bytes: n.WeightLoads + n.WeightPort, KiB: b.Weight.KiB},
			{Name: "output", Bytes: n.Stores + n.OutputPort, KiB: b.Output.KiB},
			{Name: "divisor", Bytes: n.DivisorPort, KiB: b.Divisor.KiB},
		},
		OffChip: n.OffChip(), Elements: r.Elements, BitProducts: r.bitProducts(),
	}
}

// Multiplies returns the auxiliary unit whose number in a configuration is the field with
// the given path (arch.Products.Field).
func Multiplies(field string) workload.Unit {
	switch field {
	case "auxiliary.activation":
		return workload.Activation
	case "auxiliary.add":
		return workload.Adder
	}
	return workload.Requantize
}

// bitProducts returns the one-bit products in the multiplications of the auxiliary units.
func (r *Run) bitProducts() int64 {
	var n int64
	for _, p := range r.Config.Products() {
		n = count.Add(n, count.Mul(r.Elements[Multiplies(p.Field)], int64(p.A), int64(p.B)))
	}
	return n
}

// seconds returns the time of a number of cycles.
func (r *Run) seconds(cycles int64) float64 { return float64(cycles) / (r.Config.ClockMHz * 1e6) }

// Latency returns the time of the first round: of one picture, or of one for
// each copy where the copies share a batch.
func (r *Run) Latency() time.Duration {
	return time.Duration(r.seconds(r.RoundCycles) * float64(time.Second))
}

// HostSeconds returns the time of the host's work for the whole batch, by the
// configuration's throughput of the host. It is 0 without such work, and NaN where the
// throughput is not known. The overlap of the host's work with the accelerator's is not
// modelled.
func (r *Run) HostSeconds() float64 {
	var elements float64
	for i := range r.Host {
		elements += float64(r.Host[i].Elements)
	}
	switch rate := r.Config.HostMElementsPerS * 1e6; {
	case elements == 0:
		return 0
	case rate == 0:
		return math.NaN()
	default:
		return elements * float64(r.Options.Batch) / rate
	}
}

// FPS returns the pictures per second over the batch.
func (r *Run) FPS() float64 { return float64(r.Options.Batch) / r.seconds(r.Cycles) }

// GOPS returns the 10⁹ operations per second by the authors' operation count, two
// per multiply-accumulate.
func (r *Run) GOPS() float64 { return 2 * float64(r.PaperMACs) / r.seconds(r.Cycles) / 1e9 }

// AllGOPS returns the 10⁹ operations per second with every operation of the scope.
func (r *Run) AllGOPS() float64 { return 2 * float64(r.MACs) / r.seconds(r.Cycles) / 1e9 }

// Utilization returns the multiply-accumulates of MAT and of R-MAC as shares of their
// multipliers' capacity in all cycles.
func (r *Run) Utilization() (mat, rmac float64) {
	of := func(a *Account, e arch.Engine) float64 {
		return float64(a.MACs) / (float64(r.Cycles) * float64(e.Multipliers()) * float64(r.Config.Copies))
	}
	return of(&r.MAT, r.Config.MAT), of(&r.RMAC, r.Config.RMAC)
}

// A Part sums the steps of a [Run] with a common role or block.
type Part struct {
	// Label is the common role or block.
	Label   string `json:"label"`
	Steps   int    `json:"steps"`
	Cycles  int64  `json:"cycles"`
	Compute int64  `json:"compute"`
	Waited  int64  `json:"waited"` // Cycles less Compute
	MACs    int64  `json:"macs"`
	// Share is the part's share of the run's cycles.
	Share float64 `json:"share"`
}

// ByRole returns a part per role, the most cycles first.
func (r *Run) ByRole() []Part {
	parts := r.parts(func(s *Step) string { return s.Label })
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Compare(b.Cycles, a.Cycles) })
	return parts
}

// ByBlock returns a part per block in the order of the network. Steps outside of blocks
// form one part with an empty label.
func (r *Run) ByBlock() []Part {
	return r.parts(func(s *Step) string { return s.Block })
}

func (r *Run) parts(label func(*Step) string) []Part {
	var parts []Part
	index := make(map[string]int)
	for i := range r.Steps {
		s := &r.Steps[i]
		j, ok := index[label(s)]
		if !ok {
			j = len(parts)
			index[label(s)] = j
			parts = append(parts, Part{Label: label(s)})
		}
		p := &parts[j]
		p.Steps++
		p.Cycles += s.Cycles
		p.Compute += s.Compute
		p.Waited += s.Cycles - s.Compute
		p.MACs += s.MACs
		p.Share = float64(p.Cycles) / float64(r.Cycles)
	}
	return parts
}
