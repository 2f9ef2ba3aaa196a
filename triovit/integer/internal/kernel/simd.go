// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd && (amd64 || arm64 || wasm)

package kernel

import "simd/archsimd"

// Parts of kernels that are equal for every width of Go's vectors.

func clamped(x, lo, hi words) words { return x.Max(lo).Min(hi) }

// storeBytes stores the first n of sixteen bytes.
func storeBytes(y []byte, x archsimd.Uint8x16, n int) {
	if n == Lanes {
		x.Store(y)
		return
	}
	var all [Lanes]byte
	x.StoreArray(&all)
	copy(y[:n], all[:])
}

func subtractVector(y []byte, ldy int, x []byte, ldx, rows, n int, v byte) {
	all := archsimd.BroadcastUint8x16(v)
	for r := range rows {
		for i := 0; i < n; i += Lanes {
			storeBytes(y[r*ldy+i:], archsimd.LoadUint8x16(x[r*ldx+i:]).SubSaturated(all), min(Lanes, n-i))
		}
	}
}
