// SPDX-License-Identifier: Apache-2.0

package diagnose_test

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// Which class of points costs the built-in model most, the worst first.
func Example() {
	ctx := context.Background()
	setup := must.M1(triovit.Prepare(ctx, "", ""))
	pictures := must.M1(dataset.Head(setup.Calibration, 4))
	q := must.M1(calib.Calibrate(ctx, setup.Folded, pictures, calib.TrioViT))
	r := must.M1(diagnose.Run(ctx, q, pictures, diagnose.Options{Levels: []diagnose.Level{diagnose.ByClass}}))
	for _, u := range r.Ranked(diagnose.ByClass) {
		fmt.Println(u.Name)
	}
	// Output:
	// conv input
	// divisor
	// weights
}
