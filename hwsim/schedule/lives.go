// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"maps"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// tensors returns the tensors of the workload. A workload that lists none is a chain of
// steps, each of which reads the previous step's outputs. Where the host works between two
// steps, one tensor goes to the host and another comes back.
func tensors(w *workload.Workload, list []Step) []workload.Tensor {
	if len(w.Tensors) > 0 {
		return w.Tensors
	}
	behind := make(map[string]int) // number of the step of each operation, from 1
	for i, s := range list {
		for _, o := range s.Ops {
			behind[o.Name] = i + 1
		}
	}
	host, done := make([]*workload.Operation, len(list)+1), 0 // the host's last operation behind each step
	for i := range w.Ops {
		o := &w.Ops[i]
		done = max(done, behind[o.Name])
		if o.Unit == workload.Host {
			host[done] = o
		}
	}
	var chain []workload.Tensor
	for i, s := range list {
		made := s.Ops[len(s.Ops)-1]
		if len(s.Engine) > 0 {
			made = s.Last()
		}
		t := workload.Tensor{Maker: made.Name, Elements: made.Outputs()}
		if h := host[i+1]; h != nil {
			chain = append(chain, t)
			t = workload.Tensor{Maker: h.Name, Elements: h.Elements}
		}
		if i+1 < len(list) {
			t.Readers = []workload.Reading{{Op: list[i+1].Ops[0].Name, Elements: t.Elements}}
		}
		chain = append(chain, t)
	}
	return chain
}

// place decides for every tensor whether it stays on the chip, and adds the bytes of the
// others to the loads and stores of the steps. A tensor stays if, in each step of its
// life, all tensors alive fit the input and the output buffer together; the two buffers
// change roles from layer to layer. So a larger buffer never moves a tensor off the chip.
// Which of the two buffers holds a tensor is not modelled.
func place(list []Step, all []workload.Tensor, capacity int64) {
	index := make(map[string]int)
	elementwise := make(map[string]bool)
	for i, s := range list {
		for _, o := range s.Ops {
			index[o.Name] = i
			elementwise[o.Name] = o.Unit != workload.Engines
		}
	}
	apart := separate(all, index, elementwise)
	for _, l := range live(list, all, index, capacity) {
		if !l.outside && !slices.ContainsFunc(list[l.first:l.last+1], func(s Step) bool { return s.Tight }) {
			continue
		}
		for _, r := range l.tensor.Readers {
			i, ok := index[r.Op]
			switch {
			case !ok || l.made && i == l.first:
			case elementwise[r.Op]:
				count.Inc(&list[i].PassingLoads, r.Elements)
			default:
				count.Inc(&list[i].Loads, r.Elements)
			}
		}
		switch {
		case !l.made:
		case apart[l.tensor.Maker]:
			count.Inc(&list[l.first].PassingStores, l.tensor.Elements)
		default:
			count.Inc(&list[l.first].Stores, l.tensor.Elements)
		}
	}
}

// A life is the steps from a tensor's maker to its last reader.
type life struct {
	tensor      *workload.Tensor
	first, last int
	made        bool // a step makes the tensor: it is neither the picture nor a result of the host
	outside     bool // the tensor crosses the chip's boundary: it is the picture, a tensor of the host, or a result
}

// live returns the lives of the tensors that pass from step to step or cross the chip
// boundary. It marks a step as tight where the tensors alive exceed the capacity.
func live(list []Step, all []workload.Tensor, index map[string]int, capacity int64) []life {
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
			continue // no step reads the tensor, or it lives within one step
		}
		for i := l.first; i <= l.last; i++ {
			count.Inc(&alive[i], l.tensor.Elements)
		}
		lives = append(lives, l)
	}
	for i := range list {
		s := &list[i]
		if s.Mapping == Streamed { // the outputs of R-MAC, which MAT reads
			count.Inc(&alive[i], s.Engine[0].Outputs())
		}
		s.Tight = alive[i] > capacity
	}
	return lives
}

// separate returns the elementwise operations that read no output of their own step.
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
