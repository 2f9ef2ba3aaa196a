// SPDX-License-Identifier: Apache-2.0

package triovit_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// saved is a report of eight pictures as a file holds it: the rank of the right
// class in each.
func saved(label, shard string, outcomes string) *triovit.Report {
	const file = `{"format": "gotriovit report 1", "network": "efficientvit-b0-r224", "label": %q, "dataset": "birds", "pictures": 8,
		"shard": %q, "task": "classification", "classes": ["robin", "wren", "jay", "owl", "rook", "tit"], "outcomes": [%s]}`
	r := new(triovit.Report)
	must.M(json.Unmarshal(fmt.Appendf(nil, file, label, shard, outcomes), r))
	return r
}

// ranks writes outcomes of consecutive pictures.
func ranks(first int, ranks ...int) string {
	var all []string
	for i, rank := range ranks {
		all = append(all, fmt.Sprintf(`{"id": "p%d", "rank": %d}`, first+i, rank))
	}
	return strings.Join(all, ", ")
}

// Two shards, computed by two jobs, are one report. Without one of them there is
// none.
func ExampleMerge() {
	one, two := saved("TrioViT", "1/2", ranks(0, 0, 0, 1, 0)), saved("TrioViT", "2/2", ranks(4, 0, 3, 0, 0))
	fmt.Print(one)
	fmt.Print(must.M1(triovit.Merge(two, one)))
	_, err := triovit.Merge(two)
	fmt.Println(err)
	// Output:
	// efficientvit-b0-r224 (TrioViT) on 4 pictures of birds, shard 1/2
	//   score  value %  95 % from %    to %
	//   top-1    75.00        30.06   95.44
	//   top-5   100.00        51.01  100.00
	// efficientvit-b0-r224 (TrioViT) on 8 pictures of birds
	//   score  value %  95 % from %    to %
	//   top-1    75.00        40.93   92.85
	//   top-5   100.00        67.56  100.00
	// shard 1/2 is missing: 1 of 2 are given
}

// Whether a recipe is better on the same pictures is decided by those that only
// one of the two has right.
func ExampleCompare() {
	vanilla := saved("Vanilla", "1/1", ranks(0, 1, 2, 1, 0, 5, 3, 1, 0))
	trio := saved("TrioViT", "1/1", ranks(0, 0, 0, 1, 0, 0, 3, 0, 0))
	p := must.M1(triovit.Compare(vanilla, trio))
	fmt.Printf("%+.1f points, right only by %s %d, only by %s %d, p = %g\n", 100*p.Difference.Value, p.A, p.OnlyA, p.B, p.OnlyB, p.P)
	// Output:
	// +50.0 points, right only by Vanilla 0, only by TrioViT 4, p = 0.125
}
