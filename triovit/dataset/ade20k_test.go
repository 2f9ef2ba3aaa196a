// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

func adeFolder(t *testing.T) string {
	dir := t.TempDir()
	for i, name := range []string{"ADE_val_00000002", "ADE_val_00000001"} {
		write(t, dir, "images/validation/"+name+".jpg", gray(t, 30+i, 20, 9))
		write(t, dir, "annotations/validation/"+name+".png", levels(t, 30+i, 20, upTo(151)...))
	}
	return dir
}

func TestADE20K(t *testing.T) {
	d, err := ADE20K(t.Context(), adeFolder(t), "validation", preprocess.Fixed(64, 64, preprocess.Bicubic))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"images/validation/ADE_val_00000001.jpg", "images/validation/ADE_val_00000002.jpg"}, ids(d)); diff != "" {
		t.Errorf("ids -want +got:\n%s", diff)
	}
	item, err := d.Load(0)
	if err != nil {
		t.Fatal(err)
	}
	if item.Image.W != 64 || item.Label.W != 31 || item.Label.H != 20 || item.Label.Logits != preprocess.Bicubic {
		t.Errorf("picture %d wide, label %dx%d, logits %v", item.Image.W, item.Label.W, item.Label.H, item.Label.Logits)
	}
	if diff := cmp.Diff(append([]uint8{Ignore}, upTo(150)...), item.Label.Map[:151]); diff != "" {
		t.Errorf("classes -want +got:\n%s", diff)
	}
}

func TestADE20KClasses(t *testing.T) {
	names, colors := map[string]bool{}, map[color.RGBA]bool{}
	for _, c := range ADE20KClasses {
		names[c.Name], colors[c.Color] = true, true
	}
	if len(names) != 150 || names[""] || len(colors) != 150 {
		t.Errorf("%d names, %d colours", len(names), len(colors))
	}
	for i, name := range map[int]string{0: "wall", 12: "person", 20: "car", 80: "bus", 136: "traffic light", 149: "flag"} {
		if ADE20KClasses[i].Name != name {
			t.Errorf("class %d is %s, want %s", i, ADE20KClasses[i].Name, name)
		}
	}
	// Pascal VOC's colours of the classes 1, 3 and 8.
	if numbered(1) != (color.RGBA{128, 0, 0, 255}) || numbered(3) != (color.RGBA{128, 128, 0, 255}) || numbered(8) != (color.RGBA{64, 0, 0, 255}) {
		t.Errorf("%v, %v, %v", numbered(1), numbered(3), numbered(8))
	}
}

func TestADE20KErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		{"no folder", func(t *testing.T, dir string) { os.RemoveAll(filepath.Join(dir, "annotations")) }, []string{"annotations"}},
		{"no label", func(t *testing.T, dir string) { write(t, dir, "images/validation/a.jpg", nil) }, []string{"a.jpg", "no label of this name in annotations/validation"}},
		{"no picture", func(t *testing.T, dir string) { write(t, dir, "annotations/validation/a.png", nil) }, []string{"a.png", "no picture"}},
		{"label size", func(t *testing.T, dir string) {
			write(t, dir, "annotations/validation/ADE_val_00000001.png", gray(t, 30, 20, 1))
		}, []string{"ADE_val_00000001.png", "30x20", "31x20"}},
		{"label outside", func(t *testing.T, dir string) {
			write(t, dir, "annotations/validation/ADE_val_00000001.png", gray(t, 31, 20, 151))
		}, []string{"ADE_val_00000001.png", "label 151", "1 to 150"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := adeFolder(t)
			test.spoil(t, dir)
			d, err := ADE20K(t.Context(), dir, "validation", preprocess.Pipeline{})
			if err == nil {
				_, err = d.Load(0)
			}
			wantError(t, err, test.want...)
		})
	}
}

// TestLabelsOfFewBits: a PNG with gray levels of fewer than 8 bits is an error, because
// image/png stretches the levels and would return 17 for label 1 of 4 bits.
func TestLabelsOfFewBits(t *testing.T) {
	data := gray(t, 4, 2, 1)
	data[24] = 4
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29])) // checksum of the header
	_, err := camVidCoding().parse(data, 4, 2)
	wantError(t, err, "4-bit gray levels")
}

// TestLabelsOfOtherKinds: the error of a file that is no label file names the file's
// kind and the allowed kinds.
func TestLabelsOfOtherKinds(t *testing.T) {
	size := image.Rect(0, 0, 4, 2)
	for want, data := range map[string][]byte{
		"a PNG of 16-bit gray levels":                 encode(t, image.NewGray16(size)),
		"a PNG of 8-bit RGB with transparency":        encode(t, image.NewNRGBA(size)),
		"a JPEG":                                      []byte("\xff\xd8\xff\xe0"),
		"a WebP picture":                              []byte("RIFF\x24\x00\x00\x00WEBPVP8 "),
		`a file of 5 bytes that starts with "text\n"`: []byte("text\n"),
	} {
		_, err := camVidCoding().parse(data, 4, 2)
		wantError(t, err, "decode labels: "+want+", allowed are PNGs of opaque 8-bit gray levels or of palette indices")
	}
}
