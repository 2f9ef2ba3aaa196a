// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"os"
	"strings"
	"testing"
)

func TestKind(t *testing.T) {
	for _, test := range []struct{ data, want string }{
		{"", "an empty file"},
		{"GIF89a\x01\x00", "a GIF"},
		{"RIFF\x24\x00\x00\x00WEBPVP8 ", "a WebP picture"},
		{"RIFF\x24\x00\x00\x00WAVEfmt ", `a file of 16 bytes that starts with "RIFF$\x00\x00\x00WAVEfmt "`},
		{"II*\x00\x08\x00", "a TIFF"},
		{"MM\x00*\x00\x00", "a TIFF"},
		{"BM\x36\x00", "a BMP"},
		{"\x00\x00\x00\x1cftypavif", "an AVIF picture"},
		{"\x00\x00\x00\x1cftypheic", "a HEIC picture"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000"},
		{"\xff\x0a\x00", "a JPEG XL"},
		{"\xff\xd8\xff\xe0", "a JPEG"},
		{"%PDF-1.7", "a PDF"},
		{"PK\x03\x04", "a ZIP archive"},
		{"\x00\x05\x16\x07\x00\x02", "an AppleDouble file of macOS"},
		{"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS, whose file was not fetched"},
		{"\ufeff\r\n  <!DOCTYPE html>", "an HTML page"},
		{"<HTML lang='en'>", "an HTML page"},
		{"<?xml version='1.0'?>", "an XML document"},
		{"<svg xmlns=", "an SVG picture"},
		{"not found", `a file of 9 bytes that starts with "not found"`},
		{magicPNG, "a PNG"},
		{magicPNG + "\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x10\x02", "a PNG of 16-bit RGB"},
		{magicPNG + "\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x01\x03", "a PNG of 1-bit palette indices"},
		{magicPNG + "\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x10\x09", "a PNG"},
	} {
		if got := Kind([]byte(test.data)); got != test.want {
			t.Errorf("%.20q is %q, want %q", test.data, got, test.want)
		}
	}
}

// TestFileExtension: a file is what it contains, whatever its name says.
func TestFileExtension(t *testing.T) {
	data, err := os.ReadFile("testdata/png_rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		data []byte
		want string // part of the error, none where empty
	}{
		"a.jpg":  {data, ""},
		"b.jpg":  {[]byte("RIFF\x24\x00\x00\x00WEBPVP8 "), "b.jpg: a WebP picture: allowed are PNG and JPEG pictures"},
		"c.jpeg": {[]byte("MM\x00*\x00\x00"), "c.jpeg: a TIFF: allowed are PNG and JPEG pictures"},
	} {
		path := t.TempDir() + "/" + name
		if err := os.WriteFile(path, test.data, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := DecodeFile(path)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasSuffix(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}
