// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/golden"
)

type drawable interface{ Figure() (*Figure, error) }

var drawings = map[string]drawable{
	"ranges":   rangesFixture(16),
	"divisors": divisorsFixture(),
	"ladder":   ladderFixture(),
}

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
	if _, err := readRuntime(); err != nil {
		if os.Getenv("TRIOVIT_REQUIRE_SHARED") == "1" {
			tb.Fatal(err)
		}
		tb.Skip(err)
	}
}

// TestGolden compares the options, the contract of the figures, with those
// kept; UPDATE_GOLDEN=1 keeps the present ones.
func TestGolden(t *testing.T) {
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := json.Indent(&got, draw(t, d).Option(), "", " "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			golden.Text(t, name+".json", got.String())
		})
	}
}

// texts returns the text elements of an SVG, and fails where it is no XML.
func texts(t *testing.T, svg []byte) string {
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

func TestSVGShowsTitlesAxesAndTicks(t *testing.T) {
	needRuntime(t)
	want := map[string][]string{
		"ranges":   {"(a) PW1 input", "(d) step", "channels, sorted by maximum", "values per bin, %", "channel minimum", "−0.375"},
		"divisors": {"(a) divisors span", "8-bit uniform", "4-bit log2", "divisor, logarithmic", "2⁻⁶", "uniform: rounds to 0"},
		"ladder":   {"Measured here", "TrioViTPlus", "68.02 % ↓1.69 [66.70, 69.20]", "no score", "Table V", "75.65 % [V]", "mIoU, %"},
	}
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) {
			f := draw(t, d)
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			got := texts(t, svg)
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

func TestTableReadsBack(t *testing.T) {
	d := rangesFixture(16)
	f := draw(t, d)
	b, err := f.CSV()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"input", "tensor", "channel", "min", "max", "codes"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	if want := 1 + 4 + 16 + 16; len(rows) != want {
		t.Fatalf("%d lines, want %d", len(rows), want)
	}
	for c, row := range rows[5:21] { // rows of the DW input, in the order of its channels
		v, err := strconv.ParseFloat(row[4], 32)
		if err != nil || float32(v) != d.Panels[1].Max[c] {
			t.Errorf("maximum of channel %d reads back as %v, want %v (error %v)", c, v, d.Panels[1].Max[c], err)
		}
	}
	text := f.String()
	if !strings.HasPrefix(text, f.Title()) || !strings.Contains(text, "and 24 more rows") {
		t.Errorf("plain text is:\n%s", text)
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
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	same := func(lo, hi []float32, values ...float32) rangesData {
		p := rangesPanel{Role: "DW", Tensor: "t", Min: lo, Max: hi, Hist: histogram(values)}
		return rangesData{Block: "b", Panels: [3]rangesPanel{p, p, p}}
	}
	one := ladderFixture()
	one.Rows, one.Paper = one.Rows[:1], nil
	for name, test := range map[string]struct {
		data  drawable
		title string
	}{
		"NaN channel":        {same([]float32{nan, -1}, []float32{nan, 1}, nan, -1, 1), "One 8-bit step serves every channel"},
		"all NaN":            {same([]float32{nan}, []float32{nan}, nan), "No channel of the DW input has a finite range"},
		"infinite channel":   {same([]float32{-inf, -1}, []float32{inf, 1}, inf, -inf, 0), "One 8-bit step serves every channel"},
		"one channel":        {same([]float32{-2}, []float32{3}, -2, 3), "One 8-bit step serves every channel"},
		"all zero":           {same([]float32{0, 0}, []float32{0, 0}, 0), "The DW input is 0 throughout"},
		"all equal":          {same([]float32{5, 5}, []float32{5, 5}, 5, 5), "2 of 2 channels fewer than 16"},
		"nothing counted":    {same([]float32{-1}, []float32{1}), "One 8-bit step serves every channel"},
		"outlier":            {same([]float32{0, 0}, []float32{1e30, 1}, 1e30, 1), "1 of 2 channels fewer than 16"},
		"denormal":           {same([]float32{0}, []float32{1e-44}, 1e-44), "One 8-bit step serves every channel"},
		"one divisor":        {divisorsData{Block: "b", Hist: histogram([]float32{8}), Uniform: uniformGrid(8. / 255), Log2: log2Grid(-12, 3)}, "One divisor in a hundred may err by 0.2 % or more on the 8-bit uniform grid; by 41 % at most on 4-bit log2"},
		"one log2 code":      {divisorsData{Block: "b", Hist: histogram([]float32{8, 4}), Uniform: uniformGrid(1), Log2: log2Grid(3, 3)}, "log2 clamps 50 %"},
		"reference only":     {one, "Float reaches 69.71 % mIoU"},
		"NaN and zero bits":  {divisorsData{Block: "b", Hist: histogram([]float32{nan, inf, 0, 2}), Uniform: uniformGrid(2. / 255), Log2: log2Grid(0, 15)}, "8-bit uniform"},
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
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(texts(t, svg), "NaN") || bytes.Contains(svg, []byte(`NaN,`)) || bytes.Contains(svg, []byte(`"NaN"`)) {
				t.Errorf("the SVG has texts or coordinates that are not numbers")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	empty := rangesFixture(16)
	empty.Panels[1].Min = nil
	nan := float32(math.NaN())
	divisors := func(edit func(*divisorsData)) divisorsData { d := divisorsFixture(); edit(&d); return d }
	ladder := func(edit func(*LadderData)) LadderData { d := ladderFixture(); edit(&d); return d }
	for name, test := range map[string]struct {
		data drawable
		want string
	}{
		"lost channels":     {empty, "the DW input \"backbone.stages.0.op_list.0.main.DW\" has 0 minima and 16 maxima"},
		"bits":              {divisors(func(d *divisorsData) { d.Uniform.Hi = 1 }), "uniform codes 0 to 1 with zero 0, allowed are 0 to 3"},
		"step":              {divisors(func(d *divisorsData) { d.Uniform.Scale = nan }), "uniform step NaN, must be positive"},
		"codes":             {divisors(func(d *divisorsData) { d.Log2.Lo = 10 }), "log2 exponents 10 to 9"},
		"no divisors":       {divisors(func(d *divisorsData) { d.Hist = calib.Histogram{} }), "no positive finite divisor"},
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

func TestRangeSummary(t *testing.T) {
	p := rangesPanel{
		Min:  []float32{-127, -1, 0, -0.25},
		Max:  []float32{127, 1, 100, -0.125},
		Hist: histogram([]float32{-127, 0.25, 0.5, 100}),
	}
	want := rangeSummary{channels: 4, low: 0.25, high: 127, top: 0, step: 1, few: 2, off: 2, zeroed: 0.25}
	if diff := cmp.Diff(want, p.summary(), cmp.AllowUnexported(rangeSummary{})); diff != "" {
		t.Error(diff)
	}
	if got := p.codes(0, 1); got != 255 {
		t.Errorf("the channel that sets the step takes %v codes, want 255", got)
	}
}

func TestDivisorSummary(t *testing.T) {
	d := divisorsData{
		Hist:    histogram([]float32{0, 0.125, 0.25, 1, 8, 64, 1024, 2048}),
		Uniform: uniformGrid(4), Log2: log2Grid(-2, 10),
	}
	got := d.summary()
	for what, pair := range map[string][2]float64{
		"zero already": {got.zeros, 1. / 8}, "rounded to zero": {got.zeroed, 3. / 8},
		"below": {got.below, 1. / 8}, "above": {got.above, 1. / 8},
	} {
		if pair[0] != pair[1] {
			t.Errorf("share %s is %v, want %v", what, pair[0], pair[1])
		}
	}
	for _, row := range d.table().Rows {
		if uniform := row[3].(float64); uniform < 0 || math.Mod(uniform, 4) != 0 {
			t.Errorf("uniform value %v is not on the grid of step 4", uniform)
		}
	}
}

// TestRebinKeepsEverything: what lies between the edges is counted once.
func TestRebinKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32Range(-100, 100), 1, 50).Draw(t, "values")
		scale := symlog{unit: math.Pow(10, float64(rapid.IntRange(-3, 1).Draw(t, "unit")))}
		lo, hi := scale.position(-101), scale.position(101)
		var sum float64
		for _, share := range rebin(histogram(values), scale.position, spaced(lo, hi, rapid.IntRange(1, 60).Draw(t, "bins"))) {
			if share < 0 {
				t.Fatalf("share %v", share)
			}
			sum += share
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("shares add up to %v", sum)
		}
	})
}

func TestSymlogIsOddAndRising(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := symlog{unit: rapid.Float64Range(1e-3, 10).Draw(t, "unit")}
		a, b := rapid.Float64Range(-1e6, 1e6).Draw(t, "a"), rapid.Float64Range(-1e6, 1e6).Draw(t, "b")
		if a < b && s.position(a) > s.position(b) {
			t.Fatalf("%v < %v, but placed at %v and %v", a, b, s.position(a), s.position(b))
		}
		if s.position(-a) != -s.position(a) {
			t.Fatalf("%v is placed at %v, %v at %v", a, s.position(a), -a, s.position(-a))
		}
	})
}

func TestTicksKeepApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(1e-3, 1e5)
		magnitudes := rapid.SliceOfN(v, 1, 30).Draw(t, "magnitudes")
		s := newSymlog(magnitudes)
		lo, hi := s.position(-v.Draw(t, "low")), s.position(v.Draw(t, "high"))
		ticks := s.ticks(lo, hi, magnitudes)
		for i, a := range ticks {
			for _, b := range ticks[:i] {
				if math.Abs(a.at-b.at) < tickGap*(hi-lo) {
					t.Fatalf("labels %s and %s touch", a.label, b.label)
				}
			}
		}
	})
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", -0.375: "−0.375", 142.72: "143", 15762: "15,800", 1234567: "1,230,000",
		0.0001: "0.0001", 0.00001234: "1.23e−05", 2.5e9: "2.5e+09", math.Inf(1): "Inf",
	} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := number(math.NaN()); got != "NaN" {
		t.Errorf("number(NaN) = %q", got)
	}
	if got := count(15762); got != "15,762" {
		t.Errorf("count(15762) = %q", got)
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
