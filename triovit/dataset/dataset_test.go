// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"pgregory.net/rapid"
)

// TestMain keeps stored hashes out of the user's cache.
func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }

// write writes a file into a folder of a test.
func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buffer bytes.Buffer
	if err := png.Encode(&buffer, m); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// gray returns a gray PNG with one level.
func gray(t testing.TB, w, h int, level uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = level
	}
	return encode(t, m)
}

// wantError fails the test unless err is one line that contains all of the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}

func ids(d Dataset) []string {
	var all []string
	for i := range d.Len() {
		all = append(all, d.ID(i))
	}
	return all
}

func camVid(t *testing.T) string {
	dir := t.TempDir()
	for i, name := range []string{"b.png", "a.png", "c.png"} {
		write(t, dir, "val/"+name, gray(t, 480, 360, uint8(100*i)))
		write(t, dir, "valannot/"+name, gray(t, 480, 360, uint8(i)))
	}
	return dir
}

func TestCamVid(t *testing.T) {
	dir := camVid(t)
	labels := image.NewPaletted(image.Rect(0, 0, 480, 360), nil)
	labels.Palette = make(color.Palette, 12)
	for i := range labels.Palette {
		labels.Palette[i] = color.Gray{uint8(20 * i)}
	}
	for i := range labels.Pix {
		labels.Pix[i] = uint8(i % 12)
	}
	write(t, dir, "valannot/b.png", encode(t, labels))

	d, err := CamVid(t.Context(), dir, "val")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"val/a.png", "val/b.png", "val/c.png"}, ids(d)); diff != "" {
		t.Errorf("ids -want +got:\n%s", diff)
	}
	if d.Name() != "CamVid val" || d.Task() != Segmentation || len(d.Classes()) != 11 || d.Classes()[3] != "road" {
		t.Errorf("%q, %v, %q", d.Name(), d.Task(), d.Classes())
	}
	item, err := d.Load(1)
	if err != nil {
		t.Fatal(err)
	}
	if item.ID != "val/b.png" || item.Image.W != 960 || item.Image.H != 704 || item.Width != 480 || item.Height != 360 {
		t.Errorf("%s: %dx%d from %dx%d", item.ID, item.Image.W, item.Image.H, item.Width, item.Height)
	}
	if item.Label.W != 480 || item.Label.H != 360 {
		t.Fatalf("labels of %dx%d", item.Label.W, item.Label.H)
	}
	for i, class := range item.Label.Map {
		want := uint8(i % 12)
		if want == 11 {
			want = Ignore
		}
		if class != want {
			t.Fatalf("label %d: got %d, want %d", i, class, want)
		}
	}
}

func TestCamVidErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		{"no folder", func(t *testing.T, dir string) { os.RemoveAll(filepath.Join(dir, "valannot")) }, []string{"CamVid", "valannot"}},
		{"no label", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "valannot", "a.png")) }, []string{filepath.Join("val", "a.png"), "no label"}},
		{"no picture", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "val", "c.png")) }, []string{filepath.Join("valannot", "c.png"), "no picture"}},
		{"picture of another format", func(t *testing.T, dir string) { write(t, dir, "val/d.bmp", nil) }, []string{"d.bmp", ".png"}},
		{"two labels", func(t *testing.T, dir string) { write(t, dir, "valannot/a.jpg", nil) }, []string{"second label", "a.png", "a.jpg"}},
		{"unreadable picture", func(t *testing.T, dir string) { write(t, dir, "val/a.png", []byte("not a picture")) }, []string{filepath.Join("val", "a.png"), "PNG"}},
		{"unreadable label", func(t *testing.T, dir string) { write(t, dir, "valannot/a.png", []byte("not a picture")) }, []string{filepath.Join("valannot", "a.png"), "decode labels"}},
		{"picture size", func(t *testing.T, dir string) { write(t, dir, "val/a.png", gray(t, 960, 720, 0)) }, []string{"a.png", "960x720", "480x360"}},
		{"label size", func(t *testing.T, dir string) { write(t, dir, "valannot/a.png", gray(t, 48, 36, 0)) }, []string{filepath.Join("valannot", "a.png"), "48x36", "480x360"}},
		{"label outside", func(t *testing.T, dir string) { write(t, dir, "valannot/a.png", gray(t, 480, 360, 12)) }, []string{filepath.Join("valannot", "a.png"), "label 12 at (0, 0)", "0 to 10"}},
		{"label kind", func(t *testing.T, dir string) {
			write(t, dir, "valannot/a.png", encode(t, image.NewRGBA(image.Rect(0, 0, 480, 360))))
		}, []string{filepath.Join("valannot", "a.png"), "8-bit RGB with transparency"}},
		{"empty", func(t *testing.T, dir string) {
			for _, name := range []string{"a", "b", "c"} {
				os.Remove(filepath.Join(dir, "val", name+".png"))
				os.Remove(filepath.Join(dir, "valannot", name+".png"))
			}
		}, []string{"no pictures"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := camVid(t)
			test.spoil(t, dir)
			d, err := CamVid(t.Context(), dir, "val")
			if err == nil {
				_, err = d.Load(0)
			}
			wantError(t, err, test.want...)
		})
	}
}

func imageFolder(t *testing.T) string {
	dir := t.TempDir()
	write(t, dir, "val/n02/x.JPEG.png", gray(t, 30, 20, 1))
	write(t, dir, "val/n01/z.png", gray(t, 20, 40, 2))
	write(t, dir, "val/n01/y.png", gray(t, 20, 20, 3))
	write(t, dir, "val/.hidden", nil)
	return dir
}

func TestImageFolder(t *testing.T) {
	dir := imageFolder(t)
	write(t, dir, "classes.txt", []byte("n03\tgoldfish\n\nn02\tgreat white shark, man-eater\nn01 tench\r\n"))
	for _, test := range []struct {
		name    string
		options []Option
		classes []string
		want    []int // classes of n01/y, n01/z, n02/x
	}{
		{"folders", nil, []string{"n01", "n02"}, []int{0, 0, 1}},
		{"words", []Option{Words(filepath.Join(dir, "classes.txt"))}, []string{"goldfish", "great white shark, man-eater", "tench"}, []int{2, 2, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8), test.options...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"n01/y.png", "n01/z.png", "n02/x.JPEG.png"}, ids(d)); diff != "" {
				t.Errorf("ids -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.classes, d.Classes()); diff != "" {
				t.Errorf("classes -want +got:\n%s", diff)
			}
			if d.Task() != Classification || !strings.HasSuffix(d.Name(), " val") {
				t.Errorf("%v, %q", d.Task(), d.Name())
			}
			for i, class := range test.want {
				item, err := d.Load(i)
				if err != nil {
					t.Fatal(err)
				}
				if item.Label.Class != class || item.Image.W != 8 || item.Image.H != 8 {
					t.Errorf("%s: class %d, %dx%d", item.ID, item.Label.Class, item.Image.W, item.Image.H)
				}
			}
		})
	}
}

func TestImageFolderErrors(t *testing.T) {
	for _, test := range []struct {
		name, words string
		pipeline    preprocess.Pipeline
		spoil       func(t *testing.T, dir string)
		want        []string
	}{
		{name: "no folder", spoil: func(t *testing.T, dir string) { os.RemoveAll(filepath.Join(dir, "val")) }, want: []string{"val"}},
		{name: "empty", spoil: func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(dir, "val", "n01"))
			os.RemoveAll(filepath.Join(dir, "val", "n02"))
		}, want: []string{"no class folders"}},
		{name: "no pictures in the folders", spoil: func(t *testing.T, dir string) {
			for _, picture := range []string{"n01/y.png", "n01/z.png", "n02/x.JPEG.png"} {
				os.Remove(filepath.Join(dir, "val", filepath.FromSlash(picture)))
			}
			write(t, dir, "val/n01/y", nil)
		}, want: []string{"no pictures", "left out", "n01/y"}},
		{name: "file among folders", spoil: func(t *testing.T, dir string) { write(t, dir, "val/a.png", nil) }, want: []string{"a.png", "folders"}},
		{name: "picture of another format", spoil: func(t *testing.T, dir string) { write(t, dir, "val/n01/sub/a.WebP", nil) }, want: []string{"a.WebP", "no picture that is read"}},
		{name: "unreadable", spoil: func(t *testing.T, dir string) { write(t, dir, "val/n01/y.png", []byte("GIF89a..")) }, want: []string{"y.png", "a GIF"}},
		{name: "class not listed", words: "n01 tench\n", want: []string{"n02", "1 classes", "classes.txt"}},
		{name: "class twice", words: "n01 tench\nn02 shark\nn01 tench\n", want: []string{"classes.txt", "line 3", "n01"}},
		{name: "no classes", words: "\n", want: []string{"classes.txt", "no classes"}},
		{name: "pipeline", pipeline: preprocess.Classification(-1), want: []string{"-1x-1"}},
		{name: "picture too thin", pipeline: preprocess.ImageNet(2000, 0.1), want: []string{"y.png", "20000x20000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := imageFolder(t)
			if test.spoil != nil {
				test.spoil(t, dir)
			}
			var options []Option
			if test.words != "" {
				write(t, dir, "classes.txt", []byte(test.words))
				options = append(options, Words(filepath.Join(dir, "classes.txt")))
			}
			d, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), test.pipeline, options...)
			if err == nil {
				_, err = d.Load(0)
			}
			wantError(t, err, test.want...)
		})
	}
}

func TestFingerprint(t *testing.T) {
	dir := imageFolder(t)
	val := filepath.Join(dir, "val")
	fingerprint := func(p preprocess.Pipeline) string {
		t.Helper()
		d, err := ImageFolder(t.Context(), val, p)
		if err != nil {
			t.Fatal(err)
		}
		return d.Fingerprint()
	}
	p := preprocess.Classification(8)
	first := fingerprint(p)
	if again := fingerprint(p); again != first {
		t.Error("two calls differ")
	}
	if other := fingerprint(preprocess.Classification(16)); other == first {
		t.Error("independent of the preprocessing")
	}

	// The same files in another folder and with other times are the same set.
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.CopyFS(moved, os.DirFS(val)); err != nil {
		t.Fatal(err)
	}
	if d, err := ImageFolder(t.Context(), moved, p); err != nil || d.Fingerprint() != first {
		t.Errorf("a copy differs: %v", err)
	}

	// One pixel changes. The size of the file stays the same.
	picture := filepath.Join(val, "n01", "y.png")
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-20] ^= 1
	write(t, val, "n01/y.png", data)
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(picture, later, later); err != nil {
		t.Fatal(err)
	}
	second := fingerprint(p)
	if second == first {
		t.Error("independent of a picture's contents")
	}
	if err := os.Rename(picture, filepath.Join(val, "n01", "w.png")); err != nil {
		t.Fatal(err)
	}
	if fingerprint(p) == second {
		t.Error("independent of a picture's name")
	}
}

func TestFingerprintIncludesLabels(t *testing.T) {
	dir := camVid(t)
	before, err := CamVid(t.Context(), dir, "val")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "valannot/a.png", gray(t, 480, 360, 10))
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(filepath.Join(dir, "valannot", "a.png"), later, later); err != nil {
		t.Fatal(err)
	}
	after, err := CamVid(t.Context(), dir, "val")
	if err != nil {
		t.Fatal(err)
	}
	if before.Fingerprint() == after.Fingerprint() {
		t.Error("independent of a label")
	}
}

// TestOpenInterrupted: the hashing of a folder stops if ctx ends.
func TestOpenInterrupted(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	classes := t.TempDir()
	write(t, classes, "n01/x.png", gray(t, 8, 8, 1))
	for name, open := range map[string]func() (Dataset, error){
		"CamVid": func() (Dataset, error) { return CamVid(ended, camVid(t), "val") },
		"ADE20K": func() (Dataset, error) { return ADE20K(ended, adeFolder(t), "validation", preprocess.Pipeline{}) },
		"images": func() (Dataset, error) { return ImageFolder(ended, classes, preprocess.Classification(8)) },
	} {
		if _, err := open(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestContentsAreRemembered: a file is hashed again if its size or its time changes. A
// file younger than settled is always hashed again, because its time may be the same
// for two contents.
func TestContentsAreRemembered(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after time.Duration // age of the file when it is hashed
		remembered    bool
	}{
		{"old, unchanged time", time.Hour, time.Hour, true},
		{"old, newer time", time.Hour, time.Hour - 2*time.Second, false},
		{"old, older time", time.Hour, 2 * time.Hour, false},
		{"young, unchanged time", time.Second, time.Second, false},
		{"of the future, unchanged time", -time.Hour, -time.Hour, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, now := t.TempDir(), time.Now()
			d := &files{dir: dir}
			hash := func(contents string, age time.Duration) string {
				t.Helper()
				write(t, dir, "a.png", []byte(contents))
				when := now.Add(-age)
				if err := os.Chtimes(filepath.Join(dir, "a.png"), when, when); err != nil {
					t.Fatal(err)
				}
				sum, err := d.contents(t.Context(), []string{"a.png"})
				if err != nil {
					t.Fatal(err)
				}
				return sum
			}
			first, second := hash("one", test.before), hash("two", test.after)
			if (first == second) != test.remembered {
				t.Errorf("remembered: %v, want %v", first == second, test.remembered)
			}
		})
	}
}

// TestDevicesAreNoPictures: a link to a device in the place of a picture or label is an
// error.
func TestDevicesAreNoPictures(t *testing.T) {
	for _, name := range []string{"val/a.png", "valannot/a.png"} {
		t.Run(name, func(t *testing.T) {
			dir := camVid(t)
			path := filepath.Join(dir, filepath.FromSlash(name))
			os.Remove(path)
			if err := os.Symlink(os.DevNull, path); err != nil {
				t.Skip(err)
			}
			_, err := CamVid(t.Context(), dir, "val")
			wantError(t, err, path, "regular files")
		})
	}
}

// TestContentsVersion compares the hash of some files with the hash stored for
// contentsVersion. If a change of the code changes the hash, cached hashes become
// wrong. Then raise the version and store the new hash here.
func TestContentsVersion(t *testing.T) {
	hashes := map[int]string{1: "ef76d585df47000b37cb6eb13e5b425df77149370a593261bcf4a211d42ed82b"}
	dir := t.TempDir()
	write(t, dir, "a.png", []byte("one"))
	write(t, dir, "n01/b.png", []byte("two"))
	got, err := (&files{dir: dir}).contents(t.Context(), []string{"a.png", "n01/b.png"})
	if err != nil || got != hashes[contentsVersion] {
		t.Errorf("hash %s (%v), stored for version %d is %q: raise contentsVersion", got, err, contentsVersion, hashes[contentsVersion])
	}
}

// scenes returns n items of 3x2 pixels with 2 classes, made by the test.
func scenes(n int) []*Item {
	var items []*Item
	for i := range n {
		m := preprocess.NewRGB(3, 2)
		m.Pix[0] = uint8(i)
		items = append(items, &Item{ID: fmt.Sprintf("scene %d", i), Image: m, Width: 3, Height: 2, Label: Label{Map: []uint8{0, 1, Ignore, 1, 0, 1}, W: 3, H: 2}})
	}
	return items
}

func memorySet(t testing.TB, n int) Dataset {
	d, err := Memory("scenes", Segmentation, []string{"road", "sky"}, scenes(n))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMemory(t *testing.T) {
	d := memorySet(t, 3)
	if d.Len() != 3 || d.ID(2) != "scene 2" || d.Name() != "scenes" || d.Task() != Segmentation {
		t.Errorf("%d pictures, %q, %q, %v", d.Len(), d.ID(2), d.Name(), d.Task())
	}
	if item, err := d.Load(2); err != nil || item.Image.Pix[0] != 2 {
		t.Errorf("picture 2: %v, %v", item, err)
	}
	if d.Fingerprint() != memorySet(t, 3).Fingerprint() || d.Fingerprint() == memorySet(t, 2).Fingerprint() {
		t.Error("fingerprint does not follow the pictures")
	}
	changed := scenes(3)
	changed[1].Label.Map[0] = 1
	if other, err := Memory("scenes", Segmentation, []string{"road", "sky"}, changed); err != nil || other.Fingerprint() == d.Fingerprint() {
		t.Errorf("fingerprint does not follow the labels: %v", err)
	}
}

func TestMemoryErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		task  Task
		spoil func(items []*Item)
		want  []string
	}{
		{"same id", Segmentation, func(items []*Item) { items[1].ID = "scene 0" }, []string{`"scene 0"`, "two"}},
		{"no picture", Segmentation, func(items []*Item) { items[1].Image = nil }, []string{`"scene 1"`, "no picture"}},
		{"short picture", Segmentation, func(items []*Item) { items[1].Image.Pix = nil }, []string{`"scene 1"`, "no picture"}},
		{"label outside", Segmentation, func(items []*Item) { items[1].Label.Map[4] = 2 }, []string{`"scene 1"`, "label 2 at (1, 1)", "0 to 1"}},
		{"short labels", Segmentation, func(items []*Item) { items[1].Label.H = 3 }, []string{`"scene 1"`, "6 labels for 3x3"}},
		{"class outside", Classification, func(items []*Item) { items[1].Label.Class = 2 }, []string{`"scene 1"`, "class 2", "0 to 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			items := scenes(2)
			test.spoil(items)
			_, err := Memory("scenes", test.task, []string{"road", "sky"}, items)
			wantError(t, err, append(test.want, "scenes")...)
		})
	}
}

func TestParts(t *testing.T) {
	d := memorySet(t, 5)
	must := func(d Dataset, err error) Dataset {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, test := range []struct {
		name string
		part Dataset
		want []string
	}{
		{"scenes, the first (2 of 5)", must(Head(d, 2)), []string{"scene 0", "scene 1"}},
		{"scenes", must(Head(d, 7)), ids(d)},
		{"scenes", must(Every(d, 1)), ids(d)},
		{"scenes, one in 2 (3 of 5)", must(Every(d, 2)), []string{"scene 0", "scene 2", "scene 4"}},
		{"scenes, as listed (2 of 5)", must(Subset(d, "scene 3", "scene 1")), []string{"scene 3", "scene 1"}},
		{"scenes, evenly spread (2 of 5)", must(Spread(d, 2)), []string{"scene 0", "scene 2"}},
		{"scenes, evenly spread (4 of 5)", must(Spread(d, 4)), []string{"scene 0", "scene 1", "scene 2", "scene 3"}},
		{"scenes", must(Spread(d, 6)), ids(d)},
		{"scenes, one in 2 (3 of 5), the first (2 of 3)", must(Head(must(Every(d, 2)), 2)), []string{"scene 0", "scene 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.part.Name() != test.name {
				t.Errorf("called %q", test.part.Name())
			}
			if diff := cmp.Diff(test.want, ids(test.part)); diff != "" {
				t.Errorf("ids -want +got:\n%s", diff)
			}
			for i, id := range test.want {
				if item, err := test.part.Load(i); err != nil || item.ID != id {
					t.Errorf("picture %d: %v, %v", i, item, err)
				}
			}
		})
	}
	_, err := Head(d, 0)
	wantError(t, err, "0", "1 to 5")
	_, err = Every(d, -1)
	wantError(t, err, "-1", "1 to 5")
	_, err = Spread(d, 0)
	wantError(t, err, "0", "1 to 5")
	_, err = Subset(d, "scene 1", "scene 9")
	wantError(t, err, `"scene 9"`, "scenes")
	for _, n := range []int{-1, 0, 6} {
		_, err = Draw(d, n, 1)
		wantError(t, err, fmt.Sprint(n), "1 to 5")
	}
}

// TestDraw: a draw has the requested number of the set's pictures, each once and in the
// set's order. The seed decides which. A smaller draw of a seed is a part of a larger
// one, and a draw of all is the set.
func TestDraw(t *testing.T) {
	sets := make([]Dataset, 20)
	for i := range sets {
		sets[i] = memorySet(t, i+1)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(sets).Draw(t, "set")
		n, seed := rapid.IntRange(1, d.Len()).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		draw := func(n int) Dataset {
			part, err := Draw(d, n, seed)
			if err != nil {
				t.Fatal(err)
			}
			return part
		}
		part, at := draw(n), -1
		for _, id := range ids(part) {
			i := slices.Index(ids(d), id)
			if i <= at {
				t.Fatalf("%q of %q: repeated, of another set or in another order", id, ids(part))
			}
			at = i
		}
		if part.Len() != n || part.Fingerprint() != draw(n).Fingerprint() {
			t.Fatalf("%d pictures of %d, or the seed draws others the second time", part.Len(), n)
		}
		for _, id := range ids(draw(rapid.IntRange(1, n).Draw(t, "fewer"))) {
			if !slices.Contains(ids(part), id) {
				t.Fatalf("a smaller draw has %q, which %q lacks", id, ids(part))
			}
		}
		if all := draw(d.Len()); all != d {
			t.Fatalf("a draw of all is %q", all.Name())
		}
	})
	d, seen := sets[19], map[string]bool{}
	for seed := range uint64(20) {
		part, err := Draw(d, 10, seed)
		if err != nil {
			t.Fatal(err)
		}
		seen[strings.Join(ids(part), ",")] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 seeds draw %d different halves", len(seen))
	}
}

// TestPartsFingerprint: parts with different pictures have different fingerprints.
func TestPartsFingerprint(t *testing.T) {
	d := memorySet(t, 12)
	seen := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(rapid.SampledFrom(ids(d)), rapid.ID).Draw(t, "ids")
		part, err := Subset(d, list...)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(list, ",")
		if other, ok := seen[part.Fingerprint()]; ok && other != all {
			t.Fatalf("%s and %s have the same fingerprint", other, all)
		}
		seen[part.Fingerprint()] = all
	})
}

func TestCityscapesToCamVid(t *testing.T) {
	kind := map[string]string{
		"road": "road", "sidewalk": "pavement", "building": "building", "wall": "building", "fence": "fence", "pole": "pole",
		"traffic light": "sign", "traffic sign": "sign", "vegetation": "tree", "terrain": "tree", "sky": "sky",
		"person": "pedestrian", "rider": "bicyclist", "car": "car", "truck": "car", "bus": "car", "train": "car",
		"motorcycle": "bicyclist", "bicycle": "bicyclist",
	}
	for id, class := range CityscapesClasses {
		if got := CamVidClasses[CityscapesToCamVid[id]].Name; got != kind[class.Name] {
			t.Errorf("%s maps to %s, want %s", class.Name, got, kind[class.Name])
		}
	}
}

func TestSharedSets(t *testing.T) {
	tiny := shared.Path(t, "data/tiny-imagenet")
	scenes := shared.Path(t, "data/camvid")
	words := Words(filepath.Join(tiny, "classes.txt"))
	for _, test := range []struct {
		name string
		open func() (Dataset, error)
		n    int
	}{
		{"CamVid train", func() (Dataset, error) { return CamVid(t.Context(), scenes, "train") }, 62},
		{"CamVid val", func() (Dataset, error) { return CamVid(t.Context(), scenes, "val") }, 101},
		{"tiny-imagenet train", func() (Dataset, error) {
			return ImageFolder(t.Context(), filepath.Join(tiny, "train"), preprocess.Classification(128), words)
		}, 600},
		{"tiny-imagenet val", func() (Dataset, error) {
			return ImageFolder(t.Context(), filepath.Join(tiny, "val"), preprocess.Classification(128), words)
		}, 2000},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := test.open()
			if err != nil {
				t.Fatal(err)
			}
			if d.Name() != test.name || d.Len() != test.n {
				t.Errorf("%q has %d pictures, want %d", d.Name(), d.Len(), test.n)
			}
			part, err := Every(d, 20)
			if err != nil {
				t.Fatal(err)
			}
			for i := range part.Len() {
				item, err := part.Load(i)
				if err != nil {
					t.Fatal(err)
				}
				if item.Label.Class >= len(d.Classes()) {
					t.Errorf("%s: class %d of %d", item.ID, item.Label.Class, len(d.Classes()))
				}
			}
		})
	}
	// The list of words must not change the index of a class.
	plain, err := ImageFolder(t.Context(), filepath.Join(tiny, "val"), preprocess.Classification(128))
	if err != nil {
		t.Fatal(err)
	}
	named, err := ImageFolder(t.Context(), filepath.Join(tiny, "val"), preprocess.Classification(128), words)
	if err != nil {
		t.Fatal(err)
	}
	for i := range plain.(*files).entries {
		if a, b := plain.(*files).entries[i], named.(*files).entries[i]; a != b {
			t.Fatalf("%v with words is %v", a, b)
		}
	}
}

func FuzzParseLabels(f *testing.F) {
	f.Add(gray(f, 4, 3, 11), 4, 3)
	f.Add(gray(f, 4, 3, 12), 4, 3)
	f.Add(gray(f, 4, 3, 1)[:40], 4, 3)
	f.Add([]byte("\x89PNG"), 1, 1)
	f.Fuzz(func(t *testing.T, data []byte, w, h int) {
		if w < 0 || h < 0 || w > 64 || h > 64 {
			return
		}
		var label Label
		if hostile.Read(t, len(data), func() (err error) { label, err = camVidCoding().parse(data, w, h); return }) != nil {
			return
		}
		if len(label.Map) != w*h {
			t.Fatalf("%d labels for %dx%d", len(label.Map), w, h)
		}
		for i, class := range label.Map {
			if class > 10 && class != Ignore {
				t.Fatalf("label %d is %d", i, class)
			}
		}
	})
}

// TestNamed: classes beyond the names are called by their numbers, and the caller's slice
// stays as it is.
func TestNamed(t *testing.T) {
	all := []string{"road", "sky", "car"}
	if got := Named(all[:1], 3); !slices.Equal(got, []string{"road", "class 1", "class 2"}) {
		t.Errorf("%q", got)
	}
	if all[1] != "sky" {
		t.Errorf("the names became %q", all)
	}
	if got := Named(all, 3); !slices.Equal(got, all) {
		t.Errorf("%q, want %q", got, all)
	}
}

func BenchmarkOpenAgain(b *testing.B) {
	dir := shared.Path(b, "data/tiny-imagenet/val")
	for b.Loop() {
		if _, err := ImageFolder(b.Context(), dir, preprocess.Classification(128)); err != nil {
			b.Fatal(err)
		}
	}
}
