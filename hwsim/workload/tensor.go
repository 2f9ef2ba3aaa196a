// SPDX-License-Identifier: Apache-2.0

package workload

import "fmt"

// A Tensor is the output of one operation with its readers. It determines how long a
// memory has to keep the output.
type Tensor struct {
	// Maker is the operation that computes it, empty for the picture.
	Maker    string
	Elements int64
	// Readers are in the order of the operations. A tensor without readers is a result of
	// the network.
	Readers []Reading
}

// A Reading is one operation's use of a [Tensor].
type Reading struct {
	Op string
	// Elements is the number of the tensor's elements that the operation uses: a third
	// where only the queries of an attention are read.
	Elements int64
}

// fault returns the fault of the tensor with index i: its maker and readers must be
// listed, in this order. index has the operations by name.
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
