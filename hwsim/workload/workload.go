// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// A Workload is what an accelerator computes for one picture.
type Workload struct {
	// Name is the network's or the ViT's.
	Name string
	// Ops are in an order in which they can run.
	Ops []Operation
	// Tensors says who reads what. Where it is empty, each operation reads what
	// the one before left.
	Tensors []Tensor
	// PrintedGOP is the operation count, in 10⁹, by which Fig. 10 of the paper
	// turns latencies into GOPS. It is inferred: the figure prints throughputs
	// only. 0 where there is none.
	PrintedGOP float64
}

// MACs returns the multiply-accumulates of the whole list.
func (w *Workload) MACs() int64 {
	var sum int64
	for i := range w.Ops {
		sum += w.Ops[i].MACs()
	}
	return sum
}

// GOP returns the 10⁹ operations of the list, two per multiply-accumulate.
func (w *Workload) GOP() float64 { return 2 * float64(w.MACs()) / 1e9 }

// maxSteps bounds a workload so that no count of cycles or pixels of any
// configuration passes 63 bits.
const maxSteps = 1 << 50

// Validate checks the sizes of every operation, that names are unique, that
// streams have two ends, and that the whole is small enough to count. The error
// names the operation.
func (w *Workload) Validate() error {
	if len(w.Ops) == 0 {
		return fmt.Errorf("workload %q: no operations", w.Name)
	}
	index := make(map[string]int, len(w.Ops))
	var steps float64
	for i := range w.Ops {
		o := &w.Ops[i]
		if err := o.check(); err != nil {
			return fmt.Errorf("workload %q: operation %q: %w", w.Name, o.Name, err)
		}
		if _, twice := index[o.Name]; twice {
			return fmt.Errorf("workload %q: operation %q is listed twice", w.Name, o.Name)
		}
		index[o.Name] = i
		if steps += o.size(); steps > maxSteps {
			return fmt.Errorf("workload %q: operation %q: more than 2^50 steps up to here", w.Name, o.Name)
		}
	}
	if err := w.checkTensors(index); err != nil {
		return fmt.Errorf("workload %q: %w", w.Name, err)
	}
	for i := range w.Ops {
		o := &w.Ops[i]
		if o.Feeds != "" {
			j, ok := index[o.Feeds]
			if !ok || j < i || w.Ops[j].Behind != o.Name {
				return fmt.Errorf("workload %q: operation %q feeds %q, which is not listed behind it", w.Name, o.Name, o.Feeds)
			}
			if p := &w.Ops[j]; p.H != o.H || p.W != o.W {
				return fmt.Errorf("workload %q: operation %q of %d×%d feeds %q of %d×%d", w.Name, o.Name, o.H, o.W, p.Name, p.H, p.W)
			}
		}
		if o.Behind != "" {
			if j, ok := index[o.Behind]; !ok || w.Ops[j].Feeds != o.Name {
				return fmt.Errorf("workload %q: operation %q is behind %q, which does not feed it", w.Name, o.Name, o.Behind)
			}
		}
	}
	return nil
}

// checkTensors checks that makers and readers are listed, in this order.
func (w *Workload) checkTensors(index map[string]int) error {
	for i := range w.Tensors {
		t := &w.Tensors[i]
		maker, ok := -1, true
		if t.Maker != "" {
			maker, ok = index[t.Maker]
		}
		if !ok {
			return fmt.Errorf("tensor %q: no operation makes it", t.Maker)
		}
		if t.Elements < 1 || t.Elements > maxSteps {
			return fmt.Errorf("tensor %q: %d elements: 1 to 2^50 are allowed", t.Maker, t.Elements)
		}
		for _, r := range t.Readers {
			if j, ok := index[r.Op]; !ok || j <= maker {
				return fmt.Errorf("tensor %q: its reader %q is not listed behind it", t.Maker, r.Op)
			}
			if r.Elements < 1 || r.Elements > t.Elements {
				return fmt.Errorf("tensor %q: %q reads %d of %d elements", t.Maker, r.Op, r.Elements, t.Elements)
			}
		}
	}
	return nil
}

// String is the workload on a page: what each unit has to do.
func (w *Workload) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %d operations, %.2f GOP (%.1f M MACs)", w.Name, len(w.Ops), w.GOP(), float64(w.MACs())/1e6)
	if w.PrintedGOP > 0 {
		fmt.Fprintf(&s, "; Fig. 10 uses %g GOP (inferred)", w.PrintedGOP)
	}
	s.WriteByte('\n')
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "unit\toperations\tM MACs\tM elements\t\n")
	for _, u := range Units() {
		var n int
		var macs, elements int64
		for i := range w.Ops {
			if o := &w.Ops[i]; o.Unit == u {
				n++
				macs += o.MACs()
				elements += o.Elements
			}
		}
		if n > 0 {
			fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t\n", u, n, float64(macs)/1e6, float64(elements)/1e6)
		}
	}
	t.Flush()
	return s.String()
}
