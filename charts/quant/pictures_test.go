// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"bytes"
	"encoding/base64"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestPicturesHoldTheirPixels decodes what a notebook would show.
func TestPicturesHoldTheirPixels(t *testing.T) {
	m := preprocess.NewRGB(2, 1)
	copy(m.Pix, []uint8{10, 20, 30, 40, 50, 60})
	p := Pictures{Title: `a <title>`}
	p.AddPixels("input", m)
	p.AddClasses("truth", []uint8{1, 255}, 2, 1, dataset.CityscapesClasses[:])
	page, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, "a &lt;title&gt;") {
		t.Errorf("the title is not escaped: %.80s", page)
	}
	if !strings.Contains(page, "sidewalk") || strings.Contains(page, "building") {
		t.Error("the legend does not name the classes that occur, and no other")
	}
	want := [][]color.RGBA{{{10, 20, 30, 255}, {40, 50, 60, 255}}, {dataset.CityscapesClasses[1].Color, {0, 0, 0, 255}}}
	found := regexp.MustCompile(`base64,([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(found) != len(want) {
		t.Fatalf("%d images, want %d", len(found), len(want))
	}
	for i, f := range found {
		data, err := base64.StdEncoding.DecodeString(f[1])
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for x, c := range want[i] {
			if got := color.RGBAModel.Convert(img.At(x, 0)); got != c {
				t.Errorf("image %d, pixel %d is %v, want %v", i, x, got, c)
			}
		}
	}
}
