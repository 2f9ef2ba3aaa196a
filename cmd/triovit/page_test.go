// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/browser"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
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

// A given is a picture with the way in which the page gets it. While a bare one is shown, the
// browser has no canvas.
type given struct {
	Path string `json:"path"`
	By   string `json:"by"`
	Bare bool   `json:"bare"`
	// Stopped says that the page's worker fails before the picture is given.
	Stopped bool `json:"stopped"`
}

// A readout holds the script's observations.
type readout struct {
	Title      string
	Facts      []string
	Kernels    string
	Answers    []readAnswer
	Opacity    []string
	Elsewhere  []string // requests to other places than the page
	Complaints []string // of scripts, and lines on the console
}

type readAnswer struct {
	Status  string
	Wrong   bool
	Again   bool   // the page offers to run the picture again
	Runs    string // the words beside the time of the last run
	Classes [][2]string
	Phases  []string
	Picture []byte // the picture as it is shown, at the screen's size; nil if none is
	Map     []byte
}

// pageOf writes an artefact as a page and returns the page's path.
func pageOf(t *testing.T, artefact string) string {
	t.Helper()
	html := filepath.Join(t.TempDir(), "page.html")
	must(t, "export", "-model", artefact, "-html", html)
	return html
}

// read reads a page in Chromium from its file. Screenshots are stored in build/page.
func read(t *testing.T, html, scheme string, width int, pictures ...given) *readout {
	t.Helper()
	b := browser.Find(t)
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

// unlike returns how many pixels of a picture are far from the colours of a shot, in which
// the picture has another size.
func unlike(shot, picture image.Image) (n int) {
	size, full := picture.Bounds(), shot.Bounds()
	for y := range size.Dy() {
		for x := range size.Dx() {
			r, g, b, _ := picture.At(x, y).RGBA()
			s, u, v, _ := shot.At((2*x+1)*full.Dx()/(2*size.Dx()), (2*y+1)*full.Dy()/(2*size.Dy())).RGBA()
			for _, d := range []int{int(r) - int(s), int(g) - int(u), int(b) - int(v)} {
				if max(d, -d) > 0x4000 {
					n++
					break
				}
			}
		}
	}
	return n
}

// TestPageOfASegmentation: the page of the built-in model has the classes, shares and map of
// the command "run", pixel for pixel, however it gets a picture, and so for a PNG with an
// orientation tag, which both ignore, and for a GIF, which the browser decodes. A JPEG whose
// orientation is not upright is turned by the browser, and has nearly the map of the upright
// JPEG. A file that is no picture has the error of "run", and a map that cannot be drawn is
// an error of its picture alone.
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
	const tag = "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	const app1, chunk = "\xff\xe1\x00\x22Exif\x00\x00" + tag, "eXIf" + tag
	photograph := func(m image.Image) string {
		var b strings.Builder
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	writeFile(t, file("photograph.jpg"), photograph(opaque))
	writeFile(t, file("turned.jpg"), photograph(sideways)[:2]+app1+photograph(sideways)[2:])
	const header = 33 // bytes of a PNG's signature and header
	data := readFile(t, file("opaque.png"))
	tagged := binary.BigEndian.AppendUint32([]byte(data[:header]), uint32(len(tag)))
	tagged = binary.BigEndian.AppendUint32(append(tagged, chunk...), crc32.ChecksumIEEE([]byte(chunk)))
	writeFile(t, file("tagged.png"), string(tagged)+data[header:])
	few := image.NewPaletted(opaque.Rect, palette.Plan9)
	draw.Draw(few, few.Rect, opaque, image.Point{}, draw.Src)
	writePicture(t, file("few.png"), few)
	var drawn bytes.Buffer
	if err := gif.Encode(&drawn, few, nil); err != nil {
		t.Fatal(err)
	}
	writeFile(t, file("few.gif"), drawn.String())
	writeFile(t, file("cut.png"), data[:len(data)/2])
	writeFile(t, file("short.png"), data[:header])
	writeFile(t, file("cut.jpg"), photograph(opaque)[:2000])
	writeFile(t, file("cut-turned.jpg"), readFile(t, file("turned.jpg"))[:60])
	writeFile(t, file("none.png"), "no picture")
	writeFile(t, file("empty.png"), "")

	pictures := []struct {
		given
		same string // the picture that "run" is given; "" for an error
		most int    // pixels that may have another class
	}{
		{given{Path: "opaque.png", By: "choose"}, "opaque.png", 0},
		{given{Path: "opaque.png", By: "choose", Bare: true}, "", 0},
		{given{Path: "transparent.png", By: "drop"}, "transparent.png", 0},
		{given{Path: "photograph.jpg", By: "paste"}, "photograph.jpg", 0},
		{given{Path: "turned.jpg", By: "drop"}, "photograph.jpg", scene.W * scene.H / 20},
		{given{Path: "tagged.png", By: "choose"}, "opaque.png", 0},
		{given{Path: "few.gif", By: "choose"}, "few.png", 0},
		{given{Path: "cut.png", By: "choose"}, "", 0},
		{given{Path: "short.png", By: "choose"}, "", 0},
		{given{Path: "cut.jpg", By: "drop"}, "", 0},
		{given{Path: "cut-turned.jpg", By: "drop"}, "", 0},
		{given{Path: "none.png", By: "choose"}, "", 0},
		{given{Path: "empty.png", By: "paste"}, "", 0},
		{given{Path: "opaque.png", By: "drop"}, "opaque.png", 0},
		{given{Path: "opaque.png", By: "drop", Stopped: true}, "", 0},
	}
	var all []given
	for _, c := range pictures {
		c.Path = file(c.Path)
		all = append(all, c.given)
	}
	seen := read(t, pageOf(t, file("m.triovit")), "light", 1280, all...)
	if want := []string{"8 bits", "8 bits", "256 × 128", "19"}; seen.Title != "efficientvit-seg-b0-scenes" || !slices.Equal(seen.Facts, want) {
		t.Errorf("the page is called %q and says %q, want %q", seen.Title, seen.Facts, want)
	}
	if seen.Kernels != "kernels wasm" {
		t.Errorf("the page runs on %q", seen.Kernels)
	}
	ran := 0
	for i, c := range pictures {
		got := seen.Answers[i]
		if !got.Again {
			t.Errorf("%s: it cannot be run again", c.Path)
		}
		if c.same == "" {
			want := "the browser has no canvas for the map"
			if c.Stopped {
				want = "the worker has stopped"
			}
			if _, err := preprocess.Decode([]byte(readFile(t, file(c.Path)))); err != nil {
				want = err.Error()
			}
			if !got.Wrong || got.Status != c.Path+": "+want {
				t.Errorf("%s: it says %q, want %q", c.Path, got.Status, want)
			}
			if got.Picture != nil {
				t.Errorf("%s: below the error another picture's result is shown", c.Path)
			}
			continue
		}
		ran++
		if words := fmt.Sprintf("the least of %d runs: ", ran); ran > 1 && !strings.HasPrefix(got.Runs, words) {
			t.Errorf("%s: beside the time it says %q, want %q", c.Path, got.Runs, words)
		}
		want := runs(t, "-model", file("m.triovit"), "-out", file("maps"), file(c.same))
		if got.Wrong || got.Status != c.Path || len(got.Phases) != 3 {
			t.Errorf("%s: it says %q, with %d times", c.Path, got.Status, len(got.Phases))
		}
		a, b, differ := pixels(t, got.Map), pixels(t, []byte(readFile(t, want.Map))), 0
		if a.Rect != b.Rect {
			t.Fatalf("%s: a map of %v, want %v", c.Path, a.Rect, b.Rect)
		}
		// A browser blends a transparent picture with the ground.
		if n := unlike(pixels(t, got.Picture), opaque); n > scene.W*scene.H/10 && c.Path != "transparent.png" {
			t.Errorf("%s: it is shown with %d pixels that are not the scene's", c.Path, n)
		}
		for j := 0; j < len(a.Pix); j += 4 {
			if !slices.Equal(a.Pix[j:j+4], b.Pix[j:j+4]) {
				differ++
			}
		}
		if differ > c.most {
			t.Errorf("%s: %d pixels have another class", c.Path, differ)
		}
		if c.most == 0 && !slices.Equal(got.Classes, shown(want)) {
			t.Errorf("%s: the classes %q, want %q", c.Path, got.Classes, shown(want))
		}
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
	seen := read(t, pageOf(t, file("m.triovit")), "dark", 420, given{Path: file("a.png"), By: "choose"})
	want := shown(runs(t, "-model", file("m.triovit"), file("a.png")))
	if got := seen.Answers[0]; !slices.Equal(got.Classes, want) || got.Map != nil || len(got.Phases) != 2 {
		t.Errorf("the classes %q with %d times, want %q", got.Classes, len(got.Phases), want)
	}
}

// TestPageThatCannotStart: where the artefact in the page cannot be read, the reason is the
// answer to every picture.
func TestPageThatCannotStart(t *testing.T) {
	if testing.Short() {
		t.Skip("the go command compiles a program, and a browser runs it")
	}
	browser.Find(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeColors(t, file("m.triovit"), 64, "red", "green", "blue")
	writePicture(t, file("a.png"), halves(200, 100))
	html := pageOf(t, file("m.triovit"))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, "no artefact")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	artefact := regexp.MustCompile(`(<script id="artefact"[^>]*>)[^<]*`)
	writeFile(t, html, artefact.ReplaceAllString(readFile(t, html), "${1}"+base64.StdEncoding.EncodeToString(packed.Bytes())))
	_, err := integer.Read(strings.NewReader("no artefact"), int64(len("no artefact")))
	seen := read(t, html, "light", 1280, given{Path: file("a.png"), By: "choose"}, given{Path: file("a.png"), By: "drop"})
	for _, got := range seen.Answers {
		if !got.Wrong || got.Status != fmt.Sprintf("a.png: %v", err) {
			t.Errorf("it says %q, want the error %q", got.Status, err)
		}
	}
}
