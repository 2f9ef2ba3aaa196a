// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLadderOfTheBuiltInModel runs the command with two recipes and reads what
// it prints and writes: the same numbers everywhere, in the order asked for.
func TestLadderOfTheBuiltInModel(t *testing.T) {
	if testing.Short() {
		t.Skip("scores 75 scenes: run without -short")
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	out := t.TempDir()
	status, printed, errors := call(t, "ladder", "-sample", "4", "-calibration-sample", "12", "-out", out, "-recipes", "TrioViT, Vanilla")
	if status != succeeded {
		t.Fatal(status, errors)
	}
	data, err := os.ReadFile(filepath.Join(out, "ladder.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s summary
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Scores) != 3 || s.Scores[0].Recipe != "float" || s.Scores[1].Recipe != "TrioViT" || s.Scores[2].Recipe != "Vanilla" {
		t.Fatalf("scores %+v", s.Scores)
	}
	for _, r := range s.Scores {
		if e := r.Score; !(0 <= e.Lo && e.Lo <= e.Value && e.Value <= e.Hi && e.Hi <= 1) {
			t.Errorf("%s: %g in %g to %g", r.Recipe, e.Value, e.Lo, e.Hi)
		}
	}
	if p := s.Scores[1].AgainstFloat; p == nil || p.Images != 25 || !(p.Difference.Lo <= p.Difference.Hi) || s.Scores[0].AgainstFloat != nil {
		t.Errorf("TrioViT against float: %+v; float against itself: %+v", p, s.Scores[0].AgainstFloat)
	}
	for _, r := range s.Scores[1:] {
		d := r.AgainstFloat.Difference
		want := fmt.Sprintf("%+.2f %+.2f to %+.2f", 100*d.Value, 100*d.Lo, 100*d.Hi)
		if !strings.Contains(strings.Join(strings.Fields(printed), " "), want) {
			t.Errorf("the table does not say %s of %s:\n%s", want, r.Recipe, printed)
		}
	}
	if s.Scores[0].Score.Value < 0.7 {
		t.Errorf("the built-in model has %v mIoU on held-out scenes, at least 70 %% are promised", s.Scores[0].Score)
	}
	text, err := os.ReadFile(filepath.Join(out, "ladder.txt"))
	if err != nil || string(text) != printed || !strings.Contains(printed, "TrioViT") {
		t.Errorf("printed %q, wrote %q (%v)", printed, text, err)
	}
	svg, err := os.ReadFile(filepath.Join(out, "ladder.svg"))
	if err != nil || !strings.Contains(string(svg), "<svg") {
		t.Errorf("figure %.40q (%v)", svg, err)
	}
}
