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
	"strings"
)

// maxDirectory bounds the bytes of a zip archive's directory, whose entries
// grow in memory; that of EfficientViT-B3 has about 100 KiB.
const maxDirectory = 4 << 20

// ReadPT reads a state dict from the zip archive that torch.save writes since
// PyTorch 1.6. The state dict is the pickled dict's item "state_dict" (as in
// the official EfficientViT checkpoints) or "model", else the dict itself.
// Tensors of integers (num_batches_tracked) are left out; those of floats
// become float32 in row-major order, whatever their strides in the file.
//
// No code of the file is run: a global other than those of a state dict is an
// error naming it. So are entries that are compressed, truncated, or larger
// than the file, and views outside their storage.
func ReadPT(r io.ReaderAt, size int64) (Set, error) {
	s, err := readPT(r, size)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return s, nil
}

func readPT(r io.ReaderAt, size int64) (Set, error) {
	if err := checkSize(size); err != nil {
		return nil, err
	}
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	b := &budget{limit: 2*size + 64<<20}
	code, err := a.read("data.pkl", b)
	if err != nil {
		return nil, err
	}
	root, err := unpickle(code, b)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	views, err := stateDict(root)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	return a.load(views, b)
}

// namedView is an item of a state dict.
type namedView struct {
	name string
	view
}

// stateDict finds the state dict in a pickled value and returns its tensors.
func stateDict(root any) ([]namedView, error) {
	d, ok := root.(*dict)
	if !ok {
		return nil, fmt.Errorf("holds %s, want a dict of tensors", kind(root))
	}
	for _, key := range []string{"state_dict", "model"} {
		if item, has := d.items[key]; has {
			if d, ok = item.(*dict); !ok {
				return nil, fmt.Errorf("holds %s under %q, want a dict of tensors", kind(item), key)
			}
			break
		}
	}
	views := make([]namedView, 0, len(d.items))
	var others []string
	for key, item := range d.items {
		name, isName := key.(string)
		v, isTensor := item.(view)
		if isName && isTensor {
			views = append(views, namedView{name, v})
		} else {
			others = append(others, fmt.Sprintf("%.200q is %s under %s", fmt.Sprint(key), kind(item), kind(key)))
		}
	}
	if len(others) > 0 {
		return nil, fmt.Errorf(`state dict: %d items are no tensors, for example %s: want tensors under str, at the top or as item "state_dict" or "model"`, len(others), slices.Min(others))
	}
	// By storage, so that each is read once and only one is held.
	slices.SortFunc(views, func(x, y namedView) int {
		return cmp.Or(
			cmp.Compare(x.storage.key, y.storage.key),
			cmp.Compare(x.storage.dtype, y.storage.dtype),
			cmp.Compare(x.storage.numel, y.storage.numel),
			cmp.Compare(x.name, y.name))
	})
	return views, nil
}

// archive is torch.save's zip file: <prefix>/data.pkl, <prefix>/data/<key>.
type archive struct {
	prefix  string
	entries map[string]*zip.File
}

// openArchive reads and checks the archive's directory.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	metered := &meteredReader{r: r, left: maxDirectory}
	z, err := zip.NewReader(metered, size)
	if err != nil {
		return nil, fmt.Errorf("%w: the file is damaged or cut", err)
	}
	metered.left = math.MaxInt64

	a := &archive{entries: make(map[string]*zip.File, len(z.File))}
	left := uint64(size)
	for _, f := range z.File {
		if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
			return nil, fmt.Errorf("zip: entry %.200q is compressed, want it stored as torch.save does", f.Name)
		}
		// Entries that share bytes would let a small file claim much.
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("zip: entry %.200q of %d bytes, after the others, exceeds the file of %d bytes", f.Name, f.UncompressedSize64, size)
		}
		left -= f.UncompressedSize64
		if _, twice := a.entries[f.Name]; twice {
			return nil, fmt.Errorf("zip: entry %.200q occurs twice", f.Name)
		}
		a.entries[f.Name] = f
		if dir, file := path.Split(f.Name); file == "data.pkl" && strings.Count(dir, "/") == 1 {
			if a.prefix != "" {
				return nil, fmt.Errorf("zip: both %.200q and %.200q, want one", a.prefix+"data.pkl", f.Name)
			}
			a.prefix = dir
		}
	}
	if a.prefix == "" {
		return nil, errors.New("zip: no entry */data.pkl: not written by torch.save")
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

// open opens an entry and returns its size in bytes.
func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	f, ok := a.entries[a.prefix+name]
	if !ok {
		return nil, 0, fmt.Errorf("zip: no entry %.200q", a.prefix+name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, 0, fmt.Errorf("zip: entry %.200q: %w", f.Name, err)
	}
	return r, int64(f.UncompressedSize64), nil
}

// read returns an entry's content.
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

// readStorage returns a storage's elements.
func (a *archive) readStorage(s storage, e element, b *budget) ([]float32, error) {
	r, size, err := a.open("data/" + s.key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size%int64(e.size) != 0 || size/int64(e.size) != int64(s.numel) {
		return nil, fmt.Errorf("storage %.200q has %d bytes, want %d elements of %s", s.key, size, s.numel, s.dtype)
	}
	if err := b.take(4 * s.numel); err != nil {
		return nil, fmt.Errorf("storage %.200q: %w", s.key, err)
	}
	data := make([]float32, s.numel)
	if err := e.read(r, data); err != nil {
		return nil, fmt.Errorf("storage %.200q: %w", s.key, err)
	}
	if err := atEnd(r); err != nil {
		return nil, fmt.Errorf("storage %.200q: %w", s.key, err)
	}
	return data, nil
}

// atEnd reads to an entry's io.EOF, which checks its CRC-32.
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

// load makes tensors of views that are sorted by storage.
func (a *archive) load(views []namedView, b *budget) (Set, error) {
	set := Set{}
	var held storage
	var data []float32 // of held
	for _, v := range views {
		e, _ := elementOf(v.storage.dtype)
		if e.decode == nil {
			continue
		}
		n, err := v.check()
		if err != nil {
			return nil, fmt.Errorf("tensor %.200q: %w", v.name, err)
		}
		if data == nil || v.storage != held {
			b.release(4 * len(data))
			if data, err = a.readStorage(v.storage, e, b); err != nil {
				return nil, fmt.Errorf("tensor %.200q: %w", v.name, err)
			}
			held = v.storage
		}
		if err := b.take(4 * n); err != nil {
			return nil, fmt.Errorf("tensor %.200q: %w", v.name, err)
		}
		t := New(v.shape...)
		gather(t.Data, data, v.offset, v.shape, v.stride)
		set[v.name] = t
	}
	if len(set) == 0 {
		return nil, errors.New("data.pkl: the state dict has no tensor of floats")
	}
	return set, nil
}

// check returns the view's number of elements, all of which lie in its
// storage.
func (v view) check() (int, error) {
	n, ok := elements(v.shape)
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

// gather copies a view of src into dst in row-major order and returns what is
// left of dst.
func gather(dst, src []float32, offset int, shape, stride []int) []float32 {
	switch {
	case len(dst) == 0: // some dimension is 0, the others may be huge
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

// meteredReader fails once more than left bytes were asked for.
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
