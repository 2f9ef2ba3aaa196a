// SPDX-License-Identifier: Apache-2.0

package hwsim

import "fmt"

// A CapacityError reports that a buffer cannot hold the bytes that an operation needs at
// the same time, even with the smallest tiles.
type CapacityError struct {
	// Op is the operation's name.
	Op string
	// Buffer is the field of the configuration that bounds the buffer, such as
	// "buffers.input.kib", and KiB that field's value.
	Buffer string
	KiB    int
	// Demand is the bytes needed with the smallest tiles, where the search ended.
	Demand int64
	// Levers are the fields of the configuration whose change can raise the bound or lower
	// the demand, the buffer's first.
	Levers []string
	// Why describes in words the data that does not fit.
	Why string
}

// Error names the operation, the field and its value.
func (e *CapacityError) Error() string {
	return fmt.Sprintf("operation %q: %s %d is too small: %s", e.Op, e.Buffer, e.KiB, e.Why)
}
