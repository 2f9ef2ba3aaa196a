// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	"github.com/gotriovit/gotriovit/table"
)

// A Workload is the list of an accelerator's operations for one picture.
type Workload struct {
	// Name is the network's or the ViT's.
	Name string
	// Ops are in an order in which they can run.
	Ops []Operation
	// Tensors list the readers of each output. Where it is empty, each operation reads the
	// output of the previous one.
	Tensors []Tensor
	// PrintedGOP is the operation count, in 10⁹, by which Fig. 10 of the paper turns
	// latencies into GOPS. It is inferred, since the figure prints throughputs only. 0
	// means none.
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
// streams have two ends, that tensors have makers and readers, and that the whole
// is small enough to count. The error names the field as a file has it (see [Read]),
// its value and what is allowed.
func (w *Workload) Validate() error {
	if f := w.fault(); f != nil {
		return fmt.Errorf("workload %q: %s: %w", w.Name, f.path, f.err)
	}
	return nil
}

// A fault is an error in a workload with the path of its field.
type fault struct {
	path string // name of the field in a file
	err  error
}

// faultf returns a fault of the field with the given path.
func faultf(path, format string, args ...any) *fault {
	return &fault{path, fmt.Errorf(format, args...)}
}

// fault returns the first fault, nil where there is none.
func (w *Workload) fault() *fault {
	if len(w.Ops) == 0 {
		return faultf("operations", "there must be at least 1")
	}
	index := make(map[string]int, len(w.Ops))
	var steps float64
	for i := range w.Ops {
		o := &w.Ops[i]
		if err := o.check(); err != nil {
			return faultf(operationPath(i, ""), "%q: %w", o.Name, err)
		}
		if first, twice := index[o.Name]; twice {
			return faultf(operationPath(i, ".name"), "%q must be unique, and operations[%d] has it", o.Name, first)
		}
		index[o.Name] = i
		if steps += o.size(); steps > maxSteps {
			return faultf(operationPath(i, ""), "%q: %.4g steps up to here must be at most 2^50", o.Name, steps)
		}
	}
	for i := range w.Tensors {
		if f := w.Tensors[i].fault(i, index); f != nil {
			return f
		}
	}
	for i := range w.Ops {
		if f := w.streamFault(i, index); f != nil {
			return f
		}
	}
	return nil
}

// operationPath returns the path of a field of operation i, or of the whole operation.
func operationPath(i int, field string) string { return fmt.Sprintf("operations[%d]%s", i, field) }

// streamFault returns the fault of the ends of operation i's stream, if any.
func (w *Workload) streamFault(i int, index map[string]int) *fault {
	o := &w.Ops[i]
	if o.Feeds != "" {
		j, ok := index[o.Feeds]
		if !ok || j < i || w.Ops[j].Behind != o.Name {
			return faultf(operationPath(i, ".feeds"), "%q must be an operation listed behind %q that nothing else feeds", o.Feeds, o.Name)
		}
		switch p := &w.Ops[j]; {
		case p.H != o.H || p.W != o.W:
			return faultf(operationPath(i, ".feeds"), "%q of %d×%d must have the size of %q, %d×%d", p.Name, p.H, p.W, o.Name, o.H, o.W)
		case float64(p.Cin)*float64(p.Groups) != float64(o.Cout):
			return faultf(operationPath(i, ".feeds"), "%q of %d groups of %d input channels must take the %d of %q", p.Name, p.Groups, p.Cin, o.Cout, o.Name)
		}
	}
	if o.Behind != "" {
		if j, ok := index[o.Behind]; !ok || w.Ops[j].Feeds != o.Name {
			return faultf(operationPath(i, ".behind"), "%q must be an operation that feeds %q", o.Behind, o.Name)
		}
	}
	return nil
}

// Table returns the workload on a page: the work of each unit.
func (w *Workload) Table() table.Table {
	var s table.Writer
	fmt.Fprintf(&s, "%s: %d operations, %.2f GOP (%.1f M MACs)", w.Name, len(w.Ops), w.GOP(), float64(w.MACs())/1e6)
	if w.PrintedGOP > 0 {
		fmt.Fprintf(&s, "; Fig. 10 uses %g GOP (inferred)", w.PrintedGOP)
	}
	s.WriteByte('\n')
	s.Table("unit\toperations\tM MACs\tM elements\t", func(row func(string, ...any)) {
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
				row("%s\t%d\t%.2f\t%.2f\t", u, n, float64(macs)/1e6, float64(elements)/1e6)
			}
		}
	})
	return s.One()
}

// String is the text of [Workload.Table], which ends with a line break.
func (w *Workload) String() string { return w.Table().String() }
