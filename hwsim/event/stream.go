// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
)

// streamed is the inter-layer pipeline: a first task until R-MAC has finished the
// depthwise convolution, then one task per round of output channels.
func (m *pricer) streamed(s *schedule.Step, a schedule.Area) *price {
	dw, pw := s.Engine[0], s.Engine[1]
	tasks, parts := m.Tasks(s, a)
	lanes, alone, both, cin := int64(m.MAT.Lanes), m.Alone(pw), m.Together(pw), int64(pw.Cin)
	first := cost{Task: tasks[0], matWorks: true, rmacWorks: true}
	var mat, rmac Account
	var end, ahead, units, px, onMAT int64
	for i := range parts {
		end, px = max(end, parts[i].Cycles), max(px, parts[i].Pixels)
		first.cycles = max(first.cycles, parts[i].Window)
	}
	for i := range parts {
		p := &parts[i]
		narrow := int64(0) // number of units of a group that leaves no channel for R-MAC
		lastRest := int64(0)
		if p.Last > 0 {
			if lastRest = min(p.Rest, p.Pixels); p.Last <= lanes {
				narrow = lastRest
			}
		}
		rest := count.Mul(p.Rest, both)
		count.Inc(&mat.Busy, p.MATBusy+rest)
		count.Inc(&mat.Stalls[Stream], p.Window-p.MATBusy)
		count.Inc(&mat.Stalls[Imbalance], end-p.Cycles)
		count.Inc(&rmac.Busy, p.Depthwise+rest-count.Mul(narrow, both))
		count.Inc(&rmac.Stalls[Channels], count.Mul(narrow, both))
		count.Inc(&rmac.Stalls[Imbalance], p.Window-p.Depthwise+end-p.Cycles)
		lastAhead := int64(0)
		if p.Last > 0 {
			lastAhead = max(0, p.Ahead-(p.Groups-1)*p.Pixels)
		}
		byItself := count.Mul(p.Ahead-lastAhead, m.Lanes()) + count.Mul(lastAhead, p.Last)
		joint := count.Mul(p.Rest-lastRest, lanes) + count.Mul(lastRest, min(p.Last, lanes))
		count.Inc(&mat.Lanes, count.Mul(byItself, alone)+count.Mul(joint, both))
		count.Inc(&onMAT, byItself+joint)
		count.Inc(&ahead, p.Ahead)
		count.Inc(&units, p.Ahead+p.Rest)
	}
	outputs := count.Mul(a.Rows, a.Columns, m.Pictures)
	onRMAC := count.Mul(outputs, int64(pw.Cout)) - onMAT
	rmac.Lanes = count.Add(count.Mul(outputs, m.Set(dw)), count.Mul(onRMAC, both))
	mat.MACs = count.Mul(onMAT, cin)
	rmac.MACs = count.Add(count.Mul(outputs, int64(dw.Cout), int64(dw.Kernel), int64(dw.Kernel)), count.Mul(onRMAC, cin))

	// The output buffer's port moves R-MAC's outputs that MAT reads, and everything
	// written.
	var read, weights int64
	for r := range m.Rounds(pw) {
		channels := m.Channels(pw, r, r+1).Len()
		count.Inc(&read, count.Mul(outputs, inputs(pw, channels)))
		count.Inc(&weights, count.Mul(px, m.WeightBytes(pw, channels)))
	}
	moved := count.Add(read, count.Mul(outputs, int64(pw.Cout)))
	m.depthwisePorts(&first.ports, dw, a, parts)
	count.Inc(first.ports.at(WeightPort), count.Share(weights, ahead, units))
	*first.ports.at(OutputPort) = count.Add(count.Mul(outputs, int64(dw.Cout)), count.Share(moved, ahead, units))
	weights, moved = weights-count.Share(weights, ahead, units), moved-count.Share(moved, ahead, units)

	p := &price{tasks: make([]cost, 0, len(tasks))}
	p.add(first, &mat, &rmac)
	if len(tasks) == 1 {
		return p
	}
	// The rounds end the tile. Rounds that were not begun take their full time.
	left, full := end-first.cycles, count.Mul(px, both)
	rounds := make([]int64, len(tasks))
	for r := len(rounds) - 1; r > 1; r-- {
		rounds[r] = min(left, full)
		left -= rounds[r]
	}
	rounds[1] = left
	total, done := end-first.cycles, int64(0)
	for i := 1; i < len(tasks); i++ {
		k := cost{Task: tasks[i], cycles: rounds[i], matWorks: true, rmacWorks: true}
		next := done + k.cycles
		*k.ports.at(WeightPort) = count.Share(weights, next, total) - count.Share(weights, done, total)
		*k.ports.at(OutputPort) = count.Share(moved, next, total) - count.Share(moved, done, total)
		done = next
		p.add(k, &Account{}, &Account{})
	}
	return p
}
