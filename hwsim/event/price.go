// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A pricer computes the engines' cycles for tasks, and their accounts.
type pricer struct {
	schedule.Engines
	// divisorBytes is the size of one divisor in the divisor buffer. divisors is the
	// number of divisors that the buffer holds for each picture, 0 where it is unlimited.
	divisorBytes, divisors int64
	spans                  bool // tasks record their spans
}

// ports holds the bytes at each port of a buffer, by its stall from [InputPort] on.
type ports [DivisorPort - InputPort + 1]int64

// at returns the bytes at a port.
func (p *ports) at(s Stall) *int64 { return &p[s-InputPort] }

// A cost is a task's demand on the engines and ports.
type cost struct {
	schedule.Task
	cycles              int64 // cycles of the engines alone
	ports               ports // bytes that the engines move
	matWorks, rmacWorks bool  // MAT or R-MAC has a part in the task
	// refill is the extra cycles where a head's divisors exceed the divisor buffer
	// and are made in several passes.
	refill int64
	spans  []span // the operations' times in the slowest copy, where a task has several
}

// works reports whether an engine has a part in the task.
func (k *cost) works() bool { return k.matWorks || k.rmacWorks }

// A price is the cost of the tasks of a tile of one area.
type price struct {
	tasks []cost
	// compute is the sum of the tasks' cycles, ports of their bytes. mat and rmac account
	// for the cycles of all copies.
	compute   int64
	ports     ports
	mat, rmac Account
	// oneCopy is the cycles of one copy alone for one picture.
	oneCopy int64
}

// add appends a task with the accounts of its engines.
func (p *price) add(k cost, mat, rmac *Account) {
	p.tasks = append(p.tasks, k)
	count.Inc(&p.compute, k.cycles)
	for i, n := range k.ports {
		count.Inc(&p.ports[i], n)
	}
	p.mat.add(mat, 1)
	p.rmac.add(rmac, 1)
}

// price prices the tasks of a tile.
func (m *pricer) price(s *schedule.Step, a schedule.Area) *price {
	switch s.Mapping {
	case schedule.BothEngines:
		return m.convolution(s, a)
	case schedule.DepthwiseOnly:
		return m.depthwise(s, a)
	case schedule.Streamed:
		return m.streamed(s, a)
	case schedule.HalvedHeads:
		return m.halved(s, a)
	case schedule.HeadPipeline:
		return m.headPipeline(s, a)
	}
	return &price{tasks: []cost{{}}}
}

// cycles returns the cycles of all tasks of a tile.
func (m *pricer) cycles(s *schedule.Step, a schedule.Area) int64 {
	var n int64
	switch s.Mapping {
	case schedule.BothEngines:
		most, _ := m.Spread(count.Mul(a.Rows, a.Columns))
		return count.Mul(m.Rounds(s.Last()), most, m.output(s.Last()))
	case schedule.DepthwiseOnly:
		for _, p := range m.Parts(s.Last(), nil, a) {
			n = max(n, p.Cycles)
		}
	case schedule.Streamed:
		for _, p := range m.Parts(s.Engine[0], s.Engine[1], a) {
			n = max(n, p.Cycles)
		}
	default:
		return m.price(s, a).compute
	}
	return n
}

// output returns the multiplier cycles for one output of a convolution on both engines.
func (m *pricer) output(o *workload.Operation) int64 {
	if m.Windowed(o) {
		return m.Together(o)
	}
	return count.Mul(m.Together(o), int64(o.Kernel), int64(o.Kernel))
}

// inputs returns the number of input channels read for one position, for the given output
// channels of a round. Lanes of one group share their input channels.
func inputs(o *workload.Operation, channels int64) int64 {
	if o.Groups == 1 {
		return int64(o.Cin)
	}
	return count.Mul(int64(o.Cin), count.Up(count.Mul(channels, int64(o.Groups)), int64(o.Cout)))
}
