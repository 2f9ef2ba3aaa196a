// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"

	"github.com/gotriovit/gotriovit/internal/safetensors"
)

// maxDirectory is the largest size in bytes of a zip archive's directory, whose entries
// take more space in memory than in the file. The directory of EfficientViT-B3 has
// about 100 KiB.
const maxDirectory = 4 << 20

// ReadPT reads the weights of a zip archive of size bytes that torch.save wrote
// (PyTorch 1.6 or later). If the archive has several dicts of tensors, ReadPT takes the
// one that the loaders of timm and MIT prefer (see [File]); several dicts with no
// preferred one are an error. Tensors of integers (num_batches_tracked) are left out.
// Tensors of floats become float32 in row-major order, whatever their strides in the
// file. Compressed members, as other programs write them, are read too.
//
// No code of the file is run, whatever its pickle names. Truncated members, members
// larger than the file, and views outside their storage are errors.
func ReadPT(r io.ReaderAt, size int64) (Set, error) { return readFrom(openPT(r, size)) }

// readFrom reads the weights of a file without a name.
func readFrom(f *File, err error) (Set, error) {
	var s Set
	if err == nil {
		s, err = f.all()
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return s, nil
}

func openPT(r io.ReaderAt, size int64) (*File, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	b := newBudget(size)
	code, err := a.read(pickleName, b)
	if err != nil {
		return nil, err
	}
	root, err := unpickle(code, b)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	dicts, err := findDicts(root, b)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	return &File{Dicts: dicts, source: &storages{a.openStorage, b}}, nil
}

// pickleName is the name of the archive's member that says how tensors view storages.
const pickleName = "data.pkl"

// encrypted is the flag of an encrypted entry of a zip archive.
const encrypted = 1

// archive is torch.save's zip file, with the members <prefix>data.pkl and
// <prefix>data/<key>. The prefix is a folder. If the file was unpacked and packed
// again, the prefix may be empty or several folders.
type archive struct {
	prefix  string
	entries map[string]*zip.File
}

// openArchive reads and checks the archive's directory.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	metered := &meteredReader{r: r, left: maxDirectory}
	z, err := zip.NewReader(metered, size)
	if err != nil {
		return nil, fmt.Errorf("%w: the file is damaged or cut, %s", err, download)
	}
	metered.left = math.MaxInt64

	a := &archive{entries: make(map[string]*zip.File, len(z.File))}
	left := uint64(size)
	found := false
	for _, f := range z.File {
		switch {
		case f.Flags&encrypted != 0:
			return nil, fmt.Errorf("zip: entry %.40q is encrypted: %s", f.Name, unpack)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, fmt.Errorf("zip: entry %.40q is compressed by method %d, want it stored or deflated", f.Name, f.Method)
		case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64, f.UncompressedSize64 > math.MaxInt64:
			return nil, fmt.Errorf("zip: entry %.40q has %d bytes, stored as %d", f.Name, f.UncompressedSize64, f.CompressedSize64)
		case f.CompressedSize64 > left: // entries that share bytes would let a small file claim much
			return nil, fmt.Errorf("zip: entry %.40q of %d bytes, after the others, exceeds the file of %d bytes", f.Name, f.CompressedSize64, size)
		}
		left -= f.CompressedSize64
		if _, twice := a.entries[f.Name]; twice {
			return nil, fmt.Errorf("zip: entry %.40q occurs twice", f.Name)
		}
		a.entries[f.Name] = f
		if dir, file := path.Split(f.Name); file == pickleName {
			if found {
				return nil, fmt.Errorf("zip: both %.40q and %.40q, want one", a.prefix+pickleName, f.Name)
			}
			a.prefix, found = dir, true
		}
	}
	if err := foreignArchive(z.File); err != nil {
		return nil, err
	}
	if !found {
		return nil, noPickle(z.File)
	}
	if _, ok := a.entries[a.prefix+"byteorder"]; ok {
		order, err := a.read("byteorder", &budget{limit: 16})
		if err != nil {
			return nil, err
		}
		if string(order) != "little" {
			return nil, fmt.Errorf("byteorder is %q, want little", order)
		}
	}
	return a, nil
}

// open opens the entry with a name and returns its size in bytes.
func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	f, ok := a.entries[a.prefix+name]
	if !ok {
		return nil, 0, fmt.Errorf("zip: no entry %.40q", a.prefix+name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, 0, fmt.Errorf("zip: entry %.40q: %w", f.Name, err)
	}
	return r, int64(f.UncompressedSize64), nil
}

// read returns the content of the entry with a name.
func (a *archive) read(name string, b *budget) ([]byte, error) {
	r, size, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := b.take(int(size)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := atEnd(r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return content, nil
}

// openStorage opens the entry of a storage and returns its size in bytes.
func (a *archive) openStorage(s storage) (io.ReadCloser, int64, error) {
	return a.open("data/" + s.key)
}

// atEnd reads an entry up to its io.EOF, at which archive/zip checks the CRC-32.
func atEnd(r io.Reader) error {
	var one [1]byte
	switch n, err := r.Read(one[:]); {
	case n > 0:
		return errors.New("has more bytes than the archive's directory says")
	case err != io.EOF:
		return err
	}
	return nil
}

// storages reads the values of a pickle's tensors from their storages.
type storages struct {
	// open opens the bytes of a storage and returns their number.
	open   func(storage) (io.ReadCloser, int64, error)
	budget *budget
}

// namedView is a tensor to read, with its name in the set.
type namedView struct {
	name string
	view
}

// load implements source.
func (s *storages) load(d *Dict, names map[string]string) (Set, error) {
	views := make([]namedView, 0, len(names))
	for from, name := range names {
		views = append(views, namedView{name, d.values[from].(view)})
	}
	// Sorted by storage, so that each storage is read once and only one is in memory.
	slices.SortFunc(views, func(x, y namedView) int {
		return cmp.Or(
			cmp.Compare(x.storage.key, y.storage.key),
			cmp.Compare(x.storage.dtype, y.storage.dtype),
			cmp.Compare(x.storage.numel, y.storage.numel),
			cmp.Compare(x.name, y.name))
	})
	set := Set{}
	var held storage
	var data []float32 // elements of the storage that is held
	for _, v := range views {
		n, err := v.check()
		if err != nil {
			return nil, fmt.Errorf("tensor %.40q: %w", v.name, err)
		}
		if data == nil || v.storage != held {
			s.budget.release(4 * len(data))
			if data, err = s.read(v.storage); err != nil {
				return nil, fmt.Errorf("tensor %.40q: %w", v.name, err)
			}
			held = v.storage
		}
		if err := s.budget.take(4 * n); err != nil {
			return nil, fmt.Errorf("tensor %.40q: %w", v.name, err)
		}
		t := New(v.shape...)
		gather(t.Data, data, v.offset, v.shape, v.stride)
		set[v.name] = t
	}
	s.budget.release(4 * len(data))
	return set, nil
}

// read returns the elements of a storage.
func (s *storages) read(of storage) ([]float32, error) {
	e, _ := elementOf(of.dtype)
	r, size, err := s.open(of)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size%int64(e.size) != 0 || size/int64(e.size) != int64(of.numel) {
		return nil, fmt.Errorf("storage %.40q has %d bytes, want %d elements of %s", of.key, size, of.numel, of.dtype)
	}
	if err := s.budget.take(4 * of.numel); err != nil {
		return nil, fmt.Errorf("storage %.40q: %w", of.key, err)
	}
	data := make([]float32, of.numel)
	if err := e.read(r, data); err != nil {
		return nil, fmt.Errorf("storage %.40q: %w", of.key, err)
	}
	if err := atEnd(r); err != nil {
		return nil, fmt.Errorf("storage %.40q: %w", of.key, err)
	}
	return data, nil
}

// check returns the view's number of elements. It returns an error unless all of them
// lie in the storage.
func (v view) check() (int, error) {
	n, ok := safetensors.Elements(v.shape)
	if !ok || v.storage.numel > math.MaxInt/8 {
		return 0, fmt.Errorf("shape %v over a storage of %d elements is too large", v.shape, v.storage.numel)
	}
	if n == 0 {
		return 0, nil
	}
	last := v.offset
	for i, d := range v.shape {
		if d > 1 && v.stride[i] > v.storage.numel/(d-1) || last >= v.storage.numel {
			last = v.storage.numel
			break
		}
		last += (d - 1) * v.stride[i]
	}
	if last >= v.storage.numel {
		return 0, fmt.Errorf("shape %v with strides %v at offset %d reaches beyond its storage of %d elements", v.shape, v.stride, v.offset, v.storage.numel)
	}
	return n, nil
}

// gather copies a view of src into dst in row-major order. It returns the rest of dst.
func gather(dst, src []float32, offset int, shape, stride []int) []float32 {
	switch {
	case len(dst) == 0: // one dimension is 0; the others may be huge
	case len(shape) == 0:
		dst[0] = src[offset]
		dst = dst[1:]
	case len(shape) == 1 && stride[0] == 1:
		dst = dst[copy(dst[:shape[0]], src[offset:]):]
	default:
		for i := range shape[0] {
			dst = gather(dst, src, offset+i*stride[0], shape[1:], stride[1:])
		}
	}
	return dst
}

// meteredReader returns an error once more than left bytes in all were requested.
type meteredReader struct {
	r    io.ReaderAt
	left int64
}

func (m *meteredReader) ReadAt(p []byte, off int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, fmt.Errorf("the directory has over %d bytes", maxDirectory)
	}
	return m.r.ReadAt(p, off)
}
