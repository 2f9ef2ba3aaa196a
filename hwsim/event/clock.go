// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
)

// A round is the result of the pictures that run at the same time.
type round struct {
	tiling      schedule.Tiling
	steps       []Step
	host        []hwsim.Omission
	end, drain  int64 // the cycle in which the round ends, and the cycles from the engines' end to there
	offChipBusy int64
	elements    [stallEnd]int64 // elements of each auxiliary unit, by the unit's stall
	events      []Event
}

// A clock finds the times of a round's tasks. Every unit works in one fixed order, and an
// event takes place as soon as everything it waits for has taken place. So one pass over
// the tasks finds all times.
type clock struct {
	*machine
	bound   int64                         // the round must end before this cycle
	left    struct{ cycles, bytes int64 } // the remaining cycles of the engines, and the remaining bytes off the chip
	now     int64                         // the cycle in which the engines become free
	off     channel
	weights fifo
	held    []int // weight pieces that the next task also uses
	pending *store
	stored  int64 // the cycle in which the last store ends
	ledger
}

// A ledger holds the results that a clock records.
type ledger struct {
	steps    []Step
	elements [stallEnd]int64
	events   []Event
	demand   []int64 // elements of the step's units, for each task of a tile
}

// A store is a tile that waits to be written off-chip.
type store struct {
	step         *Step
	bytes, ready int64
	space        *fifo
	id           int
}

func newClock(m *machine, bound int64) *clock {
	return &clock{machine: m, bound: bound, off: newChannel(m.config), weights: fifo{capacity: m.config.Buffers.Weight.Bytes()},
		ledger: ledger{steps: make([]Step, 0, len(m.schedule.Steps))}}
}

// least returns a lower bound of the round's cycles: the remaining cycles of the engines
// alone, or of the off-chip memory alone.
func (k *clock) least() int64 {
	transfers := min(float64(k.left.bytes)*k.off.cyclesPerByte, count.Limit)
	return max(count.Add(k.now, k.left.cycles), count.Add(k.off.free, int64(transfers)))
}

// end returns the cycle in which the round ends.
func (k *clock) end() int64 { return max(k.now, k.stored) }

// A window holds the pieces of one step's tiles in the input and output buffers.
type window struct {
	in, out  fifo
	kept     int   // index of the first input tile still in the buffer
	resident piece // the bytes that stay in the input buffer for a band
}

// step times one step.
func (k *clock) step(p *plan) error {
	if p.Mapping == schedule.HeadPipeline && !k.options.FreeMemory && k.prices.divisors == 0 {
		return k.divisorsTooSmall(p)
	}
	k.steps = append(k.steps, p.all)
	st := &k.steps[len(k.steps)-1]
	st.Start = k.now
	w := &window{in: fifo{capacity: p.room.in}, out: fifo{capacity: p.room.out}}
	pieces := make([]int, len(p.weights))
	for n := range p.Tiles() {
		if k.least() >= k.bound {
			return errSlower
		}
		if err := k.tile(p, st, p.Tile(n), w, pieces); err != nil {
			return err
		}
	}
	st.Cycles = k.now - st.Start
	return nil
}

// tile times one tile: it loads the inputs, runs the tasks, frees space and queues its
// outputs for the store.
func (k *clock) tile(p *plan, st *Step, t schedule.Tile, w *window, pieces []int) error {
	tasks := p.prices[t.Area].tasks
	last := t.Out.To == p.whole
	k.demandUnits(p, tasks, t)
	head := int64(0)
	if t.Cut() {
		head = t.Band
	}
	var out int
	for i := range tasks {
		task := &tasks[i]
		var ready [firstPort]int64 // for each cause off the chip, the cycle until which it delays the tile
		var err error
		if len(p.weights) > 0 && (t.Index == 0 || !p.resident) {
			if ready[WeightLoad], err = k.loadWeights(p, st, task, pieces); err != nil {
				return err
			}
		}
		if i == 0 {
			if ready[InputLoad], err = k.loadInputs(p, st, t, w); err != nil {
				return err
			}
			if out, ready[OutputStore], err = k.reserve(p, t, w); err != nil {
				return err
			}
		}
		latency := int64(0)
		if last && i == len(tasks)-1 {
			latency = k.lastQuotient(p)
		}
		start := k.execute(p, st, task, k.demand[i*len(p.units):(i+1)*len(p.units)], latency, ready, head)
		if k.turns != nil {
			*k.turns = append(*k.turns, Turn{Step: len(k.steps) - 1, Plan: &p.Plan, Tile: t, Task: task.Task, Start: start, End: k.now})
		}
		if len(p.weights) > 0 && (last || !p.resident) {
			k.release(st, pieces[task.From:task.To], task.Keep)
		}
	}
	k.release(st, nil, 0)
	k.leave(p, st, t, w, out)
	return nil
}

// lastQuotient returns the cycles from the engines' end until a step's last quotient is
// out of the divider.
func (k *clock) lastQuotient(p *plan) int64 {
	for _, u := range p.units {
		if u.unit == DividerUnit && !k.options.FreeAuxiliary {
			return int64(k.config.Auxiliary.DividerLatency)
		}
	}
	return 0
}

// loadWeights loads a task's pieces of weights and returns the cycle in which the last one
// has arrived.
func (k *clock) loadWeights(p *plan, st *Step, task *cost, pieces []int) (ready int64, err error) {
	for j := task.From; j < task.To; j++ {
		id, space, ok := k.weights.take(p.weights[j])
		if !ok {
			demand := k.weights.held
			for _, b := range p.weights[j:task.To] {
				demand += b
			}
			return 0, k.weightsTooSmall(p, demand)
		}
		pieces[j] = id
		ready = k.load(st, WeightBuffer, p.weights[j], space)
	}
	return ready, nil
}

// loadInputs loads a tile's inputs and returns the cycle in which they have arrived.
func (k *clock) loadInputs(p *plan, st *Step, t schedule.Tile, w *window) (ready int64, err error) {
	if t.Index == 0 {
		k.issue() // the stores of the previous step come first, since they may hold these inputs
	}
	if p.Inputs != (schedule.Loads{}) {
		_, space, ok := w.in.take(t.Loads)
		if !ok {
			return 0, k.inputTooSmall(p, t, w.in.held+t.Loads)
		}
		ready = k.load(st, InputBuffer, t.Loads, max(space, st.Start))
	}
	if t.Resident > 0 { // the bytes replace those of the previous band
		w.resident = piece{t.Resident, never}
		ready = max(ready, k.load(st, InputBuffer, t.Resident, k.now))
	}
	if passing := count.Mul(p.PassingLoads, k.pictures); passing > 0 && t.In.To > t.In.From {
		ready = max(ready, k.load(st, noBuffer, t.In.Of(passing, p.whole), st.Start))
	}
	return ready, nil
}

// reserve makes room for a tile's outputs. It returns their number in the output buffer
// and the cycle from which there is room.
func (k *clock) reserve(p *plan, t schedule.Tile, w *window) (id int, space int64, err error) {
	k.issue() // the store of the previous tile comes first
	id, space, ok := w.out.take(k.made(p, t))
	if !ok {
		return 0, 0, k.outputTooSmall(p, t, w.out.held+k.made(p, t))
	}
	if t.Index == 0 && p.Tight {
		space = k.stored
	}
	return id, space, nil
}

// leave frees the inputs that no later tile needs, and queues the tile's outputs for the
// store.
func (k *clock) leave(p *plan, st *Step, t schedule.Tile, w *window, out int) {
	until := int(t.Index) - p.Overlap()
	if t.Ends {
		until = int(t.Index)
	}
	for ; p.Inputs != (schedule.Loads{}) && w.kept <= until; w.kept++ {
		k.free(st, InputBuffer, &w.in.pieces[w.kept])
	}
	if t.Ends && w.resident.released == never {
		k.free(st, InputBuffer, &w.resident)
	}
	w.out.pieces[out].released = k.now
	if total := count.Mul(p.Stores+p.PassingStores, k.pictures); total > 0 && t.Out.To > t.Out.From {
		w.out.pieces[out].released = never
		k.pending = &store{step: st, bytes: t.Out.Of(total, p.whole), ready: k.now, space: &w.out, id: out}
	}
}

// demandUnits divides the elements of the auxiliary units among the tasks of a tile, in
// proportion to their cycles. A tile's share of the step's elements is its share of the
// step's outputs. For the sum over K, which runs with KᵀV, it is the tile's share of the
// inputs.
func (k *clock) demandUnits(p *plan, tasks []cost, t schedule.Tile) {
	k.demand = append(k.demand[:0], make([]int64, len(tasks)*len(p.units))...)
	total := p.prices[t.Area].compute
	for j, u := range p.units {
		through := t.Out
		if u.unit == SumKUnit {
			through = t.In
		}
		elements := count.Mul(through.Of(u.elements, p.whole), k.pictures)
		count.Inc(&k.elements[u.unit], elements)
		if u.unit == DividerUnit { // the demand is in cycles of one divider
			elements = count.Mul(elements, int64(k.config.Auxiliary.DividerInterval))
		}
		var done, given int64
		for i := range tasks {
			done += tasks[i].cycles
			until := count.Share(elements, done, total)
			if i == len(tasks)-1 {
				until = elements
			}
			k.demand[i*len(p.units)+j] = until - given
			given = until
		}
	}
}

// load brings bytes into a buffer and returns the cycle in which they have arrived. A tile
// whose inputs are all resident loads zero bytes and must not stall.
func (k *clock) load(st *Step, b BufferName, bytes, from int64) int64 {
	if bytes == 0 {
		return from
	}
	begin, end := k.off.move(bytes, from)
	k.left.bytes -= bytes
	k.event(Event{Kind: LoadEvent, Buffer: b, Op: st.Name, Bytes: bytes, Start: begin, End: end})
	return count.Add(end, k.off.latency)
}

// execute runs one task on the engines as soon as everything it needs is ready, and
// returns the cycle in which the engines begin. demand is in elements of the step's units.
// latency is in cycles behind the task. The heads of the task's spans are counted from
// head.
func (k *clock) execute(p *plan, st *Step, task *cost, demand []int64, latency int64, ready [firstPort]int64, head int64) (start int64) {
	start, cause := k.now, Imbalance
	for c, at := range ready {
		if at > start {
			start, cause = at, Stall(c)
		}
	}
	k.charge(st, task, cause, start-k.now)
	cycles, slowest := task.cycles, Imbalance
	slow := func(c Stall, demand int64) {
		if rate := k.rates[c]; rate > 0 {
			if n := count.Up(demand, rate); n > cycles {
				cycles, slowest = n, c
			}
		}
	}
	for i, bytes := range task.ports {
		slow(firstPort+Stall(i), bytes)
	}
	for j, u := range p.units {
		slow(u.unit, demand[j])
	}
	k.charge(st, task, slowest, cycles-task.cycles)
	k.charge(st, task, DividerUnit, latency)
	k.charge(st, task, DivisorPasses, task.refill)
	fill := int64(0)
	if task.works() {
		fill = int64(k.config.PipelineDepth)
	}
	k.charge(st, task, PipelineFill, fill)
	k.left.cycles -= task.cycles + fill
	cycles = count.Add(count.Add(cycles, fill), count.Add(latency, task.refill))
	k.now = count.Add(start, cycles)
	if k.options.Events {
		k.computeEvents(p, st, task, start, cycles, head)
	}
	return start
}

// computeEvents records the engines' events in a task.
func (k *clock) computeEvents(p *plan, st *Step, task *cost, start, cycles, head int64) {
	for _, s := range task.spans { // the spans are stretched like the whole task
		e := Event{Kind: ComputeEvent, Op: st.Name, Head: int(head+s.head) + 1, Start: start + count.Share(cycles, s.from, task.cycles), End: start + count.Share(cycles, s.to, task.cycles)}
		if s.mat {
			e.MAT = p.Engine[s.op].Name
		}
		if s.rmac {
			e.RMAC = p.Engine[s.op].Name
		}
		k.event(e)
	}
	if len(task.spans) > 0 {
		return
	}
	e := Event{Kind: ComputeEvent, Op: st.Name, Start: start, End: k.now}
	if task.matWorks {
		e.MAT = st.Name
	}
	if task.rmacWorks {
		e.RMAC = st.Name
	}
	if task.Depthwise {
		e.RMAC = p.Engine[0].Name
	}
	k.event(e)
}

// charge books cycles in which the engines of all copies wait for a cause.
func (k *clock) charge(st *Step, task *cost, cause Stall, cycles int64) {
	if cycles == 0 {
		return
	}
	n := count.Mul(cycles, k.prices.Copies)
	book := func(a *Account, works bool) {
		if works {
			count.Inc(&a.Stalls[cause], n)
		} else {
			count.Inc(&a.Idle, n)
		}
	}
	book(&st.MAT, task.matWorks)
	book(&st.RMAC, task.rmacWorks)
}

// free gives back the space of a piece.
func (k *clock) free(st *Step, b BufferName, p *piece) {
	p.released = k.now
	k.event(Event{Kind: freeEvent, Buffer: b, Op: st.Name, Bytes: p.bytes, Start: k.now, End: k.now})
}

// release frees weight pieces at the end of a task: those that the previous task kept, and
// the task's own except for the last keep.
func (k *clock) release(st *Step, ids []int, keep int) {
	for _, id := range k.held {
		k.free(st, WeightBuffer, &k.weights.pieces[id])
	}
	n := len(ids) - keep
	for _, id := range ids[:n] {
		k.free(st, WeightBuffer, &k.weights.pieces[id])
	}
	k.held = append(k.held[:0], ids[n:]...)
}

// issue starts the transfer of the queued store, if any.
func (k *clock) issue() {
	if p := k.pending; p != nil {
		begin, end := k.off.move(p.bytes, p.ready)
		p.space.pieces[p.id].released = end
		k.stored = end
		k.left.bytes -= p.bytes
		k.event(Event{Kind: StoreEvent, Buffer: OutputBuffer, Op: p.step.Name, Bytes: p.bytes, Start: begin, End: end})
		k.pending = nil
	}
}

// event appends an event if the options ask for events.
func (k *clock) event(e Event) {
	if k.options.Events {
		k.events = append(k.events, e)
	}
}
