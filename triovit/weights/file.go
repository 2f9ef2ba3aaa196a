// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/gotriovit/gotriovit/internal/regular"
)

// A File is an open checkpoint. Opening reads the names and shapes of the tensors;
// [File.Read] reads the values of one dict.
type File struct {
	// Dicts lists the dicts that the loaders of timm and MIT prefer first, then the
	// others in the order of the file.
	Dicts []Dict

	name   string // name for errors, empty for a file in memory
	source source
	close  func() error
}

// A source reads tensors of a dict of its file. The keys of names are the tensors'
// names in the dict, and the values are their names in the returned set.
type source interface {
	load(d *Dict, names map[string]string) (Set, error)
}

// Open opens a checkpoint file written by torch.save or in the safetensors format. The
// file's first bytes tell the format. Errors are one line and name the file. The error
// of a file of another kind names that kind and says what to do.
func Open(path string) (*File, error) {
	// If path is a folder, openContent returns a better error: it names a file to give
	// instead.
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		if err := regular.Check(path, info); err != nil {
			return nil, fmt.Errorf("weights: %w", err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return open(path, f)
}

// OpenFS is [Open] for a file of fsys, for example an embedded one.
func OpenFS(fsys fs.FS, name string) (*File, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return open(name, f)
}

// InMemory returns a file with one dict, which holds the tensors of a set.
func InMemory(s Set) *File {
	tensors := make(map[string]Header, len(s))
	for name, t := range s {
		tensors[name] = Header{string(F32), t.Shape}
	}
	return &File{Dicts: []Dict{{Loader: true, Tensors: tensors}}, source: s, close: func() error { return nil }}
}

// load implements source.
func (s Set) load(_ *Dict, names map[string]string) (Set, error) {
	set := make(Set, len(names))
	for from, name := range names {
		set[name] = s[from]
	}
	return set, nil
}

// Close closes the file. Sets that were read from it remain valid.
func (f *File) Close() error { return f.close() }

// Read reads tensors of the dict f.Dicts[dict]. The keys of names are the tensors'
// names in the dict, and the values are their names in the returned set. A tensor of
// integers is an error, and so is a tensor that the dict does not have.
func (f *File) Read(dict int, names map[string]string) (Set, error) {
	s, err := f.read(&f.Dicts[dict], names)
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", f.name, err)
	}
	return s, nil
}

func (f *File) read(d *Dict, names map[string]string) (Set, error) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		h, ok := d.Tensors[name]
		if !ok {
			return nil, fmt.Errorf("no tensor %.40q", name)
		}
		if e, ok := elementOf(h.DType); !ok || e.decode == nil {
			return nil, fmt.Errorf("tensor %.40q: dtype %.40q, want F32, F16, BF16 or F64", name, h.DType)
		}
	}
	return f.source.load(d, names)
}

// all reads the dict that the loaders prefer, or the only one. It leaves out tensors of
// integers.
func (f *File) all() (Set, error) {
	i, err := only(f.Dicts)
	if err != nil {
		return nil, err
	}
	d := &f.Dicts[i]
	names := make(map[string]string, len(d.Tensors))
	for name, h := range d.Tensors {
		if !h.Integers() {
			names[name] = name
		}
	}
	return f.read(d, names)
}

// Read reads the weights of a checkpoint file. If the file has several dicts of
// tensors, Read takes the one that the loaders of timm and MIT prefer (see [File]);
// several dicts with no preferred one are an error. Tensors of integers
// (num_batches_tracked) are left out. Errors name the file and, where a tensor is the
// cause, the tensor.
func Read(path string) (Set, error) { return readAll(Open(path)) }

// ReadFS is [Read] for a file of fsys, for example an embedded one.
func ReadFS(fsys fs.FS, name string) (Set, error) { return readAll(OpenFS(fsys, name)) }

func readAll(f *File, err error) (Set, error) {
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := f.all()
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", f.name, err)
	}
	return s, nil
}

// maxFile is the largest size of a checkpoint in bytes. It is several times the size of
// the largest checkpoint of the B series. It is needed because a sparse file of any
// size costs its author nothing.
const maxFile = 1 << 30

func checkSize(size int64) error {
	if size > maxFile {
		return fmt.Errorf("has %d bytes: checkpoints of at most %d are read", size, maxFile)
	}
	return nil
}

// open opens a file of either format. It closes f on an error.
func open(name string, f fs.File) (*File, error) {
	opened, err := openContent(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("weights: %s: %w", name, err)
	}
	opened.name, opened.close = name, f.Close
	return opened, nil
}

// openContent chooses the reader by the first bytes of the file.
func openContent(f fs.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, folderError(f)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file, want a .pt or .safetensors file")
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
	head := make([]byte, min(size, headBytes))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return openPT(r, size)
	case bytes.HasPrefix(head, legacyMagic):
		return openLegacy(r, size)
	case len(head) > 8 && head[8] == '{' && head[7] == 0: // eight bytes with the header's length come first
		return openSafetensors(r, size)
	}
	return nil, foreignError(head, size)
}
