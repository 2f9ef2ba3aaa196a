// SPDX-License-Identifier: Apache-2.0

package calib_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
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

func (mean) Choose(stats *calib.TensorStats, _ efficientvit.Point) (calib.Quantizer, error) {
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
	setup, err := triovit.FromEnvironment(context.Background()) // the built-in model
	if err != nil {
		fmt.Println(err)
		return
	}
	recipe := calib.MBConv.With("ternary PW1 of stage 4", func(r *calib.Recipe) {
		r.Transforms = nil
		r.Activations = mean{}
		r.Only = calib.Selection{Roles: []efficientvit.Role{efficientvit.PW1}, Name: `stages\.3\.`}
	})
	q, err := calib.Calibrate(context.Background(), setup.Folded, setup.Calibration, recipe)
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

// What a model's tensors look like over calibration pictures.
func ExampleObserve() {
	setup, err := triovit.FromEnvironment(context.Background()) // the built-in model and drawn scenes
	if err != nil {
		fmt.Println(err)
		return
	}
	few, err := dataset.Head(setup.Calibration, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	profile, err := calib.Observe(context.Background(), setup.Folded, few)
	if err != nil {
		fmt.Println(err)
		return
	}
	divisors, err := profile.Divisors(setup.Model.Net, "stages.3.op_list.2.context_module")
	if err != nil {
		fmt.Println(err)
		return
	}
	octaves := 0
	for lo := divisors.Min[0]; lo < divisors.Max[0]; lo *= 2 {
		octaves++
	}
	fmt.Printf("%d tensors over %d pictures\n", len(profile.Tensors), len(profile.Images))
	fmt.Printf("%d divisors span %d powers of two\n", divisors.Count, octaves)
	// Output:
	// 191 tensors over 4 pictures
	// 2048 divisors span 14 powers of two
}

// A recipe is applied to a model and its profile; what it did is listed.
func ExampleQuantize() {
	setup, err := triovit.FromEnvironment(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	few, err := dataset.Head(setup.Calibration, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	profile, err := calib.Observe(context.Background(), setup.Folded, few)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := calib.Quantize(setup.Folded, profile, calib.TrioViT)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range q.Changes {
		if op, ok := strings.CutPrefix(c.Op, "backbone.stages.3.op_list.2.local_module."); ok && !strings.HasPrefix(c.What, "conv input") {
			what, _, _ := strings.Cut(c.What, ",")
			fmt.Println(op, "-", what)
		}
	}
	// Output:
	// main.depth_conv.conv - channel-wise migration
	// main.point_conv.conv - filter-wise shifting
	// main.inverted_conv.conv - weights: 512 filters of 8 bits
	// main.depth_conv.conv - weights: 512 filters of 8 bits
	// main.point_conv.conv - weights: 128 filters of 8 bits
}

// A rule that looks at more of a tensor than its range wants the tensors behind the
// transforms, too: Calibrate observes twice where it must.
func ExampleCalibrate() {
	setup, err := triovit.FromEnvironment(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	few, err := dataset.Head(setup.Calibration, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	recipe, err := calib.RecipeNamed("TrioViT by percentile 99.99")
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := calib.Calibrate(context.Background(), setup.Folded, few, recipe)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(q.Quantizers()), "tensors on grids")
	divisor := q.Quantizers()["backbone.stages.3.op_list.2.context_module.main.divisor.0"]
	_, log2 := divisor.(grid.Log2)
	fmt.Println("divisors on a log2 grid:", log2)
	// Output:
	// 63 tensors on grids
	// divisors on a log2 grid: true
}

// A ladder scores a model in float and under one recipe after the other.
func ExampleRunLadder() {
	setup, err := triovit.FromEnvironment(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	calibration, err := dataset.Head(setup.Calibration, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	evaluation, err := dataset.Head(setup.Evaluation, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	climb, err := calib.RunLadder(context.Background(), setup.Folded, calibration, evaluation, []calib.Recipe{calib.Vanilla, calib.TrioViT})
	if err != nil {
		fmt.Println(err)
		return
	}
	climb.Each(func(name string, r *triovit.Report, changes []calib.Change) {
		score, metric := r.Score()
		fmt.Printf("%s: %.0f %% %s on %d pictures, %d changes\n", name, 100*score.Value, metric, r.Images, len(changes))
	})
	// Output:
	// float: 87 % mIoU on 4 pictures, 0 changes
	// Vanilla: 55 % mIoU on 4 pictures, 66 changes
	// TrioViT: 85 % mIoU on 4 pictures, 144 changes
}
