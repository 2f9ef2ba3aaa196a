// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"hash/crc32"
	"math"
	"strings"
)

// Synthetic returns a set with the wanted names and shapes. Its values are a hash of
// the name and the element's index, so that no checkpoint is needed. The reference's
// outputs were recorded with these weights (golden/README.md of the shared data).
// Convolutions and linear layers are uniform with the variance 1/fan-in. BatchNorm's
// scales and variances lie in [0.5, 1.5), biases and means in [-0.1, 0.1).
// num_batches_tracked is left out.
func Synthetic(want map[string][]int) Set {
	s := make(Set, len(want))
	for name, shape := range want {
		if isCounter(name) {
			continue
		}
		t := New(shape...)
		value := synthesizer(name, shape, len(t.Data))
		seed := crc32.ChecksumIEEE([]byte(name))
		for i := range t.Data {
			t.Data[i] = float32(value(unit(seed, i)))
		}
		s[name] = t
	}
	return s
}

// SyntheticInput returns the n values of the input with which the reference's outputs
// were recorded. They are uniform in [-2, 2) and in [N, C, H, W] order.
func SyntheticInput(n int) []float32 {
	x := make([]float32, n)
	seed := crc32.ChecksumIEEE([]byte("input"))
	for i := range x {
		x[i] = float32((unit(seed, i) - 0.5) * 4)
	}
	return x
}

// synthesizer returns the function from [0, 1) to the values of a parameter.
func synthesizer(name string, shape []int, elements int) func(float64) float64 {
	switch {
	case len(shape) > 1:
		fan := elements / max(1, shape[0])
		bound := math.Sqrt(3 / float64(fan))
		return func(u float64) float64 { return (u - 0.5) * 2 * bound }
	case strings.HasSuffix(name, "running_var"), strings.HasSuffix(name, "weight"):
		return func(u float64) float64 { return 0.5 + u }
	}
	return func(u float64) float64 { return (u - 0.5) * 0.2 }
}

// unit returns a hash of the seed and an index as a number in [0, 1).
func unit(seed uint32, i int) float64 {
	h := uint32(i) + seed
	h ^= h >> 16
	h *= 0x7feb352d
	h ^= h >> 15
	h *= 0x846ca68b
	h ^= h >> 16
	return float64(h) / (1 << 32)
}
