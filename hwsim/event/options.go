// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Options choose what [Simulate] runs. The zero value runs one picture through the
// backbone, with both pipelines and 8-bit weights.
type Options struct {
	Scope     hwsim.Scope
	Pipelines hwsim.Pipelines
	// Batch is the number of pictures; 0 means 1. Where copies share a batch, each takes
	// one picture, in rounds. Otherwise the pictures follow one another.
	Batch int
	// WeightBits is the width of the weights of operations without their own width, from 1
	// to 8; 0 means 8. WeightBitsOf overrides both, by operation. Activations have 8 bits.
	WeightBits   int
	WeightBitsOf map[string]int
	// TilePixels is about the number of output pixels in a tile. Tiles are whole rows, or
	// rectangles of at most that number where these are faster or rows do not fit the
	// buffers. 0 tries powers of four.
	TilePixels int
	// FreeMemory makes buffers and ports unlimited and transfers free, so that each step
	// is one tile. FreeAuxiliary makes the auxiliary units free. The closed form assumes
	// both.
	FreeMemory, FreeAuxiliary bool
	// Events keeps every event of the first round in the run.
	Events bool
}

const maxBatch = 1 << 20

func (o *Options) check() error {
	bits := func(what string, b int) error {
		if b < 1 || b > 8 {
			return fmt.Errorf("%s %d: 1 to 8 are allowed", what, b)
		}
		return nil
	}
	if _, err := o.Scope.Checked(); err != nil {
		return err
	}
	if err := o.Pipelines.Check(); err != nil {
		return err
	}
	switch {
	case o.Batch < 0 || o.Batch > maxBatch:
		return fmt.Errorf("batch %d: 1 to %d pictures are allowed", o.Batch, maxBatch)
	case o.TilePixels < 0:
		return fmt.Errorf("tile pixels %d: at least 1 is needed, or 0 to search", o.TilePixels)
	}
	if o.WeightBits != 0 {
		if err := bits("weight bits", o.WeightBits); err != nil {
			return err
		}
	}
	for name, b := range o.WeightBitsOf {
		if err := bits(fmt.Sprintf("weight bits of %q", name), b); err != nil {
			return err
		}
	}
	return nil
}

// known returns an error for a width of an operation that the workload does not have.
func (o *Options) known(w *workload.Workload) error {
	for name := range o.WeightBitsOf {
		if !slices.ContainsFunc(w.Ops, func(op workload.Operation) bool { return op.Name == name }) {
			return fmt.Errorf("weight bits of %q: workload %q has no such operation", name, w.Name)
		}
	}
	return nil
}

// filled returns the options with defaults in place of zeros.
func (o Options) filled() Options {
	o.Scope = cmp.Or(o.Scope, hwsim.Backbone)
	o.Batch = max(o.Batch, 1)
	o.WeightBits = cmp.Or(o.WeightBits, 8)
	return o
}

// String describes the options in a report's words, "backbone, both pipelines", followed
// by every option that is not the default.
func (o Options) String() string {
	o = o.filled()
	parts := []string{string(o.Scope), o.Pipelines.String()}
	add := func(unusual bool, format string, args ...any) {
		if unusual {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(o.Batch > 1, "batch of %d", o.Batch)
	add(o.WeightBits != 8, "%d-bit weights", o.WeightBits)
	add(len(o.WeightBitsOf) > 0, "weights of another width in %d operations", len(o.WeightBitsOf))
	add(o.TilePixels > 0, "tiles of %d pixels", o.TilePixels)
	add(o.FreeMemory, "free memory")
	add(o.FreeAuxiliary, "free auxiliary units")
	return strings.Join(parts, ", ")
}
