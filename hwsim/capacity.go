// SPDX-License-Identifier: Apache-2.0

package hwsim

import "fmt"

// A CapacityError says that a buffer cannot hold what an operation needs of it at
// once, however small the tiles.
type CapacityError struct {
	// Op is the operation's name.
	Op string
	// Buffer is the field of the configuration that bounds it, such as
	// "buffers.input.kib", and KiB that field's value.
	Buffer string
	KiB    int
	// Demand is the bytes that were needed where the search ended: with its
	// smallest tiles.
	Demand int64
	// Levers are the fields of the configuration of which another value raises the
	// bound or lowers the demand, the buffer's first.
	Levers []string
	// Why says in words what does not fit.
	Why string
}

// Error names the operation, the field and its value.
func (e *CapacityError) Error() string {
	return fmt.Sprintf("operation %q: %s %d is too small: %s", e.Op, e.Buffer, e.KiB, e.Why)
}
