// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/gotriovit/gotriovit/internal/safetensors"
	"github.com/x448/float16"
)

// DType is an element type that [WriteSafetensors] can write. Its value is the type's
// name in the safetensors format.
type DType string

const (
	F32 DType = "F32" // IEEE 754 single precision: all bits are kept
	F16 DType = "F16" // IEEE 754 half precision, rounded to nearest even: half the size
)

// chunkBytes is the size in bytes of the buffers between files and tensors. It is a
// multiple of every element type's size.
const chunkBytes = 32 << 10

// element describes how files store one number of a type.
type element struct {
	size   int                  // size in bytes
	decode func([]byte) float32 // the decoder of one element, nil for an integer type, which no parameter has
}

// elementOf returns the element type with a name in the safetensors format.
func elementOf(dtype string) (element, bool) {
	size, ok := safetensors.ElementSize(dtype)
	return element{size, decoders[dtype]}, ok
}

// decoders holds the decoder of each element type that a parameter may have.
var decoders = map[string]func([]byte) float32{
	"F32":  func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
	"F16":  func(b []byte) float32 { return float16.Frombits(binary.LittleEndian.Uint16(b)).Float32() },
	"BF16": func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) },
	"F64":  func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
}

// read fills dst with consecutive elements from r. A finite value that float32
// cannot hold is an error.
func (e element) read(r io.Reader, dst []float32) error {
	buf := make([]byte, min(chunkBytes, len(dst)*e.size))
	for read := 0; len(dst) > 0; {
		n := min(len(dst), len(buf)/e.size)
		if _, err := io.ReadFull(r, buf[:n*e.size]); err != nil {
			return fmt.Errorf("reading data: %w", err)
		}
		for i := range n {
			number := buf[i*e.size:]
			dst[i] = e.decode(number)
			if math.IsInf(float64(dst[i]), 0) && e.size == 8 {
				if v := math.Float64frombits(binary.LittleEndian.Uint64(number)); !math.IsInf(v, 0) {
					return fmt.Errorf("value %d is %g, which float32 cannot hold", read+i, v)
				}
			}
		}
		dst, read = dst[n:], read+n
	}
	return nil
}
