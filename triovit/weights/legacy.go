// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// legacyMagic is the beginning of a legacy file, which torch.save writes with
// _use_new_zipfile_serialization=False and wrote always before PyTorch 1.6. It is the
// pickle of the format's magic number (torch/serialization.py, MAGIC_NUMBER).
var legacyMagic = []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")

const (
	legacyProtocol = 1001
	// maxPickles is the largest size in bytes of a legacy file's pickles. The pickles
	// lie before the storages, and the file does not say where they end. In a
	// checkpoint of EfficientViT-B3 with its optimizer's state they have about 1 MiB.
	maxPickles = 8 << 20
)

// openLegacy opens a legacy file. The file holds five pickles one after another: the
// format's magic number, its version, the machine that wrote the file, the value, and
// the list of the storages' keys. Each storage follows as its number of elements, in
// eight bytes, and its elements.
func openLegacy(r io.ReaderAt, size int64) (*File, error) {
	b := newBudget(size)
	code := make([]byte, min(size, maxPickles))
	if err := b.take(len(code)); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), code); err != nil {
		return nil, err
	}
	m := newMachine(code, b)
	var values [5]any
	for i := range values {
		var err error
		if values[i], err = m.run(); err != nil {
			return nil, fmt.Errorf("torch.save's format before PyTorch 1.6: %w: the file is damaged or cut, %s", err, download)
		}
	}
	if values[1] != any(int64(legacyProtocol)) {
		return nil, fmt.Errorf("torch.save's format before PyTorch 1.6 in another version than %d", legacyProtocol)
	}
	if machine, ok := values[2].(*dict); ok {
		for _, item := range machine.items {
			if item.key == any("little_endian") && item.value != any(true) {
				return nil, errors.New("the bytes are in big-endian order, want little-endian")
			}
		}
	}
	sections, err := legacySections(r, size, int64(m.pos), values[4], m.storages)
	if err != nil {
		return nil, err
	}
	dicts, err := findDicts(values[3], b)
	if err != nil {
		return nil, err
	}
	open := func(s storage) (io.ReadCloser, int64, error) {
		section, ok := sections[s.key]
		if !ok {
			return nil, 0, fmt.Errorf("no storage %.40q", s.key)
		}
		section.Seek(0, io.SeekStart) // Seek cannot fail on a section
		return io.NopCloser(section), section.Size(), nil
	}
	return &File{Dicts: dicts, source: &storages{open, b}}, nil
}

// legacySections returns the bytes of each storage by its key. The storages begin at
// the offset at and lie in the order of the list of keys.
func legacySections(r io.ReaderAt, size, at int64, keys any, known map[string]storage) (map[string]*io.SectionReader, error) {
	list, ok := keys.(*list)
	if !ok {
		return nil, fmt.Errorf("the storages' keys are %s, want a list", kind(keys))
	}
	sections := make(map[string]*io.SectionReader, len(known))
	for _, k := range list.items {
		key, _ := k.(string)
		s, ok := known[key]
		if _, twice := sections[key]; !ok || twice {
			return nil, fmt.Errorf("the storage %s is listed twice or is no tensor's", keyText(k))
		}
		e, ok := elementOf(s.dtype)
		if !ok {
			return nil, fmt.Errorf("storage %.40q: elements of %.40q have no known size", key, s.dtype)
		}
		var count [8]byte
		if _, err := r.ReadAt(count[:], at); err != nil {
			return nil, fmt.Errorf("storage %.40q: the file is cut, %s", key, download)
		}
		n := binary.LittleEndian.Uint64(count[:])
		at += int64(len(count))
		if n > uint64(size-at)/uint64(e.size) {
			return nil, fmt.Errorf("storage %.40q: %d elements of %s exceed the file of %d bytes: it is cut, %s", key, n, s.dtype, size, download)
		}
		sections[key] = io.NewSectionReader(r, at, int64(n)*int64(e.size))
		at += sections[key].Size()
	}
	return sections, nil
}
