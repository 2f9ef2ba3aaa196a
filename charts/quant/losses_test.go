// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// climbed is a ladder of losses by hand, NaN for a recipe without a score.
func climbed(losses ...float64) *calib.Climb {
	report := &triovit.Report{Task: dataset.Segmentation, Images: 50, MIoU: triovit.Estimate{Value: 0.8, Lo: 0.7, Hi: 0.9}}
	c := &calib.Climb{Evaluation: "scenes", Float: report}
	for i, loss := range losses {
		r := calib.Rung{Recipe: calib.Recipe{Name: string(rune('a' + i))}, Unscored: errors.New("it overflows")}
		if loss == loss {
			r.Report, r.Unscored = report, nil
			r.AgainstFloat = &triovit.Paired{Difference: triovit.Estimate{Value: -loss, Lo: -loss - 0.01, Hi: -loss + 0.01}}
		}
		c.Rungs = append(c.Rungs, r)
	}
	return c
}

// TestLosses: every recipe has a row of the table with its paired interval in points, and
// a dot if it has a score; the title tells the worst and the best.
func TestLosses(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name, title string
		losses      []float64
		dots        int
	}{
		{"two", "a: 24.00 points of mIoU lost; b: 0.50 points of mIoU lost", []float64{0.24, 0.005}, 2},
		{"a gain", "a: 24.00 points of mIoU lost; b: 0.50 points of mIoU more than float", []float64{0.24, -0.005}, 2},
		{"no score", "b: no score; a: 1.00 points of mIoU lost", []float64{0.01, nan}, 1},
		{"one", "a: 1.00 points of mIoU lost", []float64{0.01}, 1},
	} {
		f, err := Losses(climbed(c.losses...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var option struct{ Series []struct{ Data []any } }
		if err := json.Unmarshal(f.Option(), &option); err != nil || len(option.Series[0].Data) != c.dots {
			t.Errorf("%s: %v, %d dots, want %d", c.name, err, len(option.Series[0].Data), c.dots)
		}
		if f.Title() != c.title || len(f.Table().Rows) != len(c.losses) {
			t.Errorf("%s: %q, want %q; %d rows", c.name, f.Title(), c.title, len(f.Table().Rows))
		}
	}
	f, err := Losses(climbed(0.24))
	if err != nil {
		t.Fatal(err)
	}
	if row := f.Table().Rows[0]; plot.Number(row[3].(float64)) != "23" || plot.Number(row[4].(float64)) != "25" {
		t.Errorf("interval %v", row)
	}
	if _, err := Losses(climbed()); err == nil {
		t.Error("a ladder without recipes is drawn")
	}
}

// TestLadderSetsThePaperApart: the paper's losses are of its own task's table, in a panel
// of their own, and a recipe by which the network overflows has no dot.
func TestLadderSetsThePaperApart(t *testing.T) {
	for task, table := range map[dataset.Task]string{dataset.Segmentation: "VII", dataset.Classification: "V"} {
		c := climbed(0.24, math.NaN())
		c.Float.Task = task
		f, err := Ladder(c)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		printed := paper.Numbered(table)
		rows := f.Table().Rows
		if want := 2 + len(printed.Rows) - 1; len(rows) != want {
			t.Fatalf("%s: %d rows, want %d", task, len(rows), want)
		}
		for i, r := range rows {
			of, loss := r[0].(string), r[2].(float64)
			switch {
			case i < 2:
				if of != "measured" || r[5] != "" || math.IsNaN(loss) != (i == 1) {
					t.Errorf("%s: row %d is %v", task, i, r)
				}
			default:
				cell := printed.Rows[i-1].Cells[0]
				want := printed.Rows[0].Cells[0].Value - cell.Value
				if of != "paper" || r[5] != string(cell.Mark) || r[1] != printed.Rows[i-1].Name || !(loss == want || math.IsNaN(loss) && math.IsNaN(want)) {
					t.Errorf("%s: row %d is %v, Table %s has %v", task, i, r, table, cell)
				}
			}
		}
		if option := string(f.Option()); !strings.Contains(option, "Printed elsewhere, not measured here: "+printed.What(0)) {
			t.Errorf("%s: no panel of Table %s", task, table)
		}
	}
}

// TestWidths: a row for each name and width, in the order of the ladder's rungs.
func TestWidths(t *testing.T) {
	w := &tables.Widths{Names: []string{"PW1", "DW"}, Bits: []int{8, 6}, Climb: climbed(0.01, 0.02, 0.3, math.NaN())}
	f, err := Widths(w)
	if err != nil {
		t.Fatal(err)
	}
	want8 := "At 8 bits DW costs most: 30.00 points of mIoU lost"
	if f.Title() != want8 {
		t.Errorf("%q, want %q", f.Title(), want8)
	}
	w.Climb = climbed(math.NaN(), 0.02, 0.3, 0.1)
	if unscored, err := Widths(w); err != nil || unscored.Title() != want8+"; PW1: no score" {
		t.Errorf("%v, %v", unscored, err)
	}
	var cells []string
	for _, r := range f.Table().Rows {
		cells = append(cells, r[0].(string)+" "+fmt.Sprint(r[1])+" "+plot.Number(r[3].(float64)))
	}
	if want := []string{"PW1 8 1", "PW1 6 2", "DW 8 30", "DW 6 NaN"}; !slices.Equal(cells, want) {
		t.Errorf("%q, want %q", cells, want)
	}
}

// TestStairs: a channel has as many codes as its range has steps, and the title tells the
// median channel's.
func TestStairs(t *testing.T) {
	d := stairsData{Role: "DW", Block: "b", Min: []float32{-1, 0, 0}, Max: []float32{12.7, 0.9, 0}, Grid: grid.Uniform{Scale: 0.1, Lo: -127, Hi: 127}}
	f, err := d.Figure()
	if err != nil {
		t.Fatal(err)
	}
	if want := "8 bits: the median channel has 10 of 255 codes, 1 of 3 channels fewer than 8"; f.Title() != want {
		t.Errorf("%q, want %q", f.Title(), want)
	}
	for c, want := range []int{138, 10, 1} {
		if got := f.Table().Rows[c][3]; got != want {
			t.Errorf("channel %d has %v codes, want %d", c, got, want)
		}
	}
	if _, err := f.SVG(); err != nil {
		t.Error(err)
	}
}

// TestAnswers: a recipe that changes answers has a map of where it does.
func TestAnswers(t *testing.T) {
	s, _ := observed(t)
	p, err := Answers(context.Background(), s, 1, calib.Vanilla.Bits(8, 6))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Captions) != 4 || p.Captions[2] != "float" || !strings.HasPrefix(p.Captions[3], "Vanilla W8A6: ") || strings.Contains(p.Captions[3], "none") {
		t.Errorf("%q", p.Captions)
	}
	if _, err := Stairs(new(calib.Profile), s.Folded.Net, "stages.3.op_list.1.local_module", efficientvit.Proj, 8); err == nil {
		t.Error("an empty profile is drawn")
	}
}

// TestDisagreement: pixels that agree are grey, others have their class's colour.
func TestDisagreement(t *testing.T) {
	var p Pictures
	palette := dataset.CityscapesClasses[:]
	p.AddDisagreement("r", []uint8{1, 2, 255}, []uint8{1, 3, 1}, 3, 1, palette)
	for x, want := range []color.Color{agreeing, palette[2].Color, color.RGBA{A: 255}} {
		if got := p.Images[0].At(x, 0); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
	if p.Captions[0] != "r: 67 % of the pixels not as float" || len(p.Legend) != 1 {
		t.Errorf("%q, legend %v", p.Captions, p.Legend)
	}
}
