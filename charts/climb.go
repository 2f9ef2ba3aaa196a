// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"math"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Ladder draws the accuracy of a model under each recipe, in percent with 95 % intervals.
// Separately it draws the paper's own ablation of the same task, which is of another
// network on other pictures. A recipe without a score has no bar.
func Ladder(c *calib.Climb) (*Figure, error) {
	d := measured(c)
	printed := paper.Numbered("VII")
	if c.Float.Task == dataset.Classification {
		printed = paper.Numbered("V")
	}
	d.Paper = []LadderPaper{ladderPaper(printed, 0)}
	return d.Figure()
}

// measured returns the rows of a climb.
func measured(c *calib.Climb) LadderData {
	_, metric := c.Float.Score()
	d := LadderData{Metric: metric, Unit: "%", Dataset: c.Evaluation, Images: c.Float.Images}
	c.Each(func(name string, r *triovit.Report, _ []calib.Change) {
		row := LadderRow{Recipe: name, Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
		if r != nil {
			e, _ := r.Score()
			row.Value, row.Lo, row.Hi = 100*e.Value, 100*e.Lo, 100*e.Hi
		}
		d.Rows = append(d.Rows, row)
	})
	return d
}

// ladderPaper returns a column of a printed table.
func ladderPaper(t *paper.Table, column int) LadderPaper {
	p := LadderPaper{Metric: t.What(column)}
	for _, r := range t.Rows {
		c := r.Cells[column]
		p.Rows = append(p.Rows, LadderRow{Recipe: r.Name, Value: c.Value, Lo: math.NaN(), Hi: math.NaN(), Mark: string(c.Mark)})
	}
	return p
}
