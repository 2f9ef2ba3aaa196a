// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"math"
	"testing"

	"github.com/gotriovit/gotriovit/internal/paper"
)

func TestAgreement(t *testing.T) {
	table := Table{
		Title: "T", Columns: []string{"GOPS", "FPS"},
		Printed: []Row{
			{paper.Companion, "b1", []Number{{800, paper.Verified}, {math.NaN(), paper.Unknown}}},
			{paper.ViA, "b1", []Number{{300, paper.Recalled}, {30, paper.Recalled}}},
		},
		Computed: []Row{{"design", "B1", []Number{{780, Computed}, {750, Computed}}}},
	}
	want := "**T.** Of 2 numbers of the paper's own design 1 are at hand: GOPS of companion of Trio-ViT 800 [V], 780 computed (-2.5 %)."
	if got := table.Agreement(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	table.Computed = nil
	want = "**T.** Of 2 numbers of the paper's own design 1 are at hand, none of which is computed here too."
	if got := table.Agreement(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
