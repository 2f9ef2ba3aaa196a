// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readers reports whether the faster decoder reads a file, and whether image/jpeg then reads
// it too, with the same bits behind its end.
func readers(data []byte) (usual, standard bool) {
	f, err := parseFrame(data)
	if err != nil || checkSize("JPEG", f.w, f.h, f.leastBytes(), len(data)) != nil || f.usual(data) == nil {
		return false, false
	}
	data = slices.Insert(bytes.Clone(data), f.end, []byte(noCode)...)
	f.end += len(noCode)
	_, err = jpeg.Decode(f.unconverted(data))
	return true, err == nil
}

// TestUsual: which kinds of JPEG the faster decoder reads.
func TestUsual(t *testing.T) {
	standard := made{factors: []string{"2x2", "1x1", "1x1"}, coding: "baseline"}
	with := func(change func(m *made)) []byte { m := standard; change(&m); return m.encode(45, 37) }
	whole := standard.encode(45, 37)
	scan := bytes.Index(whole, []byte{0xff, markerScan})
	replaced := func(old, new string) []byte {
		if !bytes.Contains(whole, []byte(old)) {
			t.Fatalf("no % x", old)
		}
		return bytes.Replace(whole, []byte(old), []byte(new), 1)
	}
	zeros := strings.Repeat("\x00", 15)
	for _, test := range []struct {
		name string
		data []byte
		want bool
	}{
		{"4:2:0", whole, true},
		{"4:4:4", with(func(m *made) { m.factors[0] = "1x1" }), true},
		{"gray", with(func(m *made) { m.factors = m.factors[:1] }), true},
		{"JFIF", with(func(m *made) { m.jfif = true }), true},
		{"a comment", replaced("\xff\xdb", "\xff\xfe\x00\x03c\xff\xdb"), true},
		{"unusual factors", with(func(m *made) { m.factors = []string{"1x1", "2x1", "1x2"} }), false},
		{"progressive", with(func(m *made) { m.coding = "progressive" }), false},
		{"a scan for each component", with(func(m *made) { m.coding = "scans" }), false},
		{"restart intervals", with(func(m *made) { m.interval = 3 }), false},
		{"a restart interval of two numbers", replaced("\xff\xda", "\xff\xdd\x00\x06\x00\x30\x00\x00\xff\xda"), false},
		{"restart intervals without their markers", replaced("\xff\xda", "\xff\xdd\x00\x04\x00\x03\xff\xda"), false},
		{"two components of one name", with(func(m *made) { m.ids = "\x01\x01\x03" }), false},
		{"RGB", with(func(m *made) { m.ids = "RGB" }), false},
		{"RGB in JFIF is YCbCr", with(func(m *made) { m.ids, m.jfif = "RGB", true }), false},
		{"CMYK", with(func(m *made) { m.factors = []string{"1x1", "1x1", "1x1", "1x1"} }), false},
		{"extended", replaced("\xff\xc0", "\xff\xc1"), false},
		{"fills", replaced("\xff\xdb", "\xff\xff\xdb"), false},
		{"a reserved marker", replaced("\xff\xdb", "\xff\xf0\x00\x03c\xff\xdb"), false},
		{"no tables", append(bytes.Clone(whole[:bytes.Index(whole, []byte{0xff, markerTables})]), whole[scan:]...), false},
		{"a table that is not there", replaced("\x01\x00\x02\x00\x03\x00\x00\x3f\x00", "\x01\x10\x02\x00\x03\x00\x00\x3f\x00"), false},
		{"a first coefficient of 16 bits", replaced("\x01\x02\x03\x04\x05\x06\x07\x08", "\x01\x02\x03\x04\x05\x06\x07\x10"), false},
		{"a code of ones alone", replaced("\xff\xc4\x00\x14\x10\x01"+zeros+"\x00", "\xff\xc4\x00\x15\x10\x02"+zeros+"\x00\x01"), false},
		{"a restart marker nobody announced", append(bytes.Clone(whole[:len(whole)-2]), 0xff, 0xd0, 0xff, 0xd9), false},
		{"a segment behind the scan", append(bytes.Clone(whole[:len(whole)-2]), 0xff, 0xfe, 0, 3, 'c', 0xff, 0xd9), false},
		{"no pixels", append(bytes.Clone(whole[:scan+14]), 0xff, 0xd9), false},
	} {
		f, err := parseFrame(test.data)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := f.usual(test.data) != nil; got != test.want {
			t.Errorf("%s: read %v, want %v", test.name, got, test.want)
		}
	}
}

// TestDamaged: of a damaged file the faster decoder reads nothing that image/jpeg refuses.
func TestDamaged(t *testing.T) {
	var files [][]byte
	names, _ := filepath.Glob("testdata/*.jpg")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if usual, _ := readers(data); usual {
			files = append(files, data)
		}
	}
	r, whole, read := rand.New(rand.NewPCG(14, 2)), len(files), 0
	const n = 20000
	for range n {
		data := bytes.Clone(files[r.IntN(whole)])
		at := r.IntN(len(data) - 2)
		switch r.IntN(4) {
		case 0: // the file is cut off
			data = append(data[:at], 0xff, markerEnd)
		case 1: // the file has a gap
			data = append(data[:at], data[min(at+r.IntN(40), len(data)-2):]...)
		case 2:
			data[at] ^= 1 << r.IntN(8)
		case 3:
			data[at] = byte(r.Uint32())
		}
		usual, standard := readers(data)
		if usual && !standard {
			t.Fatalf("a file of %d bytes, damaged at %d, is read", len(data), at)
		}
		if usual {
			read++
		}
	}
	if whole < 5 || read < n/20 || read > n*9/10 {
		t.Errorf("%d of %d damaged files are read, from %d", read, n, whole)
	}
}
