// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/gotriovit/gotriovit/charts"
)

// A figure is saved as what the file's name says: .svg, .html, .csv or .json.
func ExampleFigure_Save() {
	figure, err := charts.LadderData{
		Metric: "top-1", Unit: "%", Dataset: "five pictures", Images: 5,
		Rows: []charts.LadderRow{
			{Recipe: "float", Value: 80, Lo: 37.6, Hi: 96.4},
			{Recipe: "Vanilla", Value: 20, Lo: 3.6, Hi: 62.4},
		},
		Paper: []charts.LadderPaper{{
			Metric: "top-1 %, another network",
			Rows:   []charts.LadderRow{{Recipe: "float", Value: 79.4, Lo: math.NaN(), Hi: math.NaN(), Mark: "V"}},
		}},
	}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	folder, err := os.MkdirTemp("", "figure")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "ladder.csv")
	if err := figure.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	table, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", table)
	// Output:
	// source,recipe,top-1,low,high,mark,of
	// measured,float,80,37.6,96.4,,five pictures
	// measured,Vanilla,20,3.6,62.4,,five pictures
	// paper,float,79.4,,,V,"top-1 %, another network"
}
