// SPDX-License-Identifier: Apache-2.0

package efficientvit_test

import (
	"fmt"
	"log"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A block of a network can be cut out as a network of its own, and so can a stage. The
// segmentation head reads three stages.
func ExampleNetwork_Cut() {
	net, err := efficientvit.Describe("seg-b0-cityscapes")
	if err != nil {
		log.Fatal(err)
	}
	blocks, stages := net.Blocks(), net.ByStage()
	for _, r := range []efficientvit.Range{blocks[15], stages[2], stages[5]} {
		cut, err := net.Cut(r.From, r.To)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d operations\n", r.Name, r.To-r.From)
		for _, in := range cut.Inputs() {
			fmt.Println("  reads", in.Name, in.Shape)
		}
		for _, out := range cut.Outputs() {
			fmt.Println("  makes", out.Name, out.Shape)
		}
	}
	// Output:
	// backbone.stages.3.op_list.2.local_module: 7 operations
	//   reads backbone.stages.3.op_list.2.context_module.add [32 64 128]
	//   makes backbone.stages.3.op_list.2.local_module.add [32 64 128]
	// stage 2: 17 operations
	//   reads backbone.stages.0.op_list.1.add [256 512 16]
	//   makes backbone.stages.1.op_list.1.add [128 256 32]
	// head: 23 operations
	//   reads backbone.stages.1.op_list.1.add [128 256 32]
	//   reads backbone.stages.2.op_list.2.local_module.add [64 128 64]
	//   reads backbone.stages.3.op_list.2.local_module.add [32 64 128]
	//   makes head.output_ops.0.op_list.1.conv [128 256 19]
}
