// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 && !(goexperiment.simd && (arm64 || wasm))

package kernel

// native returns no sets: this processor, or this build, has only the portable one.
func native() []*Set { return nil }
