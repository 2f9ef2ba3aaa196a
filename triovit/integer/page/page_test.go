// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// model has two convolutions; a place of its logits is a block of pixels.
func model(block int) *integer.Model {
	return &integer.Model{Name: "by hand", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Classes: []string{"a", "b", "c"},
		Picture: integer.Picture{Normalization: preprocess.ImageNetNormalization()},
		Ops: []integer.Op{
			{Name: "picture", Operation: &integer.Input{Shape: [3]int{2, 4, 3}, Grid: grid.Uniform{Scale: 0.5, Lo: -128, Hi: 127}}},
			{Name: "sums", Inputs: []string{"picture"}, Operation: &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 0, 0, 0, 1, 0, 0, 0, 1}, Bias: make([]int32, 3)}},
			{Name: "codes", Inputs: []string{"sums"}, Operation: &integer.Requantize{Codes: integer.Interval{Lo: 0, Hi: 15}, Affine: []integer.Affine{{Mantissa: 1}}}},
			{Name: "logits", Inputs: []string{"codes"}, Values: integer.Values{Steps: []float64{0.25}},
				Operation: &integer.Conv{Kernel: 1, Stride: block, Groups: 1, WeightBits: 4, Weights: []int8{1, 0, 0, 0, 1, 0, 0, 0, 1}, Bias: make([]int32, 3)}},
		}}
}

var program = &Program{Wasm: []byte("\x00asm and more"), Starter: "// the starter </script>\n"}

func written(t *testing.T, m *integer.Model) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, m, program); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWrite: the page holds the program, its starter and the artefact, and says what the
// model is. The same model is the same page.
func TestWrite(t *testing.T) {
	m := model(1)
	html := written(t, m)
	if html != written(t, m) {
		t.Error("the same model is another page")
	}
	var artefact bytes.Buffer
	if err := m.Write(&artefact); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"program": string(program.Wasm), "artefact": artefact.String()} {
		z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(element(t, html, id))))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || string(got) != want {
			t.Errorf("%s unpacks to %.40q (%v), want %.40q", id, got, err, want)
		}
	}
	a := aboutOf(t, html)
	if len(a.Classes) != 3 || a.Classes[1].Name != "b" || !a.Maps || a.Worker != program.Starter+worker {
		t.Errorf("%+v", a)
	}
	for _, want := range []string{"<title>by hand</title>", "<dd>4 to 8 bits</dd></div>\n    <div><dt>activations</dt><dd>4 to 8 bits</dd>", "<dd>4 × 2</dd>", style, script, "; base-uri &#39;none&#39;; form-action &#39;none&#39;\">"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %.60q", want)
		}
	}
	if n := strings.Count(html, "</script>"); n != 4 {
		t.Errorf("%d scripts end, want 4", n)
	}
	if strings.Contains(html, "http:") || strings.Contains(html, "https:") {
		t.Error("the page names another host")
	}
}

// TestTexts: names of the model and of its classes stay text.
func TestTexts(t *testing.T) {
	const hostile = `</script><script>x()</script><!-- "'&` + "`${x}"
	m := model(1)
	m.Name, m.Classes = hostile, []string{hostile, "", "</title>"}
	html := written(t, m)
	if n := strings.Count(html, "<script"); n != 4 {
		t.Errorf("%d scripts begin, want 4", n)
	}
	if a := aboutOf(t, html); a.Classes[0].Name != hostile || a.Classes[2].Name != "</title>" {
		t.Errorf("the names of classes became %+v", a.Classes)
	}
	if n := strings.Count(html, "</title>"); n != 1 {
		t.Errorf("%d titles", n)
	}
}

// TestUnnamed: classes without names are called by their numbers, and a classifier has no
// map.
func TestUnnamed(t *testing.T) {
	m := model(4)
	m.Classes = nil
	html := written(t, m)
	if a := aboutOf(t, html); a.Maps || len(a.Classes) != 3 || a.Classes[2].Name != "class 2" {
		t.Errorf("%+v", a)
	}
	if strings.Contains(html, `id="map"`) {
		t.Error("the page of a classifier has a map")
	}
}

// TestRefuses: the error says why a model has no page.
func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *integer.Model)
		want   string
	}{
		{"no preprocessing", func(m *integer.Model) { m.Picture = integer.Picture{} }, "how a picture becomes its input"},
		{"no real numbers", func(m *integer.Model) { m.Ops[3].Values = integer.Values{} }, "no real numbers"},
		{"no operations", func(m *integer.Model) { m.Ops = nil }, "no operations"},
		{"many classes", func(m *integer.Model) {
			m.Classes = nil
			c := m.Ops[3].Operation.(*integer.Conv)
			c.Weights, c.Bias = make([]int8, 3*257), make([]int32, 257)
		}, "257 classes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := model(1)
			c.change(m)
			var b bytes.Buffer
			if err := Write(&b, m, program); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
				t.Errorf("%v, and %d bytes", err, b.Len())
			}
		})
	}
}

// TestWithoutGo: the error says that the go command is missing, or where it finds the
// sources.
func TestWithoutGo(t *testing.T) {
	t.Run("sources", func(t *testing.T) {
		t.Chdir(t.TempDir())
		b := builder{env: append(os.Environ(), "GO111MODULE=on", "GOFLAGS=", "GOWORK=off")}
		_, err := b.run(t.Context(), "list", app)
		if err == nil || !strings.Contains(err.Error(), "or of a module that requires it") || strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Build(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("command", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := Build(t.Context()); err == nil || !strings.Contains(err.Error(), "the go command is not found") {
			t.Error(err)
		}
	})
}

// TestRelease: the version of Go is the one without experiments, and a version that is no
// release has none.
func TestRelease(t *testing.T) {
	for version, want := range map[string]string{"go1.27.4": "go1.27.4", "go1.27.4-X:simd": "go1.27.4", "go1.28rc1 X:simd": "go1.28rc1", "devel go1.28-abc": ""} {
		if got := release.FindString(version); got != want {
			t.Errorf("%q of %q, want %q", got, version, want)
		}
	}
}

// TestLight: the program in the page links no tensor library, HTTP, weights or data set.
func TestLight(t *testing.T) {
	t.Setenv("GOOS", "js")
	t.Setenv("GOARCH", "wasm")
	linked.Light(t, "./app")
}

// element returns the content of the script with the id.
func element(t *testing.T, html, id string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<script id="` + id + `"[^>]*>(.*?)</script>`).FindStringSubmatch(html)
	if found == nil {
		t.Fatalf("no script %q", id)
	}
	return found[1]
}

func aboutOf(t *testing.T, html string) (a about) {
	t.Helper()
	if err := json.Unmarshal([]byte(element(t, html, "about")), &a); err != nil {
		t.Fatal(err)
	}
	return a
}
