// SPDX-License-Identifier: Apache-2.0

package triovit_test

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// The built-in model; a path or a name on the Hugging Face hub opens another.
func ExampleOpen() {
	model, err := triovit.Open(context.Background(), "", efficientvit.InputSize(128, 256))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Net.Name, model.Net.Input().Shape, "to", model.Net.Output().Shape)
	// Output:
	// efficientvit-seg-b0-scenes [128 256 3] to [16 32 19]
}

// The weights must fit the variant; the error says what does not.
func ExampleLoad() {
	net, err := efficientvit.Describe("b0-r224", efficientvit.Classes(10))
	if err != nil {
		fmt.Println(err)
		return
	}
	set := weights.Synthetic(net.Params())
	model, err := triovit.Load(context.Background(), "", triovit.Tensors(set, "synthetic weights"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Net.Name, "of", model.Source)
	delete(set, "head.op_list.2.linear.weight")
	_, err = triovit.Load(context.Background(), "", triovit.Tensors(set, "cut weights"))
	fmt.Println(err)
	// Output:
	// efficientvit-b0-r224 of synthetic weights
	// cut weights: the weights do not fit efficientvit-b0-r224: weights: the tensors do not fit the network: 1 missing (head.op_list.2.linear.weight)
}

// Folding makes each BatchNorm a part of its convolution.
func ExampleModel_Fold() {
	model, err := triovit.Open(context.Background(), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	folded, err := model.Fold()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range []*triovit.Model{model, folded.Model} {
		kinds := map[efficientvit.Kind]int{}
		for _, op := range m.Net.Ops {
			kinds[op.Kind]++
		}
		fmt.Println(kinds[efficientvit.Conv], "convolutions,", kinds[efficientvit.BatchNorm], "BatchNorms")
	}
	// Output:
	// 57 convolutions, 32 BatchNorms
	// 57 convolutions, 0 BatchNorms
}

// A float network is one Predictor; a quantized one is another.
func ExampleEvaluate() {
	setup, err := triovit.FromEnvironment(context.Background()) // the built-in model and drawn scenes
	if err != nil {
		fmt.Println(err)
		return
	}
	few, err := dataset.Every(setup.Evaluation, 25)
	if err != nil {
		fmt.Println(err)
		return
	}
	float, err := forward.New(setup.Folded)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := triovit.Evaluate(context.Background(), float, few)
	if err != nil {
		fmt.Println(err)
		return
	}
	score, metric := report.Score()
	fmt.Printf("%s on %d pictures: %.0f %%\n", metric, report.Images, 100*score.Value)
	// Output:
	// mIoU on 4 pictures: 80 %
}
