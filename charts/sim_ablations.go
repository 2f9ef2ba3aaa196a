// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim/ablate"
)

// ablationsData is a design, and the design without each of its choices.
type ablationsData struct {
	// Workload was run on Config.
	Workload, Config string
	Whole            ablationsRow
	Rows             []ablationsRow
}

// ablationsRow is the design without one choice.
type ablationsRow struct {
	Name string
	// DSPs and LUTs are those of the design, with the line buffers that it needs.
	DSPs, LUTs int
	// ClosedForm and EventDriven are the cycles of one picture by each model, NaN where
	// the model does not cover the design.
	ClosedForm, EventDriven float64
}

// Ablations draws the cycles of a design without each of its choices, against its own.
func Ablations(s *ablate.Study) (*Figure, error) {
	row := func(a ablate.Ablation) ablationsRow {
		return ablationsRow{a.Name, a.DSPs, a.LUTs, a.ClosedForm.Cycles, a.EventDriven.Cycles}
	}
	d := ablationsData{Workload: s.Workload, Config: s.Config.Name, Whole: row(s.Whole)}
	for _, a := range s.Ablations {
		d.Rows = append(d.Rows, row(a))
	}
	return d.Figure()
}

func (d ablationsData) check() error {
	if len(d.Rows) == 0 {
		return fmt.Errorf("charts: ablations of %s: no rows", d.Workload)
	}
	for _, r := range append(slices.Clone(d.Rows), d.Whole) {
		for _, v := range []float64{r.ClosedForm, r.EventDriven} {
			if v <= 0 || math.IsInf(v, 0) || r.DSPs <= 0 {
				return fmt.Errorf("charts: ablations of %s: without %s there are %v cycles on %d DSPs, both must be positive, cycles NaN where unknown", d.Workload, r.Name, v, r.DSPs)
			}
		}
	}
	return nil
}

// times returns how many times the design's own cycles a row takes, by each
// model.
func (d ablationsData) times(r ablationsRow) (closed, event float64) {
	return r.ClosedForm / d.Whole.ClosedForm, r.EventDriven / d.Whole.EventDriven
}

// finding names the strongest rival, which takes no more cycles and pays in LUTs, or else
// the choice that is worth the most cycles.
func (d ablationsData) finding() string {
	most, worth := "", 1.0
	var rival ablationsRow
	for _, r := range d.Rows {
		_, event := d.times(r)
		if event > worth {
			most, worth = r.Name, event
		}
		if event <= 1 && r.LUTs > max(d.Whole.LUTs, rival.LUTs) {
			rival = r
		}
	}
	if rival.Name != "" {
		_, event := d.times(rival)
		return fmt.Sprintf("Without %s: %s the cycles, for %s LUTs more", rival.Name, timesText(event), plot.Count(rival.LUTs-d.Whole.LUTs))
	}
	if most == "" {
		return "No choice is worth cycles by the event-driven model"
	}
	return fmt.Sprintf("Without %s a picture takes %.3f times the cycles, the most of all", most, worth)
}

// timesText writes a ratio of cycles, which is near 1, with three decimals.
func timesText(ratio float64) string { return fmt.Sprintf("×%.3f", ratio) }

// Figure draws a row per choice: the ratio of the cycles without the choice to the
// design's own, by the event-driven model and, hollow, by the closed form. A result that a
// model does not have is written as unknown. The table has a row per choice and model.
func (d ablationsData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch = 108, 30
		grid       = 0.1
		event      = "event-driven"
		closed     = "closed form"
	)
	table := plot.Columns("without", "DSPs", "LUTs", "model", "cycles", "times")
	var names []string
	var from, to []float64
	var filled, hollow, words []plot.Point
	lo, hi := 1.0, 1.0
	for _, r := range d.Rows {
		c, e := d.times(r)
		for _, v := range []float64{c, e} {
			if !math.IsNaN(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	lo, hi = grid*math.Floor(lo/grid), grid*(math.Floor(hi/grid)+1)
	for i, r := range d.Rows {
		c, e := d.times(r)
		names = append(names, r.Name)
		far := 1.0
		text := ""
		for _, v := range []struct {
			model         string
			cycles, times float64
			dots          *[]plot.Point
		}{{event, r.EventDriven, e, &filled}, {closed, r.ClosedForm, c, &hollow}} {
			table.Rows = append(table.Rows, []any{r.Name, r.DSPs, r.LUTs, v.model, v.cycles, v.times})
			said := v.model + " unknown"
			if !math.IsNaN(v.times) {
				far = max(far, v.times)
				said = v.model + " " + timesText(v.times)
				*v.dots = append(*v.dots, plot.Point{Name: fmt.Sprintf("without %s, %s: %s cycles, %s", r.Name, v.model, plot.Count(int(math.Round(v.cycles))), timesText(v.times)), Value: []any{v.times, i}})
			}
			if text != "" {
				text += " · "
			}
			text += said
		}
		for _, part := range []struct {
			more int
			what string
		}{{r.DSPs - d.Whole.DSPs, "DSPs"}, {r.LUTs - d.Whole.LUTs, "LUTs"}} {
			if part.more != 0 {
				text += fmt.Sprintf(" · %s %s", signed(float64(part.more)), part.what)
			}
		}
		from, to = append(from, 1), append(to, far)
		words = append(words, plot.Point{Name: "  " + text, Value: []any{hi, i}})
	}
	left, right := plot.LabelRoom(names), 0.0
	for _, w := range words {
		right = max(right, plot.TextWidth(w.Name, 11, false)+24)
	}
	p := plot.Panel{
		Title: "without",
		Left:  left, Top: top, Width: plot.FigureWidth - left - int(right), Height: pitch * len(names),
		X:      plot.Axis{Name: "cycles without the choice, as a multiple of the design's own", Lo: lo, Hi: hi},
		Y:      plot.Axis{Labels: names},
		Series: []echarts.SingleSeries{plot.Spans(names, from, to), plot.Dots(closed, plot.Vermillion, false, hollow), plot.Dots(event, plot.Blue, true, filled), plot.Captions(words)},
	}
	p.Series[3].Label = &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "right", Color: plot.Ink, FontSize: 11}
	subtitle := fmt.Sprintf("%s on %s\n%s cycles by the event-driven model, %s by the closed form",
		plot.ShortName(d.Workload), d.Config, cyclesOrUnknown(d.Whole.EventDriven), cyclesOrUnknown(d.Whole.ClosedForm))
	return NewFigure(d.finding(), plot.FigureWidth, top+p.Height+54, plot.Compose(d.finding(), subtitle, []string{event, closed}, []plot.Panel{p}), table)
}

func cyclesOrUnknown(v float64) string {
	if math.IsNaN(v) {
		return "unknown"
	}
	return plot.Count(int(math.Round(v)))
}
