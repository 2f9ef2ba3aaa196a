// SPDX-License-Identifier: Apache-2.0

package npy

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotriovit/gotriovit/internal/hostile"
)

// file returns a version 1 file with the given header and elements.
func file(header, body string) []byte {
	out := []byte("\x93NUMPY\x01\x00")
	out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	return append(out, header+body...)
}

func dict(descr, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }   \n", descr, shape)
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name  string
		data  []byte
		shape []int
		f32   []float32
		u8    []uint8
	}{
		{"float32", file(dict("<f4", "1, 2"), "\x00\x00\x80\x3f\x00\x00\x00\xc0"), []int{1, 2}, []float32{1, -2}, nil},
		{"uint8", file(dict("|u1", "3,"), "\x01\x02\xff"), []int{3}, nil, []uint8{1, 2, 255}},
		{"scalar", file(dict("|u1", ""), "\x07"), nil, nil, []uint8{7}},
		{"empty", file(dict("<f4", "0, 5"), ""), []int{0, 5}, []float32{}, []uint8(nil)},
	} {
		t.Run(test.name, func(t *testing.T) {
			shape, f32, u8, err := Parse(test.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.shape, shape) + cmp.Diff(test.f32, f32) + cmp.Diff(test.u8, u8); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.npy")
	if err := os.WriteFile(path, []byte("nothing"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Read(path); err == nil || !strings.Contains(err.Error(), "broken.npy") {
		t.Errorf("got error %v, want one that names broken.npy", err)
	}
}

var broken = []struct {
	name, want string
	data       []byte
}{
	{"no magic", "no .npy file", []byte("PK\x03\x04")},
	{"version", "version 9", []byte("\x93NUMPY\x09\x00\x10\x00")},
	{"truncated header", "header of 80 bytes", []byte("\x93NUMPY\x01\x00\x50\x00{'descr'")},
	{"truncated version 2", "truncated header", []byte("\x93NUMPY\x02\x00\x50\x00")},
	{"type", "<f8", file(dict("<f8", "1,"), "12345678")},
	{"fortran", "fortran order", file(strings.Replace(dict("|u1", "1,"), "False", "True", 1), "1")},
	{"short", "shape (4,)", file(dict("|u1", "4,"), "123")},
	{"long", "shape (2,)", file(dict("|u1", "2,"), "123")},
	{"huge", "needs more", file(dict("<f4", "4294967296, 4294967296, 4294967296"), "1234")},
	{"overflow", "side", file(dict("<f4", "99999999999999999999"), "1234")},
}

func TestParseErrors(t *testing.T) {
	for _, test := range broken {
		t.Run(test.name, func(t *testing.T) {
			_, _, _, err := Parse(test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, test := range broken {
		f.Add(test.data)
	}
	f.Add(file(dict("<f4", "1, 2"), "\x00\x00\x80\x3f\x00\x00\x00\xc0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var shape []int
		var f32 []float32
		var u8 []uint8
		if hostile.Read(t, len(data), func() (err error) { shape, f32, u8, err = Parse(data); return }) != nil {
			return
		}
		count := 1
		for _, n := range shape {
			count *= n
		}
		if len(f32)+len(u8) != count {
			t.Errorf("shape %v with %d elements", shape, len(f32)+len(u8))
		}
	})
}
