// SPDX-License-Identifier: Apache-2.0

// Package finite finds values that are not finite. A single NaN in a network's tensors
// spreads until its logits are useless.
package finite

// First returns the index of the first value that is NaN or infinite, or -1 if all are
// finite.
func First(values []float32) int {
	for i, v := range values {
		if v-v != 0 { // v-v is NaN for NaN and for either infinity
			return i
		}
	}
	return -1
}
