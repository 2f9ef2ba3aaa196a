// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"os"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/figuretest"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	_ "github.com/gotriovit/gotriovit/charts/renderer"
	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
)

// TestMain keeps the tests' drawings out of the user's cache, and older ones out of the tests.
func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }

type drawable interface {
	Figure() (*charts.Figure, error)
}

// drawings are figures of little data, by the names of their kept options.
var drawings = map[string]drawable{}

func draw(tb testing.TB, d drawable) *charts.Figure {
	tb.Helper()
	f, err := d.Figure()
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// needRuntime skips a test that draws where no ECharts runtime was made.
func needRuntime(tb testing.TB) {
	tb.Helper()
	_, err := charts.Runtime()
	figuretest.NeedRuntime(tb, err)
}

func textsAreInside(t *testing.T, f *charts.Figure) {
	t.Helper()
	needRuntime(t)
	figuretest.TextsAreInside(t, f)
}

func TestGolden(t *testing.T) {
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) { figuretest.Golden(t, name, draw(t, d)) })
	}
}

// TestThemes draws all figures in the dark theme: no name of a colour and no colour of
// the light theme is left.
func TestThemes(t *testing.T) {
	t.Setenv(plot.ThemeEnv, "dark")
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) { figuretest.InTheme(t, "dark", draw(t, d)) })
	}
}

// TestDrawn: the drawings have their titles and texts, and no text is cut at a side.
func TestDrawn(t *testing.T) {
	needRuntime(t)
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) {
			f := draw(t, d)
			figuretest.TextsAreInside(t, f)
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			got := figuretest.Texts(t, svg)
			for _, text := range append(svgTexts[name], f.Title()) {
				if !strings.Contains(got, text) {
					t.Errorf("the SVG has no text %q; it has:\n%s", text, got)
				}
			}
		})
	}
}
