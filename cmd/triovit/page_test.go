// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/browser"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
)

// A reading is the job of scripts/page.mjs, which gives pictures to a page.
type reading struct {
	URL      string  `json:"url"`
	Scheme   string  `json:"scheme"`
	Width    int     `json:"width"`
	Pictures []given `json:"pictures"`
	Folder   string  `json:"folder"`
	Chromium string  `json:"chromium"`
}

// A given is a picture with the way in which the page gets it.
type given struct {
	Path string `json:"path"`
	By   string `json:"by"`
}

// A readout holds the script's observations.
type readout struct {
	Title      string
	Facts      []string
	Answers    []readAnswer
	Opacity    []string
	Elsewhere  []string // requests to other places than the page
	Complaints []string // of scripts, and lines on the console
}

type readAnswer struct {
	Status  string
	Wrong   bool
	Classes [][2]string
	Phases  []string
	Map     []byte
}

// read exports an artefact as a page and reads it in Chromium from its file. Screenshots
// are stored in build/page.
func read(t *testing.T, artefact, scheme string, width int, pictures ...given) *readout {
	t.Helper()
	b := browser.Find(t)
	html := filepath.Join(t.TempDir(), "page.html")
	must(t, "export", "-model", artefact, "-html", html)
	seen := new(readout)
	b.Run(t, "page.mjs", reading{URL: "file://" + html, Scheme: scheme, Width: width, Pictures: pictures,
		Folder: filepath.Join(browser.Root(), "build", "page", t.Name()), Chromium: b.Chromium}, seen)
	for _, address := range seen.Elsewhere {
		t.Errorf("a request for %s", address)
	}
	for _, c := range seen.Complaints {
		t.Errorf("the page complains: %s", c)
	}
	if len(seen.Answers) != len(pictures) {
		t.Fatalf("%d answers to %d pictures", len(seen.Answers), len(pictures))
	}
	return seen
}

// runs returns the answer of the command "run".
func runs(t *testing.T, args ...string) answer {
	t.Helper()
	var got answers
	if err := json.Unmarshal([]byte(must(t, append([]string{"run", "-json", "-top", "99"}, args...)...)), &got); err != nil {
		t.Fatal(err)
	}
	return got.Pictures[0]
}

// shown returns classes with their shares as a page shows them.
func shown(a answer) (lines [][2]string) {
	for _, c := range a.Classes {
		share := fmt.Sprintf("%.1f %%", 100*c.Share)
		if c.Share < 0.0005 {
			share = "< 0.1 %"
		}
		lines = append(lines, [2]string{c.Class, share})
	}
	return lines
}

// pixels returns the pixels of a PNG.
func pixels(t *testing.T, file []byte) *image.NRGBA {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewNRGBA(m.Bounds())
	draw.Draw(out, out.Rect, m, image.Point{}, draw.Src)
	return out
}

// TestPageOfASegmentation: the page of the built-in model has the classes, shares and map of
// the command "run", pixel for pixel, however it gets a picture. A JPEG whose orientation is
// not upright is turned by the browser, and has nearly the map of the upright JPEG. A file
// that is no picture is refused.
func TestPageOfASegmentation(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser runs the built-in model: 10 s")
	}
	browser.Find(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	must(t, "freeze", "-recipe", calib.TrioViTPlusInteger.Name, "-calibration-sample", "16", "-out", file("m.triovit"))
	scene := scenes.Draw(7, 320, 200)
	street := func(alpha func(i int) int) *image.NRGBA {
		m := image.NewNRGBA(image.Rect(0, 0, scene.W, scene.H))
		for i := range scene.W * scene.H {
			copy(m.Pix[4*i:], scene.Pix[3*i:3*i+3])
			m.Pix[4*i+3] = uint8(alpha(i))
		}
		return m
	}
	opaque := street(func(int) int { return 255 })
	writePicture(t, file("opaque.png"), opaque)
	writePicture(t, file("transparent.png"), street(func(i int) int { return i }))
	sideways := image.NewNRGBA(image.Rect(0, 0, scene.H, scene.W))
	for y := range scene.H {
		for x := range scene.W {
			sideways.Set(y, scene.W-1-x, opaque.At(x, y))
		}
	}
	// Orientation 6: the first row of the file is the right side.
	const tag = "\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	photograph := func(m image.Image) string {
		var b strings.Builder
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	writeFile(t, file("photograph.jpg"), photograph(opaque))
	writeFile(t, file("turned.jpg"), photograph(sideways)[:2]+tag+photograph(sideways)[2:])
	writeFile(t, file("none.png"), "no picture")

	seen := read(t, file("m.triovit"), "light", 1280, given{file("opaque.png"), "choose"}, given{file("transparent.png"), "drop"},
		given{file("photograph.jpg"), "paste"}, given{file("turned.jpg"), "drop"}, given{file("none.png"), "choose"})
	if want := []string{"8 bits", "8 bits", "256 × 128", "19"}; seen.Title != "efficientvit-seg-b0-scenes" || !slices.Equal(seen.Facts, want) {
		t.Errorf("the page is called %q and says %q, want %q", seen.Title, seen.Facts, want)
	}
	for i, c := range []struct {
		name, same string // the picture, and the one that "run" is given
		most       int    // pixels that may have another class
	}{{"opaque.png", "opaque.png", 0}, {"transparent.png", "transparent.png", 0}, {"photograph.jpg", "photograph.jpg", 0}, {"turned.jpg", "photograph.jpg", scene.W * scene.H / 20}} {
		got, want := seen.Answers[i], runs(t, "-model", file("m.triovit"), "-out", file("maps"), file(c.same))
		if got.Wrong || got.Status != c.name || len(got.Phases) != 3 {
			t.Errorf("%s: it says %q, with %d times", c.name, got.Status, len(got.Phases))
		}
		a, b, differ := pixels(t, got.Map), pixels(t, []byte(readFile(t, want.Map))), 0
		if a.Rect != b.Rect {
			t.Fatalf("%s: a map of %v, want %v", c.name, a.Rect, b.Rect)
		}
		for j := 0; j < len(a.Pix); j += 4 {
			if !slices.Equal(a.Pix[j:j+4], b.Pix[j:j+4]) {
				differ++
			}
		}
		if differ > c.most {
			t.Errorf("%s: %d pixels have another class", c.name, differ)
		}
		if c.most == 0 && !slices.Equal(got.Classes, shown(want)) {
			t.Errorf("%s: the classes %q, want %q", c.name, got.Classes, shown(want))
		}
	}
	if last := seen.Answers[4]; !last.Wrong || !strings.HasPrefix(last.Status, "none.png: ") {
		t.Errorf("of a file that is no picture it says %q", last.Status)
	}
	if !slices.Equal(seen.Opacity, []string{"59 %", "0.59"}) {
		t.Errorf("an arrow key makes the opacity %q", seen.Opacity)
	}
}

// TestPageOfAClassifier: the page shows the softmax of the command "run". Names of classes
// are text, whatever they are.
func TestPageOfAClassifier(t *testing.T) {
	if testing.Short() {
		t.Skip("the go command compiles a program, and a browser runs it")
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeColors(t, file("m.triovit"), 64, `</script><script>console.error("ran")</script>`, `"green" & <b>`, "blue")
	writePicture(t, file("a.png"), halves(200, 100))
	seen := read(t, file("m.triovit"), "dark", 420, given{file("a.png"), "choose"})
	want := shown(runs(t, "-model", file("m.triovit"), file("a.png")))
	if got := seen.Answers[0]; !slices.Equal(got.Classes, want) || got.Map != nil || len(got.Phases) != 2 {
		t.Errorf("the classes %q with %d times, want %q", got.Classes, len(got.Phases), want)
	}
}
