// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/progress"
)

// Options say what [Simulate] runs. The zero value of all but the scope runs one
// picture with 8-bit weights and without pipelines.
type Options struct {
	Scope     hwsim.Scope
	Pipelines hwsim.Pipelines
	// Batch is the number of pictures; 0 is 1. Copies that share a batch take
	// one each, in rounds; else the pictures follow one another.
	Batch int
	// WeightBits is the width of weights from 1 to 8, 8 where it is 0;
	// WeightBitsOf overrides it by operation. Activations have 8 bits.
	WeightBits   int
	WeightBitsOf map[string]int
	// TilePixels is about how many output pixels a tile has: whole rows, or
	// rectangles of no more than that where these are faster or rows do not fit
	// the buffers. 0 tries powers of four.
	TilePixels int
	// FreeMemory makes buffers and ports unlimited and transfers free, so that
	// each step is one tile; FreeAuxiliary the auxiliary units. The closed form
	// has both.
	FreeMemory, FreeAuxiliary bool
	// Events keeps every event of the first round in the run.
	Events bool
}

// The limits of a run.
const (
	maxBatch     = 1 << 20
	maxTasks     = 1 << 20 // of a step
	maxTileTasks = 1 << 16 // which are in memory at once
)

var (
	errOverflow = errors.New("more than 2^61 cycles, bytes or steps")
	errTasks    = fmt.Errorf("at most %d tasks, of a tile %d, are allowed: take more pixels to a tile or larger engines", maxTasks, maxTileTasks)
	errSlower   = errors.New("not faster than other tiles")
)

// Simulate runs a workload on the event-driven model, which the package comment
// describes. The error names the option, or the operation that does not fit the
// configuration's buffers and what it needs.
func Simulate(w *workload.Workload, c arch.Config, o Options) (*Run, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	for name := range o.WeightBitsOf {
		if !slices.ContainsFunc(w.Ops, func(op workload.Operation) bool { return op.Name == name }) {
			return nil, fmt.Errorf("simulate: weight bits of %q: workload %q has no such operation", name, w.Name)
		}
	}
	o.Batch = max(o.Batch, 1)
	if o.WeightBits == 0 {
		o.WeightBits = 8
	}
	r := &Run{Workload: w.Name, Config: c, Options: o}
	pictures, full, rest := int64(1), int64(o.Batch), int64(0)
	if c.CopiesShare == arch.Batch {
		pictures = min(int64(c.Copies), full)
		full, rest = full/pictures, full%pictures
	}
	if err := r.rounds(w, pictures, full); err != nil {
		return nil, fmt.Errorf("simulate: workload %q: %w", w.Name, err)
	}
	if rest > 0 {
		r.Options.Events = false
		err := r.rounds(w, rest, 1)
		r.Options.Events = o.Events
		if err != nil {
			return nil, fmt.Errorf("simulate: workload %q: %w", w.Name, err)
		}
	}
	return r, nil
}

func (o *Options) check() error {
	bits := func(what string, b int) error {
		if b < 1 || b > 8 {
			return fmt.Errorf("%s %d: 1 to 8 are allowed", what, b)
		}
		return nil
	}
	switch {
	case o.Scope != hwsim.Backbone && o.Scope != hwsim.Whole:
		return fmt.Errorf("no scope %q: have %q and %q", o.Scope, hwsim.Backbone, hwsim.Whole)
	case o.Pipelines > hwsim.BothPipelines:
		return fmt.Errorf("pipelines %d: 0 to %d are allowed", o.Pipelines, hwsim.BothPipelines)
	case o.Batch < 0 || o.Batch > maxBatch:
		return fmt.Errorf("batch %d: 1 to %d pictures are allowed", o.Batch, maxBatch)
	case o.TilePixels < 0:
		return fmt.Errorf("tile pixels %d: at least 1 is needed, or 0 to search", o.TilePixels)
	}
	if o.WeightBits != 0 {
		if err := bits("weight bits", o.WeightBits); err != nil {
			return err
		}
	}
	for name, b := range o.WeightBitsOf {
		if err := bits(fmt.Sprintf("weight bits of %q", name), b); err != nil {
			return err
		}
	}
	return nil
}

// rounds runs one round of so many pictures and adds it several times.
func (r *Run) rounds(w *workload.Workload, pictures, times int64) error {
	start, list, err := r.begin(w, pictures)
	if err != nil {
		return err
	}
	var best *flow
	var last error
	bound := int64(math.MaxInt64)
	tilings := start.tilings(list)
	bar := progress.New("simulate "+w.Name, len(tilings))
	defer bar.Done()
	for _, t := range tilings {
		f := *start
		f.tiling = t
		switch err := f.round(list, bound); {
		case errors.Is(err, errOverflow):
			return err
		case errors.Is(err, errSlower) || last != nil && errors.Is(err, errTasks):
		case err != nil:
			last = err // of the smallest tiles
		default:
			best, bound = &f, f.end()
		}
		bar.Add(1)
	}
	if best == nil {
		return last
	}
	return r.add(best, times)
}

// A flow is one round on its way through the accelerator. Every unit does its
// work in one fixed order; an event takes place when all that it waits for has.
// So a single pass over the tasks finds every time.
type flow struct {
	count.Checked
	r        *Run
	tiling   tiling
	bound    int64                         // cycles that the round has to stay below
	left     struct{ cycles, bytes int64 } // of the engines, and off the chip, that are to come
	pictures int64
	machine  machine
	single   machine // one copy, to count imbalance
	rates    [stallEnd]int64

	now      int64 // when the engines are free
	off      channel
	weights  fifo
	held     []int // weight tiles that the next task uses, too
	pending  *store
	stored   int64 // when the last store ends
	steps    []Step
	host     []hwsim.Omission
	elements [stallEnd]int64
	events   []Event
}

// A store is a tile that waits to be written off-chip.
type store struct {
	step         *Step
	bytes, ready int64
	space        *fifo
	id           int
}

// begin returns the beginning of a round, from which each tiling goes on, and the
// steps.
func (r *Run) begin(w *workload.Workload, pictures int64) (*flow, []*step, error) {
	bits := func(o *workload.Operation) int64 {
		if b, ok := r.Options.WeightBitsOf[o.Name]; ok {
			return int64(b)
		}
		return int64(r.Options.WeightBits)
	}
	c := r.Config
	f := &flow{r: r, pictures: pictures, off: newChannel(c),
		machine: machine{mat: c.MAT, rmac: c.RMAC, share: c.CopiesShare, copies: int64(c.Copies), pictures: pictures,
			width: int64(c.MultiplierBits), divisor: int64(c.DivisorBytes()), bits: bits, spans: r.Options.Events},
		weights: fifo{capacity: kib(c.Buffers.Weight)}}
	f.single = f.machine
	f.single.share, f.single.copies, f.single.pictures, f.single.spans = arch.Pixels, 1, 1, false
	if !r.Options.FreeMemory {
		f.machine.divisors = kib(c.Buffers.Divisor) / (f.machine.divisor * pictures)
	}
	f.setRates()
	list, host := cut(w, c, r.Options.Scope, r.Options.Pipelines)
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("no operation of the %s runs on the accelerator", r.Options.Scope)
	}
	f.host = host
	if !r.Options.FreeMemory {
		capacity := (kib(c.Buffers.Input) + kib(c.Buffers.Output)) / pictures
		place(list, tensors(w, list), capacity, &f.Checked)
	}
	return f, list, nil
}

// round takes the steps through. It gives up with errSlower as soon as the
// engines alone would take it to the bound.
func (f *flow) round(list []*step, bound int64) error {
	f.steps = make([]Step, 0, len(list))
	plans := make([]plan, len(list))
	for i, s := range list {
		p, err := f.plan(s)
		if err != nil {
			return fmt.Errorf("operation %q: %w", s.lead().Name, err)
		}
		plans[i] = p
		f.Inc(&f.left.cycles, p.all.Compute)
		f.Inc(&f.left.bytes, p.all.Traffic.OffChip())
		if f.least() >= bound {
			return errSlower
		}
	}
	f.bound = bound
	for i := range plans {
		if err := f.run(&plans[i]); errors.Is(err, errSlower) {
			return err
		} else if err != nil {
			return fmt.Errorf("operation %q: %w", plans[i].lead().Name, err)
		}
	}
	f.issue()
	switch {
	case f.overflowed():
		return errOverflow
	case f.end() >= bound:
		return errSlower
	}
	return nil
}

func (f *flow) overflowed() bool { return f.Over || f.machine.Over || f.single.Over }

// least is what the round takes at least: what is still to come on the engines
// alone, or off the chip alone.
func (f *flow) least() int64 {
	transfers := min(float64(f.left.bytes)*f.off.cyclesPerByte, count.Limit)
	return max(f.Add(f.now, f.left.cycles), f.Add(f.off.free, int64(transfers)))
}

func kib(b arch.Buffer) int64 { return int64(b.KiB) << 10 }

// end returns when the round is over.
func (f *flow) end() int64 { return max(f.now, f.stored) }

// setRates sets what ports and units do per cycle, 0 where they are free.
func (f *flow) setRates() {
	b, a := f.r.Config.Buffers, f.r.Config.Auxiliary
	if !f.r.Options.FreeMemory {
		f.rates[InputPort], f.rates[WeightPort] = int64(b.Input.PortBytes), int64(b.Weight.PortBytes)
		f.rates[OutputPort], f.rates[DivisorPort] = int64(b.Output.PortBytes), int64(b.Divisor.PortBytes)
	}
	if !f.r.Options.FreeAuxiliary {
		active := f.machine.copies
		if f.machine.share == arch.Batch {
			active = f.pictures
		}
		for s, rate := range map[Stall]int{SumKUnit: a.SumK, Log2Unit: a.Log2, ShifterUnit: a.Shifter, DividerUnit: a.Dividers, RequantizeUnit: a.Requantize,
			ActivationUnit: a.Activation, AdderUnit: a.Add, ResizerUnit: a.Resize, PoolUnit: a.Pool} {
			f.rates[s] = int64(rate) * active
		}
	}
}

// run takes one step through.
func (f *flow) run(p *plan) error {
	m, buffers, s := &f.machine, f.r.Config.Buffers, p.step
	tiles := p.tiles()
	if s.mapping == headPipeline && !f.r.Options.FreeMemory && m.divisors == 0 {
		return fmt.Errorf("buffers.divisor.kib %d is too small: %d pictures have divisors of %d bytes each", buffers.Divisor.KiB, f.pictures, m.divisor)
	}
	in, out := fifo{capacity: p.room.in}, fifo{capacity: p.room.out}
	passing, total := m.Mul(s.passingLoads, f.pictures), m.Mul(s.stores+s.passingStores, f.pictures)
	loads := p.loads != loads{}

	f.steps = append(f.steps, p.all)
	st := &f.steps[len(f.steps)-1]
	st.Start = f.now
	ids := make([]int, len(p.weights))
	kept := 0 // the first of the input tiles that are still there
	var resident piece
	for n := range int(tiles) {
		if f.least() >= f.bound {
			return errSlower
		}
		t := p.tile(int64(n), p.loads)
		last := t.out.to == p.whole
		tasks := p.shapes[t.area]
		f.demandUnits(p, tasks, t, last)
		outID := 0
		for i := range tasks {
			k := &tasks[i]
			if f.overflowed() {
				return errOverflow
			}
			var ready [firstPort]int64 // until when each off-chip cause holds
			if len(p.weights) > 0 && (n == 0 || !p.resident) {
				for j := k.from; j < k.to; j++ {
					id, space, ok := f.weights.take(p.weights[j])
					if !ok {
						return fmt.Errorf("buffers.weight.kib %d is too small: a task has weights of more than that", buffers.Weight.KiB)
					}
					ids[j] = id
					ready[WeightLoad] = f.load(st, WeightBuffer, p.weights[j], space)
				}
			}
			if i == 0 {
				if n == 0 {
					f.issue() // the stores of the step before; what is loaded may be among them
				}
				if loads {
					_, space, ok := in.take(t.loads)
					if !ok {
						return f.inputTooSmall(p, t)
					}
					ready[InputLoad] = f.load(st, InputBuffer, t.loads, max(space, st.Start))
				}
				if t.resident > 0 { // in the place of the band before
					resident = piece{t.resident, never}
					ready[InputLoad] = max(ready[InputLoad], f.load(st, InputBuffer, t.resident, f.now))
				}
				if passing > 0 && t.in.to > t.in.from {
					ready[InputLoad] = max(ready[InputLoad], f.load(st, noBuffer, t.in.of(passing, p.whole), st.Start))
				}
				f.issue() // the store of the tile before
				id, space, ok := out.take(f.made(p, t))
				if !ok {
					return f.outputTooSmall(p, t)
				}
				outID, ready[OutputStore] = id, space
				if n == 0 && s.tight {
					ready[OutputStore] = f.stored
				}
			}
			head := int64(0)
			if t.cut() {
				head = t.band
			}
			f.execute(st, k, ready, head)
			if len(p.weights) > 0 && (last || !p.resident) {
				f.release(st, ids[k.from:k.to], k.keep)
			}
		}
		f.release(st, nil, 0)
		until := n - p.overlap()
		if t.ends {
			until = n
		}
		for ; loads && kept <= until; kept++ {
			f.free(st, InputBuffer, &in.pieces[kept])
		}
		if t.ends && resident.released == never {
			f.free(st, InputBuffer, &resident)
		}
		out.pieces[outID].released = f.now
		if total > 0 && t.out.to > t.out.from {
			out.pieces[outID].released = never
			f.pending = &store{step: st, bytes: t.out.of(total, p.whole), ready: f.now, space: &out, id: outID}
		}
	}
	st.Cycles = f.now - st.Start
	return nil
}

// demandUnits divides the elements of the auxiliary units among the tasks of a
// tile, as their cycles are. What a tile has of the step's is in proportion to its
// outputs, but for the sum over K, which goes with KᵀV.
func (f *flow) demandUnits(p *plan, tasks []task, t tile, last bool) {
	var total int64
	for i := range tasks {
		total += tasks[i].cycles
	}
	for u := SumKUnit; u < stallEnd; u++ {
		if p.elements[u] == 0 {
			continue
		}
		through := t.out
		if u == SumKUnit {
			through = t.in
		}
		elements := f.Mul(through.of(p.elements[u], p.whole), f.pictures)
		f.Inc(&f.elements[u], elements)
		if u == DividerUnit {
			a := &f.r.Config.Auxiliary
			elements = f.Mul(elements, int64(a.DividerInterval))
			if last && !f.r.Options.FreeAuxiliary {
				tasks[len(tasks)-1].latency = int64(a.DividerLatency)
			}
		}
		var done, given int64
		for i := range tasks {
			done += tasks[i].cycles
			if next := count.Share(elements, done, total); i == len(tasks)-1 {
				tasks[i].demand[u] = elements - given
			} else {
				tasks[i].demand[u] = next - given
				given = next
			}
		}
	}
}

// load brings bytes into a buffer and returns when they have arrived. What a tile
// shares with the one above may be all that it needs: nothing waits for nothing.
func (f *flow) load(st *Step, b BufferName, bytes, from int64) int64 {
	if bytes == 0 {
		return from
	}
	begin, end := f.off.move(bytes, from, &f.Checked)
	f.left.bytes -= bytes
	f.event(Event{Kind: LoadEvent, Buffer: b, Op: st.Name, Bytes: bytes, Start: begin, End: end})
	return f.Add(end, f.off.latency)
}

// execute lets the engines do one task when nothing holds it any more. The head is
// the one that those of the task's spans are counted from.
func (f *flow) execute(st *Step, k *task, ready [firstPort]int64, head int64) {
	start, cause := f.now, Imbalance
	for c, at := range ready {
		if at > start {
			start, cause = at, Stall(c)
		}
	}
	f.charge(st, k, cause, start-f.now)
	cycles, slowest := k.cycles, Imbalance
	for c := firstPort; c < stallEnd; c++ {
		if rate := f.rates[c]; rate > 0 {
			if n := count.Up(k.demand[c], rate); n > cycles {
				cycles, slowest = n, c
			}
		}
	}
	f.charge(st, k, slowest, cycles-k.cycles)
	f.charge(st, k, DividerUnit, k.latency)
	f.charge(st, k, DivisorPasses, k.refill)
	f.left.cycles -= k.cycles
	cycles = f.Add(cycles, f.Add(k.latency, k.refill))
	f.now = f.Add(start, cycles)
	for _, p := range k.spans { // longer by as much as the whole task is
		e := Event{Kind: ComputeEvent, Op: st.Name, Head: int(head+p.head) + 1, Start: start + count.Share(cycles, p.from, k.cycles), End: start + count.Share(cycles, p.to, k.cycles)}
		if p.mat {
			e.MAT = p.op
		}
		if p.rmac {
			e.RMAC = p.op
		}
		f.event(e)
	}
	if len(k.spans) > 0 {
		return
	}
	e := Event{Kind: ComputeEvent, Op: st.Name, Start: start, End: f.now}
	if k.matWorks {
		e.MAT = st.Name
	}
	if k.rmacWorks {
		e.RMAC = cmp.Or(k.onRMAC, st.Name)
	}
	f.event(e)
}

// charge books cycles in which the engines of all copies wait.
func (f *flow) charge(st *Step, k *task, cause Stall, cycles int64) {
	n := f.Mul(cycles, f.machine.copies)
	for _, e := range []struct {
		works bool
		a     *Account
	}{{k.matWorks, &st.MAT}, {k.rmacWorks, &st.RMAC}} {
		if e.works {
			f.Inc(&e.a.Stalls[cause], n)
		} else {
			f.Inc(&e.a.Idle, n)
		}
	}
}

// free gives the space of a piece back.
func (f *flow) free(st *Step, b BufferName, p *piece) {
	p.released = f.now
	f.event(Event{Kind: freeEvent, Buffer: b, Op: st.Name, Bytes: p.bytes, Start: f.now, End: f.now})
}

// release frees weight tiles at the end of a task, but for the last keep, and
// those that the task before kept.
func (f *flow) release(st *Step, ids []int, keep int) {
	for _, id := range f.held {
		f.free(st, WeightBuffer, &f.weights.pieces[id])
	}
	n := len(ids) - keep
	for _, id := range ids[:n] {
		f.free(st, WeightBuffer, &f.weights.pieces[id])
	}
	f.held = append(f.held[:0], ids[n:]...)
}

// issue asks for the store that waits, if any.
func (f *flow) issue() {
	if p := f.pending; p != nil {
		begin, end := f.off.move(p.bytes, p.ready, &f.Checked)
		p.space.pieces[p.id].released = end
		f.stored = end
		f.left.bytes -= p.bytes
		f.event(Event{Kind: StoreEvent, Buffer: OutputBuffer, Op: p.step.Name, Bytes: p.bytes, Start: begin, End: end})
		f.pending = nil
	}
}

// event keeps an event if the run wants them.
func (f *flow) event(e Event) {
	if f.r.Options.Events {
		f.events = append(f.events, e)
	}
}
