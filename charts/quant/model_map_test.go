// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// diagnosed is a made-up diagnosis of a network: later tensors are worse, divisors worst.
func diagnosed(tb testing.TB, name string) (*diagnose.Report, *efficientvit.Network) {
	tb.Helper()
	net, err := efficientvit.Describe(name)
	if err != nil {
		tb.Fatal(err)
	}
	r := &diagnose.Report{Network: net.Name, Images: 12, Dataset: "made-up pictures"}
	at := map[string]int{}
	for i, op := range net.Ops {
		for _, p := range op.Points {
			tensor := op.Inputs[p.Operand]
			if _, known := at[tensor]; !known {
				at[tensor] = len(r.Tensors)
				isolated := 42 - 9*math.Abs(math.Sin(float64(i)))
				t := diagnose.Tensor{Name: tensor, Class: p.Class.String(), Values: 1000, Codes: 256, Used: 60 + i%190,
					Isolated: diagnose.Decibels(isolated), Accumulated: diagnose.Decibels(isolated - float64(i)/12), Saturated: int64(i % 7)}
				if p.Class == efficientvit.DivisorOperand {
					t.Isolated, t.Accumulated, t.Codes, t.Used = 19, 11, 16, 5
				}
				r.Tensors = append(r.Tensors, t)
			}
			t := &r.Tensors[at[tensor]]
			t.Readers = append(t.Readers, op.Name)
		}
		if len(op.Points) > 0 && len(op.Params) > 0 {
			r.Tensors = append(r.Tensors, diagnose.Tensor{Name: op.Name, Class: "weights", Readers: []string{op.Name}, Values: 100, Codes: 255, Used: 255,
				Isolated: 44, Accumulated: diagnose.Decibels(40 - float64(i)/12)})
		}
	}
	for i, b := range net.Blocks() {
		r.Units = append(r.Units, diagnose.Unit{Level: diagnose.ByBlock, Name: b.Name, Only: diagnose.Score{SQNR: diagnose.Decibels(45 - 5*(i%5))}})
	}
	return r, net
}

// TestModelMap: every block has a box by each measure and a detail that shows its own
// tensors, the worst one is told and shown, and the table has the numbers.
func TestModelMap(t *testing.T) {
	for _, name := range []string{"seg-b0-cityscapes", "b3-r224"} {
		r, net := diagnosed(t, name)
		for _, measure := range []string{"accumulated", "isolated", "saturation", "occupancy", Sensitivity} {
			f, err := ModelMap(r, net, measure)
			if err != nil {
				t.Fatal(err)
			}
			blocks := net.Blocks()
			if rows := f.Table().Rows; len(rows) != len(blocks) || len(rows[0]) != len(f.Table().Columns) {
				t.Errorf("%s by %s: a table of %d rows for %d blocks", name, measure, len(rows), len(blocks))
			}
			var option struct {
				Legend struct{ Selected map[string]bool }
				Series []struct {
					ID   string
					Name string
					Data []json.RawMessage
				}
			}
			if err := json.Unmarshal(f.Option(), &option); err != nil {
				t.Fatal(err)
			}
			boxes := 0
			for _, s := range option.Series {
				if s.Name == measure {
					boxes = len(s.Data)
				}
			}
			if boxes != len(blocks) || !option.Legend.Selected[measure] || len(option.Legend.Selected) != 5 {
				t.Errorf("%s by %s: %d boxes for %d blocks, the legend has %v", name, measure, boxes, len(blocks), option.Legend.Selected)
			}
			var details []struct {
				Title  []struct{ Text string }
				Series []struct {
					ID   string
					Data []json.RawMessage
				}
			}
			if err := json.Unmarshal(f.Details(), &details); err != nil || len(details) != len(blocks) {
				t.Fatalf("%d details for %d blocks, error %v", len(details), len(blocks), err)
			}
			for i, b := range blocks {
				tensors := 0
				for _, x := range r.Tensors {
					if slices.ContainsFunc(x.Readers, func(reader string) bool {
						at := slices.IndexFunc(net.Ops, func(op efficientvit.Op) bool { return op.Name == reader })
						return at >= b.From && at < b.To
					}) {
						tensors++
					}
				}
				dots := details[i].Series[len(details[i].Series)-1].Data
				if len(dots) != min(tensors, detailRows) || !strings.Contains(details[i].Title[1].Text, plot.Several(tensors, "tensor")) {
					t.Errorf("%s has %d tensors, its detail %d: %q", b.Name, tensors, len(dots), details[i].Title[1].Text)
				}
			}
		}
	}
}

// TestModelMapIsDrawn: the picture has the blocks' numbers and the detail of the worst
// block, and the live figure answers clicks.
func TestModelMapIsDrawn(t *testing.T) {
	needRuntime(t)
	r, net := diagnosed(t, "seg-b0-cityscapes")
	f, err := ModelMap(r, net, Sensitivity)
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	drawn := figuretest.Texts(t, svg)
	for _, want := range []string{"MSA", "MBConv", "DSConv", "stage 4", "45.0 dB", "25.0 dB", "occupancy", "By sensitivity the worst block is "} {
		if !strings.Contains(drawn, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	file := filepath.Join(t.TempDir(), "map.html")
	if err := f.Save(file); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte(`chart.on("click"`)) || !bytes.Contains(page, f.Details()) {
		t.Error("the live figure does not answer clicks")
	}
	other, err := ModelMap(r, net, "isolated")
	if err != nil {
		t.Fatal(err)
	}
	if other.ID() == f.ID() {
		t.Error("two maps have one id")
	}
}

// TestModelMapOdd: numbers that are not finite, blocks without tensors and a report
// without scores are drawn; an unknown measure and another network are errors.
func TestModelMapOdd(t *testing.T) {
	r, net := diagnosed(t, "b0-r224")
	for i := range r.Tensors {
		r.Tensors[i].Accumulated = diagnose.Decibels(math.Inf(i%2*2 - 1))
	}
	r.Units = nil
	f, err := ModelMap(r, net, "accumulated")
	if err != nil {
		t.Fatal(err)
	}
	if want := ": -Inf dB"; !strings.HasSuffix(f.Title(), want) {
		t.Errorf("the title is %q, want %q at its end", f.Title(), want)
	}
	if _, err := ModelMap(&diagnose.Report{}, net, "isolated"); err != nil {
		t.Errorf("an empty report: %v", err)
	}
	for want, given := range map[string]func() (*charts.Figure, error){
		fmt.Sprintf(`no measure %q: have ["accumulated" "isolated" "saturation" "occupancy"]`, Sensitivity): func() (*charts.Figure, error) { return ModelMap(r, net, Sensitivity) },
		"has no operation": func() (*charts.Figure, error) {
			other := net.Clone()
			other.Ops = other.Ops[:20]
			return ModelMap(r, other, "isolated")
		},
	} {
		if _, err := given(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
