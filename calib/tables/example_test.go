// SPDX-License-Identifier: Apache-2.0

package tables_test

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// The paper's Table VI on the built-in model: what is computed here, and the paper's
// number for B1 at 224 pixels beside it.
func ExampleVI() {
	setup := must.M1(triovit.FromEnvironment(context.Background())) // the built-in model and drawn scenes
	few := must.M1(dataset.Head(setup.Evaluation, 4))
	table := must.M1(tables.VI(context.Background(), setup.Folded, setup.Calibration, few, tables.Options{Pictures: 4}))
	for _, row := range table.Rows {
		fmt.Printf("%s: mIoU above 70 %%: %t; in the paper %s\n", row.Name, row.Spread().Mean > 0.7, row.Beside[0].Percent())
	}
	// Output:
	// float: mIoU above 70 %: true; in the paper unknown U
	// channel-wise grids: mIoU above 70 %: true; in the paper 69.25 V
	// migration: mIoU above 70 %: true; in the paper 78.64 V
}

// How far the score depends on how many calibration pictures there are, and on which.
func ExamplePictures() {
	setup := must.M1(triovit.FromEnvironment(context.Background()))
	few := must.M1(dataset.Head(setup.Evaluation, 4))
	sweep := must.M1(tables.Pictures(context.Background(), setup.Folded, setup.Calibration, few, calib.TrioViT, tables.SweepOptions{Sizes: []int{1, 2}, Draws: 2}))
	for _, p := range sweep.Points {
		fmt.Printf("%d pictures: %d draws, mean above 60 %%: %t\n", p.Pictures, p.Spread().Draws, p.Spread().Mean > 0.6)
	}
	// Output:
	// 1 pictures: 2 draws, mean above 60 %: true
	// 2 pictures: 2 draws, mean above 60 %: true
}
