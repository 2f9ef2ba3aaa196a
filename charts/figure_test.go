// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/google/go-cmp/cmp"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

type drawable interface{ Figure() (*Figure, error) }

var drawings = map[string]drawable{"ladder": ladderFixture()}

func draw(tb testing.TB, d drawable) *Figure {
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
	_, err := readRuntime()
	figuretest.NeedRuntime(tb, err)
}

func textsAreInside(t *testing.T, f *Figure) {
	t.Helper()
	needRuntime(t)
	figuretest.TextsAreInside(t, f)
}

// TestGolden compares the options, the contract of the figures, with those
// kept; UPDATE_GOLDEN=1 keeps the present ones.
func TestGolden(t *testing.T) {
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) { figuretest.Golden(t, name, draw(t, d)) })
	}
}

func TestSVGShowsTitlesAxesAndTicks(t *testing.T) {
	needRuntime(t)
	want := map[string][]string{
		"ladder": {"Measured here", "TrioViTPlus", "68.02 % ↓1.69 [66.70, 69.20]", "no score", "Table V", "75.65 % [V]", "mIoU, %"},
	}
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) {
			f := draw(t, d)
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			got := figuretest.Texts(t, svg)
			for _, text := range append(want[name], f.Title()) {
				if !strings.Contains(got, text) {
					t.Errorf("the SVG has no text %q; it has:\n%s", text, got)
				}
			}
		})
	}
}

func TestBundle(t *testing.T) {
	needRuntime(t)
	f := draw(t, ladderFixture())
	bundle, err := f.bundle()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if got := bundle[protocol.MIMEImageSVG]; got != string(svg) {
		t.Errorf("the bundle's SVG is not the figure's, or two drawings of it differ")
	}
	if got := bundle[protocol.MIMETextPlain]; got != f.String() {
		t.Errorf("plain text is %q, want %q", got, f.String())
	}
	page := bundle[protocol.MIMETextHTML].(string)
	for _, part := range []string{`<img style="display:block;margin:0" src="data:image/svg+xml;base64,`, `data-figure="` + f.ID() + `"`, readyEvent, string(f.Option())} {
		if !strings.Contains(page, part) {
			t.Errorf("the HTML has no %.60q", part)
		}
	}
	for _, alien := range []string{"<svg", "http://", "https://"} {
		if strings.Contains(page, alien) {
			t.Errorf("the HTML contains %q", alien)
		}
	}
}

// TestTitleCannotEndTheScript shows data that would break out of the HTML.
func TestTitleCannotEndTheScript(t *testing.T) {
	d := ladderFixture()
	d.Dataset, d.Rows[3].Recipe = "</script><b>", `"><script>alert(1)</script>`
	page := draw(t, d).html([]byte("<svg/>"))
	if n := strings.Count(page, "</script>"); n != 1 {
		t.Errorf("the HTML has %d </script>, want its own only:\n%s", n, page)
	}
}

func TestRuntime(t *testing.T) {
	needRuntime(t)
	html, err := Runtime()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"DecompressionStream", readyEvent, `"define","module","exports"`} {
		if !strings.Contains(html, part) {
			t.Errorf("the runtime's HTML has no %s", part)
		}
	}
	if len(html) > 800_000 {
		t.Errorf("the runtime takes %d bytes of a notebook, want it compressed", len(html))
	}
}

func TestMissingRuntime(t *testing.T) {
	t.Run("named", func(t *testing.T) {
		t.Setenv(runtimeEnv, filepath.Join(t.TempDir(), "none.js"))
		if _, err := readRuntime(); err == nil || !strings.Contains(err.Error(), runtimeEnv) {
			t.Errorf("error %v does not name %s", err, runtimeEnv)
		}
	})
	t.Run("searched", func(t *testing.T) {
		if _, err := findRuntime([]string{t.TempDir()}); err == nil || !strings.Contains(err.Error(), "make kernel") {
			t.Errorf("error %v does not say what to run", err)
		}
	})
	t.Run("found above", func(t *testing.T) {
		root := t.TempDir()
		deep := filepath.Join(root, "a", "b")
		place := filepath.Join(root, filepath.FromSlash(runtimePlaces[1]))
		for _, dir := range []string{deep, filepath.Dir(place)} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(place, []byte("var echarts"), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := findRuntime([]string{deep})
		if err != nil || string(got) != "var echarts" {
			t.Errorf("found %q, error %v", got, err)
		}
	})
}

func TestSave(t *testing.T) {
	needRuntime(t)
	f := draw(t, ladderFixture())
	dir := t.TempDir()
	for ext, begin := range map[string]string{".svg": "<svg", ".html": "<!DOCTYPE html>", ".csv": "source,recipe", ".json": "{"} {
		path := filepath.Join(dir, "figure"+ext)
		if err := f.Save(path); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(b, []byte(begin)) {
			t.Errorf("%s begins with %.20q, want %q (error %v)", ext, b, begin, err)
		}
	}
	if err := f.Save(filepath.Join(dir, "figure.pdf")); err == nil || !strings.Contains(err.Error(), ".svg .html .csv .json") {
		t.Errorf("error %v does not list what is allowed", err)
	}
}

// TestMissingNumbers: what is not known is null in JSON, and a dash in plain text.
func TestMissingNumbers(t *testing.T) {
	f := draw(t, ladderFixture())
	if text := f.String(); strings.Contains(text, "NaN") || !slices.Contains(strings.Fields(text), "-") {
		t.Errorf("plain text is:\n%s", text)
	}
	b, err := f.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Title string
		Rows  [][]any
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := []any{"measured", "MSAUniform", nil, nil, nil, "", "CamVid val"}
	if diff := cmp.Diff(want, got.Rows[4]); diff != "" {
		t.Error(diff)
	}
}

func TestIDFollowsContent(t *testing.T) {
	a, b := draw(t, ladderFixture()), draw(t, ladderFixture())
	if a.ID() != b.ID() {
		t.Errorf("equal figures have ids %s and %s", a.ID(), b.ID())
	}
	other := ladderFixture()
	other.Rows[0].Value++
	if c := draw(t, other); c.ID() == a.ID() {
		t.Errorf("another figure has the same id %s", c.ID())
	}
}

// TestHostileData draws what a broken network or an empty profile yields.
func TestHostileData(t *testing.T) {
	one := ladderFixture()
	one.Rows, one.Paper = one.Rows[:1], nil
	for name, test := range map[string]struct {
		data  drawable
		title string
	}{
		"reference only":     {one, "Float reaches 69.71 % mIoU"},
		"intervals of zero":  {LadderData{Metric: "top-1", Rows: []LadderRow{{Recipe: "a"}, {Recipe: "a"}}}, "a reaches 0.00 top-1"},
		"everything is NaN ": {LadderData{Metric: "top-1", Rows: []LadderRow{{Recipe: "a", Value: math.NaN()}}}, "a has no score"},
		"all but one NaN":    {LadderData{Metric: "top-1", Rows: []LadderRow{{Recipe: "a", Value: 8}, {Recipe: "b", Value: math.NaN()}}}, "a reaches 8.00 top-1, b no score"},
		"the worst is NaN":   {LadderData{Metric: "top-1", Rows: []LadderRow{{Recipe: "a", Value: 8}, {Recipe: "b", Value: math.NaN()}, {Recipe: "c", Value: 7}}}, "c reaches 7.00 top-1 (a: 8.00); b has no score"},
	} {
		t.Run(name, func(t *testing.T) {
			f := draw(t, test.data)
			if !strings.Contains(f.Title(), test.title) {
				t.Errorf("title is %q, want %q in it", f.Title(), test.title)
			}
			needRuntime(t)
			figuretest.IsFinite(t, f)
		})
	}
}

func TestRefusals(t *testing.T) {
	ladder := func(edit func(*LadderData)) LadderData { d := ladderFixture(); edit(&d); return d }
	for name, test := range map[string]struct {
		data drawable
		want string
	}{
		"no rows":           {ladder(func(d *LadderData) { d.Rows = nil }), "no rows"},
		"mark of the paper": {ladder(func(d *LadderData) { d.Rows[1].Mark = "V" }), "belongs in Paper"},
		"no mark":           {ladder(func(d *LadderData) { d.Paper[0].Rows[1].Mark = "" }), "has no mark"},
		"interval":          {ladder(func(d *LadderData) { d.Rows[1].Lo = 20 }), "runs from 20 down to 12.6"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.data.Figure()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error has several lines: %v", err)
			}
		})
	}
}

func TestCanonicalJSON(t *testing.T) {
	got, err := canonical(map[string]any{"b": 1.23456789, "a": []any{nil, 1 << 20, math.Copysign(0, -1)}, "gone": nil}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"a":[null,1048576,0],"b":1.23457}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := canonical(math.NaN(), nil); err == nil {
		t.Error("NaN is accepted")
	}
}

func BenchmarkSVG(b *testing.B) {
	needRuntime(b)
	for name, d := range drawings {
		f := draw(b, d)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.SVG(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestTextsAreInside: of figures of little data. The simulator's own are tested
// where they are made.
func TestTextsAreInside(t *testing.T) {
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) { textsAreInside(t, draw(t, d)) })
	}
}
