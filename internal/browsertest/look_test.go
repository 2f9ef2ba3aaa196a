// SPDX-License-Identifier: Apache-2.0

package browsertest

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A page is one page that scripts/browser.mjs opens.
type page struct {
	Name       string `json:"-"`
	URL        string `json:"url"`
	Lab        bool   `json:"lab"`   // the page is in JupyterLab, and not exported HTML
	Run        bool   `json:"run"`   // all cells are run and the notebook is saved
	Steer      bool   `json:"steer"` // the first slider is moved by arrow keys
	JavaScript bool   `json:"javascript"`
	Folder     string `json:"folder"` // folder of the screenshots
	Chromium   string `json:"chromium"`
}

// A sight holds the script's observations of a page.
type sight struct {
	Kernel  string
	Figures []struct {
		File         string
		Live, Loaded bool
	}
	Steps []struct {
		Value   string
		Changed bool
		MS      float64
	}
	Elsewhere  []string // requests to other hosts
	Complaints []string // errors that no script caught
}

func (b *bench) look(t *testing.T, p page) *sight {
	t.Helper()
	p.Folder, p.Chromium = filepath.Join(b.out, p.Name), b.browser.Chromium
	seen := new(sight)
	b.browser.Run(t, "browser.mjs", p, seen)
	return seen
}

// judge compares the observations with the outputs in the saved notebook. live is true
// if scripts may run.
func (s *sight) judge(t *testing.T, want contents, live bool) {
	t.Helper()
	if live {
		want.figures -= want.stills
	} else {
		want.live = 0
	}
	alive := 0
	for i, f := range s.Figures {
		if f.Live {
			alive++
		}
		if err := drawn(f.File); err != nil || !f.Loaded {
			t.Errorf("figure %d: loaded %v, %v", i+1, f.Loaded, err)
		}
	}
	if len(s.Figures) != want.figures || alive != want.live {
		t.Errorf("%d figures are shown and %d of them live; the notebook holds %d and %d", len(s.Figures), alive, want.figures, want.live)
	}
	for _, address := range s.Elsewhere {
		t.Errorf("a request to another host: %s", address)
	}
	for _, c := range s.Complaints {
		t.Errorf("a script failed: %s", c)
	}
}

// drawn returns an error that says why a screenshot shows no figure. In place of an
// absent picture the browser shows its description, which has few colours or only
// greys. A chart whose drawing has hardly begun is nearly all background.
func drawn(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	m, err := png.Decode(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	colours, colourful := map[color.RGBA]int{}, 0
	bounds := m.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
			colours[c]++
			if max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 48 {
				colourful++
			}
		}
	}
	area, background := bounds.Dx()*bounds.Dy(), slices.Max(slices.Collect(maps.Values(colours)))
	if len(colours) < 16 || colourful < 100 || background > area*99/100 {
		return fmt.Errorf("%s is blank: %d colours, %d of %d pixels are not grey, %d are background", path, len(colours), colourful, area, background)
	}
	return nil
}

// TestBlankIsNoFigure: drawn refuses screenshots without a figure.
func TestBlankIsNoFigure(t *testing.T) {
	for name, c := range map[string]struct {
		paint func(x, y int) color.Color
		ok    bool
	}{
		"white":    {func(x, y int) color.Color { return color.White }, false},
		"text":     {func(x, y int) color.Color { return color.Gray{uint8(x * y)} }, false},
		"one area": {func(x, y int) color.Color { return color.RGBA{200, 30, 30, 255} }, false},
		"a corner": {func(x, y int) color.Color {
			if x < 20 && y < 9 {
				return color.RGBA{uint8(10 * x), uint8(10 * y), 255, 255}
			}
			return color.White
		}, false},
		"a figure": {func(x, y int) color.Color { return color.RGBA{uint8(x), uint8(y), 30, 255} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := image.NewRGBA(image.Rect(0, 0, 200, 100))
			for i := range 200 * 100 {
				m.Set(i%200, i/200, c.paint(i%200, i/200))
			}
			path := filepath.Join(t.TempDir(), "figure.png")
			file, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, m); err != nil {
				t.Fatal(err)
			}
			file.Close()
			if err := drawn(path); (err == nil) != c.ok {
				t.Errorf("drawn: %v, want ok %v", err, c.ok)
			}
		})
	}
}
