// SPDX-License-Identifier: Apache-2.0

package workload

import "fmt"

// A Tensor is what one operation leaves for others. It says how long a memory
// has to keep it.
type Tensor struct {
	// Maker is the operation that computes it; empty where it is the picture.
	Maker    string
	Elements int64
	// Readers are in the order of the operations; none where the tensor is a
	// result of the network.
	Readers []Reading
}

// A Reading is one operation's use of a [Tensor].
type Reading struct {
	Op string
	// Elements is how much of the tensor it uses: a third where only the
	// queries of an attention are read.
	Elements int64
}

// fault says what is wrong with the tensor, which is number i: makers and readers
// must be listed, in this order. The index has the operations by name.
func (t *Tensor) fault(i int, index map[string]int) *fault {
	path := func(field string) string { return fmt.Sprintf("tensors[%d].%s", i, field) }
	maker, ok := -1, true
	if t.Maker != "" {
		maker, ok = index[t.Maker]
	}
	if !ok {
		return faultf(path("maker"), "%q must be an operation", t.Maker)
	}
	if t.Elements < 1 || t.Elements > maxSteps {
		return faultf(path("elements"), "%d must be from 1 to 2^50", t.Elements)
	}
	for j, r := range t.Readers {
		reader, ok := index[r.Op]
		if !ok {
			return faultf(path(fmt.Sprintf("readers[%d].operation", j)), "%q must be an operation", r.Op)
		}
		if reader <= maker {
			return faultf(path(fmt.Sprintf("readers[%d].operation", j)), "%q must be an operation listed behind %q, which makes the tensor", r.Op, t.Maker)
		}
		if r.Elements < 1 || r.Elements > t.Elements {
			return faultf(path(fmt.Sprintf("readers[%d].elements", j)), "%d must be from 1 to %d, the tensor's", r.Elements, t.Elements)
		}
	}
	return nil
}
