// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/reconstruct"
	"github.com/gotriovit/gotriovit/triovit/builtin"
)

// TestReconstruction: a block's figure has its losses and its roundings, and the name
// of a block that is not there is an error.
func TestReconstruction(t *testing.T) {
	r := &reconstruct.Result{Options: reconstruct.Strict(100), Blocks: []reconstruct.Block{
		{Name: "a"}, {Name: "b", Loss: []float64{0.9, 0.5}, Before: 0.02, After: 0.01, Weights: 1000, Flipped: 120},
	}}
	r.Blocks[1].Rounding[0], r.Blocks[1].Rounding[reconstruct.Bins-1] = 700, 300
	f, err := Reconstruction(r, "b")
	if err != nil {
		t.Fatal(err)
	}
	if want := "120 of 1,000 roundings left the nearest code, the error went from 0.02 to 0.01"; f.Title() != want {
		t.Errorf("the title is %q, want %q", f.Title(), want)
	}
	if rows := f.Table().Rows; len(rows) != 2+reconstruct.Bins || rows[1][0] != 100.0 || rows[1][1] != 0.5 || rows[2][3] != 700 {
		t.Errorf("the table is %v", rows)
	}
	needRuntime(t)
	if _, err := f.SVG(); err != nil {
		t.Error(err)
	}
	if _, err := Reconstruction(r, "c"); err == nil || !strings.Contains(err.Error(), `have ["a" "b"]`) {
		t.Errorf("an unknown block has the error %v", err)
	}
}

// TestMilestones: the curve has a row for each loss of each milestone, and one that is
// uneven or too short is an error.
func TestMilestones(t *testing.T) {
	milestone := func(step int, lost float64, recipes ...string) builtin.Milestone {
		m := builtin.Milestone{Step: step, Decay: 2, MIoU: 0.8}
		for _, r := range recipes {
			m.Losses = append(m.Losses, builtin.Loss{Recipe: r, Bits: 8, MIoU: lost, Lo: lost - 0.01, Hi: lost + 0.01})
		}
		return m
	}
	f, err := Milestones([]builtin.Milestone{milestone(1000, 0.01, "Vanilla", "TrioViTPlus"), milestone(2000, 0.25, "Vanilla", "TrioViTPlus")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Vanilla at 8 bits loses 1.0 points of mIoU after 1,000 steps of training, 25.0 after 2,000"; f.Title() != want {
		t.Errorf("the title is %q, want %q", f.Title(), want)
	}
	if n := len(f.Table().Rows); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
	for name, all := range map[string][]builtin.Milestone{
		"at least 2":          {milestone(1000, 0, "Vanilla")},
		"has 1 losses":        {milestone(1000, 0, "Vanilla", "MBConv"), milestone(2000, 0, "Vanilla")},
		"where step 1000 has": {milestone(1000, 0, "Vanilla"), milestone(2000, 0, "MBConv")},
		`recipe "MBConv": allowed are Vanilla, MSAUniform and TrioViTPlus`: {milestone(1000, 0, "MBConv"), milestone(2000, 0, "MBConv")},
	} {
		if _, err := Milestones(all); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error is %v, it should say %q", err, name)
		}
	}
}

// TestMilestonesOfTheBuiltin: the recipes of the stored milestones are calib's, and each is
// explained once.
func TestMilestonesOfTheBuiltin(t *testing.T) {
	all, err := builtin.Milestones()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Milestones(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"Lines are solid: 8 bits, dashed: 7 bits, dotted: 6 bits.", "Vanilla: MBConvs as they are.", "MSAUniform: ", "TrioViTPlus: "} {
		if n := strings.Count(string(f.Option()), text); n != 1 {
			t.Errorf("%q is in the option %d times", text, n)
		}
	}
	for _, l := range all[0].Losses {
		if _, err := calib.RecipeNamed(l.Recipe); err != nil {
			t.Error(err)
		}
	}
}
