// SPDX-License-Identifier: Apache-2.0

package workload

import "slices"

// A node is one operation of a network or of an integer model, with the accelerator's
// operations for it.
type node struct {
	name     string
	inputs   []string
	elements int64 // number of elements of the tensor that the operation makes
	picture  bool  // the tensor is the picture
	// moves marks a node without arithmetic: it only changes addresses, or its factor is
	// part of a later requantization. single marks a node that works on single elements,
	// so that a stream passes through it.
	moves, single bool
	ops           []Operation
}

// A graph holds the maker and the readers of each tensor.
type graph struct {
	nodes   []node
	makers  map[string]*node
	readers map[string][]*node
}

func newGraph(nodes []node) *graph {
	g := &graph{nodes: nodes, makers: make(map[string]*node), readers: make(map[string][]*node)}
	for i := range nodes {
		n := &nodes[i]
		g.makers[n.name] = n
		for _, in := range n.inputs {
			g.readers[in] = append(g.readers[in], n)
		}
	}
	return g
}

// workload lists the operations of all nodes, their streams and tensors.
func (g *graph) workload(name string) (*Workload, error) {
	w := &Workload{Name: name, Tensors: g.tensors()}
	for i := range g.nodes {
		for _, o := range g.nodes[i].ops {
			if o.Form == Depthwise {
				o.Feeds = g.stream(o.Name)
			}
			w.Ops = append(w.Ops, o)
		}
	}
	link(w.Ops)
	return w, w.Validate()
}

// link sets Behind of each pointwise convolution to the other end of its stream.
func link(ops []Operation) {
	behind := make(map[string]string)
	for i := range ops {
		if ops[i].Feeds != "" {
			behind[ops[i].Feeds] = ops[i].Name
		}
		ops[i].Behind = behind[ops[i].Name]
	}
}

// stream returns the pointwise convolution that is the only reader of a tensor, through
// operations on single elements, or "".
func (g *graph) stream(name string) string {
	for {
		readers := g.readers[name]
		if len(readers) != 1 {
			return ""
		}
		n := readers[0]
		switch {
		case n.single:
			name = n.name
		case len(n.ops) > 0 && n.ops[0].Form == Convolution && n.ops[0].Kernel == 1 && n.ops[0].Stride == 1:
			return n.name
		default:
			return ""
		}
	}
}

// tensors lists the tensors that nodes compute, with their readers beyond nodes that only
// move.
func (g *graph) tensors() []Tensor {
	var list []Tensor
	index, sources := make(map[string]int), g.sources()
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.moves {
			continue
		}
		t := Tensor{Maker: n.name, Elements: n.elements}
		if n.picture {
			t.Maker = ""
		}
		for _, in := range n.inputs {
			for _, maker := range sources[in] {
				from := &list[index[maker]]
				from.Readers = append(from.Readers, Reading{Op: n.name, Elements: min(g.makers[in].elements, from.Elements)})
			}
		}
		index[n.name] = len(list)
		list = append(list, t)
	}
	return list
}

// sources returns for each tensor the nodes that compute it, each once.
func (g *graph) sources() map[string][]string {
	all := make(map[string][]string, len(g.nodes))
	for i := range g.nodes {
		n := &g.nodes[i]
		if !n.moves {
			all[n.name] = []string{n.name}
			continue
		}
		for _, in := range n.inputs {
			for _, maker := range all[in] {
				if !slices.Contains(all[n.name], maker) {
					all[n.name] = append(all[n.name], maker)
				}
			}
		}
	}
	return all
}
