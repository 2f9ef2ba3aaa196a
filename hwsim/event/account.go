// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Stall is the cause for which an engine that has work waits.
type Stall uint8

// The stalls. If a task waits for data, its wait is charged to the data that arrives
// last. If a task is slow, the lost cycles are charged to its slowest unit or port.
const (
	// Imbalance: another copy has a larger share of the operation.
	Imbalance Stall = iota
	// Stream: MAT waits for R-MAC's outputs in a pipeline. It includes MAT's unfinished
	// outputs that both engines compute again when R-MAC joins.
	Stream
	// Partner: the other engine has more heads, or takes longer for them.
	Partner
	// Channels: the operation has fewer output channels than the engine has lanes.
	Channels
	// WeightLoad, InputLoad and OutputStore: off-chip memory is late with weights or
	// activations, or has not yet taken earlier outputs.
	WeightLoad
	InputLoad
	OutputStore
	// DivisorPasses: the divisor buffer holds the divisors of only a part of a head's
	// tokens, so that MAT makes divisors and dividends part by part.
	DivisorPasses
	// PipelineFill: the first results of a task pass the stages of the engines'
	// pipelines.
	PipelineFill
	// InputPort to DivisorPort: the buffer's port moves fewer bytes per cycle than the
	// engines could use.
	InputPort
	WeightPort
	OutputPort
	DivisorPort
	// SumKUnit to PoolUnit: an auxiliary unit is slower than the engines.
	SumKUnit
	Log2Unit
	ShifterUnit
	DividerUnit
	RequantizeUnit
	ActivationUnit
	AdderUnit
	ResizerUnit
	PoolUnit

	stallEnd
)

// firstPort is the first stall that stands for a rate: of a port or an auxiliary unit.
const firstPort = InputPort

var stallNames = [stallEnd]string{
	"imbalance", "stream", "partner", "channels", "weight load", "input load", "output store", "divisor buffer", "pipeline fill",
	"input port", "weight port", "output port", "divisor port",
	"sum over K", "log2 module", "shifter", "divider", "requantization", "activation", "adder", "resizer", "pooling adder",
}

// String returns the cause's name in reports.
func (s Stall) String() string {
	if s >= stallEnd {
		return fmt.Sprintf("Stall(%d)", uint8(s))
	}
	return stallNames[s]
}

// Stalls returns every cause.
func Stalls() []Stall {
	var list []Stall
	for s := range stallEnd {
		list = append(list, s)
	}
	return list
}

// unitStall maps each auxiliary unit to its stall.
var unitStall = map[workload.Unit]Stall{
	workload.SumAdder: SumKUnit, workload.Log2: Log2Unit, workload.Shifter: ShifterUnit, workload.Divider: DividerUnit,
	workload.Requantize: RequantizeUnit, workload.Activation: ActivationUnit, workload.Adder: AdderUnit,
	workload.Resizer: ResizerUnit, workload.Pool: PoolUnit,
}

// An Account counts what the copies of one engine do in their cycles. Busy, Idle and all
// stalls add up to the cycles times the copies.
type Account struct {
	// Busy counts cycles in which the engine multiplies, in any number of its lanes.
	Busy int64
	// Idle counts cycles without work for the engine, such as MAT's in a depthwise
	// convolution that does not stream.
	Idle   int64
	Stalls [stallEnd]int64
	// Lanes counts, over all lanes, the busy cycles in which a lane has an output to make:
	// less than Busy times the lanes where these do not divide the channels or pixels.
	Lanes int64
	// MACs counts the engine's multiply-accumulates.
	MACs int64
}

// Total returns all cycles of the account.
func (a *Account) Total() int64 {
	sum := a.Busy + a.Idle
	for _, c := range a.Stalls {
		sum += c
	}
	return sum
}

// add adds b, multiplied by times.
func (a *Account) add(b *Account, times int64) {
	count.Inc(&a.Busy, count.Mul(times, b.Busy))
	count.Inc(&a.Idle, count.Mul(times, b.Idle))
	for i, n := range b.Stalls {
		if n != 0 {
			count.Inc(&a.Stalls[i], count.Mul(times, n))
		}
	}
	count.Inc(&a.Lanes, count.Mul(times, b.Lanes))
	count.Inc(&a.MACs, count.Mul(times, b.MACs))
}
