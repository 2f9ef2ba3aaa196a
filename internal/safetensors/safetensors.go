// SPDX-License-Identifier: Apache-2.0

// Package safetensors reads and writes the container of checkpoints and artefacts:
// eight bytes of header length, a JSON header, the tensors' bytes
// (https://github.com/huggingface/safetensors). [Open] compares the sizes in a file's
// header with the file's size before it allocates memory for them. [Write] writes equal
// bytes for equal arguments. The caller decides the meaning of a tensor's bytes.
package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// MaxHeader is the largest size of the JSON header in bytes, because a header takes
	// more space in memory than in the file. The header of EfficientViT-B3's weights
	// has about 100 KiB.
	MaxHeader = 2 << 20
	// MaxRank is the largest number of axes of a tensor. Convolutions have four.
	MaxRank = 8
	// MetadataKey is the only key of the header that is no tensor's name.
	MetadataKey = "__metadata__"
)

// A Header describes the tensors in a file.
type Header struct {
	// Metadata is the JSON value beside the tensors, or nil.
	Metadata jsontext.Value
	// Tensors are in the order of their bytes.
	Tensors []Tensor
}

// A Tensor is one tensor of a file. Its elements are little-endian and in row-major
// order.
type Tensor struct {
	Name, DType string
	Shape       []int
	// Data reads the tensor's bytes in the file.
	Data *io.SectionReader
}

// sizes holds the bytes per element of each type, by the type's name.
var sizes = map[string]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}

// ElementSize returns the bytes per element of a type, and whether the type is known.
func ElementSize(dtype string) (int, bool) {
	size, ok := sizes[dtype]
	return size, ok
}

// Elements returns the number of elements of a shape. It returns false if the shape has
// too many axes or a negative dimension, or if its size in bytes may overflow.
func Elements(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/8/d {
			return 0, false
		}
		n *= d
	}
	return n, len(shape) <= MaxRank
}

// An entry describes a tensor in the JSON header.
type entry struct {
	DType   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // offset behind the header of the first byte, and of the one after the last
}

// Open reads the header of a file of size bytes. As the format demands, the tensors
// must cover the file's data without overlap or gap, and each name must occur once. Any
// other file is an error, which names the tensor at fault.
func Open(r io.ReaderAt, size int64) (*Header, error) {
	text, err := headerText(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	h, offsets, err := parse(text)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(h.Tensors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(slices.Compare(offsets[a][:], offsets[b][:]), cmp.Compare(h.Tensors[a].Name, h.Tensors[b].Name))
	})
	start := 8 + int64(len(text))
	sorted, end := make([]Tensor, len(order)), int64(0) // end of the previous tensors
	for i, at := range order {
		t := h.Tensors[at]
		if err := t.place(offsets[at], end, size-start); err != nil {
			return nil, fmt.Errorf("tensor %.60q: %w", t.Name, err)
		}
		end = offsets[at][1]
		t.Data = io.NewSectionReader(r, start+offsets[at][0], end-offsets[at][0])
		sorted[i] = t
	}
	if end != size-start {
		return nil, fmt.Errorf("the tensors end at byte %d of the data, want %d", end, size-start)
	}
	return &Header{h.Metadata, sorted}, nil
}

// place returns an error unless the tensor's offsets begin at end, the end of the
// previous tensors, and lie within data bytes.
func (t Tensor) place(offsets [2]int64, end, data int64) error {
	n, ok := Elements(t.Shape)
	if !ok {
		return fmt.Errorf("%d dimensions from %v on, want at most %d from 0 up that fit in memory", len(t.Shape), t.Shape[:min(len(t.Shape), MaxRank)], MaxRank)
	}
	first, last := offsets[0], offsets[1]
	if last > data && first == end {
		return fmt.Errorf("data_offsets %v, but the file has %d bytes of data: it is cut, download it again", offsets, data)
	}
	if first != end || last < first || last > data {
		return fmt.Errorf("data_offsets %v, want them to begin at %d, after the tensor before, and to end within the data's %d bytes", offsets, end, data)
	}
	if bytes, ok := ElementSize(t.DType); ok && last-first != int64(n)*int64(bytes) {
		return fmt.Errorf("%d bytes of data, want %d of %s for shape %v", last-first, n, t.DType, t.Shape)
	}
	return nil
}

// headerText returns the JSON header of a file.
func headerText(r io.ReaderAt, size int64) ([]byte, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("the file has %d bytes, want at least 8", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > uint64(min(MaxHeader, size-8)) {
		return nil, fmt.Errorf("claims %d bytes, want at most %d and within the file of %d bytes", n, int64(MaxHeader), size)
	}
	text := make([]byte, n)
	_, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), text)
	return text, err
}

// parse reads the JSON entry by entry, so that it allocates nothing for entries after a
// wrong one. The decoder refuses a name that occurs twice.
func parse(text []byte) (h *Header, offsets [][2]int64, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		if err == nil {
			err = fmt.Errorf("is no object but %.20q", t)
		}
		return nil, nil, fmt.Errorf("safetensors header: %w", brief(err))
	}
	h = &Header{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, nil, fmt.Errorf("safetensors header: %w", brief(err))
		}
		key := name.String()
		if key == MetadataKey {
			value, err := d.ReadValue()
			if err != nil {
				return nil, nil, fmt.Errorf("safetensors header: %w", brief(err))
			}
			h.Metadata = slices.Clone(value)
			continue
		}
		var e entry
		if err := json.UnmarshalDecode(d, &e); err != nil {
			return nil, nil, fmt.Errorf("tensor %.60q: %w", key, brief(err))
		}
		if len(e.Offsets) != 2 {
			return nil, nil, fmt.Errorf("tensor %.60q: %d data_offsets, want 2", key, len(e.Offsets))
		}
		h.Tensors = append(h.Tensors, Tensor{Name: key, DType: e.DType, Shape: e.Shape})
		offsets = append(offsets, [2]int64(e.Offsets))
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, fmt.Errorf("safetensors header: %w", brief(err))
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, nil, fmt.Errorf("safetensors header: something stands behind its object")
	}
	return h, offsets, nil
}

// brief shortens an error that quotes the file to 200 bytes.
func brief(err error) error {
	text := err.Error()
	return errors.New(strings.ToValidUTF8(text[:min(len(text), 200)], ""))
}

// An Output is a tensor that [Write] writes.
type Output struct {
	Name, DType string
	Shape       []int
	// Write writes as many bytes as DType and Shape give.
	Write func(w *bufio.Writer) error
}

// Write writes a file. The header has the metadata, with its keys in ascending order,
// and then the tensors in the given order. The tensors' bytes have the same order. The
// metadata may be nil.
func Write(w io.Writer, metadata map[string]string, tensors []Output) error {
	text, err := headerOf(metadata, tensors)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 32<<10)
	out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) // bufio keeps errors until Flush
	out.Write(text)
	for _, t := range tensors {
		if err := t.Write(out); err != nil {
			return fmt.Errorf("tensor %.60q: %w", t.Name, err)
		}
	}
	return out.Flush()
}

// headerOf returns the header, padded so that the data is aligned.
func headerOf(metadata map[string]string, tensors []Output) ([]byte, error) {
	var text bytes.Buffer
	e := jsontext.NewEncoder(&text)
	e.WriteToken(jsontext.BeginObject) // the encoder's buffer takes all valid tokens
	if len(metadata) > 0 {
		e.WriteToken(jsontext.String(MetadataKey))
		if err := json.MarshalEncode(e, metadata, json.Deterministic(true)); err != nil {
			return nil, err
		}
	}
	end := int64(0)
	for _, t := range tensors {
		if t.Name == MetadataKey || !utf8.ValidString(t.Name) {
			return nil, fmt.Errorf("tensor %.60q: want a name of valid UTF-8 other than %s", t.Name, MetadataKey)
		}
		n, ok := Elements(t.Shape)
		size, known := ElementSize(t.DType)
		if !ok || !known {
			return nil, fmt.Errorf("tensor %.60q: no tensor of %.20q has shape %v of at most %d dimensions", t.Name, t.DType, t.Shape, MaxRank)
		}
		first := end
		end += int64(n) * int64(size)
		if err := e.WriteToken(jsontext.String(t.Name)); err != nil {
			return nil, fmt.Errorf("tensor %.60q: %w", t.Name, brief(err))
		}
		if err := json.MarshalEncode(e, entry{t.DType, append([]int{}, t.Shape...), []int64{first, end}}); err != nil {
			return nil, err
		}
	}
	if err := e.WriteToken(jsontext.EndObject); err != nil {
		return nil, err
	}
	header := bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if len(header) > MaxHeader {
		return nil, fmt.Errorf("a header of %d bytes, want at most %d", len(header), int64(MaxHeader))
	}
	return header, nil
}
