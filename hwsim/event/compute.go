// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
)

// A machine is the engines of all copies with the pictures that they hold.
type machine struct {
	count.Checked
	mat, rmac arch.Engine
	share     arch.Share
	copies    int64
	pictures  int64 // more than one only where copies share a batch
	width     int64 // of the multipliers' weights in bits
	divisor   int64 // bytes of one in the divisor buffer
	divisors  int64 // that this buffer holds, of each picture
	bits      func(*workload.Operation) int64
	spans     bool // whether tasks keep theirs
}

// A task is a piece of a step that all copies do in step, between two events.
type task struct {
	// cycles is the time of the engines alone.
	cycles              int64
	mat, rmac           Account // of these cycles in all copies
	matWorks, rmacWorks bool    // whether the engine has a part in the task
	onRMAC              string  // what R-MAC runs, where it is not what names the step
	spans               []span  // what the copy that ends last does when, where a task has several operations
	// from and to are the weight tiles that have to be there; the last keep of
	// them are used by the next task, too.
	from, to, keep int
	// demand is what ports move, in bytes, and units do, in elements; dividers
	// in cycles of one of them.
	demand [stallEnd]int64
	// latency is how long the last quotient of a step is on its way.
	latency int64
	// refill is what passes beyond the first take, where the divisor buffer does
	// not hold a head.
	refill int64
}

// weightTiles returns the bytes of each piece of weights that a step loads: the
// depthwise ones as a whole, the others for as many output channels as the
// engines compute at once.
func (m *machine) weightTiles(s *step) []int64 {
	bytes := func(o *workload.Operation, channels int64) int64 {
		return count.Up(m.Mul(channels, int64(o.Cin), int64(o.Kernel), int64(o.Kernel), m.bits(o)), 8)
	}
	var tiles []int64
	for _, o := range s.engine {
		switch {
		case o.Form == workload.Depthwise && s.mapping != convolution:
			tiles = append(tiles, bytes(o, int64(o.Cout)))
		case o.Form != workload.Product:
			for r := range m.rounds(o) {
				tiles = append(tiles, bytes(o, m.channels(o, r)))
			}
		}
	}
	return tiles
}

// lanes returns the lanes of both engines.
func (m *machine) lanes() int64 { return int64(m.mat.Lanes + m.rmac.Lanes) }

// abreast returns the output channels that all copies compute at once.
func (m *machine) abreast() int64 {
	if m.share == arch.Channels {
		return m.lanes() * m.copies
	}
	return m.lanes()
}

// rounds returns how often the engines begin new output channels; channels how
// many they are in one round.
func (m *machine) rounds(o *workload.Operation) int64 { return count.Up(int64(o.Cout), m.abreast()) }

func (m *machine) channels(o *workload.Operation, round int64) int64 {
	return min(m.abreast(), int64(o.Cout)-round*m.abreast())
}

// inputs returns the input channels that are read for one position, for the
// output channels of a round: lanes of one group share them.
func (m *machine) inputs(o *workload.Operation, channels int64) int64 {
	if o.Groups == 1 {
		return int64(o.Cin)
	}
	return m.Mul(int64(o.Cin), count.Up(m.Mul(channels, int64(o.Groups)), int64(o.Cout)))
}

// turns returns how often the multipliers come back to the same factors, of
// which they take some bits at once. The factors of a product have 8.
func (m *machine) turns(o *workload.Operation) int64 {
	if o.Form == workload.Product {
		return count.Up(8, m.width)
	}
	return count.Up(m.bits(o), m.width)
}

// alone returns the steps for one output where MAT works by itself, together
// those where both engines keep step.
func (m *machine) alone(o *workload.Operation, inner int) int64 {
	return m.Mul(count.Up(int64(inner), int64(m.mat.MACs)), m.turns(o))
}

func (m *machine) together(o *workload.Operation, inner int) int64 {
	return m.Mul(count.Up(int64(inner), int64(min(m.mat.MACs, m.rmac.MACs))), m.turns(o))
}

// spread divides units of work that each take one copy t cycles. It returns the
// units that the busiest copy does, and those of all copies.
func (m *machine) spread(units int64) (most, all int64) {
	switch m.share {
	case arch.Pixels:
		return count.Up(units, m.copies), units
	case arch.Batch:
		return units, m.Mul(units, m.pictures)
	}
	return units, units
}

// tasks returns the tasks of one tile.
func (m *machine) tasks(s *step, a area) []task {
	var list []task
	switch s.mapping {
	case auxiliaryOnly:
		list = []task{{}}
	case convolution:
		list = m.convolution(s.last(), a)
	case depthwiseOnly:
		list = m.depthwise(s.last(), a)
	case streamed:
		list = m.streamed(s.engine[0], s.engine[1], a)
	case halved:
		list = m.halved(s.last(), a)
	case headPipeline:
		list = m.headPipeline(s, a)
	}
	return list
}

// cycles returns those of a tile's tasks together.
func (m *machine) cycles(s *step, a area) int64 {
	var n int64
	switch s.mapping {
	case convolution:
		most, _ := m.spread(m.Mul(a.rows, a.columns))
		return m.Mul(m.rounds(s.last()), most, m.output(s.last()))
	case depthwiseOnly:
		for _, p := range m.stream(s.last(), nil, a) {
			n = max(n, p.cycles)
		}
	case streamed:
		for _, p := range m.stream(s.engine[0], s.engine[1], a) {
			n = max(n, p.cycles)
		}
	default:
		for _, k := range m.tasks(s, a) {
			m.Inc(&n, k.cycles)
		}
	}
	return n
}

// output returns the steps for one output of a convolution on both engines.
func (m *machine) output(o *workload.Operation) int64 {
	return m.Mul(m.together(o, o.Cin), int64(o.Kernel), int64(o.Kernel))
}

// convolution runs on both engines, one task per round of output channels: MAT
// takes the first of them.
func (m *machine) convolution(o *workload.Operation, a area) []task {
	px := m.Mul(a.rows, a.columns)
	positions := m.Mul(int64(o.Kernel), int64(o.Kernel))
	t := m.output(o)
	most, all := m.spread(px)
	list := make([]task, m.rounds(o))
	for r := range list {
		k := &list[r]
		channels := m.channels(o, int64(r))
		groups := count.Up(channels, m.lanes()) // one per copy where copies share channels, else one
		last := channels - (groups-1)*m.lanes()
		mat, rmac := groups, groups
		if last <= int64(m.mat.Lanes) {
			rmac-- // no channel of the last group is left for R-MAC
		}
		k.cycles = m.Mul(most, t)
		total := m.Mul(k.cycles, m.copies)
		worked := m.Mul(all, groups, t)
		k.matWorks, k.rmacWorks = true, true
		k.mat.Busy = m.Mul(all, mat, t)
		k.rmac.Busy = m.Mul(all, rmac, t)
		k.rmac.Stalls[Channels] = worked - k.rmac.Busy
		k.mat.Stalls[Imbalance] = total - worked
		k.rmac.Stalls[Imbalance] = total - worked
		onMAT := (groups-1)*int64(m.mat.Lanes) + min(last, int64(m.mat.Lanes))
		k.mat.Lanes, k.rmac.Lanes = m.Mul(all, t, onMAT), m.Mul(all, t, channels-onMAT)
		perChannel := m.Mul(all, positions, int64(o.Cin))
		k.mat.MACs, k.rmac.MACs = m.Mul(perChannel, onMAT), m.Mul(perChannel, channels-onMAT)
		k.from, k.to = r, r+1
		k.demand[InputPort] = m.Mul(all, positions, m.inputs(o, channels))
		k.demand[WeightPort] = m.Mul(most, count.Up(m.Mul(channels, int64(o.Cin), positions, m.bits(o)), 8))
		k.demand[OutputPort] = m.Mul(all, channels)
	}
	return list
}

// depthwise runs on R-MAC: pixels of a row across the lanes, channels within.
func (m *machine) depthwise(o *workload.Operation, a area) []task {
	parts, k := m.stream(o, nil, a), task{rmacWorks: true, to: 1}
	for _, p := range parts {
		k.cycles = max(k.cycles, p.window)
		m.Inc(&k.rmac.Busy, p.depthwise)
	}
	total := m.Mul(k.cycles, m.copies)
	k.rmac.Stalls[Imbalance] = total - k.rmac.Busy
	k.mat.Idle = total
	k.rmac.Lanes = m.Mul(a.rows, a.columns, m.pictures, m.set(o))
	k.rmac.MACs = m.Mul(a.rows, a.columns, int64(o.Cout), int64(o.Kernel), int64(o.Kernel), m.pictures)
	m.demandDepthwise(&k, o, a, parts)
	k.demand[OutputPort] = m.Mul(a.rows, a.columns, int64(o.Cout), m.pictures)
	return []task{k}
}

// demandDepthwise adds what R-MAC reads: an input for each product, and the
// weights of all channels for each set of pixels.
func (m *machine) demandDepthwise(k *task, o *workload.Operation, a area, parts []part) {
	positions := m.Mul(int64(o.Kernel), int64(o.Kernel))
	k.demand[InputPort] = m.Mul(a.rows, a.columns, int64(o.Cout), positions, m.pictures)
	var sets int64
	for _, p := range parts {
		sets = max(sets, p.sets)
	}
	k.demand[WeightPort] = m.Mul(sets, count.Up(m.Mul(int64(o.Cout), positions, m.bits(o)), 8))
}

// set returns R-MAC's cycles for all channels of one set of pixels.
func (m *machine) set(dw *workload.Operation) int64 {
	return m.Mul(count.Up(int64(dw.Cout), int64(m.rmac.MACs)), int64(dw.Kernel), int64(dw.Kernel), m.turns(dw))
}

// A part is one copy's part of a tile of a depthwise convolution and of the
// pointwise one behind it.
type part struct {
	sets      int64 // sets of pixels of a row that R-MAC does at once
	px        int64
	window    int64 // cycles until R-MAC is free for the pointwise convolution
	depthwise int64 // of them, R-MAC's busy ones
	groups    int64 // of output channels
	last      int64 // channels of the workload's last group if it is here, else 0
	ahead     int64 // groups × pixels that MAT has made until then
	matBusy   int64 // cycles that this took
	rest      int64 // groups × pixels that both engines make then
	cycles    int64
}

// stream returns the parts of all copies; pw is nil where nothing streams. By
// the authors' rule, which package closed restates, MAT starts when the
// first set of pixels has all its channels, and is never short of them from then
// on. The pixels of the pointwise convolution are divided apart from R-MAC's
// sets: all copies read the one output buffer.
func (m *machine) stream(dw, pw *workload.Operation, a area) []part {
	sets := m.Mul(a.rows, count.Up(a.columns, int64(m.rmac.Lanes)))
	px := m.Mul(a.rows, a.columns)
	cycles := m.Mul(int64(dw.Kernel), int64(dw.Kernel), m.turns(dw)) // of one step
	steps := count.Up(int64(dw.Cout), int64(m.rmac.MACs))            // for the channels of one set
	groups := int64(1)
	if pw != nil {
		groups = count.Up(int64(pw.Cout), m.lanes())
	}
	parts := make([]part, m.copies)
	for i := range parts {
		c, p := int64(i), &parts[i]
		mine, longest := steps, steps
		p.sets, p.px, p.groups = sets, px, groups
		holdsLast := true
		switch m.share {
		case arch.Pixels:
			p.sets = count.Share(sets, c+1, m.copies) - count.Share(sets, c, m.copies)
			p.px = count.Share(px, c+1, m.copies) - count.Share(px, c, m.copies)
		case arch.Channels: // dealt in turn; all wait for the most depthwise channels
			deal := func(n int64) int64 { return (n - min(n, c) + m.copies - 1) / m.copies }
			mine, longest = deal(steps), count.Up(steps, m.copies)
			p.groups = deal(groups)
			holdsLast = (groups-1)%m.copies == c
		case arch.Batch:
			if c >= m.pictures {
				p.sets, p.px = 0, 0
			}
		}
		p.window = m.Mul(p.sets, longest, cycles)
		p.depthwise = m.Mul(p.sets, mine, cycles)
		p.cycles = p.window
		if pw == nil || p.px == 0 || p.groups == 0 {
			continue
		}
		if holdsLast {
			p.last = int64(pw.Cout) - (groups-1)*m.lanes()
		}
		setUp := m.Mul(longest, cycles)
		p.window = max(p.window, setUp) // without a set of its own, a copy waits for another's
		alone, lanes := m.alone(pw, pw.Cin), int64(m.mat.Lanes)
		group := min(m.lanes(), int64(pw.Cout))
		made := m.Mul((p.window-setUp)/alone, lanes)
		units := m.Mul(p.groups, p.px)
		p.ahead = min(units, made/group)
		p.matBusy = m.Mul(count.Up(m.Mul(p.ahead, group), lanes), alone)
		p.rest = units - p.ahead
		p.cycles = m.Add(p.window, m.Mul(p.rest, m.together(pw, pw.Cin)))
	}
	return parts
}

// streamed is the inter-layer pipeline: a first task until R-MAC has finished
// the depthwise convolution, then one per round of output channels.
func (m *machine) streamed(dw, pw *workload.Operation, a area) []task {
	parts := m.stream(dw, pw, a)
	lanes, both, cin := int64(m.mat.Lanes), m.together(pw, pw.Cin), int64(pw.Cin)
	head := task{matWorks: true, rmacWorks: true, onRMAC: dw.Name}
	var end, ahead, units, px, onMAT int64
	for i := range parts {
		end, px = max(end, parts[i].cycles), max(px, parts[i].px)
		head.cycles = max(head.cycles, parts[i].window)
	}
	begun, fewest := int64(0), m.rounds(pw) // rounds that MAT has begun when R-MAC joins
	for i := range parts {
		p := &parts[i]
		narrow := int64(0) // rest of a group that leaves no channel for R-MAC
		lastRest := int64(0)
		if p.last > 0 {
			if lastRest = min(p.rest, p.px); p.last <= lanes {
				narrow = lastRest
			}
		}
		rest := m.Mul(p.rest, both)
		m.Inc(&head.mat.Busy, p.matBusy+rest)
		m.Inc(&head.mat.Stalls[Stream], p.window-p.matBusy)
		m.Inc(&head.mat.Stalls[Imbalance], end-p.cycles)
		m.Inc(&head.rmac.Busy, p.depthwise+rest-m.Mul(narrow, both))
		m.Inc(&head.rmac.Stalls[Channels], m.Mul(narrow, both))
		m.Inc(&head.rmac.Stalls[Imbalance], p.window-p.depthwise+end-p.cycles)
		lastAhead := int64(0)
		if p.last > 0 {
			lastAhead = max(0, p.ahead-(p.groups-1)*p.px)
		}
		byItself := m.Mul(p.ahead-lastAhead, m.lanes()) + m.Mul(lastAhead, p.last)
		joint := m.Mul(p.rest-lastRest, lanes) + m.Mul(lastRest, min(p.last, lanes))
		m.Inc(&head.mat.Lanes, m.Mul(byItself, m.alone(pw, pw.Cin))+m.Mul(joint, both))
		m.Inc(&onMAT, byItself+joint)
		m.Inc(&ahead, p.ahead)
		m.Inc(&units, p.ahead+p.rest)
		if p.px > 0 && p.groups > 0 {
			at := min(p.ahead/p.px, p.groups-1)
			begun, fewest = max(begun, at), min(fewest, at)
		}
	}
	outputs := m.Mul(a.rows, a.columns, m.pictures)
	onRMAC := m.Mul(outputs, int64(pw.Cout)) - onMAT
	head.rmac.Lanes = m.Add(m.Mul(outputs, m.set(dw)), m.Mul(onRMAC, both))
	head.mat.MACs = m.Mul(onMAT, cin)
	head.rmac.MACs = m.Add(m.Mul(outputs, int64(dw.Cout), int64(dw.Kernel), int64(dw.Kernel)), m.Mul(onRMAC, cin))
	head.to, head.keep = int(begun)+2, int(begun-fewest)+1

	// What MAT reads of R-MAC's outputs and all that is written passes the
	// output buffer's port.
	var read, weights int64
	for r := range m.rounds(pw) {
		channels := m.channels(pw, r)
		m.Inc(&read, m.Mul(outputs, m.inputs(pw, channels)))
		m.Inc(&weights, m.Mul(px, count.Up(m.Mul(channels, cin, m.bits(pw)), 8)))
	}
	moved := m.Add(read, m.Mul(outputs, int64(pw.Cout)))
	m.demandDepthwise(&head, dw, a, parts)
	m.Inc(&head.demand[WeightPort], count.Share(weights, ahead, units))
	head.demand[OutputPort] = m.Add(m.Mul(outputs, int64(dw.Cout)), count.Share(moved, ahead, units))
	weights, moved = weights-count.Share(weights, ahead, units), moved-count.Share(moved, ahead, units)

	// The rounds end the tile: those that were not begun take their full time.
	left, full := end-head.cycles, m.Mul(px, both)
	list := []task{head}
	if left == 0 {
		list[0].to = int(m.rounds(pw)) + 1
		list[0].keep = 0
		return list
	}
	rounds := make([]int64, m.rounds(pw))
	for r := len(rounds) - 1; r > int(begun); r-- {
		rounds[r] = min(left, full)
		left -= rounds[r]
	}
	rounds[begun] = left
	total, done := end-head.cycles, int64(0)
	for r := int(begun); r < len(rounds); r++ {
		k := task{cycles: rounds[r], matWorks: true, rmacWorks: true, from: r + 1, to: r + 2}
		if r == int(begun) {
			k.from = k.to // there since the first task
		}
		next := done + k.cycles
		k.demand[WeightPort] = count.Share(weights, next, total) - count.Share(weights, done, total)
		k.demand[OutputPort] = count.Share(moved, next, total) - count.Share(moved, done, total)
		done = next
		list = append(list, k)
	}
	return list
}

// product lets one engine compute some heads of a matrix product alone, of which
// each output takes so many bytes at the output port. It returns the cycles and those
// that the engines of all copies are busy, and adds what passes the ports.
func (m *machine) product(k *task, o *workload.Operation, e arch.Engine, heads, written int64) (cycles, busy int64) {
	inner := int64(o.Inner)
	steps := m.Mul(count.Up(inner, int64(e.MACs)), m.turns(o))
	if o.Role == triovit.Divisor { // one column: tokens across the lanes
		most, all := m.spread(m.Mul(heads, count.Up(int64(o.Rows), int64(e.Lanes))))
		if m.share == arch.Channels {
			most = count.Up(most, m.copies)
		}
		outputs := m.Mul(heads, int64(o.Rows), m.pictures)
		m.Inc(&k.demand[InputPort], m.Mul(outputs, inner))
		m.Inc(&k.demand[WeightPort], m.Mul(most, inner, m.pictures))
		m.Inc(&k.demand[OutputPort], m.Mul(outputs, written))
		return m.Mul(most, steps), m.Mul(all, steps)
	}
	groups := count.Up(int64(o.Cols), int64(e.Lanes))
	most, all := m.spread(m.Mul(heads, int64(o.Rows)))
	longest := groups
	if m.share == arch.Channels {
		longest = count.Up(groups, m.copies)
	}
	m.Inc(&k.demand[InputPort], m.Mul(all, longest, inner))
	m.Inc(&k.demand[WeightPort], m.Mul(most, int64(o.Cols), inner, m.pictures)) // each picture has its own
	m.Inc(&k.demand[OutputPort], m.Mul(all, int64(o.Cols), written))
	return m.Mul(most, longest, steps), m.Mul(all, groups, steps)
}

// head returns the cycles of lanes that one engine spends on the outputs of one
// head, in all copies.
func (m *machine) head(o *workload.Operation, e arch.Engine) int64 {
	return m.Mul(int64(o.Rows), int64(o.Cols), m.pictures, count.Up(int64(o.Inner), int64(e.MACs)), m.turns(o))
}

// halved gives MAT one half of the heads, rounded up, and R-MAC the other.
func (m *machine) halved(o *workload.Operation, a area) []task {
	k := task{matWorks: true, rmacWorks: true}
	heads := a.rows
	if a.cut() {
		o, heads = a.of(o, a.sums), a.columns
	}
	perHead := m.Mul(int64(o.Rows), int64(o.Cols), int64(o.Inner), m.pictures)
	var own [2]int64
	accounts := [...]*Account{&k.mat, &k.rmac}
	for i, e := range []arch.Engine{m.mat, m.rmac} {
		n := (heads + 1 - int64(i)) / 2
		own[i], accounts[i].Busy = m.product(&k, o, e, n, a.written())
		accounts[i].Lanes = m.Mul(n, m.head(o, e))
		accounts[i].MACs = m.Mul(n, perHead)
	}
	k.cycles = max(own[0], own[1])
	for i, a := range accounts {
		a.Stalls[Imbalance] = m.Mul(own[i], m.copies) - a.Busy
		a.Stalls[Partner] = m.Mul(k.cycles-own[i], m.copies)
	}
	return []task{k}
}

// passes is channel-parallel work on some pixels: each takes MAT alone as many
// passes as its channels need, and both engines one.
type passes struct{ pixels, channels int64 }

// tiled cuts work into as many channels as both engines have lanes.
func (m *machine) tiled(pixels, channels int64) []passes {
	var list []passes
	if full := channels / m.lanes(); full > 0 {
		list = append(list, passes{m.Mul(pixels, full), m.lanes()})
	}
	if rest := channels % m.lanes(); rest > 0 {
		list = append(list, passes{pixels, rest})
	}
	return list
}

// headPipeline is the intra-layer pipeline. R-MAC computes KᵀV head by head;
// MAT makes of every head that is ready the divisors, tokens across the lanes,
// then the dividends; R-MAC joins when it is through, and both make once more
// what MAT had begun. Of heads that are cut, R-MAC adds a part to KᵀV of one while MAT
// makes a part of the one before: that is ready from the start.
func (m *machine) headPipeline(s *step, a area) []task {
	k := task{matWorks: true, rmacWorks: true}
	first, dividend, divisor := s.engine[0], s.engine[1], s.engine[2]
	if dividend.Role == triovit.Divisor {
		dividend, divisor = divisor, dividend
	}
	produced, followed := a.rows, a.rows // heads
	if a.cut() {
		first, dividend, divisor = a.of(first, true), a.of(dividend, false), a.of(divisor, false)
		produced, followed = one(a.sums), one(a.outputs)
	}
	producing, busy := m.product(&k, first, m.rmac, 1, a.written()) // of one head
	ready := producing
	if a.cut() {
		ready = 0
	}
	k.rmac.Busy = m.Mul(produced, busy)
	k.rmac.Lanes = m.Mul(produced, m.head(first, m.rmac))
	m.demandHeads(&k, dividend, divisor, produced, followed)
	tokens, dim := int64(divisor.Rows), int64(dividend.Cols)
	joined := m.Mul(produced, producing)
	ends := make([]int64, m.copies)
	for i := range ends {
		c := int64(i)
		mine, columns, ofDivisors := tokens, dim, tokens
		switch m.share {
		case arch.Pixels:
			mine = count.Share(tokens, c+1, m.copies) - count.Share(tokens, c, m.copies)
			ofDivisors = mine
		case arch.Channels:
			columns, ofDivisors = m.dealt(dim, c), m.dealt(tokens, c)
		case arch.Batch:
			if c >= m.pictures {
				mine, ofDivisors = 0, 0
			}
		}
		var work []chore
		for _, w := range m.tiled(1, ofDivisors) {
			work = append(work, chore{w, divisor})
		}
		for _, w := range m.tiled(mine, columns) {
			if w.pixels > 0 {
				work = append(work, chore{w, dividend})
			}
		}
		var spans []span
		ends[i], spans = m.follow(&k, work, followed, ready, joined)
		if k.spans == nil || ends[i] > k.cycles {
			k.spans = spans
		}
		k.cycles = max(k.cycles, ends[i], joined)
	}
	if m.spans {
		var spans []span
		for h := range produced {
			spans = append(spans, span{first.Name, false, true, h, m.Mul(h, producing), m.Mul(h+1, producing)})
		}
		for _, s := range k.spans {
			if a.cut() {
				s.head--
			}
			spans = append(spans, s)
		}
		k.spans = spans
	}
	if m.divisors > 0 {
		// Each further pass begins with lanes and copies that it may not fill: at
		// most one set of divisors and one token's dividends.
		set := m.Add(m.alone(divisor, divisor.Inner), m.Mul(count.Up(dim, int64(m.mat.Lanes)), m.alone(dividend, dividend.Inner)))
		k.refill = m.Mul(followed, count.Up(tokens, m.divisors)-1, set)
	}
	for _, end := range ends {
		m.Inc(&k.mat.Stalls[Imbalance], k.cycles-end)
		m.Inc(&k.rmac.Stalls[Imbalance], k.cycles-end)
	}
	m.Inc(&k.rmac.Stalls[Imbalance], m.Mul(joined, m.copies)-m.Mul(produced, busy))
	macs := func(o *workload.Operation, heads int64) int64 {
		return m.Mul(heads, int64(o.Rows), int64(o.Cols), int64(o.Inner), m.pictures)
	}
	all := m.Add(macs(first, produced), m.Add(macs(dividend, followed), macs(divisor, followed)))
	k.rmac.MACs = all - k.mat.MACs
	return []task{k}
}

// one counts a head that is there.
func one(there bool) int64 {
	if there {
		return 1
	}
	return 0
}

// dealt returns the channels of one copy when groups of lanes are dealt in turn.
func (m *machine) dealt(channels, copy int64) int64 {
	groups := count.Up(channels, m.lanes())
	mine := (groups - min(groups, copy) + m.copies - 1) / m.copies
	if mine == 0 || (groups-1)%m.copies != copy {
		return mine * m.lanes()
	}
	return (mine-1)*m.lanes() + channels - (groups-1)*m.lanes()
}

// A chore is what MAT does of an operation for one head.
type chore struct {
	passes
	op *workload.Operation
}

// A span is what engines do in a part of a task, in cycles from its start.
type span struct {
	op        string
	mat, rmac bool
	head      int64
	from, to  int64
}

// follow lets MAT of one copy do the work of every head behind R-MAC, which has
// one more ready every so many cycles and joins when it is through. It returns when
// the last is done, at least when R-MAC is, and books MAT's cycles, and R-MAC's from
// when it joins.
func (m *machine) follow(k *task, work []chore, heads, ready, joined int64) (end int64, spans []span) {
	lanes := int64(m.mat.Lanes)
	spend := func(w chore, rmac bool, head, from, to int64) {
		if m.spans && to > from {
			spans = append(spans, span{w.op.Name, true, rmac, head, from, to})
		}
	}
	now, busy := int64(0), int64(0)
	for h := range heads {
		now = max(now, min(joined, m.Mul(h+1, ready)))
		for _, w := range work {
			alone, both := m.alone(w.op, w.op.Inner), m.together(w.op, w.op.Inner)
			perPixel := count.Up(w.channels, lanes)
			done := int64(0) // MAT's own passes
			if now < joined {
				done = min(m.Mul(w.pixels, perPixel), (joined-now)/alone)
				spend(w, false, h, now, now+done*alone)
				now = m.Add(now, m.Mul(done, alone))
				m.Inc(&busy, m.Mul(done, alone))
			}
			whole, begun := done/perPixel, done%perPixel
			byItself := m.Add(m.Mul(whole, w.channels), begun*lanes) // channels that MAT makes
			joint := int64(0)
			if left := w.pixels - whole; left > 0 {
				now = max(now, joined)
				cycles := m.Mul(left, both)
				spend(w, true, h, now, now+cycles)
				now = m.Add(now, cycles)
				m.Inc(&busy, cycles)
				if rest := w.channels - begun*lanes; begun > 0 {
					// The pixel that was begun has fewer channels left.
					m.Inc(&joint, min(rest, lanes))
					left--
					m.join(k, rest, both)
				}
				m.Inc(&joint, m.Mul(left, min(w.channels, lanes)))
				m.join(k, w.channels, m.Mul(left, both))
			}
			m.Inc(&k.mat.Lanes, m.Add(m.Mul(byItself, alone), m.Mul(joint, both)))
			m.Inc(&k.rmac.Lanes, m.Mul(m.Mul(w.pixels, w.channels)-byItself-joint, both))
			m.Inc(&k.mat.MACs, m.Mul(byItself+joint, int64(w.op.Inner)))
		}
	}
	now = max(now, joined)
	m.Inc(&k.mat.Busy, busy)
	m.Inc(&k.mat.Stalls[Stream], now-busy)
	return now, spans
}

// join books R-MAC's cycles where it works beside MAT on so many channels.
func (m *machine) join(k *task, channels, cycles int64) {
	if channels > int64(m.mat.Lanes) {
		m.Inc(&k.rmac.Busy, cycles)
	} else {
		m.Inc(&k.rmac.Stalls[Channels], cycles)
	}
}

// demandHeads completes what passes the ports: k has KᵀV of one head until now.
func (m *machine) demandHeads(k *task, dividend, divisor *workload.Operation, produced, heads int64) {
	for _, p := range []Stall{InputPort, WeightPort, OutputPort} {
		k.demand[p] = m.Mul(k.demand[p], produced)
	}
	tokens, dim, inner := int64(divisor.Rows), int64(dividend.Cols), int64(dividend.Inner)
	most, all := m.spread(tokens)
	rounds := count.Up(dim, m.abreast())
	m.Inc(&k.demand[InputPort], m.Mul(heads, all, inner, rounds+1))
	m.Inc(&k.demand[WeightPort], m.Mul(heads, m.pictures, inner, m.Add(m.Mul(most, dim), count.Up(most, m.lanes()))))
	m.Inc(&k.demand[OutputPort], m.Mul(heads, all, dim+1))
	// Divisors are written when they are rounded and read with their dividends.
	k.demand[DivisorPort] = m.Mul(2, heads, all, m.divisor)
}
