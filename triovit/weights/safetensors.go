// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/gotriovit/gotriovit/internal/safetensors"
	"github.com/x448/float16"
)

// ReadSafetensors reads a safetensors file of size bytes: eight bytes of header length,
// a JSON header, the tensors' bytes. Tensors of integers (num_batches_tracked) are left
// out. F32, F16, BF16 and F64 become float32. As the format demands, the tensors must
// cover the file's data without overlap or gap. Any other file is an error, which names
// the tensor at fault.
func ReadSafetensors(r io.ReaderAt, size int64) (Set, error) {
	return readFrom(openSafetensors(r, size))
}

// sections holds the bytes of each tensor of a safetensors file, by the tensor's name.
type sections map[string]*io.SectionReader

func openSafetensors(r io.ReaderAt, size int64) (*File, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	h, err := safetensors.Open(r, size)
	if err != nil {
		return nil, err
	}
	tensors, lie := make(map[string]Header, len(h.Tensors)), make(sections, len(h.Tensors))
	for _, t := range h.Tensors {
		tensors[t.Name] = Header{t.DType, t.Shape}
		lie[t.Name] = t.Data
	}
	return &File{Dicts: []Dict{{Loader: true, Tensors: tensors}}, source: lie}, nil
}

// load implements source.
func (lie sections) load(d *Dict, names map[string]string) (Set, error) {
	set := make(Set, len(names))
	for from, name := range names {
		h := d.Tensors[from]
		e, _ := elementOf(h.DType)
		t := New(h.Shape...)
		if err := e.read(io.NewSectionReader(lie[from], 0, lie[from].Size()), t.Data); err != nil {
			return nil, fmt.Errorf("tensor %.40q: %w", from, err)
		}
		set[name] = t
	}
	return set, nil
}

// WriteSafetensors writes a set as a safetensors file with elements of dtype and with
// metadata (may be nil) in its header. The bytes depend on the arguments only, because
// the tensors lie in the order of their names. A finite value that float16 cannot hold
// is an error, which names the tensor.
func WriteSafetensors(w io.Writer, s Set, dtype DType, metadata map[string]string) error {
	if err := writeSafetensors(w, s, dtype, metadata); err != nil {
		return fmt.Errorf("weights: writing safetensors: %w", err)
	}
	return nil
}

func writeSafetensors(w io.Writer, s Set, dtype DType, metadata map[string]string) error {
	if dtype != F32 && dtype != F16 {
		return fmt.Errorf("dtype %.40q, want F32 or F16", dtype)
	}
	names := s.Names()
	tensors := make([]safetensors.Output, len(names))
	for i, name := range names {
		t := s[name]
		if n, ok := safetensors.Elements(t.Shape); !ok || n != len(t.Data) {
			return fmt.Errorf("tensor %.40q: %d values for shape %v of at most %d dimensions", name, len(t.Data), t.Shape, safetensors.MaxRank)
		}
		tensors[i] = safetensors.Output{Name: name, DType: string(dtype), Shape: t.Shape,
			Write: func(out *bufio.Writer) error { return writeData(out, t.Data, dtype) }}
	}
	return safetensors.Write(w, metadata, tensors)
}

func writeData(out *bufio.Writer, data []float32, dtype DType) error {
	for i, v := range data {
		buf := out.AvailableBuffer()
		if dtype == F32 {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		} else {
			h := float16.Fromfloat32(v)
			if h.IsInf(0) && !math.IsInf(float64(v), 0) {
				return fmt.Errorf("value %d is %g, which float16 cannot hold", i, v)
			}
			buf = binary.LittleEndian.AppendUint16(buf, h.Bits())
		}
		if _, err := out.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
