// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
	"pgregory.net/rapid"
)

// noise returns a classification set of n random pictures of 64 pixels a side.
func noise(t *testing.T, name string, n int) dataset.Dataset {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, uint64(n)))
	var items []*dataset.Item
	for i := range n {
		m := preprocess.NewRGB(64, 64)
		for j := range m.Pix {
			m.Pix[j] = uint8(rng.IntN(256))
		}
		items = append(items, &dataset.Item{ID: fmt.Sprint(i), Image: m, Width: 64, Height: 64, Label: dataset.Label{Class: i % 10}})
	}
	d, err := dataset.Memory(name, dataset.Classification, strings.Split("abcdefghij", ""), items)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// small returns a B0 for pictures of 64 pixels, with synthetic weights.
func small(t *testing.T) *triovit.Folded {
	t.Helper()
	net, err := efficientvit.Describe("b0-r224", efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params()), Source: "synthetic"}).Fold()
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// TestLayouts: every printed row stands beside one row or contrast or is told apart, with
// its own marks; what the paper has no number of is unknown; and nothing is computed.
func TestLayouts(t *testing.T) {
	for _, d := range definitions {
		t.Run(d.number, func(t *testing.T) {
			table, source := d.layout(), paper.Numbered(d.number)
			beside := map[string]int{}
			place := func(name string, cells []paper.Cell) {
				if len(cells) != len(source.Columns) {
					t.Fatalf("%s: %d cells beside %d networks", name, len(cells), len(source.Columns))
				}
				same := func(r paper.Row) bool { return slices.Equal(told(r.Cells), told(cells)) }
				i := slices.IndexFunc(source.Rows, func(r paper.Row) bool { return r.Name == name && same(r) })
				if i < 0 {
					i = slices.IndexFunc(source.Rows, same) // the source has the row under another name
				}
				if i >= 0 {
					beside[source.Rows[i].Name]++
					return
				}
				for _, c := range cells {
					if c.Known() || !math.IsNaN(c.Value) || c.Source == "" {
						t.Errorf("%s: %+v is not the paper's, and is not unknown", name, c)
					}
				}
			}
			names := map[string]bool{}
			for i, r := range table.Rows {
				if names[r.Name] || len(r.Scores) > 0 || (i == 0) != (r.Name == "float") {
					t.Errorf("row %d, %s, is there twice, has %d scores, or the float network is not first", i, r.Name, len(r.Scores))
				}
				names[r.Name] = true
				place(r.Name, r.Beside)
			}
			for _, c := range table.Contrasts {
				if !names[c.First] || !names[c.Second] {
					t.Errorf("%s: no rows %q and %q", c.Name, c.First, c.Second)
				}
				place(c.Name, c.Beside)
			}
			for _, r := range table.Unpaired {
				beside[r.Name]++
			}
			for _, r := range source.Rows {
				if beside[r.Name] != 1 {
					t.Errorf("the printed row %q stands %d times", r.Name, beside[r.Name])
				}
			}
		})
	}
	if want := []string{"one technique", "the other technique"}; !slices.EqualFunc(definitions[5].layout().Unpaired, want, func(r paper.Row, name string) bool { return r.Name == name }) {
		t.Errorf("of Table VII %v are told apart, want %q", definitions[5].layout().Unpaired, want)
	}
}

// told writes cells with everything that they say.
func told(cells []paper.Cell) []string {
	var all []string
	for _, c := range cells {
		all = append(all, fmt.Sprint(c.Percent(), " ", c.Source))
	}
	return all
}

// TestTablesAreLadders: on a classifier each row of a table has the score that the
// ladder computes by its recipe, and so has a draw of all pictures, whatever its seed. No
// number of the paper is among them: the random network's scores are far from those.
func TestTablesAreLadders(t *testing.T) {
	model, calibration, evaluation := small(t), noise(t, "calibration", 4), noise(t, "evaluation", 8)
	numbers := []string{"VI"}
	if !testing.Short() {
		numbers = append(numbers, "II", "IV") // these tables have every recipe that is not one of the ladder
	}
	for _, number := range numbers {
		t.Run(number, func(t *testing.T) {
			table, err := Make(t.Context(), number, model, calibration, evaluation, Options{Pictures: 4, Seed: 77})
			if err != nil {
				t.Fatal(err)
			}
			var recipes []calib.Recipe
			for _, r := range table.Rows[1:] {
				recipes = append(recipes, r.Recipe)
			}
			climb, err := calib.RunLadder(t.Context(), model, calibration, evaluation, recipes)
			if err != nil {
				t.Fatal(err)
			}
			same := func(name string, got Score, report *triovit.Report, paired *triovit.Paired) {
				want, _ := report.Score()
				if got.Score != want || got.Unscored != "" || paired != nil && got.AgainstFloat.Difference != paired.Difference {
					t.Errorf("%s: %+v, the ladder has %v, %v", name, got, want, paired)
				}
			}
			same("float", table.Rows[0].Scores[0], climb.Float, nil)
			for i, rung := range climb.Rungs {
				row := table.Rows[i+1]
				if rung.Unscored == nil {
					same(row.Name, row.Scores[0], rung.Report, rung.AgainstFloat)
				} else if s := row.Scores[0]; s.Unscored != rung.Unscored.Error() || !math.IsNaN(s.Score.Value) || s.AgainstFloat != nil {
					t.Errorf("%s: %+v, the ladder has %v", row.Name, s, rung.Unscored)
				}
				if row.Scores[0].Timing.Total() <= 0 || len(row.Others) == 0 {
					t.Errorf("%s: calibrated in %v, %d other widths", row.Name, row.Scores[0].Timing, len(row.Others))
				}
			}
			for _, c := range table.Contrasts {
				index := func(name string) int {
					return slices.IndexFunc(table.Rows, func(r Row) bool { return r.Name == name })
				}
				first, second := table.Rows[index(c.First)].Scores[0].Score.Value, table.Rows[index(c.Second)].Scores[0].Score.Value
				if got := c.Differences[0].Difference.Value; math.Abs(got-(second-first)) > 1e-12 {
					t.Errorf("%s is %g, want %g - %g", c.Name, got, second, first)
				}
			}
			if _, err := json.Marshal(table); err != nil {
				t.Error(err)
			}
			if text := table.String(); strings.Contains(text, "%!") || !strings.Contains(text, "top-1 of 8 pictures of evaluation, calibrated on 4 of calibration\n") {
				t.Errorf("told as\n%s", text)
			}
		})
	}
}

// TestRecipesRound: what the rows of Tables I and II leave in float, by the roles that
// read it.
func TestRecipesRound(t *testing.T) {
	model := small(t)
	floats := func(number, row string) (weights, inputs []string) {
		t.Helper()
		d := definitions[slices.IndexFunc(definitions, func(d definition) bool { return d.number == number })]
		l := d.lines[slices.IndexFunc(d.lines, func(l line) bool { return l.name == row })]
		r, err := l.recipe(model.Net)
		if err != nil {
			t.Fatal(err)
		}
		q, err := calib.Calibrate(t.Context(), model, noise(t, "calibration", 2), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range q.Precisions() {
			for _, role := range p.Roles {
				switch {
				case p.Grid != "float":
				case p.Class == calib.WeightsClass:
					weights = append(weights, role.String())
				case p.Class == efficientvit.ConvInput.String():
					inputs = append(inputs, role.String())
				}
			}
		}
		return weights, inputs
	}
	attention := []string{"qkv", "aggregation DW", "aggregation PW", "proj"}
	everything := append([]string{"stem", "DSConv DW", "DSConv PW", "PW1", "DW", "PW2"}, append(attention, "head output")...)
	modules := append(slices.Clone(attention), "PW1", "DW", "PW2")
	for _, c := range []struct {
		number, row string
		inputs      []string
	}{
		{"I", "W8", everything},
		{"I", "W8A8", nil},
		{"II", "everything", nil},
		{"II", "all but MSA", attention},
		{"II", "all but MSA and DW inputs", append([]string{"DW"}, attention...)},
		{"II", "all but MSA, DW and PW2 inputs", append([]string{"DW", "PW2"}, attention...)},
		{"II", "all but MSA and MBConv", append([]string{"PW1", "DW", "PW2"}, attention...)},
		{"II", "all but EfficientViT modules", modules},
		{"II", "all but other MBConvs", []string{"PW1", "DW", "PW2"}},
	} {
		weights, inputs := floats(c.number, c.row)
		slices.Sort(inputs)
		want := slices.Sorted(slices.Values(c.inputs))
		if !slices.Equal(inputs, want) || !slices.Equal(weights, []string{"head output"}) { // the weights of the last layer stay in float
			t.Errorf("Table %s, %s: weights of %q and inputs of %q in float, want inputs of %q", c.number, c.row, weights, inputs, want)
		}
	}
}

// rung is that of a recipe with these ranks of the right class on four pictures.
func rung(t *testing.T, r calib.Recipe, float *triovit.Report, ranks ...int) calib.Rung {
	t.Helper()
	report := reportOf(t, ranks...)
	paired, err := triovit.Compare(float, report)
	if err != nil {
		t.Fatal(err)
	}
	return calib.Rung{Recipe: r, Report: report, AgainstFloat: paired, Timing: calib.Timing{Observe: 90 * time.Second, Quantize: 30 * time.Second, Cached: true},
		Precisions: []calib.Precision{
			{Class: calib.WeightsClass, Roles: []efficientvit.Role{efficientvit.PW1}, Bits: 8, Grid: "uniform", Names: []string{"a"}},
			{Class: "conv input", Roles: []efficientvit.Role{efficientvit.DW, efficientvit.PW2}, Grid: "float", Names: []string{"b", "c"}},
			{Class: "divisor", Roles: []efficientvit.Role{efficientvit.Attention}, Bits: 4, Grid: "log2", Names: []string{"d"}},
		}}
}

func reportOf(t *testing.T, ranks ...int) *triovit.Report {
	t.Helper()
	var outcomes []string
	for i, rank := range ranks {
		outcomes = append(outcomes, fmt.Sprintf(`{"id":"%d","rank":%d}`, i, rank))
	}
	r := new(triovit.Report)
	text := fmt.Sprintf(`{"format":"gotriovit report 1","dataset":"four pictures","shard":"1/1","pictures":%d,"task":"classification","classes":["a","b"],"outcomes":[%s]}`, len(ranks), strings.Join(outcomes, ","))
	if err := json.Unmarshal([]byte(text), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// byHand returns Table VI of two draws, of which the second leaves a recipe without a
// score, or of the first alone.
func byHand(t *testing.T, draws int) *Table {
	t.Helper()
	d := definitions[slices.IndexFunc(definitions, func(d definition) bool { return d.number == "VI" })]
	table := d.layout()
	table.Network, table.Source, table.Metric = "a network", "by hand", "top-1"
	float := reportOf(t, 0, 0, 0, 1)
	table.Setting = settingOf(noise(t, "calibration", 4), Options{Draws: draws, Pictures: 2, Seed: 7}, float)
	table.Rows[1].Recipe, table.Rows[2].Recipe = calib.ChannelWiseDW, calib.TrioViT
	climbs := []*calib.Climb{
		{Float: float, Rungs: []calib.Rung{rung(t, calib.ChannelWiseDW, float, 0, 1, 1, 1), rung(t, calib.TrioViT, float, 0, 0, 1, 1)}},
		{Float: float, Rungs: []calib.Rung{rung(t, calib.ChannelWiseDW, float, 0, 0, 0, 1), rung(t, calib.TrioViT, float, 0, 0, 0, 0)}},
	}
	climbs[1].Rungs[0].Report, climbs[1].Rungs[0].AgainstFloat, climbs[1].Rungs[0].Unscored = nil, nil, errors.New("it overflows")
	for i, c := range climbs[:draws] {
		if err := table.add(c, i == 0); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

// TestForms keeps what a table looks like: as text, CSV and JSON, with one draw and with
// two.
func TestForms(t *testing.T) {
	for _, draws := range []int{1, 2} {
		table := byHand(t, draws)
		var all bytes.Buffer
		all.WriteString(table.String() + "\n")
		if err := table.WriteCSV(&all); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(table)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("\n")
		if err := json.Indent(&all, data, "", " "); err != nil {
			t.Fatal(err)
		}
		all.WriteString("\n")
		golden.Text(t, fmt.Sprintf("table_%d.golden", draws), all.String())
	}
}

// TestWidths: what is at another width is told once, with the rows or, where they are
// fewer, with those that it is not in.
func TestWidths(t *testing.T) {
	kept := func(names ...string) []calib.Precision {
		var all []calib.Precision
		for _, n := range names {
			all = append(all, calib.Precision{Class: n, Grid: "float", Names: []string{n}})
		}
		return all
	}
	row := func(name string, others []calib.Precision) Row {
		return Row{Name: name, Recipe: calib.TrioViT, Others: others}
	}
	table := &Table{Rows: []Row{{Name: "float"}, row("a", kept("x", "y")), row("b", kept("x", "y")), row("c", kept("x", "z"))}}
	want := "at other widths than the recipe's own:\n  float: 1 × x ()\n    in every row\n  float: 1 × y ()\n    in every row but [\"c\"]\n  float: 1 × z ()\n    in [\"c\"]\n"
	if got := table.widths(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	own := calib.Precision{Class: calib.WeightsClass, Bits: 4, Grid: "uniform"}
	wide := calib.Precision{Class: calib.WeightsClass, Bits: 8, Grid: "uniform"}
	if got := otherWidths(calib.TrioViT.Bits(4, 8), []calib.Precision{own, wide, {Class: "conv input", Bits: 8, Grid: "uniform"}}); len(got) != 1 || got[0].Bits != 8 {
		t.Errorf("of W4A8 %v are at other widths", got)
	}
}

// TestComputedAndPrintedApart: a computed line of CSV has no mark, and a printed one has,
// with a source, and neither interval, time nor recipe.
func TestComputedAndPrintedApart(t *testing.T) {
	var text bytes.Buffer
	if err := byHand(t, 2).WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(record []string, column string) string { return record[slices.Index(records[0], column)] }
	seen := map[string]int{}
	for _, r := range records[1:] {
		source, mark := at(r, "source"), at(r, "mark")
		seen[source]++
		if (source == "printed") != (mark != "") || mark == "U" && at(r, "percent") != "" {
			t.Errorf("%q", r)
		}
		if source == "printed" && (at(r, "recipe")+at(r, "low")+at(r, "minus_float")+at(r, "calibration_s") != "" || at(r, "note") == "") {
			t.Errorf("%q", r)
		}
	}
	if seen["computed"] != 1+2*2+2 || seen["printed"] != 4*4 { // float, two recipes and a contrast in two draws; four rows of four networks
		t.Errorf("%v lines", seen)
	}
}

// TestSpread: by hand, and that a draw without a number is left out.
func TestSpread(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		numbers []float64
		want    Spread
	}{
		{[]float64{1, 3}, Spread{2, 2, math.Sqrt2}},
		{[]float64{2, nan, 4, 4, 4, 5, 5, 7, 9}, Spread{8, 5, math.Sqrt(32. / 7)}},
		{[]float64{nan, 0.5}, Spread{1, 0.5, nan}},
		{nil, Spread{0, nan, nan}},
	} {
		if got := spreadOf(c.numbers); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("of %v: %v, want %v", c.numbers, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.Float64Range(0, 1), 2, 20).Draw(t, "numbers")
		s := spreadOf(numbers)
		lo, hi := slices.Min(numbers), slices.Max(numbers)
		if s.Draws != len(numbers) || s.Mean < lo-1e-12 || s.Mean > hi+1e-12 || s.Deviation < 0 || s.Deviation > (hi-lo)+1e-12 {
			t.Fatalf("%v of %v", s, numbers)
		}
	})
}

// TestDraws: the rows of several draws are those of the ladders that the draws calibrate.
func TestDraws(t *testing.T) {
	model, calibration, evaluation := small(t), noise(t, "calibration", 4), noise(t, "evaluation", 8)
	table, err := VI(t.Context(), model, calibration, evaluation, Options{Draws: 3, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	if table.Draws != 3 || table.Pictures != 2 || len(table.Rows[0].Scores) != 1 || len(table.Contrasts[0].Differences) != 3 {
		t.Errorf("%d draws of %d, %d scores of float, %d differences", table.Draws, table.Pictures, len(table.Rows[0].Scores), len(table.Contrasts[0].Differences))
	}
	for draw := range 3 {
		few, err := dataset.Draw(calibration, 2, 9+uint64(draw))
		if err != nil {
			t.Fatal(err)
		}
		climb, err := calib.RunLadder(t.Context(), model, few, evaluation, []calib.Recipe{calib.TrioViT})
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := climb.Rungs[0].Report.Score(); table.Rows[2].Scores[draw].Score != want {
			t.Errorf("draw %d: %v, want %v", draw, table.Rows[2].Scores[draw].Score, want)
		}
	}
}

// TestSweep: each draw of each size has its ladder's score, all pictures are one draw and
// have the score of the whole set.
func TestSweep(t *testing.T) {
	model, calibration, evaluation := small(t), noise(t, "calibration", 4), noise(t, "evaluation", 8)
	s, err := Pictures(t.Context(), model, calibration, evaluation, calib.TrioViT, SweepOptions{Sizes: []int{4, 1, 4}, Draws: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Points) != 2 || s.Points[0].Pictures != 1 || len(s.Points[0].Scores) != 2 || s.Points[1].Pictures != 4 || len(s.Points[1].Scores) != 1 {
		t.Fatalf("%+v", s.Points)
	}
	climb, err := calib.RunLadder(t.Context(), model, calibration, evaluation, []calib.Recipe{calib.TrioViT})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := climb.Rungs[0].Report.Score()
	if got := s.Points[1].Scores[0].Score; got != want {
		t.Errorf("by all pictures %v, the ladder has %v", got, want)
	}
	text := s.String()
	if !strings.Contains(text, "calibrated on draws from 4 of calibration, seeds from 0; float has ") || !strings.Contains(text, "1 of 1") || strings.Count(text, "\n") < 5 {
		t.Errorf("told as\n%s", text)
	}
	var file bytes.Buffer
	if err := s.WriteCSV(&file); err != nil || strings.Count(file.String(), "\n") != 4 {
		t.Errorf("%v\n%s", err, &file)
	}
	var read struct {
		Points []struct {
			Pictures int `json:"calibration_images"`
			Spread   struct{ Draws int }
			Scores   []struct{ Drawn string }
		}
	}
	data, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(data, &read)
	}
	if err != nil || len(read.Points) != 2 || read.Points[0].Spread.Draws != 2 || read.Points[0].Scores[1].Drawn != "seed 1" {
		t.Errorf("%v\n%s", err, data)
	}
	usual, err := Pictures(t.Context(), model, calibration, evaluation, calib.TrioViT, SweepOptions{Draws: 1})
	if err != nil || len(usual.Points) != 2 || usual.Points[0].Pictures != 2 || usual.Points[1].Pictures != 4 {
		t.Errorf("by default %+v (%v)", usual, err)
	}
}

// TestErrors: what is not possible is refused, in one line that says what is allowed.
func TestErrors(t *testing.T) {
	model, data := small(t), noise(t, "calibration", 4)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	make := func(ctx context.Context, number string, calibration dataset.Dataset, o Options) error {
		_, err := Make(ctx, number, model, calibration, data, o)
		return err
	}
	sweep := func(o SweepOptions) error {
		_, err := Pictures(t.Context(), model, data, data, calib.TrioViT, o)
		return err
	}
	absent := errors.New("there are no pictures")
	none := dataset.Absent("nothing", dataset.Classification, absent)
	_, nothing := Pictures(t.Context(), model, none, data, calib.TrioViT, SweepOptions{})
	for want, err := range map[string]error{
		`no table "III" of accuracies: have I, II, IV, V, VI, VII`:           make(t.Context(), "III", data, Options{}),
		"table V: -1 draws of calibration pictures: at least 1 is needed":    make(t.Context(), "V", data, Options{Draws: -1}),
		"table V: a draw of 5 pictures from calibration: allowed are 1 to 4": make(t.Context(), "V", data, Options{Pictures: 5}),
		"2 draws of all 4 pictures of calibration are one and the same":      make(t.Context(), "V", data, Options{Draws: 2, Pictures: 4}),
		"there are no pictures":                                     make(t.Context(), "V", none, Options{Draws: 2}),
		"sweep of TrioViT over calibration pictures: observe":       nothing,
		"a draw of 0 pictures from calibration: allowed are 1 to 4": sweep(SweepOptions{Sizes: []int{5, 0}}),
		"-1 draws of each size: at least 1 is needed":               sweep(SweepOptions{Draws: -1}),
		"context canceled":                                          make(ended, "VI", noise(t, "not seen before", 5), Options{}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
