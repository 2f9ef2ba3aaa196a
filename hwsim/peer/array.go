// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// An Array is a weight-stationary systolic array.
type Array struct {
	// Rows hold the terms of one output's sum, Cols different output channels.
	Rows, Cols int
}

// Array64x32 returns the array with the paper's number of multipliers, 2048,
// that was run in SCALE-Sim.
func Array64x32() Array { return Array{Rows: 64, Cols: 32} }

// Multipliers returns the multiplications per cycle.
func (a Array) Multipliers() int { return a.Rows * a.Cols }

// maxSide keeps every count of cycles inside 63 bits.
const maxSide = 1 << 10

// A Counting is a way to run a grouped layer on an array.
type Counting string

// The countings, explained in the package comment.
const (
	SCALESim   Counting = "as SCALE-Sim counts"
	OneGroup   Counting = "one group at a time"
	SideBySide Counting = "groups side by side"
)

// Countings returns every counting.
func Countings() []Counting { return []Counting{SCALESim, OneGroup, SideBySide} }

// A Timing is the cost of a workload on an array by one counting.
type Timing struct {
	Workload string
	Array    Array
	Counting Counting
	Layers   []Layer
}

// A Layer is the cost of one operation.
type Layer struct {
	// Name and Label are the operation's.
	Name, Label string
	Form        workload.Form
	// Folds is the number of times that weights are loaded.
	Folds int64
	// Outputs is the number of positions that each fold streams.
	Outputs int64
	Cycles  int64
	// MACs are the multiply-accumulates of the operation; no counting changes them.
	MACs int64
}

// Time counts the cycles of a workload's backbone. Errors are an array with a side below 1
// or above 1024, an unknown counting and an invalid workload.
func (a Array) Time(w *workload.Workload, counting Counting) (*Timing, error) {
	if a.Rows < 1 || a.Cols < 1 || a.Rows > maxSide || a.Cols > maxSide {
		return nil, fmt.Errorf("peer: array of %d×%d: both sides must be from 1 to %d", a.Rows, a.Cols, maxSide)
	}
	if counting != SCALESim && counting != OneGroup && counting != SideBySide {
		return nil, fmt.Errorf("peer: no counting %q: have %q", counting, Countings())
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	r := &Timing{Workload: w.Name, Array: a, Counting: counting}
	for i := range w.Ops {
		o := &w.Ops[i]
		switch {
		case o.Unit != workload.Engines, o.Head, o.Role == efficientvit.Divisor:
		case counting == SCALESim && o.Form == workload.Product:
		default:
			r.Layers = append(r.Layers, a.layer(o, counting))
		}
	}
	if len(r.Layers) == 0 {
		return nil, fmt.Errorf("peer: workload %q: no operation of the backbone runs on an array", w.Name)
	}
	return r, nil
}

// layer counts one operation.
func (a Array) layer(o *workload.Operation, counting Counting) Layer {
	// Each group is a matrix of terms by output channels.
	var groups, terms, channels int
	l := Layer{Name: o.Name, Label: o.Label, Form: o.Form, MACs: o.MACs()}
	if o.Form == workload.Product {
		groups, terms, channels = o.Heads, o.Inner, o.Cols
		l.Outputs = int64(o.Rows)
	} else {
		groups, terms = o.Groups, o.Kernel*o.Kernel*o.Cin
		channels = (o.Cout + groups - 1) / groups
		l.Outputs = int64(o.H) * int64(o.W)
	}
	switch counting {
	case SCALESim:
		// One group whose filters all read the same channels.
		groups, channels = 1, o.Cout
		l.Outputs = scaleSimSide(o.H, o) * scaleSimSide(o.W, o)
	case SideBySide:
		fit := max(1, min(a.Rows/terms, a.Cols/channels))
		groups, terms, channels = (groups+fit-1)/fit, min(fit, groups)*terms, min(fit, groups)*channels
	}
	l.Folds = int64(groups) * ceil(terms, a.Rows) * ceil(channels, a.Cols)
	l.Cycles = l.Folds*(int64(2*a.Rows+a.Cols-2)+l.Outputs) - 1
	return l
}

// scaleSimSide returns the output side that SCALE-Sim counts where the network has side.
// SCALE-Sim rounds up the last, incomplete step of a stride, which exists where the input
// is even and padded.
func scaleSimSide(side int, o *workload.Operation) int64 {
	if padded := o.Kernel%2 == 1; padded && o.Stride > 1 {
		return int64(side) + 1
	}
	return int64(side)
}

// Overlapped returns the timing of an array that loads the next fold's weights and drains
// the last one's sums while it streams. No schedule of these folds is faster.
func (r *Timing) Overlapped() *Timing {
	o := *r
	o.Layers = slices.Clone(r.Layers)
	for i := range o.Layers {
		o.Layers[i].Cycles = o.Layers[i].Folds * o.Layers[i].Outputs
	}
	return &o
}

// Cycles returns the sum over the layers other than matrix products.
func (r *Timing) Cycles() int64 {
	return r.sum(func(l *Layer) bool { return l.Form != workload.Product })
}

// DepthwiseCycles returns the sum over the depthwise convolutions.
func (r *Timing) DepthwiseCycles() int64 {
	return r.sum(func(l *Layer) bool { return l.Form == workload.Depthwise })
}

// ProductCycles returns the sum over the attention's matrix products, which [SCALESim]
// lacks.
func (r *Timing) ProductCycles() int64 {
	return r.sum(func(l *Layer) bool { return l.Form == workload.Product })
}

func (r *Timing) sum(of func(*Layer) bool) int64 {
	var sum int64
	for i := range r.Layers {
		if of(&r.Layers[i]) {
			sum += r.Layers[i].Cycles
		}
	}
	return sum
}

// ceil returns ⌈a/b⌉.
func ceil(a, b int) int64 { return (int64(a) + int64(b) - 1) / int64(b) }
