// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// convolution runs on both engines, one task for each round of output channels. MAT takes
// the first channels of a round.
func (m *pricer) convolution(s *schedule.Step, a schedule.Area) *price {
	o := s.Last()
	positions := count.Mul(int64(o.Kernel), int64(o.Kernel))
	t := m.output(o)
	most, all := m.Spread(count.Mul(a.Rows, a.Columns))
	tasks, _ := m.Tasks(s, a)
	p := &price{tasks: make([]cost, 0, len(tasks))}
	for _, task := range tasks {
		var mat, rmac Account
		k := cost{Task: task, cycles: count.Mul(most, t), matWorks: true, rmacWorks: true}
		channels := task.Channels.Len()
		groups := count.Up(channels, m.Lanes()) // one group for each copy where copies divide channels, else one
		last := channels - (groups-1)*m.Lanes()
		onMAT, onRMAC := groups, groups
		if last <= int64(m.MAT.Lanes) {
			onRMAC-- // the last group has no channel for R-MAC
		}
		total := count.Mul(k.cycles, m.Copies)
		worked := count.Mul(all, groups, t)
		mat.Busy = count.Mul(all, onMAT, t)
		rmac.Busy = count.Mul(all, onRMAC, t)
		rmac.Stalls[Channels] = worked - rmac.Busy
		mat.Stalls[Imbalance] = total - worked
		rmac.Stalls[Imbalance] = total - worked
		matChannels := (groups-1)*int64(m.MAT.Lanes) + min(last, int64(m.MAT.Lanes))
		mat.Lanes, rmac.Lanes = count.Mul(all, t, matChannels), count.Mul(all, t, channels-matChannels)
		perChannel := count.Mul(all, positions, int64(o.Cin))
		mat.MACs, rmac.MACs = count.Mul(perChannel, matChannels), count.Mul(perChannel, channels-matChannels)
		*k.ports.at(InputPort) = count.Mul(all, positions, inputs(o, channels))
		if m.Windowed(o) {
			*k.ports.at(InputPort) = m.lineBytes(o, a, channels)
		}
		*k.ports.at(WeightPort) = count.Mul(most, m.WeightBytes(o, channels))
		*k.ports.at(OutputPort) = count.Mul(all, channels)
		p.add(k, &mat, &rmac)
	}
	return p
}

// lineBytes returns the bytes that fill the line buffers for some channels of an area:
// each pixel of the input once, and for each further copy the rows that its first windows
// share with the previous copy once more.
func (m *pricer) lineBytes(o *workload.Operation, a schedule.Area, channels int64) int64 {
	stride := int64(o.Stride)
	shared := max(0, int64(o.Kernel)-stride)
	row := count.Mul(a.Columns, stride)
	rows := count.Add(count.Mul(a.Rows, stride), shared)
	if m.Share == arch.Pixels {
		rows = count.Add(rows, count.Mul(shared, m.Copies-1))
	}
	return count.Mul(row, rows, channels, m.Pictures)
}

// depthwise runs on R-MAC, with the pixels of a row across the lanes and channels across
// the MACs of a lane.
func (m *pricer) depthwise(s *schedule.Step, a schedule.Area) *price {
	o := s.Last()
	tasks, parts := m.Tasks(s, a)
	k := cost{Task: tasks[0], rmacWorks: true}
	var mat, rmac Account
	for i := range parts {
		k.cycles = max(k.cycles, parts[i].Window)
		count.Inc(&rmac.Busy, parts[i].Depthwise)
	}
	total := count.Mul(k.cycles, m.Copies)
	rmac.Stalls[Imbalance] = total - rmac.Busy
	mat.Idle = total
	rmac.Lanes = count.Mul(a.Rows, a.Columns, m.Pictures, m.Set(o))
	rmac.MACs = count.Mul(a.Rows, a.Columns, int64(o.Cout), int64(o.Kernel), int64(o.Kernel), m.Pictures)
	m.depthwisePorts(&k.ports, o, a, parts)
	*k.ports.at(OutputPort) = count.Mul(a.Rows, a.Columns, int64(o.Cout), m.Pictures)
	p := &price{}
	p.add(k, &mat, &rmac)
	return p
}

// depthwisePorts adds the bytes that R-MAC reads: an input for each product, and the
// weights of all channels for each set of pixels.
func (m *pricer) depthwisePorts(b *ports, o *workload.Operation, a schedule.Area, parts []schedule.Part) {
	positions := count.Mul(int64(o.Kernel), int64(o.Kernel))
	*b.at(InputPort) = count.Mul(a.Rows, a.Columns, int64(o.Cout), positions, m.Pictures)
	var sets int64
	for i := range parts {
		sets = max(sets, parts[i].Sets)
	}
	*b.at(WeightPort) = count.Mul(sets, m.WeightBytes(o, int64(o.Cout)))
}
