// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package kernel

import "testing"

// A memory holds the buffers of a test, without guards: see that of Linux.
type memory struct{}

func newMemory(testing.TB) *memory { return &memory{} }

func alloc[T byte | int8 | int32](_ *memory, n int) []T { return make([]T, n) }

func (*memory) check(testing.TB, string) {}
