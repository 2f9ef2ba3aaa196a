// SPDX-License-Identifier: Apache-2.0

package calib_test

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
)

// ternary is a quantizer of one's own: it keeps only the sign and one size.
type ternary struct{ step float32 }

func (q ternary) String() string { return fmt.Sprintf("ternary %g", q.step) }

func (q ternary) Fake(x float32) float32 {
	switch {
	case x > q.step/2:
		return q.step
	case x < -q.step/2:
		return -q.step
	}
	return 0
}

func (q ternary) Graph(x *graph.Node) *graph.Node {
	return graph.MulScalar(graph.ClipScalar(graph.Round(graph.DivScalar(x, q.step)), -1, 1), q.step)
}

// mean is a rule of one's own: it looks at a tensor's largest channel mean.
type mean struct{}

func (mean) String() string { return "ternary at the largest mean" }

func (mean) Choose(stats *calib.TensorStats, _ triovit.Point) (calib.Quantizer, error) {
	largest := float32(0)
	for _, m := range stats.Mean {
		largest = max(largest, m, -m)
	}
	if largest == 0 {
		return nil, fmt.Errorf("%s has a mean of zero in every channel", stats.Name)
	}
	return ternary{2 * largest}, nil
}

// A quantizer that the package does not know takes its place in a recipe; a
// transform does it in the same way.
func ExampleRecipe_With() {
	setup, err := triovit.FromEnvironment() // the built-in model
	if err != nil {
		fmt.Println(err)
		return
	}
	profile, err := calib.Observe(context.Background(), setup.Model, setup.Calibration)
	if err != nil {
		fmt.Println(err)
		return
	}
	recipe := calib.MBConv.With("ternary PW1 of stage 4", func(r *calib.Recipe) {
		r.Transforms = nil
		r.Activations = mean{}
		r.Only = calib.Selection{Roles: []triovit.Role{triovit.PW1}, Name: `stages\.3\.`}
	})
	q, err := calib.Quantize(setup.Model, profile, recipe)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range q.Changes {
		if c.What == "weights: 256 filters of 8 bits" {
			fmt.Println(c.Op)
		}
	}
	// Output:
	// backbone.stages.3.op_list.0.main.inverted_conv.conv
}
