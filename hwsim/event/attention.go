// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// passes is channel-parallel work on some pixels. For each pixel MAT alone takes one pass
// for each group of channels as wide as its lanes. Both engines together take one pass.
type passes struct{ pixels, channels int64 }

// tiled cuts work into groups of as many channels as both engines have lanes.
func (m *pricer) tiled(pixels, channels int64) []passes {
	var list []passes
	if full := channels / m.Lanes(); full > 0 {
		list = append(list, passes{count.Mul(pixels, full), m.Lanes()})
	}
	if rest := channels % m.Lanes(); rest > 0 {
		list = append(list, passes{pixels, rest})
	}
	return list
}

// A chore is MAT's work on one head in one operation.
type chore struct {
	passes
	op    *workload.Operation
	index int // index of the operation among the step's operations of the engines
}

// A span is one operation's time in a task, in cycles from the task's start.
type span struct {
	op        int // index of the operation among the step's operations of the engines
	mat, rmac bool
	head      int64
	from, to  int64
}

// headPipeline is the intra-layer pipeline. R-MAC computes KᵀV head by head. For every
// finished head MAT computes the divisors, with tokens across the lanes, and then the
// dividends. R-MAC joins when its last head is finished, and both engines then compute
// MAT's unfinished outputs again. Where heads are cut, R-MAC adds a part to KᵀV of one
// head while MAT computes a part of the previous head, whose KᵀV is finished from the
// start.
func (m *pricer) headPipeline(s *schedule.Step, a schedule.Area) *price {
	tasks, _ := m.Tasks(s, a)
	k := cost{Task: tasks[0], matWorks: true, rmacWorks: true}
	var mat, rmac Account
	ktv, dividendAt, divisorAt := s.Attention()
	first, dividend, divisor := s.Engine[ktv], s.Engine[dividendAt], s.Engine[divisorAt]
	produced, followed := a.Rows, a.Rows // numbers of heads
	if a.Cut() {
		first, dividend, divisor = tokensOf(a, first, true), tokensOf(a, dividend, false), tokensOf(a, divisor, false)
		produced, followed = one(a.Sums), one(a.Outputs)
	}
	producing, busy := m.product(&k.ports, first, m.RMAC, 1, written(a)) // the cycles of one head
	ready := producing
	if a.Cut() {
		ready = 0
	}
	rmac.Busy = count.Mul(produced, busy)
	rmac.Lanes = count.Mul(produced, m.head(first, m.RMAC))
	m.headPorts(&k.ports, dividend, divisor, produced, followed)
	tokens, dim := int64(divisor.Rows), int64(dividend.Cols)
	joined := count.Mul(produced, producing)
	ends := make([]int64, m.Copies)
	for i := range ends {
		c := int64(i)
		mine, columns, ofDivisors := tokens, dim, tokens
		switch m.Share {
		case arch.Pixels:
			mine = count.Share(tokens, c+1, m.Copies) - count.Share(tokens, c, m.Copies)
			ofDivisors = mine
		case arch.Channels:
			columns, ofDivisors = m.dealt(dim, c), m.dealt(tokens, c)
		case arch.Batch:
			if c >= m.Pictures {
				mine, ofDivisors = 0, 0
			}
		}
		var work []chore
		for _, w := range m.tiled(1, ofDivisors) {
			work = append(work, chore{w, divisor, divisorAt})
		}
		for _, w := range m.tiled(mine, columns) {
			if w.pixels > 0 {
				work = append(work, chore{w, dividend, dividendAt})
			}
		}
		var spans []span
		ends[i], spans = m.follow(&mat, &rmac, work, followed, ready, joined)
		if k.spans == nil || ends[i] > k.cycles {
			k.spans = spans
		}
		k.cycles = max(k.cycles, ends[i], joined)
	}
	if m.spans {
		var spans []span
		for h := range produced {
			spans = append(spans, span{ktv, false, true, h, count.Mul(h, producing), count.Mul(h+1, producing)})
		}
		for _, s := range k.spans {
			if a.Cut() {
				s.head--
			}
			spans = append(spans, s)
		}
		k.spans = spans
	}
	if m.divisors > 0 {
		// Each further pass may begin with lanes and copies partly idle: at most one set
		// of divisors and one token's dividends are lost.
		set := count.Add(m.Alone(divisor), count.Mul(count.Up(dim, int64(m.MAT.Lanes)), m.Alone(dividend)))
		k.refill = count.Mul(followed, count.Up(tokens, m.divisors)-1, set)
	}
	for _, end := range ends {
		count.Inc(&mat.Stalls[Imbalance], k.cycles-end)
		count.Inc(&rmac.Stalls[Imbalance], k.cycles-end)
	}
	count.Inc(&rmac.Stalls[Imbalance], count.Mul(joined, m.Copies)-count.Mul(produced, busy))
	macs := func(o *workload.Operation, heads int64) int64 {
		return count.Mul(heads, int64(o.Rows), int64(o.Cols), int64(o.Inner), m.Pictures)
	}
	all := count.Add(macs(first, produced), count.Add(macs(dividend, followed), macs(divisor, followed)))
	rmac.MACs = all - mat.MACs
	p := &price{}
	p.add(k, &mat, &rmac)
	return p
}

// one returns 1 for a head that exists, else 0.
func one(there bool) int64 {
	if there {
		return 1
	}
	return 0
}

// dealt returns the number of channels of one copy when groups of lanes are dealt to the
// copies in turn.
func (m *pricer) dealt(channels, copy int64) int64 {
	groups := count.Up(channels, m.Lanes())
	mine := (groups - min(groups, copy) + m.Copies - 1) / m.Copies
	if mine == 0 || (groups-1)%m.Copies != copy {
		return mine * m.Lanes()
	}
	return (mine-1)*m.Lanes() + channels - (groups-1)*m.Lanes()
}

// follow computes the times of MAT's work in one copy, behind R-MAC. R-MAC finishes one
// more head every ready cycles, and joins MAT when it has finished all. follow books MAT's
// cycles, and R-MAC's after it has joined. It returns the end of the last head, at the
// earliest the end of R-MAC's own heads.
func (m *pricer) follow(mat, rmac *Account, work []chore, heads, ready, joined int64) (end int64, spans []span) {
	lanes := int64(m.MAT.Lanes)
	spend := func(w chore, rmac bool, head, from, to int64) {
		if m.spans && to > from {
			spans = append(spans, span{w.index, true, rmac, head, from, to})
		}
	}
	now, busy := int64(0), int64(0)
	for h := range heads {
		now = max(now, min(joined, count.Mul(h+1, ready)))
		for _, w := range work {
			alone, both := m.Alone(w.op), m.Together(w.op)
			perPixel := count.Up(w.channels, lanes)
			done := int64(0) // number of passes that MAT has done alone
			if now < joined {
				done = min(count.Mul(w.pixels, perPixel), (joined-now)/alone)
				spend(w, false, h, now, now+done*alone)
				now = count.Add(now, count.Mul(done, alone))
				count.Inc(&busy, count.Mul(done, alone))
			}
			whole, begun := done/perPixel, done%perPixel
			byItself := count.Add(count.Mul(whole, w.channels), begun*lanes) // number of channels that MAT alone makes
			joint := int64(0)
			if left := w.pixels - whole; left > 0 {
				now = max(now, joined)
				cycles := count.Mul(left, both)
				spend(w, true, h, now, now+cycles)
				now = count.Add(now, cycles)
				count.Inc(&busy, cycles)
				if rest := w.channels - begun*lanes; begun > 0 {
					// The unfinished pixel has fewer channels left.
					count.Inc(&joint, min(rest, lanes))
					left--
					m.join(rmac, rest, both)
				}
				count.Inc(&joint, count.Mul(left, min(w.channels, lanes)))
				m.join(rmac, w.channels, count.Mul(left, both))
			}
			count.Inc(&mat.Lanes, count.Add(count.Mul(byItself, alone), count.Mul(joint, both)))
			count.Inc(&rmac.Lanes, count.Mul(count.Mul(w.pixels, w.channels)-byItself-joint, both))
			count.Inc(&mat.MACs, count.Mul(byItself+joint, int64(w.op.Inner)))
		}
	}
	now = max(now, joined)
	count.Inc(&mat.Busy, busy)
	count.Inc(&mat.Stalls[Stream], now-busy)
	return now, spans
}

// join books R-MAC's cycles in which it works beside MAT on the given channels.
func (m *pricer) join(rmac *Account, channels, cycles int64) {
	if channels > int64(m.MAT.Lanes) {
		count.Inc(&rmac.Busy, cycles)
	} else {
		count.Inc(&rmac.Stalls[Channels], cycles)
	}
}

// headPorts completes the bytes at the ports, which so far are those of KᵀV of one head.
func (m *pricer) headPorts(b *ports, dividend, divisor *workload.Operation, produced, heads int64) {
	for _, p := range []Stall{InputPort, WeightPort, OutputPort} {
		*b.at(p) = count.Mul(*b.at(p), produced)
	}
	tokens, dim, inner := int64(divisor.Rows), int64(dividend.Cols), int64(dividend.Inner)
	most, all := m.Spread(tokens)
	rounds := count.Up(dim, m.Abreast())
	count.Inc(b.at(InputPort), count.Mul(heads, all, inner, rounds+1))
	count.Inc(b.at(WeightPort), count.Mul(heads, m.Pictures, inner, count.Add(count.Mul(most, dim), count.Up(most, m.Lanes()))))
	count.Inc(b.at(OutputPort), count.Mul(heads, all, dim+1))
	// Divisors are written after rounding and read with their dividends.
	*b.at(DivisorPort) = count.Mul(2, heads, all, m.divisorBytes)
}
