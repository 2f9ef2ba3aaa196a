// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// A Trace counts the work of the engines, cycle by cycle.
type Trace struct {
	Cycles    int64
	MAT, RMAC Usage
	// Discarded counts the multiply-accumulates of the sums that MAT had begun when R-MAC
	// joined it. Both engines then computed these sums from their beginning.
	Discarded int64
}

// Usage counts the cycles of one engine. Busy is every cycle in which at least
// one of its MACs is enabled; Busy and Idle add up to the cycles of the trace.
type Usage struct {
	Busy, Idle int64
	// MACs counts enabled MACs: multiply-accumulates, including those with the zeros of
	// the border.
	MACs int64
}

// Registers are the accumulators at the end of a cycle, and the products of the cycle.
type Registers struct {
	// Cycle counts from 1.
	Cycle int64
	// MAT holds the accumulator of each lane, [lanes].
	MAT []int32
	// RMAC holds the register of each MAC, [lanes, MACs].
	RMAC [][]int32
	// MATProducts and RMACProducts are the products of each lane in this cycle, [lanes].
	MATProducts, RMACProducts []Products
}

// A Watch is called at the end of every cycle. Its argument is valid until it returns.
type Watch func(Registers)

// A machine is one copy of both engines with its clock.
type machine struct {
	mat   []*matLane
	rmac  []*rmacLane
	macs  struct{ mat, rmac int } // number of MACs of a lane
	trace Trace
	watch []Watch
	view  Registers
}

func newMachine(c arch.Config, watch []Watch) (*machine, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.MultiplierBits < 8 {
		return nil, fmt.Errorf("configuration %q: multiplier_bits %d: the registers are those of 8-bit factors", c.Name, c.MultiplierBits)
	}
	if c.Depthwise != arch.Reconfigured {
		return nil, fmt.Errorf("configuration %q: depthwise %s: the registers of all lanes are given the same input channels", c.Name, c.Depthwise)
	}
	m := &machine{watch: watch}
	m.macs.mat, m.macs.rmac = c.MAT.MACs, c.RMAC.MACs
	m.view.MAT = make([]int32, c.MAT.Lanes)
	m.view.MATProducts, m.view.RMACProducts = make([]Products, c.MAT.Lanes), make([]Products, c.RMAC.Lanes)
	for range c.MAT.Lanes {
		m.mat = append(m.mat, newMATLane(c.MAT.MACs))
	}
	for range c.RMAC.Lanes {
		l := newRMACLane(c.RMAC.MACs)
		m.rmac = append(m.rmac, l)
		m.view.RMAC = append(m.view.RMAC, l.registers)
	}
	return m, nil
}

// clock ends a cycle.
func (m *machine) clock() {
	m.trace.Cycles++
	count(&m.trace.MAT, m.mat, m.view.MATProducts)
	count(&m.trace.RMAC, m.rmac, m.view.RMACProducts)
	if len(m.watch) == 0 {
		return
	}
	m.view.Cycle = m.trace.Cycles
	for i, l := range m.mat {
		m.view.MAT[i] = l.accumulator
	}
	for _, watch := range m.watch {
		watch(m.view)
	}
}

// count adds a cycle to the usage of an engine, and keeps the products of its lanes.
func count[L lane](u *Usage, lanes []L, products []Products) {
	macs := 0
	for i, l := range lanes {
		products[i] = l.made()
		macs += len(products[i].X)
	}
	u.MACs += int64(macs)
	if macs > 0 {
		u.Busy++
	} else {
		u.Idle++
	}
}

// onMAT, onRMAC and onBoth return the control of channel-parallel work on one engine, or
// on both in step.
func (m *machine) onMAT(queue ...*layer) *sequencer {
	return &sequencer{lanes: asLanes(m.mat), macs: m.macs.mat, queue: queue}
}

func (m *machine) onRMAC(queue ...*layer) *sequencer {
	return &sequencer{lanes: asLanes(m.rmac), macs: m.macs.rmac, queue: queue}
}

// Both engines get the same input channels in a cycle: as many as the lanes of either can
// take.
func (m *machine) onBoth(queue ...*layer) *sequencer {
	return &sequencer{lanes: append(asLanes(m.mat), asLanes(m.rmac)...), macs: min(m.macs.mat, m.macs.rmac), queue: queue}
}

func asLanes[L lane](lanes []L) []lane {
	out := make([]lane, len(lanes))
	for i, l := range lanes {
		out[i] = l
	}
	return out
}

// lanes returns the lanes of both engines.
func (m *machine) lanes() int { return len(m.mat) + len(m.rmac) }

// together runs layers on both engines in step.
func (m *machine) together(queue ...*layer) {
	for both := m.onBoth(queue...); both.step(); {
		m.clock()
	}
}

// apart runs independent work on both engines.
func (m *machine) apart(mat, rmac *sequencer) {
	for {
		a, b := mat.step(), rmac.step()
		if !a && !b {
			return
		}
		m.clock()
	}
}

// A producer is work on R-MAC whose outputs layers wait for.
type producer interface {
	// step runs one cycle, or returns false when everything is computed.
	step() bool
	finished() bool
}

// ahead runs a producer on R-MAC while MAT takes ready work from the queue. When the
// producer ends, R-MAC joins. The sums that MAT has begun are then computed again, because
// both engines get the same input channels.
func (m *machine) ahead(p producer, queue ...*layer) {
	alone := m.onMAT(queue...)
	for !p.finished() {
		alone.step() // MAT comes first, since outputs that R-MAC makes in this cycle are ready in the next one
		p.step()
		m.clock()
	}
	m.trace.Discarded += alone.begun()
	m.together(queue...)
}
