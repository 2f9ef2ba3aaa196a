// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
)

// maxRank bounds a tensor's number of axes; convolutions have four.
const maxRank = 8

// Tensor is a dense float32 tensor in row-major order and in the reference's
// layout: [O, I, H, W] for convolutions, [out, in] for linear layers, [C] for
// biases and normalization. A scalar has an empty shape and one element.
type Tensor struct {
	Shape []int
	Data  []float32
}

// New returns a tensor of zeros. It panics where a dimension is negative, as
// make does.
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

// Hash returns the SHA-256, in hexadecimal, of the names, the shapes and the
// bits of the data: equal sets have equal hashes in every process, whichever
// file format they came from.
func (s Set) Hash() string {
	h := sha256.New()
	var buf []byte
	flush := func() { h.Write(buf); buf = buf[:0] }
	for _, name := range s.Names() {
		t := s[name]
		// Lengths before contents, so that no two sets write the same bytes.
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

// Read reads a checkpoint file of either format, which its first bytes tell:
// see [ReadPT] and [ReadSafetensors]. Errors name the file and, where one is
// to blame, the tensor.
func Read(path string) (Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer f.Close()
	return readFile(path, f)
}

// ReadFS is [Read] for a file of fsys, for example an embedded one.
func ReadFS(fsys fs.FS, name string) (Set, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer f.Close()
	return readFile(name, f)
}

// maxFile bounds a checkpoint's size in bytes: several times the largest of the
// B series. The size of a sparse file costs its author nothing.
const maxFile = 1 << 30

func checkSize(size int64) error {
	if size > maxFile {
		return fmt.Errorf("has %d bytes: checkpoints of at most %d are read", size, maxFile)
	}
	return nil
}

func readFile(name string, f fs.File) (Set, error) {
	s, err := readContent(f)
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", name, err)
	}
	return s, nil
}

// readContent chooses the reader by the file's first bytes.
func readContent(f fs.File) (Set, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file, want a .pt or .safetensors file")
	}
	size := info.Size()
	if err := checkSize(size); err != nil {
		return nil, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		content, err := io.ReadAll(io.LimitReader(f, size))
		if err != nil {
			return nil, err
		}
		r, size = bytes.NewReader(content), int64(len(content))
	}

	var head [9]byte
	if _, err := r.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head[:], []byte("PK\x03\x04")):
		return readPT(r, size)
	case head[8] == '{': // after eight bytes of header length
		return readSafetensors(r, size)
	}
	return nil, fmt.Errorf("its %d bytes begin with %q: want torch.save's zip format (PyTorch 1.6 or later) or safetensors", size, head[:min(size, 9)])
}

// elements returns the number of elements of a shape, and false where a
// dimension is negative or the product's size in bytes may overflow.
func elements(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/8/d {
			return 0, false
		}
		n *= d
	}
	return n, len(shape) <= maxRank
}
