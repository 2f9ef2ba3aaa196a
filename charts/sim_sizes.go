// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/explore"
)

// sizesData is the attained share of the multipliers' peak of each configuration of a
// survey.
type sizesData struct {
	Workload, Model, Note string
	Points                []sizesPoint
}

// sizesPoint is one configuration.
type sizesPoint struct {
	// Name is the sizes of the engines and the number of copies, see [sizesOf].
	Name string
	DSPs int
	// FPS are the pictures per second, Share the GOPS as a part of the peak.
	FPS, Share float64
	// Front says that no other point has more FPS on no more DSPs, or as many on fewer.
	// Mark says that the point is the marked configuration.
	Front, Mark bool
}

// sizesOf writes the sizes of a configuration's engines as the paper does.
func sizesOf(c arch.Config) string {
	return fmt.Sprintf("(%d×%d + %d×%d)×%d", c.RMAC.Lanes, c.RMAC.MACs, c.MAT.Lanes, c.MAT.MACs, c.Copies)
}

// Sizes draws, for each configuration of a survey, the share of its multipliers' peak that
// it attains against its DSPs, with the front of pictures per second and DSPs. The marked
// configuration must be one of the survey's points.
func Sizes(v *explore.Survey, workload string, marked arch.Config) (*Figure, error) {
	front, err := v.Front(workload, explore.FPS, explore.DSPs)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	best := make(map[arch.Config]bool)
	for _, p := range front.Points {
		best[p.Config] = true
	}
	d := sizesData{Workload: workload, Model: v.Model, Note: v.Note}
	for _, p := range v.Points {
		if p.Workload == workload {
			d.Points = append(d.Points, sizesPoint{sizesOf(p.Config), p.DSPs, p.FPS, p.Utilization(), best[p.Config], p.Config == marked})
		}
	}
	return d.Figure()
}

// mark returns the marked point.
func (d sizesData) mark() (sizesPoint, error) {
	for _, p := range d.Points {
		if p.Mark {
			return p, nil
		}
	}
	return sizesPoint{}, fmt.Errorf("charts: sizes of %s: the marked configuration is none of the survey's %d points", d.Workload, len(d.Points))
}

func (d sizesData) check() error {
	for _, p := range d.Points {
		if p.DSPs <= 0 || !(p.Share > 0) || !(p.Share <= 1.1) {
			return fmt.Errorf("charts: sizes of %s: %s attains %v of its peak on %d DSPs, a part of it is allowed", d.Workload, p.Name, p.Share, p.DSPs)
		}
	}
	_, err := d.mark()
	return err
}

// finding compares the marked configuration with those that take no more DSPs.
func (d sizesData) finding(mark sizesPoint) string {
	faster, best := 0, mark
	for _, p := range d.Points {
		if p.DSPs <= mark.DSPs && p.FPS > mark.FPS {
			faster++
			if p.FPS > best.FPS {
				best = p
			}
		}
	}
	if faster == 0 {
		return fmt.Sprintf("%s attains %s of its peak: no other is faster on no more DSPs", mark.Name, plot.Percent(mark.Share))
	}
	return fmt.Sprintf("%s of %s designs are faster than %s on no more DSPs, by %s at most", plot.Count(faster), plot.Count(len(d.Points)), mark.Name, plot.Percent(best.FPS/mark.FPS-1))
}

// Figure draws every point, but only one of those that would cover one another. The table
// has a row for each point.
func (d sizesData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		left, top, width, height = 84, 112, 780, 380
		cell                     = 3 // distance in pixels within which points cover one another
	)
	mark, err := d.mark()
	if err != nil {
		return nil, err
	}
	lo, hi := mark.DSPs, mark.DSPs
	table := plot.Columns("sizes", "DSPs", "FPS", "share of the peak", "front", "marked")
	for _, p := range d.Points {
		lo, hi = min(lo, p.DSPs), max(hi, p.DSPs)
		table.Rows = append(table.Rows, []any{p.Name, p.DSPs, p.FPS, p.Share, p.Front, p.Mark})
	}
	x, y := span("DSPs, logarithmic", float64(lo), float64(hi)), plot.Axis{Name: "% of the multipliers' peak", Lo: 0, Hi: 100}
	var others, front, marks []plot.Point
	taken := make(map[[2]int]bool)
	for _, p := range d.Points {
		at := plot.Point{Name: fmt.Sprintf("%s: %s FPS on %s DSPs, %s of its peak", p.Name, plot.Number(p.FPS), plot.Count(p.DSPs), plot.Percent(p.Share)), Value: []any{math.Log2(float64(p.DSPs)), 100 * p.Share}}
		place := [2]int{int((math.Log2(float64(p.DSPs)) - x.Lo) / (x.Hi - x.Lo) * width / cell), int(p.Share * height / cell)}
		switch {
		case p.Mark:
			marks = append(marks, at)
		case p.Front:
			front = append(front, at)
		case !taken[place]:
			taken[place] = true
			others = append(others, at)
		}
	}
	const frontName, otherName = "front of FPS and DSPs", "others"
	diamonds := plot.Dots(mark.Name, plot.Vermillion, true, marks)
	diamonds.Symbol, diamonds.SymbolSize = "diamond", 15
	p := plot.Panel{Left: left, Top: top, Width: width, Height: height, X: x, Y: y, Series: []echarts.SingleSeries{
		{Name: otherName, Type: "scatter", SymbolSize: 4, Data: others, Color: plot.Shade},
		plot.Dots(frontName, plot.Blue, true, front), diamonds,
	}}
	title := d.finding(mark)
	subtitle := fmt.Sprintf("%s by the %s.\nSizes are (R-MAC + MAT)×copies, each lanes×MACs. DSPs are those of engines and auxiliary units.", plot.ShortName(d.Workload), d.Model)
	return NewFigure(title, plot.FigureWidth, top+height+54, plot.Compose(title, subtitle, []string{otherName, frontName, mark.Name}, []plot.Panel{p}), table)
}

// rankingData are the best configurations by one model with their results by another.
type rankingData struct{ explore.Ranking }

// Ranking draws the best configurations of a survey by both models, each with the share of
// its peak that it attains.
func Ranking(r *explore.Ranking) (*Figure, error) {
	d := rankingData{*r}
	// The model's name ends at the comma; behind it is the scope of the run.
	d.By, _, _ = strings.Cut(r.By, ",")
	d.Again, _, _ = strings.Cut(r.Again, ",")
	return d.Figure()
}

func (d rankingData) check() error {
	if len(d.Best) == 0 {
		return fmt.Errorf("charts: ranking of %s: no configuration beside the reference", d.Workload)
	}
	for _, p := range d.rows() {
		if !(p.FPS > 0) || p.Again.Unknown == "" && !(p.Again.FPS > 0) {
			return fmt.Errorf("charts: ranking of %s: %s makes %v and %v pictures per second, both must be positive", d.Workload, sizesOf(p.Config), p.FPS, p.Again.FPS)
		}
	}
	return nil
}

// rows returns the best configurations, and behind them the reference.
func (d rankingData) rows() []explore.Ranked {
	return append(append([]explore.Ranked{}, d.Best...), d.Reference)
}

// finding tells how many of the best stay faster than the reference.
func (d rankingData) finding() string {
	faster := d.Faster()
	if len(faster) == 0 {
		return fmt.Sprintf("None of the %d best by the %s is faster than %s by the %s", len(d.Best), d.By, sizesOf(d.Reference.Config), d.Again)
	}
	verb := "stay"
	if len(faster) == 1 {
		verb = "stays"
	}
	return fmt.Sprintf("%d of the %d best by the %s %s faster by the %s, by %s at most", len(faster), len(d.Best), d.By, verb, d.Again,
		plot.Percent(faster[0].Again.FPS/d.Reference.Again.FPS-1))
}

// Figure draws a row per configuration, the reference last. The axis is linear.
func (d rankingData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	table := plot.Columns("sizes", "engines' DSPs", "FPS, "+d.By, "share, "+d.By, "FPS, "+d.Again, "share, "+d.Again)
	var names, texts []string
	var from, to []float64
	var first, second []plot.Point
	lo, hi := 100.0, 0.0
	for i, p := range d.rows() {
		one, two := 100*p.Utilization(), 100*p.Again.GOPS/p.Config.PeakGOPS()
		names = append(names, sizesOf(p.Config))
		table.Rows = append(table.Rows, []any{names[i], p.Config.EngineDSPs(), p.FPS, one / 100, p.Again.FPS, two / 100})
		first = append(first, plot.Point{Name: fmt.Sprintf("%s, %s: %s FPS", names[i], d.By, plot.Number(p.FPS)), Value: []any{one, i}})
		text := plot.Number(p.FPS) + " · unknown FPS"
		if p.Again.Unknown == "" {
			second = append(second, plot.Point{Name: fmt.Sprintf("%s, %s: %s FPS", names[i], d.Again, plot.Number(p.Again.FPS)), Value: []any{two, i}})
			text = plot.Number(p.FPS) + " · " + plot.Number(p.Again.FPS) + " FPS"
		} else {
			two = one
		}
		texts, from, to = append(texts, text), append(from, min(one, two)), append(to, max(one, two))
		lo, hi = min(lo, one, two), max(hi, one, two)
	}
	margin := max(1, 0.06*(hi-lo))
	x := plot.Axis{Name: "% of the multipliers' peak", Lo: float64(int(lo - margin)), Hi: float64(int(hi + margin + 1))}
	p := rows(names, texts, x, plot.Spans(names, from, to), plot.Dots(d.By, plot.Blue, true, first), plot.Dots(d.Again, plot.Vermillion, true, second))
	subtitle := fmt.Sprintf("%s. Of %s designs whose engines take no more DSPs than those of the last row.\nSizes are (R-MAC + MAT)×copies, each lanes×MACs. The axis does not begin at 0.", plot.ShortName(d.Workload), plot.Count(d.Tried))
	return NewFigure(d.finding(), plot.FigureWidth, rowsTop+p.Height+rowsFoot, plot.Compose(d.finding(), subtitle, []string{d.By, d.Again}, []plot.Panel{p}), table)
}
