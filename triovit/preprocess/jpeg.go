// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"slices"
	"strings"

	"github.com/gen2brain/jpegn"
)

// A frame is what the markers of a JPEG say.
type frame struct {
	w, h        int
	components  []component
	colours     colours
	progressive bool
	scans       bool // some scan holds fewer than all components
	restarts    bool // some scan is cut into restart intervals
	tables      bool // there are Huffman tables
	factorsAt   int  // offset of the first component's sampling factors
	end         int  // offset of the end marker
	strict      bool // some part is read as libjpeg does by image/jpeg alone
	defined     uint // the Huffman tables that are defined, 1 << (class<<4 + number) for each
}

// A component is one plane of a JPEG. Its sampling factors h and v are the
// columns and rows of 8x8 blocks that it has in each unit of interleaved data.
type component struct {
	id   uint8
	h, v int
	// exact has a bit for each coefficient, in zigzag order, of which no scan
	// is missing.
	exact uint64
}

// Markers of a JPEG (ITU-T T.81, Table B.1).
const (
	markerBaseline    = 0xc0
	markerExtended    = 0xc1
	markerProgressive = 0xc2
	markerTables      = 0xc4
	markerTemporary   = 0x01
	markerRestart0    = 0xd0
	markerRestart7    = 0xd7
	markerEnd         = 0xd9
	markerScan        = 0xda
	markerSteps       = 0xdb
	markerInterval    = 0xdd
	markerJFIF        = 0xe0
	markerAdobe       = 0xee
	markerLastApp     = 0xef
	markerComment     = 0xfe
)

// otherCodings names the codings of frames that image/jpeg does not read.
var otherCodings = map[uint8]string{
	0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical",
	0xc9: "arithmetic", 0xca: "arithmetic", 0xcb: "arithmetic", 0xcd: "arithmetic", 0xce: "arithmetic", 0xcf: "arithmetic",
}

// parseFrame reads the markers of a JPEG.
func parseFrame(data []byte) (*frame, error) {
	f := &frame{}
	scanned, jfif, adobe := false, false, -1 // adobe is Adobe's colour transform, -1 without its marker
	for at := 2; ; {
		// Between two segments is a scan's data; libjpeg skips anything else.
		gap := bytes.IndexByte(data[at:], 0xff)
		if gap < 0 || at+gap+2 > len(data) {
			return nil, io.ErrUnexpectedEOF
		}
		at += gap
		marker := data[at+1]
		switch {
		case marker == 0xff: // the byte is a fill byte before a marker
			f.strict = true
			at++
			continue
		case marker <= markerTemporary, markerRestart0 <= marker && marker <= markerRestart7:
			f.strict = f.strict || marker != 0 || !scanned
			at += 2
			continue
		case marker == markerEnd && !scanned:
			return nil, errors.New("no pixels before the end of the picture")
		case marker == markerEnd:
			f.end = at
			return f, f.check()
		case at+4 > len(data):
			return nil, io.ErrUnexpectedEOF
		}
		next := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if next < at+4 || next > len(data) {
			return nil, io.ErrUnexpectedEOF
		}
		segment := data[at+4 : next]
		f.strict = f.strict || scanned
		var err error
		switch marker {
		case markerBaseline, markerExtended, markerProgressive:
			f.progressive, f.factorsAt = marker == markerProgressive, at+4+7
			err = f.readFrame(segment)
		case markerScan:
			if !scanned {
				f.colours = f.guess(jfif, adobe)
			}
			scanned = true
			err = f.readScan(segment)
		case markerTables:
			f.tables = true
			f.strict = f.strict || !f.defineTables(segment)
		case markerInterval:
			f.restarts = f.restarts || !bytes.Equal(segment, []byte{0, 0})
			f.strict = f.strict || f.restarts
		case markerJFIF:
			jfif = jfif || len(segment) >= 14 && bytes.HasPrefix(segment, []byte("JFIF\x00"))
		case markerAdobe:
			if len(segment) >= 12 && bytes.HasPrefix(segment, []byte("Adobe")) {
				adobe = int(segment[11])
			}
		default:
			if coding, ok := otherCodings[marker]; ok {
				err = fmt.Errorf("%s coding: allowed are baseline and progressive JPEGs", coding)
			}
			f.strict = f.strict || marker != markerSteps && marker != markerComment && (marker < markerJFIF || marker > markerLastApp)
		}
		if err != nil {
			return nil, err
		}
		at = next
	}
}

// readFrame reads the segment that starts the frame (ITU-T T.81, B.2.2).
func (f *frame) readFrame(segment []byte) error {
	switch {
	case f.components != nil:
		return errors.New("two frames: allowed is one")
	case len(segment) < 6 || len(segment) != 6+3*int(segment[5]):
		return fmt.Errorf("a frame of %d bytes: allowed are 6 and 3 for each component", len(segment))
	case segment[0] != 8:
		return fmt.Errorf("samples of %d bits: allowed are 8", segment[0])
	case segment[5] != 1 && segment[5] != 3 && segment[5] != 4:
		return fmt.Errorf("%d components: allowed are 1, 3 and 4", segment[5])
	}
	f.h, f.w = int(binary.BigEndian.Uint16(segment[1:])), int(binary.BigEndian.Uint16(segment[3:]))
	for c := segment[6:]; len(c) > 0; c = c[3:] {
		f.components = append(f.components, component{id: c[0], h: int(c[1] >> 4), v: int(c[1] & 15)})
	}
	return nil
}

// readScan reads the segment that starts a scan (ITU-T T.81, B.2.3).
func (f *frame) readScan(segment []byte) error {
	if len(f.components) == 0 || len(segment) < 4 || len(segment) != 4+2*int(segment[0]) {
		return errors.New("a scan that does not fit its frame")
	}
	n := int(segment[0])
	f.scans = f.scans || n < len(f.components)
	exact := ^uint64(0)
	if f.progressive {
		first, last, low := segment[1+2*n], segment[2+2*n], segment[3+2*n]&15
		exact = 1<<(last+1) - 1<<first // a shift of 64 or more gives 0
		if low > 0 || first > last {
			exact = 0
		}
	}
	var ids []byte
	for i := range n {
		id, tables := segment[1+2*i], segment[2+2*i]
		f.strict = f.strict || bytes.IndexByte(ids, id) >= 0 || f.defined>>(tables>>4)&1 == 0 || f.defined>>(1<<4+tables&15)&1 == 0
		ids = append(ids, id)
		for c := range f.components {
			if f.components[c].id == id {
				f.components[c].exact |= exact
			}
		}
	}
	return nil
}

// guess returns what the components mean, as libjpeg guesses it (jdapimin.c,
// default_decompress_parms).
func (f *frame) guess(jfif bool, adobe int) colours {
	c := f.components
	switch {
	case len(c) < 3:
		return gray
	case len(c) == 4 && adobe <= 0:
		return cmyk
	case len(c) == 4:
		return ycck
	case jfif, adobe > 0:
		return ycc
	case adobe == 0, c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B':
		return rgb
	}
	return ycc
}

// most returns the largest sampling factors.
func (f *frame) most() (h, v int) {
	for _, c := range f.components {
		h, v = max(h, c.h), max(v, c.v)
	}
	return h, v
}

// blocks returns how many blocks a unit of interleaved data has.
func (f *frame) blocks() (n int) {
	for _, c := range f.components {
		n += c.h * c.v
	}
	return n
}

// leastBytes returns how many bytes the coded pixels take at least: a Huffman
// code has at least one bit, and a block of 64 samples at least two codes, or in
// a progressive JPEG one.
func (f *frame) leastBytes() int {
	codes := 2
	if f.progressive {
		codes = 1
	}
	h, v := f.most()
	return f.w * f.h * f.blocks() * codes / (h * v * 64 * 8)
}

// check refuses a frame that image/jpeg does not read, or reads otherwise than
// libjpeg, which smooths the blocks of a progressive JPEG where any of the first
// 10 coefficients is not complete (jdcoefct.c, smoothing_ok).
func (f *frame) check() error {
	const smoothed = 1<<10 - 1
	var factors []string
	for _, c := range f.components {
		if c.exact&smoothed != smoothed {
			return errors.New("scans are missing: allowed are complete pictures")
		}
		factors = append(factors, fmt.Sprintf("%dx%d", c.h, c.v))
	}
	if allowed := f.allowed(); allowed != "" {
		return fmt.Errorf("sampling factors %s: allowed are %s", strings.Join(factors, ", "), allowed)
	}
	return nil
}

// allowed returns which sampling factors image/jpeg reads in such a frame, or
// nothing where these are among them. It counts the blocks of a scan of one
// component by the picture's width and height, not the component's, and restart
// intervals in units of interleaved data, not in blocks.
func (f *frame) allowed() string {
	for _, c := range f.components {
		if !f.reads(c.h) || !f.reads(c.v) {
			return "1, 2 and 4"
		}
	}
	h, v := f.most()
	switch c := f.components; {
	case len(c) == 1:
		return ""
	case f.blocks() > 10: // the limit is of ITU-T T.81, B.2.3
		return "10 blocks in all"
	case len(c) == 4 && (c[0].h != c[0].v || c[0].h > 2 || c[1].h*c[1].v*c[2].h*c[2].v > 1 || c[3].h != c[0].h || c[3].v != c[0].v):
		return "1x1, 1x1, 1x1, 1x1 and 2x2, 1x1, 1x1, 2x2"
	case !f.scans:
		return ""
	}
	for _, c := range f.components {
		switch {
		case c.h == 2 && h == 4, c.v == 2 && v == 4:
			return "2 beside 4 where all components are in one scan"
		case f.restarts && c.h*c.v > 1:
			return "1x1 in several scans with restart markers"
		}
	}
	return ""
}

// reads reports whether image/jpeg reads a sampling factor. That of a single
// component has no meaning.
func (f *frame) reads(factor int) bool {
	return factor == 1 || factor == 2 || factor == 4 || factor == 3 && len(f.components) == 1
}

// decodeJPEG decodes a JPEG as libjpeg does.
func decodeJPEG(data []byte) (*RGB, error) {
	f, err := parseFrame(data)
	if err != nil {
		return nil, fmt.Errorf("decode a JPEG: %w", inWords(err))
	}
	if err := checkSize("JPEG", f.w, f.h, f.leastBytes(), len(data)); err != nil {
		return nil, err
	}
	picture := f.usual(data)
	if picture == nil {
		if picture, err = jpeg.Decode(f.unconverted(data)); err != nil {
			return nil, fmt.Errorf("decode a JPEG: %w", inWords(err))
		}
	}
	return f.toRGB(picture)
}

// usual decodes the usual kinds of JPEG by a faster decoder, github.com/gen2brain/jpegn,
// and returns nil of others. Levels differ from those of image/jpeg by at most 1.
//
// jpegn reports no error where the data of a scan end too early or are damaged. It then
// leaves zeros in the last block. So usual gives it only files with one scan of all
// components and no marker inside that scan, and appends bits that are no Huffman code. If
// the last sample is 0, image/jpeg decides whether the file is whole. One kind of damage is
// not noticed: the missing bits of the last code of the last block are taken from the
// appended bits.
func (f *frame) usual(data []byte) image.Image {
	if f.strict || f.colours != gray && f.colours != ycc {
		return nil
	}
	rest := noCode + "\xff\xd9"
	picture, err := jpegn.Decode(sized{io.MultiReader(bytes.NewReader(data[:f.end]), strings.NewReader(rest)), f.end + len(rest)})
	if err != nil {
		return nil
	}
	x, y := f.w-1, f.h-1
	switch p := picture.(type) {
	case *image.Gray:
		if p.GrayAt(x, y).Y > 0 {
			return p
		}
	case *image.YCbCr:
		if p.YCbCrAt(x, y).Cr > 0 {
			return p
		}
	}
	return nil
}

// noCode is more ones than a code with its coefficient, of 31 bits, and the next code, of
// 16, can have.
const noCode = "\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00"

// A sized reader knows how many bytes it has, so that one buffer takes them.
type sized struct {
	io.Reader
	size int
}

func (s sized) Len() int { return s.size }

// defineTables reads a segment of Huffman tables (ITU-T T.81, B.2.4.2). It reports whether
// no code has ones alone, and no first coefficient more than 15 bits.
func (f *frame) defineTables(segment []byte) bool {
	for len(segment) > 0 {
		if len(segment) < 17 || segment[0]>>4 > 1 {
			return false
		}
		f.defined |= 1 << segment[0]
		codes, n := 0, 17
		for i, count := range segment[1:17] {
			codes += int(count) << (15 - i)
			n += int(count)
		}
		if codes >= 1<<16 || n > len(segment) || segment[0]>>4 == 0 && slices.ContainsFunc(segment[17:n], func(size byte) bool { return size > 15 }) {
			return false
		}
		segment = segment[n:]
	}
	return true
}

// unconverted returns the file with changes that make image/jpeg return the
// components as they are stored. Markers before the end say that three
// components are YCbCr, which are left as they are, and that four are CMYK. A
// single component has no sampling factors. A JPEG without Huffman tables, a
// frame of a film (Motion JPEG), gets those that libjpeg supposes.
func (f *frame) unconverted(data []byte) io.Reader {
	const (
		jfif  = "\xff\xe0\x00\x07JFIF\x00"
		adobe = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
		end   = "\xff\xd9"
	)
	var tables []byte
	if !f.tables {
		tables = standardTables()
	}
	factors := data[f.factorsAt : f.factorsAt+1]
	if len(f.components) == 1 {
		factors = []byte{0x11}
	}
	return io.MultiReader(bytes.NewReader(data[:2]), bytes.NewReader(tables), bytes.NewReader(data[2:f.factorsAt]),
		bytes.NewReader(factors), bytes.NewReader(data[f.factorsAt+1:f.end]), strings.NewReader(jfif+adobe+end))
}

// standardTables returns the segment of the Huffman tables of ITU-T T.81, Annex
// K.3, which image/jpeg writes into every JPEG.
func standardTables() []byte {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, 1, 1)), nil); err != nil {
		panic(err) // a buffer takes everything
	}
	_, segment, _ := bytes.Cut(file.Bytes(), []byte{0xff, markerTables})
	return append([]byte{0xff, markerTables}, segment[:binary.BigEndian.Uint16(segment)]...)
}

// toRGB brings the components to the picture's resolution and converts their
// colours.
func (f *frame) toRGB(picture image.Image) (*RGB, error) {
	if p, ok := picture.(*image.CMYK); ok { // image/jpeg inverts the components of these pictures
		for i, v := range p.Pix {
			p.Pix[i] = ^v
		}
	}
	planes := make([]*upsampler, len(f.components))
	for i := range planes {
		p := f.plane(i, picture)
		if p.pix == nil || picture.Bounds() != image.Rect(0, 0, f.w, f.h) {
			return nil, errors.New("decode a JPEG: its components are not those of its header")
		}
		planes[i] = newUpsampler(p, f.w, f.h)
	}
	out := NewRGB(f.w, f.h)
	var rows [4][]uint8
	for y := range f.h {
		for i, p := range planes {
			rows[i] = p.row(y)[:f.w]
		}
		f.colours.convert(out.Pix[y*f.w*3:(y+1)*f.w*3], &rows)
	}
	return out, nil
}

// plane returns the samples of a component. Where the chroma planes have not
// one of the usual resolutions, image/jpeg repeats the samples of every component
// up to the resolution of the picture.
func (f *frame) plane(i int, picture image.Image) plane {
	h, v := f.most()
	p := plane{step: 1, repeatX: h / f.components[i].h, repeatY: v / f.components[i].v}
	repeated := false
	switch m := picture.(type) {
	case *image.Gray:
		p.pix, p.stride = m.Pix, m.Stride
	case *image.YCbCr:
		p.pix, p.stride = m.Y, m.YStride
		if i > 0 {
			p.pix, p.stride = [][]uint8{m.Cb, m.Cr}[i-1], m.CStride
		}
		repeated = m.SubsampleRatio == image.YCbCrSubsampleRatio444
	case *image.CMYK:
		p.pix, p.stride, p.step = m.Pix[i:], m.Stride, 4
		repeated = true
	}
	if repeated {
		p.stride *= p.repeatY
		p.step *= p.repeatX
	}
	return p
}
