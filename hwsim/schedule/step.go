// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Mapping is the way in which the engines run a step.
type Mapping uint8

// The mappings.
const (
	AuxiliaryOnly Mapping = iota // no engine works in the step
	BothEngines                  // both engines run a convolution, channel-parallel
	DepthwiseOnly                // R-MAC runs a depthwise convolution
	Streamed                     // R-MAC runs a depthwise convolution, and MAT the pointwise one behind it: inter-layer
	HalvedHeads                  // each engine runs a matrix product for one half of the heads
	HeadPipeline                 // R-MAC makes KᵀV, and MAT divisors and dividends: intra-layer
)

// A Step is an operation of the engines, or several joined by a pipeline, with the
// elementwise operations behind, up to the next operation of the engines.
type Step struct {
	Mapping Mapping
	// Engine are the operations of the engines. Ops are all operations, in the order of
	// the workload.
	Engine, Ops []*workload.Operation
	// Loads and Stores are the bytes of activations that the step loads from and stores to
	// off-chip memory, for one picture.
	Loads, Stores int64
	// PassingLoads and PassingStores are bytes that elementwise operations stream; they
	// need no buffer.
	PassingLoads, PassingStores int64
	// Tight marks a step in which the tensors alive do not fit the buffers together, so
	// that they pass through the buffers in tiles.
	Tight bool
}

// Last returns the operation whose outputs leave the engines.
func (s *Step) Last() *workload.Operation { return s.Engine[len(s.Engine)-1] }

// Lead returns the operation that names the step: the last one of a stream, as in the
// closed form, else the first.
func (s *Step) Lead() *workload.Operation {
	if s.Mapping == Streamed {
		return s.Last()
	}
	return s.Ops[0]
}

// Label joins the labels of the engines' operations.
func (s *Step) Label() string {
	if len(s.Engine) == 0 {
		return s.Ops[0].Label
	}
	var labels []string
	for _, o := range s.Engine {
		labels = append(labels, o.Label)
	}
	return strings.Join(labels, " + ")
}

// MACs counts the multiply-accumulates of the step for one picture: all of them, and those
// that the authors count.
func (s *Step) MACs() (all, paper int64) {
	for _, o := range s.Ops {
		n := o.MACs()
		all += n
		if o.Unit == workload.Engines && o.Role != workload.Divisor && (o.Role != workload.AggPW || o.Behind == "") {
			paper += n
		}
	}
	return all, paper
}

// Attention returns the indices, among the operations of a head pipeline, of KᵀV, of the
// dividends and of the divisors.
func (s *Step) Attention() (ktv, dividend, divisor int) {
	if s.Engine[1].Role == workload.Divisor {
		return 0, 2, 1
	}
	return 0, 1, 2
}

// cut divides a workload into steps. It returns the host's operations separately: the
// accelerator has no unit for them.
func cut(w *workload.Workload, d arch.Depthwise, scope hwsim.Scope, p hwsim.Pipelines) (list []Step, host []hwsim.Omission) {
	var engine []*workload.Operation // operations of the scope that are in no step yet
	inScope := func(o *workload.Operation) bool { return !o.Head || scope == hwsim.Whole }
	for i := range w.Ops {
		if o := &w.Ops[i]; o.Unit == workload.Engines && inScope(o) {
			engine = append(engine, o)
		}
	}
	awaited := 0 // number of the engines' operations that the last step joins and that are still to come
	for i := range w.Ops {
		o := &w.Ops[i]
		switch {
		case !inScope(o):
			continue
		case o.Unit == workload.Host:
			host = append(host, hwsim.Omission{Name: o.Name, Label: o.Label, Unit: o.Unit, Elements: o.Elements, Why: hwsim.NoUnit})
			continue
		case o.Unit == workload.Engines && awaited > 0:
			awaited--
		case o.Unit == workload.Engines:
			m, n := join(engine, d, p)
			list = append(list, Step{Mapping: m, Engine: engine[:n]})
			engine, awaited = engine[n:], n-1
		case len(list) == 0:
			list = append(list, Step{})
		}
		last := &list[len(list)-1]
		last.Ops = append(last.Ops, o)
	}
	return list, host
}

// join returns the mapping of the first of the engines' operations, and the number of
// operations that it joins.
func join(engine []*workload.Operation, d arch.Depthwise, p hwsim.Pipelines) (Mapping, int) {
	o := engine[0]
	switch {
	case o.Form == workload.Depthwise && d != arch.Reconfigured:
		return BothEngines, 1
	case o.Form == workload.Depthwise && p.InterLayer() && len(engine) > 1 && o.Feeds == engine[1].Name:
		return Streamed, 2
	case o.Form == workload.Depthwise:
		return DepthwiseOnly, 1
	case p.IntraLayer() && isAttention(engine):
		return HeadPipeline, 3
	case o.Form == workload.Product:
		return HalvedHeads, 1
	}
	return BothEngines, 1
}

// isAttention reports whether KᵀV, dividends and divisors of the same heads come next.
func isAttention(engine []*workload.Operation) bool {
	if len(engine) < 3 || engine[0].Role != workload.KTV {
		return false
	}
	ktv, a, b := engine[0], engine[1], engine[2]
	dividend, divisor := a, b
	if a.Role == workload.Divisor {
		dividend, divisor = b, a
	}
	if dividend.Role != workload.Dividend || divisor.Role != workload.Divisor || divisor.Cols != 1 || dividend.Cols != ktv.Cols {
		return false
	}
	// Cut heads have one range of tokens: KᵀV sums over as many tokens as Q has.
	for _, o := range []*workload.Operation{dividend, divisor} {
		if o.Form != workload.Product || o.Heads != ktv.Heads || o.Rows != ktv.Inner || o.Inner != ktv.Rows {
			return false
		}
	}
	return ktv.Form == workload.Product
}
