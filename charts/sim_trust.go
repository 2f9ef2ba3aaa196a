// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/trust"
)

// The sizes of a panel of rows: names at the left, marks over one axis, and a text for
// each row at the right.
const (
	rowsTop, rowPitch, rowsFoot = 112, 28, 54
	rowLetters                  = 11
)

// rows returns a panel of rows. The texts stand at the right of the panel, in the order of
// the names.
func rows(names, texts []string, x plot.Axis, series ...echarts.SingleSeries) plot.Panel {
	left, right := plot.LabelRoom(names), 0.0
	var words []plot.Point
	for i, text := range texts {
		words = append(words, plot.Point{Name: "  " + text, Value: []any{x.Hi, i}})
		right = max(right, plot.TextWidth(words[i].Name, rowLetters, false)+24)
	}
	p := plot.Panel{Left: left, Top: rowsTop, Width: plot.FigureWidth - left - int(right), Height: rowPitch * len(names),
		X: x, Y: plot.Axis{Labels: names}, Series: append(series, plot.Captions(words))}
	p.Series[len(p.Series)-1].Label.FontSize = rowLetters
	return p
}

// stretch returns the series of a thick line from one position to another in each row.
func stretch(name, color string, names []string, from, to []float64) echarts.SingleSeries {
	s := plot.Spans(names, from, to)
	s.Name, s.Color, s.LineStyle = name, color, &opts.LineStyle{Color: color, Width: 16}
	return s
}

// whole writes cycles as a whole number.
func whole(cycles float64) string { return plot.Count(int(math.Round(cycles))) }

// signed writes a change of cycles with its sign.
func signed(cycles float64) string {
	if math.Round(cycles) > 0 {
		return "+" + whole(cycles)
	}
	return whole(cycles)
}

// bridgeData are the causes that lead from one model's cycles to the other's.
type bridgeData struct{ trust.Bridge }

// Bridge draws the cycles of the closed form, those of the event-driven model, and the
// causes of the difference.
func Bridge(b *trust.Bridge) (*Figure, error) { return bridgeData{*b}.Figure() }

func (d bridgeData) check() error {
	at := d.ClosedForm
	for _, t := range d.Terms {
		at += t.Cycles
	}
	if !(d.ClosedForm > 0) || !(math.Abs(at-float64(d.EventDriven)) <= 1) {
		return fmt.Errorf("charts: bridge of %s: from %v its %d terms lead to %v cycles, to the %d of the event-driven model is allowed", d.Workload, d.ClosedForm, len(d.Terms), at, d.EventDriven)
	}
	return nil
}

// finding names the cause of the most additional cycles.
func (d bridgeData) finding() string {
	between := float64(d.EventDriven) - d.ClosedForm
	var most trust.Term
	for _, t := range d.Terms {
		if math.Abs(t.Cycles) > math.Abs(most.Cycles) {
			most = t
		}
	}
	if most.Cycles == 0 {
		return fmt.Sprintf("Both models count %d cycles", d.EventDriven)
	}
	return fmt.Sprintf("Of the %s cycles between the two models %s are %s", whole(between), whole(most.Cycles), most.Cause)
}

// Figure draws a row per cause, from the closed form's cycles above to the event-driven
// model's below. The table has a row per cause.
func (d bridgeData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	table := plot.Columns("cause", "cycles", "up to here")
	names, texts := []string{"closed form"}, []string{whole(d.ClosedForm)}
	from, to := []float64{d.ClosedForm}, []float64{d.ClosedForm}
	table.Rows = append(table.Rows, []any{"closed form", d.ClosedForm, d.ClosedForm})
	at, lo, hi := d.ClosedForm, d.ClosedForm, d.ClosedForm
	for _, t := range d.Terms {
		names, from = append(names, t.Cause), append(from, at)
		at += t.Cycles
		to = append(to, at)
		lo, hi = min(lo, at), max(hi, at)
		texts = append(texts, signed(t.Cycles))
		table.Rows = append(table.Rows, []any{t.Cause, t.Cycles, at})
	}
	names, from, to = append(names, "event-driven"), append(from, at), append(to, at)
	texts = append(texts, whole(at))
	table.Rows = append(table.Rows, []any{"event-driven", at, at})
	var ends []plot.Point
	for _, i := range []int{0, len(names) - 1} {
		ends = append(ends, plot.Point{Name: names[i] + ": " + texts[i] + " cycles", Value: []any{from[i], i}})
	}
	margin := max(1, 0.08*(hi-lo))
	x := plot.Axis{Name: "cycles of one picture", Lo: math.Floor(lo - margin), Hi: math.Ceil(hi + margin)}
	p := rows(names, texts, x, stretch("", plot.Vermillion, names, from, to), plot.Dots("", plot.Blue, true, ends))
	subtitle := fmt.Sprintf("%s on %s.\nThe axis does not begin at 0. A cause is what the model with it counts more than without.", plot.ShortName(d.Workload), d.Config.Name)
	return NewFigure(d.finding(), plot.FigureWidth, rowsTop+p.Height+rowsFoot, plot.Compose(d.finding(), subtitle, nil, []plot.Panel{p}), table)
}

// sensitivityData are the cycles with each assumed number at half and at double its value.
type sensitivityData struct{ trust.Sensitivity }

// Tornado draws the change in cycles for each assumed number at half and at double its
// value.
func Tornado(s *trust.Sensitivity) (*Figure, error) { return sensitivityData{*s}.Figure() }

// change returns the cycles that a trial takes more than the configuration as it is.
func (d sensitivityData) change(t trust.Trial) float64 { return t.Cycles - float64(d.Cycles) }

// moving returns the assumptions that move the cycles, or that the model refuses at one
// of the two values, and the names of the others.
func (d sensitivityData) moving() (moving []trust.Swing, still []string) {
	for _, s := range d.Swings {
		if d.change(s.Half) == 0 && d.change(s.Double) == 0 {
			still = append(still, s.Field)
		} else {
			moving = append(moving, s)
		}
	}
	return moving, still
}

func (d sensitivityData) check() error {
	if moving, _ := d.moving(); d.Cycles <= 0 || len(moving) == 0 {
		return fmt.Errorf("charts: sensitivity of %s: %d of %d assumptions move its %d cycles, need at least one", d.Workload, len(moving), len(d.Swings), d.Cycles)
	}
	return nil
}

// finding names the assumption that costs the most cycles.
func (d sensitivityData) finding() string {
	moving, _ := d.moving()
	field, most := "", 0.0
	for _, s := range moving {
		for _, t := range []struct {
			what string
			trust.Trial
		}{{"half of ", s.Half}, {"double ", s.Double}} {
			if c := d.change(t.Trial); math.Abs(c) > math.Abs(most) {
				field, most = t.what+s.Field, c
			}
		}
	}
	verb := "costs"
	if most < 0 {
		verb = "saves"
	}
	return fmt.Sprintf("%d of %d assumed numbers move the cycles: %s %s %s", len(moving), len(d.Swings), field, verb, plot.Percent(math.Abs(most)/float64(d.Cycles)))
}

// Figure draws a row per number that moves the cycles, the most first. The axis is linear
// near 0 and logarithmic beyond: one number moves them hundreds of times as much as
// another. The table has every number.
func (d sensitivityData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const half, double = "half", "double"
	table := plot.Columns("assumption", "value", "tried", "with", "cycles", "more than now")
	for _, s := range d.Swings {
		for _, t := range []struct {
			what string
			trust.Trial
		}{{half, s.Half}, {double, s.Double}} {
			table.Rows = append(table.Rows, []any{s.Field, s.Value, t.what, t.Value, t.Cycles, d.change(t.Trial)})
		}
	}
	moving, still := d.moving()
	var names, texts []string
	var sizes []float64
	for _, s := range moving {
		sizes = append(sizes, math.Abs(d.change(s.Half)), math.Abs(d.change(s.Double)))
	}
	scale := plot.NewSymlog(sizes)
	var ends [2][]plot.Point
	var from, to []float64
	lo, hi := 0.0, 0.0
	for i, s := range moving {
		names = append(names, s.Field)
		at := [2]float64{}
		var said []string
		for k, t := range []trust.Trial{s.Half, s.Double} {
			what := t.Value + ": refused"
			if c := d.change(t); !math.IsNaN(c) {
				what = t.Value + ": " + signed(c)
				at[k] = scale.Position(c)
				ends[k] = append(ends[k], plot.Point{Name: fmt.Sprintf("%s = %s cycles", s.Field, what), Value: []any{at[k], i}})
			}
			said = append(said, what)
		}
		texts = append(texts, strings.Join(said, " · "))
		from, to = append(from, min(0, at[0], at[1])), append(to, max(0, at[0], at[1]))
		lo, hi = min(lo, from[i]), max(hi, to[i])
	}
	margin := 0.06 * (hi - lo)
	x := plot.Axis{Name: "more cycles than with the assumed value", Lo: lo - margin, Hi: hi + margin}
	x.Ticks = scale.Ticks(x.Lo, x.Hi, nil)
	p := rows(names, texts, x, plot.Spans(names, from, to), plot.Dots(half, plot.Vermillion, true, ends[0]), plot.Dots(double, plot.Blue, true, ends[1]))
	subtitle := fmt.Sprintf("%s on %s: %s cycles.\n", plot.ShortName(d.Workload), d.Config.Name, plot.Count(int(d.Cycles)))
	var others []string
	for _, a := range slices.Concat(d.Zeros, d.Words) {
		others = append(others, a.Field+" = "+a.Value)
	}
	below := ""
	if len(still) > 0 {
		below = "Nothing changes with " + strings.Join(still, ", ") + "."
	}
	if len(others) > 0 {
		below += " Without half and double: " + strings.Join(others, ", ") + "."
	}
	below = plot.Wrap(strings.TrimSpace(below), 12, plot.FigureWidth-24)
	lines := strings.Count(below, "\n")
	p.Top += 16 * lines
	return NewFigure(d.finding(), plot.FigureWidth, p.Top+p.Height+rowsFoot, plot.Compose(d.finding(), subtitle+below, []string{half, double}, []plot.Panel{p}), table)
}

// sharesData are the cycles for each way to divide the layers among copies.
type sharesData struct{ trust.Shares }

// Shares draws the cycles of a picture for each way to divide the layers among the copies,
// and for the best way for each layer.
func Shares(s *trust.Shares) (*Figure, error) { return sharesData{*s}.Figure() }

// The names of the rows below those of the shares.
const (
	bestOfTwo = "best of pixels and channels, layer by layer"
	bestOfAll = "best of all three, layer by layer"
)

// values returns the cycles of the rows, in the order of the names.
func (d sharesData) values(v trust.ShareVariant) []float64 {
	var list []float64
	for _, s := range arch.Shares() {
		list = append(list, v.Cycles[s])
	}
	return append(list, v.OnePicture, v.Best)
}

func (d sharesData) check() error {
	if len(d.Variants) == 0 {
		return fmt.Errorf("charts: shares of %s: no variants, need at least one", d.Workload)
	}
	for _, v := range d.Variants {
		for _, c := range d.values(v) {
			if !(c > 0) || !plot.Finite(c) {
				return fmt.Errorf("charts: shares of %s: %v cycles %s, must be positive", d.Workload, c, v.Name)
			}
		}
	}
	return nil
}

// finding compares two numbers of cycles. The first has for each layer the better share
// of pixels and channels, in the memory's variant that suits it most. The second has
// pixels alone, with the assumed memory.
func (d sharesData) finding() string {
	pixels, best := d.Variants[0].Cycles[arch.Pixels], d.Variants[0]
	for _, v := range d.Variants {
		if v.Name != trust.FreeMemory && v.OnePicture < best.OnePicture {
			best = v
		}
	}
	with := ""
	if best.Name != d.Variants[0].Name {
		with = ", with a " + best.Name
	}
	return fmt.Sprintf("Pixels or channels by layer: %s cycles instead of %s%s", whole(best.OnePicture), whole(pixels), with)
}

// Figure draws a row per share and two of the best for each layer, with a mark for each
// variant of the memory. The table has a row per mark.
func (d sharesData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	names := []string{}
	for _, s := range arch.Shares() {
		names = append(names, string(s))
	}
	names = append(names, bestOfTwo, bestOfAll)
	colors := []string{plot.Blue, plot.Vermillion, plot.Green}
	table := plot.Columns("layers divided by", "memory", "cycles")
	texts := make([]string, len(names))
	lo, hi := math.Inf(1), 0.0
	var legend []string
	var series []echarts.SingleSeries
	for k, v := range d.Variants {
		var marks []plot.Point
		for i, c := range d.values(v) {
			lo, hi = min(lo, c), max(hi, c)
			marks = append(marks, plot.Point{Name: fmt.Sprintf("%s, %s: %s cycles", names[i], v.Name, whole(c)), Value: []any{math.Log2(c), i}})
			table.Rows = append(table.Rows, []any{names[i], v.Name, c})
			if k > 0 {
				texts[i] += " · "
			}
			texts[i] += whole(c)
		}
		legend = append(legend, v.Name)
		series = append(series, plot.Dots(v.Name, colors[k%len(colors)], k == 0, marks))
	}
	slices.Reverse(series) // the first variant is drawn last, in front
	p := rows(names, texts, span("cycles of one picture, logarithmic", lo, hi), series...)
	subtitle := fmt.Sprintf("%s on %s, in a batch of %d.\nNumbers are in the order of the legend. A layer keeps the waits of its own share.", plot.ShortName(d.Workload), d.Config.Name, d.Batch)
	return NewFigure(d.finding(), plot.FigureWidth, rowsTop+p.Height+rowsFoot, plot.Compose(d.finding(), subtitle, legend, []plot.Panel{p}), table)
}
