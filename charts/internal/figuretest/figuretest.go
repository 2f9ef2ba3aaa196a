// SPDX-License-Identifier: Apache-2.0

// Package figuretest has what the tests of figures share.
package figuretest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/table"
)

// A Figure is a figure of package charts.
type Figure interface {
	Option() []byte
	SVG() ([]byte, error)
	Size() (width, height int)
	Table() table.Table
}

// NeedRuntime skips a test that draws where the ECharts runtime is missing, of which err
// is the error.
func NeedRuntime(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		return
	}
	if os.Getenv("TRIOVIT_REQUIRE_SHARED") == "1" {
		tb.Fatal(err)
	}
	tb.Skip(err)
}

// Golden compares the option of a figure, its contract, with the one that is kept.
// UPDATE_GOLDEN=1 keeps the present one.
func Golden(t *testing.T, name string, f Figure) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, f.Option(), "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	golden.Text(t, name+".json", got.String())
}

// InTheme fails where an option has the name of a colour or a colour of another theme.
func InTheme(t testing.TB, theme string, f Figure) {
	t.Helper()
	known := map[string]bool{}
	for _, c := range plot.Themes[theme] {
		known[c] = true
	}
	option := string(f.Option())
	if strings.Contains(option, `"@`) {
		t.Error("a colour has no value")
	}
	for _, c := range regexp.MustCompile(`"#[0-9A-F]{6}"`).FindAllString(option, -1) {
		if !known[strings.Trim(c, `"`)] {
			t.Errorf("the figure has the colour %s, which the theme has not", c)
		}
	}
	var top struct{ BackgroundColor string }
	if err := json.Unmarshal(f.Option(), &top); err != nil || top.BackgroundColor != plot.Themes[theme][plot.Ground] {
		t.Errorf("the background is %q (%v)", top.BackgroundColor, err)
	}
}

// Texts returns the text elements of an SVG, and fails where it is no XML.
func Texts(t testing.TB, svg []byte) string {
	t.Helper()
	var b strings.Builder
	for decoder := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatalf("the SVG is not well-formed: %v", err)
		}
		if text, ok := token.(xml.CharData); ok {
			b.Write(text)
			b.WriteByte('\n')
		}
	}
}

// IsFinite fails where the drawing of a figure has a text or a coordinate that is no number.
func IsFinite(t testing.TB, f Figure) {
	t.Helper()
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(Texts(t, svg), "NaN") || bytes.Contains(svg, []byte(`NaN,`)) || bytes.Contains(svg, []byte(`"NaN"`)) {
		t.Errorf("the SVG has texts or coordinates that are not numbers")
	}
}

var translated = regexp.MustCompile(`translate\(([-\d.]+) `)

// TextsAreInside fails where a text is cut at a side of the figure.
func TextsAreInside(t testing.TB, f Figure) {
	t.Helper()
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

// Column returns one column of a figure's table.
func Column[T any](t testing.TB, f Figure, name string) []T {
	t.Helper()
	i := slices.IndexFunc(f.Table().Columns, func(c table.Column) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no column %q among %q", name, f.Table().Columns)
	}
	var values []T
	for _, row := range f.Table().Rows {
		values = append(values, row[i].(T))
	}
	return values
}
