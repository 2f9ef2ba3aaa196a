// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// room bounds the sizes from which a plan computes those of its buffers. No buffer has more
// than 64 bytes for each unit of the largest size. The bound matters where an int has 32
// bits.
const room = math.MaxInt / 64

// addressable returns an error unless the bytes of every buffer can be counted by an int.
// The sizes are the elements of a tensor whose channels fill blocks, four times the weights
// of a convolution, the rows that a depthwise convolution sums for a row, and the patches of
// a tile where a block computes up to 16 columns.
func addressable(m *integer.Model, tensors []integer.Tensor) error {
	at := map[string]int{}
	for i := range m.Ops {
		op, shape := &m.Ops[i], tensors[i].Shape
		at[op.Name] = i
		size := int64(shape[0]) * int64(shape[1]) * int64((shape[2]+kernel.Lanes-1)/kernel.Lanes*kernel.Lanes)
		if c, ok := op.Operation.(*integer.Conv); ok {
			x := tensors[at[op.Inputs[0]]].Shape
			size = max(size, 4*int64(len(c.Weights)))
			patch := int64(c.Kernel) * (int64(c.Kernel+(kernel.Lanes-1)*c.Stride)*int64(x[2]/c.Groups) + 3)
			size = max(size, patch*max(tileRows, kernel.Lanes)/64)
			if c.Groups == x[2] {
				size = max(size, int64(x[1]+c.Kernel)*int64(x[2])*int64(c.Kernel+3)/16)
			}
		}
		if size > room {
			return fmt.Errorf("integer model %s: %s %q takes a size of %d in its plan: integers of this processor allow %d", m.Name, integer.Kind(op.Operation), op.Name, size, room)
		}
	}
	return nil
}
