// SPDX-License-Identifier: Apache-2.0

// Package interrupt helps to test stages that are cancelled and resumed. It cancels a
// context at a point that does not depend on time.
package interrupt

import "context"

// After returns a context that is cancelled at the n-th call of its Err.
func After(ctx context.Context, n int) context.Context { return &countdown{ctx, n} }

type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return c.Context.Err()
}
