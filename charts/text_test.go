// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
)

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{ // a letter m is 10 pixels wide, a blank 3.3
		"": "", "m": "m", "m m m": "m m\nm", "mm m m": "mm\nm m", "mmmm m": "mmmm\nm", "m mmmm": "m\nmmmm",
	} {
		if got := wrap(text, 10, 24); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

var translated = regexp.MustCompile(`translate\(([-\d.]+) `)

// TestTextsAreInside: of figures of little data. The simulator's own are tested
// where they are made.
func TestTextsAreInside(t *testing.T) {
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) { textsAreInside(t, draw(t, d)) })
	}
}

// textsAreInside fails where a text is cut at a side of the figure.
func textsAreInside(t *testing.T, f *Figure) {
	t.Helper()
	needRuntime(t)
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	width, _ := f.Size()
	for decoder := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "text" {
			var text string
			if err := decoder.DecodeElement(&text, &start); err != nil {
				t.Fatal(err)
			}
			if left, right := extent(start, text); left < 0 || right > float64(width) {
				t.Errorf("%q is from %.0f to %.0f, the figure is %d wide", text, left, right, width)
			}
		}
	}
}

// extent returns where a text element begins and ends. A turned text has the
// extent of its place.
func extent(e xml.StartElement, text string) (left, right float64) {
	attributes := make(map[string]string)
	for _, a := range e.Attr {
		attributes[a.Name.Local] = a.Value
	}
	x, _ := strconv.ParseFloat(attributes["x"], 64)
	if m := translated.FindStringSubmatch(attributes["transform"]); m != nil {
		shift, _ := strconv.ParseFloat(m[1], 64)
		x += shift
	}
	width := drawing.Measure(text, attributes["style"])
	switch {
	case regexp.MustCompile("rotate|matrix").MatchString(attributes["transform"]):
		return x, x
	case attributes["text-anchor"] == "middle":
		return x - width/2, x + width/2
	case attributes["text-anchor"] == "end":
		return x - width, x
	}
	return x, x + width
}

func TestShortName(t *testing.T) {
	for name, want := range map[string]string{"efficientvit-seg-b0-scenes": "seg-b0-scenes", "deit-tiny": "deit-tiny", "b1-r224": "b1-r224"} {
		if got := shortName(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}
