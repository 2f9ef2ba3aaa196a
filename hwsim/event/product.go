// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// partialSum is the size in bytes of an accumulator that waits for further tokens.
const partialSum = 4

// written returns the bytes at the output port for each of a product's outputs: the output
// itself, or where tokens are cut the partial sums that earlier tokens leave and later
// tokens take up.
func written(a schedule.Area) int64 {
	n := int64(1)
	if a.Sums && !a.Last {
		n = partialSum
	}
	if a.Sums && !a.First {
		n += partialSum
	}
	return n
}

// tokensOf returns an operation with at most as many tokens as the area: those that it
// sums over, or those that are rows of its outputs.
func tokensOf(a schedule.Area, o *workload.Operation, sums bool) *workload.Operation {
	if !a.Cut() {
		return o
	}
	part := *o
	if sums {
		part.Inner = int(a.Rows)
	} else {
		part.Rows = int(a.Rows)
	}
	return &part
}

// product returns the cycles of one engine for some heads of a matrix product, and the
// busy cycles of this engine in all copies. It adds the bytes at the ports; written is the
// output port's bytes for each output.
func (m *pricer) product(b *ports, o *workload.Operation, e arch.Engine, heads, written int64) (cycles, busy int64) {
	inner := int64(o.Inner)
	steps := m.Steps(o, e.MACs)
	if o.Role == workload.Divisor { // the product has one column, so that tokens are across the lanes
		most, all := m.Spread(count.Mul(heads, count.Up(int64(o.Rows), int64(e.Lanes))))
		if m.Share == arch.Channels {
			most = count.Up(most, m.Copies)
		}
		outputs := count.Mul(heads, int64(o.Rows), m.Pictures)
		count.Inc(b.at(InputPort), count.Mul(outputs, inner))
		count.Inc(b.at(WeightPort), count.Mul(most, inner, m.Pictures))
		count.Inc(b.at(OutputPort), count.Mul(outputs, written))
		return count.Mul(most, steps), count.Mul(all, steps)
	}
	groups := count.Up(int64(o.Cols), int64(e.Lanes))
	most, all := m.Spread(count.Mul(heads, int64(o.Rows)))
	longest := groups
	if m.Share == arch.Channels {
		longest = count.Up(groups, m.Copies)
	}
	count.Inc(b.at(InputPort), count.Mul(all, longest, inner))
	count.Inc(b.at(WeightPort), count.Mul(most, int64(o.Cols), inner, m.Pictures)) // each picture has its own second operand
	count.Inc(b.at(OutputPort), count.Mul(all, int64(o.Cols), written))
	return count.Mul(most, longest, steps), count.Mul(all, groups, steps)
}

// head returns the cycles, summed over lanes and copies, that one engine spends on the
// outputs of one head.
func (m *pricer) head(o *workload.Operation, e arch.Engine) int64 {
	return count.Mul(int64(o.Rows), int64(o.Cols), m.Pictures, m.Steps(o, e.MACs))
}

// halved gives MAT one half of the heads, rounded up, and R-MAC the other.
func (m *pricer) halved(s *schedule.Step, a schedule.Area) *price {
	tasks, _ := m.Tasks(s, a)
	k := cost{Task: tasks[0], matWorks: true, rmacWorks: true}
	o, heads := s.Last(), a.Rows
	if a.Cut() {
		o, heads = tokensOf(a, o, a.Sums), a.Columns
	}
	perHead := count.Mul(int64(o.Rows), int64(o.Cols), int64(o.Inner), m.Pictures)
	var own [2]int64
	var accounts [2]Account
	for i, e := range []arch.Engine{m.MAT, m.RMAC} {
		n := (heads + 1 - int64(i)) / 2
		own[i], accounts[i].Busy = m.product(&k.ports, o, e, n, written(a))
		accounts[i].Lanes = count.Mul(n, m.head(o, e))
		accounts[i].MACs = count.Mul(n, perHead)
	}
	k.cycles = max(own[0], own[1])
	for i := range accounts {
		accounts[i].Stalls[Imbalance] = count.Mul(own[i], m.Copies) - accounts[i].Busy
		accounts[i].Stalls[Partner] = count.Mul(k.cycles-own[i], m.Copies)
	}
	p := &price{}
	p.add(k, &accounts[0], &accounts[1])
	return p
}
