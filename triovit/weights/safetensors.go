// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/x448/float16"
)

const (
	// maxHeader bounds the JSON header, which grows in memory; that of
	// EfficientViT-B3 has about 100 KiB.
	maxHeader = 2 << 20

	metadataKey = "__metadata__" // the one header key that is no tensor
)

// tensorInfo is a tensor's entry in the header.
type tensorInfo struct {
	DType   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // first byte and the one after the last, after the header
}

// ReadSafetensors reads a safetensors file: eight bytes of header length, a
// JSON header, the tensors' bytes. Tensors of integers (num_batches_tracked)
// are left out; F32, F16, BF16 and F64 become float32. As the format demands,
// the tensors must cover the file's data without overlap or gap; anything else
// is an error naming the tensor.
func ReadSafetensors(r io.ReaderAt, size int64) (Set, error) {
	return readFrom(openSafetensors(r, size))
}

// sections is where the tensors of a safetensors file have their bytes, by name.
type sections map[string]*io.SectionReader

func openSafetensors(r io.ReaderAt, size int64) (*File, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	header, start, err := readHeader(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}

	type namedInfo struct {
		name string
		tensorInfo
	}
	infos := make([]namedInfo, 0, len(header))
	for name, raw := range header {
		if name == metadataKey {
			continue
		}
		info := namedInfo{name: name}
		if err := json.Unmarshal(raw, &info.tensorInfo); err != nil {
			return nil, fmt.Errorf("tensor %.200q: %.200v", name, err) // JSON's errors quote
		}
		if len(info.Offsets) != 2 {
			return nil, fmt.Errorf("tensor %.200q: %d data_offsets, want 2", name, len(info.Offsets))
		}
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(x, y namedInfo) int {
		return cmp.Or(slices.Compare(x.Offsets, y.Offsets), cmp.Compare(x.name, y.name))
	})

	tensors, lie := make(map[string]Header, len(infos)), make(sections, len(infos))
	end := int64(0) // of the tensors so far
	for _, info := range infos {
		n, ok := elements(info.Shape)
		if !ok {
			return nil, fmt.Errorf("tensor %.200q: %d dimensions from %v on, want at most %d from 0 up that fit in memory", info.name, len(info.Shape), info.Shape[:min(len(info.Shape), maxRank)], maxRank)
		}
		first, last := info.Offsets[0], info.Offsets[1]
		if last > size-start && first == end {
			return nil, fmt.Errorf("tensor %.200q: data_offsets %v, but the file has %d bytes of data: it is cut, %s", info.name, info.Offsets, size-start, download)
		}
		if first != end || last < first || last > size-start {
			return nil, fmt.Errorf("tensor %.200q: data_offsets %v, want them to begin at %d, after the tensor before, and to end within the data's %d bytes", info.name, info.Offsets, end, size-start)
		}
		if e, ok := elementOf(info.DType); ok && last-first != int64(n)*int64(e.size) {
			return nil, fmt.Errorf("tensor %.200q: %d bytes of data, want %d of %s for shape %v", info.name, last-first, n, info.DType, info.Shape)
		}
		end = last
		tensors[info.name] = Header{info.DType, info.Shape}
		lie[info.name] = io.NewSectionReader(r, start+first, last-first)
	}
	if end != size-start {
		return nil, fmt.Errorf("the tensors end at byte %d of the data, want %d", end, size-start)
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
			return nil, fmt.Errorf("tensor %.200q: %w", from, err)
		}
		set[name] = t
	}
	return set, nil
}

// readHeader returns the header's items and where the data starts.
func readHeader(r io.ReaderAt, size int64) (map[string]json.RawMessage, int64, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, 0, fmt.Errorf("the file has %d bytes, want at least 8", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil && err != io.EOF {
		return nil, 0, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > uint64(min(maxHeader, size-8)) {
		return nil, 0, fmt.Errorf("claims %d bytes, want at most %d and within the file of %d bytes", n, maxHeader, size)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), text); err != nil {
		return nil, 0, err
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(text, &header); err != nil {
		return nil, 0, err
	}
	return header, 8 + int64(n), nil
}

// WriteSafetensors writes a set as a safetensors file, with metadata (may be
// nil) in its header. The bytes depend on the arguments only: tensors lie in
// the order of their names. A finite value that float16 cannot hold is an
// error naming its tensor.
func WriteSafetensors(w io.Writer, s Set, dtype DType, metadata map[string]string) error {
	if err := writeSafetensors(w, s, dtype, metadata); err != nil {
		return fmt.Errorf("weights: writing safetensors: %w", err)
	}
	return nil
}

func writeSafetensors(w io.Writer, s Set, dtype DType, metadata map[string]string) error {
	if dtype != F32 && dtype != F16 {
		return fmt.Errorf("dtype %.200q, want F32 or F16", dtype)
	}
	e, _ := elementOf(string(dtype))
	names := s.Names()
	header := make(map[string]any, len(s)+1)
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	end := int64(0)
	for _, name := range names {
		t := s[name]
		if name == metadataKey || !utf8.ValidString(name) {
			return fmt.Errorf("tensor %.200q: want a name of valid UTF-8 other than %s", name, metadataKey)
		}
		if n, ok := elements(t.Shape); !ok || n != len(t.Data) {
			return fmt.Errorf("tensor %.200q: %d values for shape %v of at most %d dimensions", name, len(t.Data), t.Shape, maxRank)
		}
		first := end
		end += int64(len(t.Data)) * int64(e.size)
		header[name] = tensorInfo{string(dtype), append([]int{}, t.Shape...), []int64{first, end}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 { // so that the data is aligned
		text = append(text, ' ')
	}
	if len(text) > maxHeader {
		return fmt.Errorf("a header of %d bytes, want at most %d", len(text), maxHeader)
	}

	out := bufio.NewWriterSize(w, chunkBytes)
	out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) // bufio keeps errors until Flush
	out.Write(text)
	for _, name := range names {
		if err := writeData(out, s[name].Data, dtype); err != nil {
			return fmt.Errorf("tensor %.200q: %w", name, err)
		}
	}
	return out.Flush()
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
