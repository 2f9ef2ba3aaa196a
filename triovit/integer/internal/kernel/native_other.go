// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package kernel

// native returns no sets: only amd64 has some beside the portable one.
func native() []*Set { return nil }
