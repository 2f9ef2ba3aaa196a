// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
)

func init() { drawings["sweep"] = sweepFixture() }

func sweepFixture() sweepData {
	nan := math.NaN()
	return sweepData{
		Recipe: "TrioViT", Metric: "mIoU", Dataset: "scenes", Images: 100, Calibration: "other scenes", Float: 84.7,
		Points: []sweepPoint{
			{1, 70.5, 9.19, []float64{64, 77, nan}}, {2, nan, nan, []float64{nan, nan}}, {4, 83.8, 0.5, []float64{83.3, 84.3}}, {48, 84.4, nan, []float64{84.4}},
		},
	}
}

// paperTable is Table VI of two draws by hand: the first of them, or both.
func paperTable(draws int) *tables.Table {
	score := func(x float64) tables.Score {
		return tables.Score{Score: triovit.Estimate{Value: x, Lo: x - 0.01, Hi: x + 0.02}}
	}
	none := tables.Score{Score: triovit.Estimate{Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}, Unscored: "it overflows"}
	unknown := slices.Repeat([]paper.Cell{{Value: math.NaN(), Mark: paper.Unknown, Source: "not printed"}}, 4)
	printed := paper.Numbered("VI")
	t := &tables.Table{Number: "VI", Metric: "mIoU", Columns: printed.Columns, Printed: "top-1 %, ImageNet, Table VI",
		Setting: tables.Setting{Evaluation: "scenes", EvaluationImages: 100, CalibrationImages: 48, Draws: draws, Pictures: 24},
		Rows: []tables.Row{
			{Name: "float", Scores: []tables.Score{score(0.85)}, Beside: unknown},
			{Name: "channel-wise grids", Recipe: calib.ChannelWiseDW, Scores: []tables.Score{score(0.80), none}[:draws], Beside: printed.Row("channel-wise grids")},
			{Name: "migration", Recipe: calib.TrioViT, Scores: []tables.Score{score(0.82), score(0.84)}[:draws], Beside: printed.Row("migration")},
		},
		Unpaired: []paper.Row{{Name: "improvement", Cells: printed.Row("improvement")}},
	}
	return t
}

// TestPaperTable: what is computed and what is printed are bars of different panels, only
// the latter with marks, and a number that is not known is no bar.
func TestPaperTable(t *testing.T) {
	for _, test := range []struct {
		draws    int
		computed string
		subtitle string
	}{
		{1, `[["measured","float",85,84,87,"","scenes"],["measured","channel-wise grids",80,79,82,"","scenes"],["measured","migration",82,81,84,"","scenes"]]`, "Black line: 95 % interval."},
		{2, `[["measured","float",85,null,null,"","scenes"],["measured","channel-wise grids",80,null,null,"","scenes"],["measured","migration",83,81.586,84.414,"","scenes"]]`,
			"Black line: one deviation over 2 draws of 24 calibration pictures."},
	} {
		f, err := PaperTable(paperTable(test.draws))
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]any
		for _, row := range f.Table().Rows {
			cells := slices.Clone(row)
			for i, c := range cells {
				if v, ok := c.(float64); ok && plot.Finite(v) {
					cells[i] = plot.Rounded(v, 5)
				} else if ok {
					cells[i] = nil
				}
			}
			rows = append(rows, cells)
		}
		if len(rows) != 3+4*4 {
			t.Fatalf("%d rows", len(rows))
		}
		if got, err := json.Marshal(rows[:3]); err != nil || string(got) != test.computed {
			t.Errorf("computed %s (%v), want %s", got, err, test.computed)
		}
		for _, row := range rows[3:] {
			if row[0] != "paper" || row[5] == "" || row[3] != nil || (row[2] == nil) != (row[5] == "U") {
				t.Errorf("printed %v", row)
			}
		}
		option := string(f.Option())
		if !strings.Contains(option, test.subtitle) || strings.Count(option, `"Printed elsewhere, not measured here"`) != 4 || !strings.Contains(option, "B1-R224, top-1 %, ImageNet, Table VI") {
			t.Errorf("%s", option)
		}
		needRuntime(t)
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"unknown [U]", "69.25 % [V]", "9.39 % [V]", "Measured here"} {
			if !strings.Contains(figuretest.Texts(t, svg), text) {
				t.Errorf("the SVG lacks %q", text)
			}
		}
	}
}

// TestSweepFigure: the title compares the ends, each draw is a row, and the band and the
// line leave a gap where no draw has a score.
func TestSweepFigure(t *testing.T) {
	f := draw(t, sweepFixture())
	if want := "TrioViT on 1 calibration pictures: mIoU 70.50 ± 9.19 %; on 48 84.40 %"; f.Title() != want {
		t.Errorf("title %q, want %q", f.Title(), want)
	}
	if rows := f.Table().Rows; len(rows) != 8 {
		t.Errorf("%d rows, want one for each draw", len(rows))
	}
	s := &tables.Sweep{Recipe: calib.TrioViT, Metric: "mIoU", Float: triovit.Estimate{Value: 0.8}, Points: []tables.Point{
		{Pictures: 2, Scores: []tables.Score{{Score: triovit.Estimate{Value: 0.5}}, {Score: triovit.Estimate{Value: 0.7}}}},
	}}
	if f, err := PicturesSweep(s); err != nil || f.Title() != "TrioViT on 2 calibration pictures: mIoU 60.00 ± 14.14 %" {
		t.Errorf("%q (%v)", f.Title(), err)
	}
	needRuntime(t)
	if _, err := f.SVG(); err != nil {
		t.Error(err)
	}
	for want, points := range map[string][]sweepPoint{"no points": nil, "numbers must rise": {{Pictures: 2}, {Pictures: 2}}} {
		if _, err := (sweepData{Points: points}).Figure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
