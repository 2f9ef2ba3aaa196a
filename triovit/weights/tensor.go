// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"slices"
)

// Tensor is a dense float32 tensor in row-major order and in the reference's
// layout: [O, I, H, W] for convolutions, [out, in] for linear layers, [C] for
// biases and normalization. A scalar has an empty shape and one element.
type Tensor struct {
	Shape []int
	Data  []float32
}

// New returns a tensor of zeros with the given shape. It panics if a dimension is
// negative, as make does.
func New(shape ...int) *Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return &Tensor{Shape: slices.Clone(shape), Data: make([]float32, n)}
}

// Set maps a parameter's name in the reference implementation to its tensor.
type Set map[string]*Tensor

// Names returns the names in ascending order.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Shapes returns the shape of each tensor by its name.
func (s Set) Shapes() map[string][]int {
	shapes := make(map[string][]int, len(s))
	for name, t := range s {
		shapes[name] = t.Shape
	}
	return shapes
}

// Clone returns a copy that shares no values with the set. The clone of a nil set is
// nil.
func (s Set) Clone() Set {
	c := maps.Clone(s)
	for name, t := range c {
		c[name] = &Tensor{Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
	}
	return c
}

// Hash returns the SHA-256, in hexadecimal digits, of the names, the shapes and the
// bits of the data. Equal sets have equal hashes in every process, whichever file
// format they came from.
func (s Set) Hash() string {
	h := sha256.New()
	var buf []byte
	flush := func() { h.Write(buf); buf = buf[:0] }
	for _, name := range s.Names() {
		t := s[name]
		// Lengths precede contents, so that two different sets never write the same
		// bytes.
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(name)))
		buf = append(buf, name...)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(t.Shape)))
		for _, d := range t.Shape {
			buf = binary.LittleEndian.AppendUint64(buf, uint64(d))
		}
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(t.Data)))
		for _, v := range t.Data {
			if buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v)); len(buf) >= chunkBytes {
				flush()
			}
		}
		flush()
	}
	return hex.EncodeToString(h.Sum(nil))
}
