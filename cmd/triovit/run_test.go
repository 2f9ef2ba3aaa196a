// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// writeColors writes an artefact whose logits are the red, green and blue levels of the
// first pixel of each square block, whose side is block pixels.
func writeColors(t *testing.T, path string, block int, classes ...string) {
	t.Helper()
	m := &integer.Model{Name: "colors", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Classes: classes, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{32, 64, 3}, Grid: grid.Uniform{Scale: 1.0 / 64, Lo: -128, Hi: 127}}},
		{Name: "logits", Inputs: []string{"input"}, Values: integer.Values{Steps: []float64{1.0 / 64}},
			Operation: &integer.Conv{Kernel: 1, Stride: block, Groups: 1, WeightBits: 8, Weights: []int8{1, 0, 0, 0, 1, 0, 0, 0, 1}, Bias: make([]int32, 3)}},
	}}
	m.Picture = integer.Picture{Pipeline: preprocess.Fixed(64, 32, preprocess.Bilinear), Normalization: preprocess.Normalization{Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.5, 0.5, 0.5}}}
	if err := m.WriteFile(path); err != nil {
		t.Fatal(err)
	}
}

// halves returns a picture that is red on its left and blue on its right.
func halves(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		c := color.RGBA{200, 20, 10, 255}
		if i%w >= w/2 {
			c = color.RGBA{10, 20, 200, 255}
		}
		m.Set(i%w, i/w, c)
	}
	return m
}

// TestRun: the answer of a classifier is its softmax. The answer of a segmentation is the
// part of the picture that each class covers, and a map of the picture's size in the
// classes' colours. A folder stands for all its pictures.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeColors(t, file("name.triovit"), 64, "red", "green", "blue")
	writeColors(t, file("map.triovit"), 4)
	if err := os.Mkdir(file("pictures"), 0o777); err != nil {
		t.Fatal(err)
	}
	writePicture(t, file("pictures/a.png"), halves(64, 32))
	writePicture(t, file("pictures/b.png"), halves(200, 100))
	writeFile(t, file("pictures/notes.txt"), "no picture")

	text := succeeds(t, dir, "run", "-model", file("name.triovit"), file("pictures"))
	text += succeeds(t, dir, "run", "-model", file("map.triovit"), "-out", file("maps"), "-top", "2", file("pictures/b.png"), file("pictures/a.png"))
	golden.Text(t, "run.golden", masked(text))

	var got answers
	if err := json.Unmarshal([]byte(must(t, "run", "-json", "-model", file("name.triovit"), "-profile", "2", file("pictures/a.png"))), &got); err != nil {
		t.Fatal(err)
	}
	// Codes are (level/255 − 0.5)/0.5 in steps of 1/64: 36, −54 and −59.
	e := []float64{math.Exp(36. / 64), math.Exp(-54. / 64), math.Exp(-59. / 64)}
	if c := got.Pictures[0].Classes; len(c) != 3 || c[0].Class != "red" || math.Abs(c[0].Share-e[0]/(e[0]+e[1]+e[2])) > 1e-6 {
		t.Errorf("classes %v", c)
	}
	if !(got.Peak > 0) || len(got.Steps) != 2 || got.Steps[1].MACs != 9 || got.Steps[1].Kind != "Conv" || got.Steps[1].Seconds <= 0 {
		t.Errorf("steps %+v", got.Steps)
	}
	if text := must(t, "run", "-model", file("name.triovit"), "-profile", "2", file("pictures/a.png")); !strings.Contains(text, "of the peak %") || strings.Count(text, "\n") != 7 {
		t.Errorf("the profile is shown as\n%s", text)
	}
	must(t, "run", "-model", file("name.triovit"), "-profile", "2", "-out", file("maps"), file("pictures/a.png"))
	if svg, err := os.ReadFile(file("maps/profile.svg")); err != nil || !strings.Contains(string(svg), "of the peak") {
		t.Errorf("the profile's figure: %v, %.200s", err, svg)
	}

	f, err := os.Open(file("maps/b.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	colors := dataset.Colors([]string{"class 0", "class 1", "class 2"})
	if m.Bounds().Dx() != 200 || m.Bounds().Dy() != 100 || m.At(10, 50) != color.Color(colors[0]) || m.At(190, 50) != color.Color(colors[2]) {
		t.Errorf("a map of %v with %v and %v", m.Bounds(), m.At(10, 50), m.At(190, 50))
	}
}

// TestRunRefuses: an artefact or a picture that cannot run is an error that names it.
func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeColors(t, file("name.triovit"), 64)
	writeColors(t, file("map.triovit"), 4)
	writePicture(t, file("a.png"), halves(64, 32))
	for _, folder := range []string{"empty", "other"} {
		if err := os.Mkdir(file(folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	writePicture(t, file("other/a.png"), halves(64, 32))
	writeFile(t, file("text.png"), "no picture")
	for _, c := range []struct {
		name   string
		status int
		args   []string
		want   string
	}{
		{"no artefact", misused, []string{file("a.png")}, "no artefact is named"},
		{"no picture", misused, []string{"-model", file("map.triovit")}, "no picture is named"},
		{"no classes", misused, []string{"-model", file("map.triovit"), "-top", "0", file("a.png")}, "-top 0"},
		{"maps of a classifier", misused, []string{"-model", file("name.triovit"), "-out", dir, file("a.png")}, "colors is a classifier"},
		{"two maps of one name", misused, []string{"-model", file("map.triovit"), "-out", file("maps"), file("a.png"), file("other")}, "would both be"},
		{"an empty folder", failed, []string{"-model", file("map.triovit"), file("empty")}, "no .png, .jpg or .jpeg file"},
		{"a file that is no picture", failed, []string{"-model", file("map.triovit"), file("text.png")}, "text.png"},
		{"a file that is no artefact", failed, []string{"-model", file("a.png"), file("a.png")}, "artefact"},
		{"an absent picture", failed, []string{"-model", file("map.triovit"), file("absent.png")}, "absent.png"},
	} {
		status, out, errors := call(t, append([]string{"run"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(errors, c.want) || strings.Count(errors, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q, want %q", c.name, status, out, errors, c.want)
		}
	}
}
