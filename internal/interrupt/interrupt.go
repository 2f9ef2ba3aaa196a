// SPDX-License-Identifier: Apache-2.0

// Package interrupt is for tests of stages that are cancelled and go on: it cancels a
// context at a place that does not depend on time.
package interrupt

import "context"

// After returns a context that is cancelled when its error was asked for n times.
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
