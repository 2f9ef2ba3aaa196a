// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	magicPNG  = "\x89PNG\r\n\x1a\n"
	magicJPEG = "\xff\xd8"
)

// kinds lists how files begin that are found in folders of pictures: from byte
// at on with magic. The first that fits is taken.
var kinds = []struct {
	at          int
	magic, name string
}{
	{0, magicPNG, "a PNG"},
	{0, magicJPEG, "a JPEG"},
	{0, "GIF8", "a GIF"},
	{8, "WEBP", "a WebP picture"},
	{0, "II*\x00", "a TIFF"},
	{0, "MM\x00*", "a TIFF"},
	{0, "II+\x00", "a TIFF"},
	{0, "MM\x00+", "a TIFF"},
	{0, "BM", "a BMP"},
	{0, "\x00\x00\x01\x00", "an icon"},
	{0, "8BPS", "a Photoshop document"},
	{4, "ftypavif", "an AVIF picture"},
	{4, "ftypavis", "an AVIF picture"},
	{4, "ftyphei", "a HEIC picture"},
	{4, "ftyphev", "a HEIC picture"},
	{4, "ftypmif1", "a HEIF picture"},
	{4, "ftyp", "a film"},
	{4, "jP  ", "a JPEG 2000"},
	{0, "\xff\x4f\xff\x51", "a JPEG 2000"},
	{4, "JXL ", "a JPEG XL"},
	{0, "\xff\x0a", "a JPEG XL"},
	{0, "%PDF", "a PDF"},
	{0, "PK\x03\x04", "a ZIP archive"},
	{0, "\x1f\x8b", "a gzip archive"},
	{257, "ustar", "a tar archive"},
	{0, "\x93NUMPY", "a NumPy array"},
	{0, "\x00\x05\x16\x07", "an AppleDouble file of macOS"},
	{0, "version https://git-lfs", "a pointer of Git LFS, whose file was not fetched"},
}

// markup lists how texts begin that are found in place of pictures.
var markup = []struct{ tag, name string }{
	{"<!doctype html", "an HTML page"},
	{"<html", "an HTML page"},
	{"<svg", "an SVG picture"},
	{"<?xml", "an XML document"},
}

// Kind says in words what a file's first bytes show it to be, for messages: "a
// WebP picture", "an HTML page", "a PNG of 16-bit gray levels".
func Kind(data []byte) string {
	if len(data) == 0 {
		return "an empty file"
	}
	for _, k := range kinds {
		if len(data) >= k.at && bytes.HasPrefix(data[k.at:], []byte(k.magic)) {
			return k.name + pngPixels(data)
		}
	}
	head := bytes.TrimLeft(bytes.TrimPrefix(data[:min(256, len(data))], []byte("\ufeff")), " \t\r\n")
	for _, m := range markup {
		if strings.HasPrefix(strings.ToLower(string(head)), m.tag) {
			return m.name
		}
	}
	return fmt.Sprintf("a file of %d bytes that starts with %q", len(data), data[:min(16, len(data))])
}

// pngPixels returns " of" and the kind of a PNG's pixels, or nothing.
func pngPixels(data []byte) string {
	if !bytes.HasPrefix(data, []byte(magicPNG)) || len(data) <= pngColours {
		return ""
	}
	kind, ok := pngColourTypes[data[pngColours]]
	if !ok {
		return ""
	}
	return fmt.Sprintf(" of %d-bit %s", data[pngDepth], kind.name)
}

// The header of a PNG (ISO/IEC 15948, 11.2.2): offsets of the bits in a channel
// and of the colour type.
const (
	pngDepth   = 24
	pngColours = 25
)

// pngColourTypes lists the colour types of a PNG.
var pngColourTypes = map[uint8]struct {
	name     string
	channels int
}{
	0: {"gray levels", 1},
	2: {"RGB", 3},
	3: {"palette indices", 1},
	4: {"gray levels with transparency", 2},
	6: {"RGB with transparency", 4},
}
