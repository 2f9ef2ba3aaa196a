// SPDX-License-Identifier: Apache-2.0

package event

import (
	"maps"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
)

// A mapping is how the engines run a step.
type mapping uint8

const (
	auxiliaryOnly mapping = iota // no engine
	convolution                  // both engines, channel-parallel
	depthwiseOnly                // R-MAC
	streamed                     // R-MAC into MAT: inter-layer
	halved                       // heads, one half on each engine
	headPipeline                 // intra-layer
)

// A step is what runs from one operation of the engines to the next: that
// operation, or several where a pipeline joins them, and the elementwise work
// behind it, which streams through the auxiliary units.
type step struct {
	mapping mapping
	engine  []*workload.Operation
	ops     []*workload.Operation // all, in order
	// elements is the work of each auxiliary unit, by its stall.
	elements [stallEnd]int64
	// loads and stores are the off-chip bytes of activations for one picture.
	// What passes goes through the auxiliary units element by element and takes
	// no room: what they load, and what they make of nothing but that.
	loads, stores               int64
	passingLoads, passingStores int64
	// tight says that what is alive does not fit the buffers, so that tensors
	// pass through them in tiles.
	tight bool
}

// last returns the operation whose outputs leave the engines.
func (s *step) last() *workload.Operation { return s.engine[len(s.engine)-1] }

// lead returns the operation that names the step: the last of a stream, as in
// the closed form, else the first.
func (s *step) lead() *workload.Operation {
	if s.mapping == streamed {
		return s.last()
	}
	return s.ops[0]
}

// label joins the labels of the engines' operations.
func (s *step) label() string {
	if len(s.engine) == 0 {
		return s.ops[0].Label
	}
	var labels []string
	for _, o := range s.engine {
		labels = append(labels, o.Label)
	}
	return strings.Join(labels, " + ")
}

// macs counts the multiply-accumulates of the step: all, and those that the
// authors count.
func (s *step) macs() (all, paper int64) {
	for _, o := range s.ops {
		n := o.MACs()
		all += n
		if o.Unit == workload.Engines && o.Role != triovit.Divisor && (o.Role != triovit.AggPW || o.Behind == "") {
			paper += n
		}
	}
	return all, paper
}

// cut divides a workload into steps. The host's operations come back apart: the
// accelerator has no unit for them.
func cut(w *workload.Workload, c arch.Config, scope hwsim.Scope, p hwsim.Pipelines) (list []*step, host []hwsim.Omission) {
	var engine []*workload.Operation // those of the scope not yet in a step
	inScope := func(o *workload.Operation) bool { return !o.Head || scope == hwsim.Whole }
	for i := range w.Ops {
		if o := &w.Ops[i]; o.Unit == workload.Engines && inScope(o) {
			engine = append(engine, o)
		}
	}
	var s *step
	awaited := 0 // operations of the engines that the step joins and are still to come
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
			m, n := join(engine, c.Depthwise, p)
			s = &step{mapping: m, engine: engine[:n]}
			engine, awaited = engine[n:], n-1
			list = append(list, s)
		case s == nil:
			s = &step{}
			list = append(list, s)
		}
		s.ops = append(s.ops, o)
		if unit := unitOf(o, c.Division); unit != workload.Engines {
			s.elements[unitStall[unit]] += o.Elements
		}
	}
	return list, host
}

// unitOf returns the unit that runs an operation. Real dividers divide what the
// shifter would, by divisors that nothing rounds: log2's elements stay with the
// engines, which made them.
func unitOf(o *workload.Operation, d arch.Division) workload.Unit {
	switch {
	case d != arch.DividerDivision:
	case o.Unit == workload.Log2:
		return workload.Engines
	case o.Unit == workload.Shifter:
		return workload.Divider
	}
	return o.Unit
}

// join says how the first of the engines' operations runs, and with how many of
// those behind it.
func join(engine []*workload.Operation, d arch.Depthwise, p hwsim.Pipelines) (mapping, int) {
	o := engine[0]
	switch {
	case o.Form == workload.Depthwise && d == arch.ChannelParallel:
		return convolution, 1
	case o.Form == workload.Depthwise && p&hwsim.InterLayerPipeline != 0 && len(engine) > 1 && o.Feeds == engine[1].Name:
		return streamed, 2
	case o.Form == workload.Depthwise:
		return depthwiseOnly, 1
	case p&hwsim.IntraLayerPipeline != 0 && isAttention(engine):
		return headPipeline, 3
	case o.Form == workload.Product:
		return halved, 1
	}
	return convolution, 1
}

// isAttention says whether KᵀV, dividends and divisors of the same heads come
// next.
func isAttention(engine []*workload.Operation) bool {
	if len(engine) < 3 || engine[0].Role != triovit.KTV {
		return false
	}
	a, b := engine[1], engine[2]
	roles := []triovit.Role{a.Role, b.Role}
	return slices.Contains(roles, triovit.Divisor) && slices.Contains(roles, triovit.Dividend) &&
		a.Heads == engine[0].Heads && b.Heads == engine[0].Heads && a.Rows == b.Rows &&
		engine[0].Form == workload.Product && a.Form == workload.Product && b.Form == workload.Product
}

// tensors returns the workload's, or where it has none a chain of operations. What
// a host works on between two steps goes to it and comes back.
func tensors(w *workload.Workload, list []*step) []workload.Tensor {
	if len(w.Tensors) > 0 {
		return w.Tensors
	}
	behind := make(map[string]int) // the steps of operations, counted from 1
	for i, s := range list {
		for _, o := range s.ops {
			behind[o.Name] = i + 1
		}
	}
	host, done := make([]*workload.Operation, len(list)+1), 0 // its last behind each step
	for i := range w.Ops {
		o := &w.Ops[i]
		done = max(done, behind[o.Name])
		if o.Unit == workload.Host {
			host[done] = o
		}
	}
	var chain []workload.Tensor
	for i, s := range list {
		made := s.ops[len(s.ops)-1]
		if len(s.engine) > 0 {
			made = s.last()
		}
		t := workload.Tensor{Maker: made.Name, Elements: made.Outputs()}
		if h := host[i+1]; h != nil {
			chain = append(chain, t)
			t = workload.Tensor{Maker: h.Name, Elements: h.Elements}
		}
		if i+1 < len(list) {
			t.Readers = []workload.Reading{{Op: list[i+1].ops[0].Name, Elements: t.Elements}}
		}
		chain = append(chain, t)
	}
	return chain
}

// place decides for every tensor whether it stays on the chip. One does if at
// each step of its life all that is alive fits the input and the output buffer
// together, which change roles from layer to layer. So a larger buffer never
// moves a tensor off the chip. Which of the two buffers holds it is not modelled.
func place(list []*step, all []workload.Tensor, capacity int64, m *count.Checked) {
	index := make(map[string]int)
	elementwise := make(map[string]bool)
	for i, s := range list {
		for _, o := range s.ops {
			index[o.Name] = i
			elementwise[o.Name] = o.Unit != workload.Engines
		}
	}
	apart := separate(all, index, elementwise)
	for _, l := range live(list, all, index, capacity, m) {
		if !l.outside && !slices.ContainsFunc(list[l.first:l.last+1], func(s *step) bool { return s.tight }) {
			continue
		}
		for _, r := range l.tensor.Readers {
			i, ok := index[r.Op]
			switch {
			case !ok || l.made && i == l.first:
			case elementwise[r.Op]:
				m.Inc(&list[i].passingLoads, r.Elements)
			default:
				m.Inc(&list[i].loads, r.Elements)
			}
		}
		switch {
		case !l.made:
		case apart[l.tensor.Maker]:
			m.Inc(&list[l.first].passingStores, l.tensor.Elements)
		default:
			m.Inc(&list[l.first].stores, l.tensor.Elements)
		}
	}
}

// A life is the steps from a tensor's maker to its last reader.
type life struct {
	tensor      *workload.Tensor
	first, last int
	made        bool // here: not the picture, nor the host's
	outside     bool // that, or what only the host or nobody reads
}

// live returns the lives of the tensors that are on their way from step to step, or
// from or to the outside, and says of each step whether all that is alive is too
// much.
func live(list []*step, all []workload.Tensor, index map[string]int, capacity int64, m *count.Checked) []life {
	var lives []life
	alive := make([]int64, len(list))
	for t := range all {
		l := life{tensor: &all[t], first: len(list)}
		maker, made := index[l.tensor.Maker]
		if l.made = made; made {
			l.first, l.last = maker, maker
		}
		read := false
		for _, r := range l.tensor.Readers {
			if i, ok := index[r.Op]; ok {
				read = true
				l.first, l.last = min(l.first, i), max(l.last, i)
			}
		}
		l.outside = !made || !read
		if l.first == len(list) || l.first == l.last && !l.outside {
			continue // from outside or out of scope, unread; or what passes from unit to unit
		}
		for i := l.first; i <= l.last; i++ {
			m.Inc(&alive[i], l.tensor.Elements)
		}
		lives = append(lives, l)
	}
	for i, s := range list {
		if s.mapping == streamed { // what R-MAC leaves for MAT
			m.Inc(&alive[i], s.engine[0].Outputs())
		}
		s.tight = alive[i] > capacity
	}
	return lives
}

// separate returns the elementwise operations that read nothing of their own
// step.
func separate(all []workload.Tensor, index map[string]int, elementwise map[string]bool) map[string]bool {
	apart := maps.Clone(elementwise)
	for t := range all {
		maker, ok := index[all[t].Maker]
		for _, r := range all[t].Readers {
			if i, in := index[r.Op]; ok && in && i == maker {
				apart[r.Op] = false
			}
		}
	}
	return apart
}
