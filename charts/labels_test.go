// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// TestBlockLabels: a block's label has the stage, the kind and the place among the stage's
// blocks of this kind that the network itself has, and no two blocks of a network share one.
func TestBlockLabels(t *testing.T) {
	for _, variant := range efficientvit.VariantNames() {
		net, err := efficientvit.Describe(variant)
		if err != nil {
			t.Fatal(err)
		}
		ranges := net.Blocks()
		last := ranges[len(ranges)-1].Stage
		nth, seen := map[string]int{}, map[string]string{}
		for _, b := range ranges {
			got, kind := plot.BlockLabel(b.Name), plot.KindOf(net.Ops[b.From:b.To])
			if other, ok := seen[got]; ok {
				t.Errorf("%s: %s and %s are both %q", variant, other, b.Name, got)
			}
			seen[got] = b.Name
			if kind != "MBConv" && kind != "MSA" && kind != "DSConv" {
				continue // the block is one operation, which has its own name
			}
			of := stageName(b.Stage, last) + ", " + kind
			nth[of]++
			if want := fmt.Sprintf("%s %d", of, nth[of]); got != want {
				t.Errorf("%s: %s is %q, want %q", variant, b.Name, got, want)
			}
		}
	}
	for name, want := range map[string]string{"backbone.elsewhere": "elsewhere", "stem": "stem", "stages.3.op_list.2.local_module.main": "stage 4, MBConv 3"} {
		if got := plot.BlockLabel(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
