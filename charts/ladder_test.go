// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"math"

	"github.com/gotriovit/gotriovit/internal/paper"
)

func ladderFixture() LadderData {
	nan := math.NaN()
	table := paper.Numbered("VII")
	printed := LadderPaper{Metric: table.What(0)}
	for _, r := range table.Rows {
		c := r.Cells[0]
		printed.Rows = append(printed.Rows, LadderRow{Recipe: r.Name, Value: c.Value, Lo: nan, Hi: nan, Mark: string(c.Mark)})
	}
	return LadderData{
		Metric: "mIoU", Unit: "%", Dataset: "CamVid val", Images: 101, Paper: []LadderPaper{printed},
		Rows: []LadderRow{
			{Recipe: "Float", Value: 69.71, Lo: 68.4, Hi: 70.9},
			{Recipe: "Vanilla", Value: 11.25, Lo: 10.1, Hi: 12.6},
			{Recipe: "Migration", Value: 61.3, Lo: 59.9, Hi: 62.8},
			{Recipe: "MBConv", Value: 68.31, Lo: 67.0, Hi: 69.5},
			{Recipe: "MSAUniform", Value: nan, Lo: nan, Hi: nan},
			{Recipe: "TrioViTPlus", Value: 68.02, Lo: 66.7, Hi: 69.2},
		},
	}
}
