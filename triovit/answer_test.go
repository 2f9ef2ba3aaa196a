// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"pgregory.net/rapid"
)

// TestAnswerOfAClassifier: shares are the softmax, and a class without a name is called by
// its number.
func TestAnswerOfAClassifier(t *testing.T) {
	a := NewAnswer([]float32{0, float32(math.Log(2)), 0, -1000}, []int{4}, []string{"jay", "owl"}, 8, 8)
	want := []ClassShare{{"owl", 0.5}, {"jay", 0.25}, {"class 2", 0.25}}
	if !slices.EqualFunc(a.Classes, want, func(x, y ClassShare) bool {
		return x.Class == y.Class && math.Abs(x.Share-y.Share) < 1e-7
	}) {
		t.Errorf("classes %v, want %v", a.Classes, want)
	}
	if a.Map != nil || a.Picture() != nil || len(a.Top(2)) != 2 || len(a.Top(9)) != 3 {
		t.Errorf("a map %v, or %v of %v", a.Map, a.Top(2), a.Classes)
	}
	if text := a.String(); !strings.Contains(text, "softmax %") || !strings.Contains(text, "50.0") {
		t.Errorf("the table is\n%s", text)
	}
}

// TestAnswerOfASegmentation: the map has the picture's size, and a class's share is the
// part that it covers.
func TestAnswerOfASegmentation(t *testing.T) {
	names := []string{"road", "sky", "car"}
	a := NewAnswer([]float32{1, 0, 0, 0, 1, 0}, []int{1, 2, 3}, names, 8, 4) // the classes are road and sky
	if want := []ClassShare{{"road", 0.5}, {"sky", 0.5}}; !slices.Equal(a.Classes, want) {
		t.Errorf("classes %v, want %v", a.Classes, want)
	}
	m, colors := a.Picture(), dataset.Colors(names)
	if m.Bounds().Dx() != 8 || m.Bounds().Dy() != 4 || m.At(0, 3) != color.Color(colors[0]) || m.At(7, 0) != color.Color(colors[1]) {
		t.Errorf("a picture of %v with %v and %v", m.Bounds(), m.At(0, 3), m.At(7, 0))
	}
	if !strings.Contains(a.String(), "of the picture %") {
		t.Errorf("the table is\n%s", a)
	}
}

// The shares of all classes sum to 1, the first is the largest, and it is the class that
// an evaluation takes.
func TestAnswerIsTheRankedClass(t *testing.T) {
	names := strings.Split("abcdefghij", "")
	rapid.Check(t, func(t *rapid.T) {
		logits := rapid.SliceOfN(rapid.Float32Range(-30, 30), len(names), len(names)).Draw(t, "logits")
		a := NewAnswer(logits, []int{len(names)}, names, 1, 1)
		sum := 0.0
		for i, c := range a.Classes {
			sum += c.Share
			if i > 0 && c.Share > a.Classes[i-1].Share {
				t.Fatalf("%v has a larger share than %v", c, a.Classes[i-1])
			}
		}
		if first := slices.Index(names, a.Classes[0].Class); rank(logits, first) != 0 || math.Abs(sum-1) > 1e-9 {
			t.Fatalf("%v of %v, sum %v", a.Classes, logits, sum)
		}
	})
}

// TestAnswerFile: a picture in a file is brought to the network's size, in floating point
// and in integers alike, and what cannot be answered is an error that names the file.
func TestAnswerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seven.png")
	picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{R: 7, A: 255}), image.Point{}, draw.Src)
	if err := atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, picture) }); err != nil {
		t.Fatal(err)
	}
	f := frozen(t, redModel(32, 10), nil)
	f.Model.Classes = strings.Split("abcdefghij", "")
	a, err := f.Described().AnswerFile(f, path)
	if err != nil || a.Classes[0].Class != "h" {
		t.Fatalf("%v (%v), want class h", a, err)
	}
	infinite := fixed{f.net, slices.Repeat([]float32{float32(math.Inf(1))}, 10)}
	unsized := *f.Described()
	unsized.Pipeline = preprocess.Pipeline{}
	text := filepath.Join(t.TempDir(), "notes.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		model *Model
		p     Predictor
		path  string
		want  string
	}{
		{"another size", &unsized, f, path, "the picture is 64 wide and 64 high, the network takes 32 and 32"},
		{"an infinite logit", f.Described(), infinite, path, "is not finite in channel 0"},
		{"too few logits", f.Described(), short{oracle{net: f.net}}, path, "1 values"},
		{"no picture", f.Described(), f, text, "notes.png"},
	} {
		if _, err := c.model.AnswerFile(c.p, c.path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: error %v, want %q of %s", c.name, err, c.want, c.path)
		}
	}
}

// A fixed predictor has the same logits for every picture.
type fixed struct {
	net    *efficientvit.Network
	logits []float32
}

func (f fixed) Network() *efficientvit.Network       { return f.net }
func (f fixed) Predict([]float32) ([]float32, error) { return f.logits, nil }
func (f fixed) ID() string                           { return "fixed" }
