// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// Units are the auxiliary units that an accumulator passes, in their order: each an
// [integer.Requantize], an [integer.Hardswish] or an [integer.Log2]. Without units the
// accumulator stays as it is.
type Units []integer.Operation

// of returns the result of the units for an accumulator of a channel.
func (u Units) of(channel int, x int32) int32 {
	for _, op := range u {
		switch op := op.(type) {
		case *integer.Requantize:
			x = op.Of(channel, x)
		case *integer.Hardswish:
			x = op.Of(x)
		case *integer.Log2:
			x = op.Of(x)
		}
	}
	return x
}

// infer returns the description of the units' result for a tensor.
func (u Units) infer(t integer.Tensor) (integer.Tensor, error) {
	for i, op := range u {
		switch op.(type) {
		case *integer.Requantize, *integer.Hardswish, *integer.Log2:
		default:
			return t, fmt.Errorf("unit %d is %T: Requantize, Hardswish and Log2 are allowed", i, op)
		}
		var err error
		if t, err = infer(op, t); err != nil {
			return t, fmt.Errorf("unit %d: %w", i, err)
		}
	}
	return t, nil
}

// factors is infer for a result that multipliers take.
func (u Units) factors(t integer.Tensor) (integer.Tensor, error) {
	t, err := u.infer(t)
	if err == nil {
		err = checkFactors(t.Range)
	}
	return t, err
}
