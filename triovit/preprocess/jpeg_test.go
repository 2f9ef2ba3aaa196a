// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/shared"
)

// made describes a JPEG that a test makes. Every block has one level, drawn at
// random, so that any inverse DCT gives the same samples and pixels compare
// exactly.
type made struct {
	factors []string // sampling factors of each component, as "2x1"
	// coding is "baseline", one scan of all components; "scans", one scan for
	// each; "mixed", one for the first and one for the others; or "progressive".
	coding   string
	interval int    // restart interval, 0 for none
	ids      string // ids of the components, 1, 2, 3, 4 where empty
	jfif     bool
	adobe    string // last byte of an Adobe marker, none where empty
}

// key names what the pixels depend on.
func (m made) key() string {
	parts := []string{strings.Join(m.factors, " ")}
	if m.ids != "" {
		parts = append(parts, fmt.Sprintf("ids % x", m.ids))
	}
	if m.jfif {
		parts = append(parts, "jfif")
	}
	if m.adobe != "" {
		parts = append(parts, fmt.Sprintf("adobe %d", m.adobe[0]))
	}
	return strings.Join(parts, ", ")
}

// encode returns the file of a picture of w by h pixels.
func (m made) encode(w, h int) []byte {
	data := []byte{0xff, 0xd8}
	segment := func(marker byte, body ...byte) {
		data = append(data, 0xff, marker)
		data = binary.BigEndian.AppendUint16(data, uint16(len(body)+2))
		data = append(data, body...)
	}
	if m.jfif {
		segment(0xe0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")...)
	}
	if m.adobe != "" {
		segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00"+m.adobe)...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{8}, 64)...)...)

	type plane struct {
		id           byte
		h, v         int
		across, down int // blocks that the component fills at least in part
	}
	planes := make([]plane, len(m.factors))
	var most plane
	for i, factors := range m.factors {
		p := &planes[i]
		p.id = byte(i + 1)
		if m.ids != "" {
			p.id = m.ids[i]
		}
		fmt.Sscanf(factors, "%dx%d", &p.h, &p.v)
		most.h, most.v = max(most.h, p.h), max(most.v, p.v)
	}
	up := func(a, b int) int { return (a + b - 1) / b }
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(len(planes))}
	for i := range planes {
		p := &planes[i]
		p.across, p.down = up(up(w*p.h, most.h), 8), up(up(h*p.v, most.v), 8)
		frame = append(frame, p.id, byte(p.h<<4|p.v), 0)
	}
	sof := byte(0xc0)
	if m.coding == "progressive" {
		sof = 0xc2
	}
	segment(sof, frame...)
	segment(0xc4, append([]byte{0x00}, "\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08"...)...)
	segment(0xc4, append([]byte{0x10}, "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)...)
	if m.interval > 0 {
		segment(0xdd, byte(m.interval>>8), byte(m.interval))
	}

	// scan writes the components with the given indices; dc and ac say which
	// coefficients.
	scan := func(dc, ac bool, which ...int) {
		head := []byte{byte(len(which))}
		for _, i := range which {
			head = append(head, planes[i].id, 0)
		}
		first, last := byte(0), byte(63)
		if !dc {
			first = 1
		}
		if !ac {
			last = 0
		}
		segment(0xda, append(head, first, last, 0)...)
		acc, n := uint32(0), 0
		put := func(value uint32, count int) {
			for i := count - 1; i >= 0; i-- {
				acc, n = acc<<1|value>>i&1, n+1
				if n == 8 {
					data = append(data, byte(acc))
					if byte(acc) == 0xff {
						data = append(data, 0)
					}
					acc, n = 0, 0
				}
			}
		}
		predicted, units := make([]int, len(planes)), 0
		block := func(i, x, y int) {
			if dc {
				level := rand.New(rand.NewPCG(uint64(i), uint64(x<<16|y))).IntN(256) - 128
				diff := level - predicted[i]
				predicted[i] = level
				size := bits.Len(uint(max(diff, -diff)))
				if diff < 0 {
					diff += 1<<size - 1
				}
				put(uint32(size), 4)
				put(uint32(diff), size)
			}
			if ac {
				put(0, 1) // the code is the end of the block
			}
		}
		restart := func() {
			if m.interval > 0 && units > 0 && units%m.interval == 0 {
				put(0xff, (8-n)%8)
				data = append(data, 0xff, 0xd0+byte(units/m.interval-1)%8)
				clear(predicted)
			}
			units++
		}
		if len(which) == 1 {
			p := planes[which[0]]
			for y := range p.down {
				for x := range p.across {
					restart()
					block(which[0], x, y)
				}
			}
		} else {
			for uy := range up(h, 8*most.v) {
				for ux := range up(w, 8*most.h) {
					restart()
					for _, i := range which {
						for b := range planes[i].h * planes[i].v {
							block(i, ux*planes[i].h+b%planes[i].h, uy*planes[i].v+b/planes[i].h)
						}
					}
				}
			}
		}
		put(0xff, (8-n)%8)
	}
	all := make([]int, len(planes))
	for i := range all {
		all[i] = i
	}
	switch m.coding {
	case "baseline":
		scan(true, true, all...)
	case "mixed":
		scan(true, true, all[0])
		scan(true, true, all[1:]...)
	case "scans":
		for i := range all {
			scan(true, true, i)
		}
	case "progressive":
		scan(true, false, all...)
		for i := range all {
			scan(false, true, i)
		}
	}
	return append(data, 0xff, 0xd9)
}

// madePictures lists the JPEGs whose pixels are compared: all legal sampling
// factors of three components, and everything that says which colours the
// components are.
func madePictures() (all []made) {
	var each []string
	for h := range 4 {
		for v := range 4 {
			each = append(each, fmt.Sprintf("%dx%d", h+1, v+1))
		}
	}
	for _, a := range each {
		for _, b := range each {
			for _, c := range each {
				if blocksOf(a)+blocksOf(b)+blocksOf(c) <= 10 {
					all = append(all, made{factors: []string{a, b, c}})
				}
			}
		}
		all = append(all, made{factors: []string{a}})
	}
	for _, factors := range []string{"1x1 1x1 1x1", "2x2 1x1 1x1", "1x1 2x1 1x2"} {
		for _, m := range []made{
			{ids: "RGB"}, {ids: "RGB", jfif: true}, {ids: "RGB", adobe: "\x00"}, {ids: "RGB", adobe: "\x01"},
			{ids: "rgb"}, {ids: "\x00\x01\x02"}, {adobe: "\x00"}, {adobe: "\x01"}, {adobe: "\x02"}, {adobe: "\x00", jfif: true}, {jfif: true},
		} {
			m.factors = strings.Fields(factors)
			all = append(all, m)
		}
	}
	for _, factors := range []string{
		"1x1 1x1 1x1 1x1", "2x2 1x1 1x1 2x2", "2x2 1x1 1x1 1x1", "1x1 2x2 1x1 1x1", "2x1 1x1 1x1 2x1", "2x1 2x1 2x1 2x1", "1x2 1x1 1x1 1x1", "1x1 1x1 1x1 2x2", "3x1 1x1 1x1 3x1",
	} {
		for _, m := range []made{{}, {jfif: true}, {adobe: "\x00"}, {adobe: "\x01"}, {adobe: "\x02"}, {ids: "CMYK"}} {
			m.factors = strings.Fields(factors)
			all = append(all, m)
		}
	}
	return all
}

// blocksOf returns how many blocks the sampling factors stand for.
func blocksOf(factors string) int { return int(factors[0]-'0') * int(factors[2]-'0') }

var (
	madeSizes = [][2]int{{45, 37}, {5, 3}, {64, 33}} // narrow planes have rules of their own
)

var madeInto = flag.String("made", "", "write the JPEGs of TestSamplingFactors into this folder, for testdata/make.py")

// variants calls f with every coding of a picture; they have the same pixels.
func (m made) variants(f func(m made)) {
	codings := []string{"baseline", "progressive", "scans", "mixed"}
	if len(m.factors) == 1 {
		codings = codings[:2]
	}
	for _, m.coding = range codings {
		for _, m.interval = range []int{0, 3} {
			f(m)
		}
	}
}

// TestSamplingFactors decodes pictures of all legal sampling factors and kinds
// of colours, and holds their pixels against Pillow's. What is not read is
// refused with its factors.
func TestSamplingFactors(t *testing.T) {
	pictures := madePictures()
	if *madeInto != "" {
		for _, m := range pictures {
			m.variants(func(m made) {
				for _, size := range madeSizes {
					name := fmt.Sprintf("%s; %s; %d; %dx%d.jpg", m.key(), m.coding, m.interval, size[0], size[1])
					if err := os.WriteFile(filepath.Join(*madeInto, name), m.encode(size[0], size[1]), 0o666); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
		if err := os.WriteFile(filepath.Join(*madeInto, "large.jpg"), large(), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Skip("the pictures are written, not compared")
	}
	pillow := pillowDigests(t)
	if len(pillow) != len(pictures)+1 {
		t.Errorf("testdata/made.txt has %d pictures, want %d and the large one", len(pillow), len(pictures))
	}
	read := map[string]int{}
	for _, m := range pictures {
		t.Run(m.key(), func(t *testing.T) {
			m.variants(func(m made) {
				sum := crc32.NewIEEE()
				for _, size := range madeSizes {
					picture, err := Decode(m.encode(size[0], size[1]))
					if err != nil {
						if named := "sampling factors " + strings.Join(m.factors, ", ") + ": allowed are "; !strings.Contains(err.Error(), named) {
							t.Errorf("%s, interval %d: error %v, want one with %q", m.coding, m.interval, err, named)
						}
						return
					}
					sum.Write(picture.Pix)
				}
				if got := fmt.Sprintf("%08x", sum.Sum32()); got != pillow[m.key()] {
					t.Errorf("%s, interval %d: pixels have the digest %s, Pillow's %s", m.coding, m.interval, got, pillow[m.key()])
				}
				kind := fmt.Sprintf("%d of %s", len(m.factors), m.coding)
				if m.interval > 0 {
					kind += ", restarts"
				}
				read[kind]++
			})
		})
	}
	// Pillow reads 311 of the 515 combinations of three factors, 195 of these
	// without a factor 3.
	want := map[string]int{
		"1 of baseline": 16, "1 of progressive": 16,
		"3 of baseline": 195 + 33, "3 of progressive": 144, "3 of scans": 144, "3 of mixed": 144,
		"4 of baseline": 12, "4 of progressive": 12, "4 of scans": 12, "4 of mixed": 12,
		"1 of baseline, restarts": 16, "1 of progressive, restarts": 16,
		"3 of baseline, restarts": 195 + 33, "3 of progressive, restarts": 12, "3 of scans, restarts": 12, "3 of mixed, restarts": 12,
		"4 of baseline, restarts": 12, "4 of progressive, restarts": 6, "4 of scans, restarts": 6, "4 of mixed, restarts": 6,
	}
	if d := cmp.Diff(want, read); d != "" {
		t.Errorf("pictures read, by their components and coding (-want +got):\n%s", d)
	}
}

// TestFactorsOfAFile decodes a picture with details, whose red-difference plane
// has twice the rows of the blue-difference plane; the digest is of Pillow's pixels.
func TestFactorsOfAFile(t *testing.T) {
	picture, err := DecodeFile(shared.Path(t, "data/field/factors_chroma_1x1_1x2.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if got := crc32.ChecksumIEEE(picture.Pix); got != 0x882ab613 {
		t.Errorf("pixels have the digest %08x, Pillow's 882ab613", got)
	}
}

// pillowDigests returns what testdata/make.py stored of each picture: the digest
// of the pixels that Pillow reads, or "refused".
func pillowDigests(t *testing.T) map[string]string {
	stored, err := os.ReadFile("testdata/made.txt")
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]string{}
	for line := range strings.Lines(string(stored)) {
		key, digest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		digests[key] = digest
	}
	return digests
}

// large is a picture of more than 89,478,485 pixels, from where on Pillow warns.
func large() []byte {
	return made{factors: []string{"2x2", "1x1", "1x1"}, coding: "baseline"}.encode(9500, 9420)
}

// TestLargePhotograph resizes it; the digest is of Pillow's 224x224 pixels.
func TestLargePhotograph(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two seconds and 500 MB")
	}
	picture, err := Decode(large())
	if err != nil {
		t.Fatal(err)
	}
	input, err := Classification(224).Apply(picture)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%08x", crc32.ChecksumIEEE(input.Pix)), pillowDigests(t)["large"]; got != want {
		t.Errorf("pixels have the digest %s, Pillow's %s", got, want)
	}
}

// TestJPEGRefusals: what image/jpeg would not read, or read otherwise than
// libjpeg, is named.
func TestJPEGRefusals(t *testing.T) {
	usual := made{factors: []string{"2x2", "1x1", "1x1"}, coding: "progressive"}
	whole := usual.encode(45, 37)
	frame, scan := bytes.Index(whole, []byte{0xff, 0xc2}), bytes.LastIndex(whole, []byte{0xff, 0xda})
	changed := func(at int, to ...byte) []byte {
		data := bytes.Clone(whole)
		copy(data[at:], to)
		return data
	}
	end := whole[len(whole)-2:]
	single := made{factors: []string{"1x1"}, coding: "baseline"}.encode(9, 9)
	for _, test := range []struct {
		name, want string
		data       []byte
	}{
		{"12 bits", "samples of 12 bits: allowed are 8", changed(frame+4, 12)},
		{"lossless", "lossless coding: allowed are baseline and progressive JPEGs", changed(frame, 0xff, 0xc3)},
		{"hierarchical", "hierarchical coding", changed(frame, 0xff, 0xc5)},
		{"arithmetic", "arithmetic coding", changed(frame, 0xff, 0xc9)},
		{"arithmetic and progressive", "arithmetic coding", changed(frame, 0xff, 0xca)},
		{"two components", "2 components: allowed are 1, 3 and 4", made{factors: []string{"1x1", "1x1"}, coding: "baseline"}.encode(9, 9)},
		{"factor 0", "sampling factors 0x2, 1x1, 1x1: allowed are 1, 2 and 4", changed(frame+11, 0x02)},
		{"factor 5", "sampling factors 2x5, 1x1, 1x1: allowed are 1, 2 and 4", changed(frame+11, 0x25)},
		{"too many blocks", "sampling factors 4x4, 1x1, 1x1: allowed are 10 blocks in all", changed(frame+11, 0x44)},
		{"a single component of factor 0", "sampling factors 0x1: allowed are 1, 2 and 4", bytes.Replace(single, []byte{1, 0x11, 0}, []byte{1, 0x01, 0}, 1)},
		{"no height", "JPEG of 45x0 pixels: allowed are 1 to 65500 a side", changed(frame+5, 0, 0)},
		{"a side too long", "JPEG of 65501x37 pixels: allowed are 1 to 65500 a side", changed(frame+7, 0xff, 0xdd)},
		{"a scan less", "scans are missing", append(bytes.Clone(whole[:scan]), end...)},
		{"no scan", "no pixels before the end", append(bytes.Clone(whole[:frame]), end...)},
		{"a scan before its frame", "a scan that does not fit its frame", append(bytes.Clone(whole[:frame]), whole[scan:]...)},
		{"two frames", "two frames: allowed is one", append(bytes.Clone(whole[:scan]), whole[frame:]...)},
		{"no end", "the file is cut off", whole[:len(whole)-2]},
		{"the end of a marker", "the file is cut off", whole[:frame+1]},
		{"within a segment", "the file is cut off", whole[:frame+9]},
		{"a segment of no length", "the file is cut off", changed(frame+2, 0, 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decode(test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestMotionJPEG: a JPEG without Huffman tables has the standard ones.
func TestMotionJPEG(t *testing.T) {
	file, err := os.ReadFile("testdata/jpeg_420_37x29.jpg")
	if err != nil {
		t.Fatal(err)
	}
	first, scan := bytes.Index(file, []byte{0xff, markerTables}), bytes.Index(file, []byte{0xff, markerScan})
	got, err := Decode(append(file[:first:first], file[scan:]...))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, load(t, "testdata/jpeg_420_37x29.npy"), 4)
}
