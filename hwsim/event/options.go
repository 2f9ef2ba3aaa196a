// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"fmt"
	"strings"
)

// String says in a report's words what was run: "backbone, both pipelines", and
// whatever is not as usual.
func (o Options) String() string {
	parts := []string{string(o.Scope), o.Pipelines.String()}
	add := func(unusual bool, format string, args ...any) {
		if unusual {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	bits := cmp.Or(o.WeightBits, 8)
	add(o.Batch > 1, "batch of %d", o.Batch)
	add(bits != 8, "%d-bit weights", bits)
	add(len(o.WeightBitsOf) > 0, "weights of another width in %d operations", len(o.WeightBitsOf))
	add(o.TilePixels > 0, "tiles of %d pixels", o.TilePixels)
	add(o.FreeMemory, "free memory")
	add(o.FreeAuxiliary, "free auxiliary units")
	return strings.Join(parts, ", ")
}
