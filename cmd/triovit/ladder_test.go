// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLadderOfTheBuiltInModel runs the command with two recipes and reads what
// it prints and writes: the same numbers everywhere, in the order asked for.
func TestLadderOfTheBuiltInModel(t *testing.T) {
	if testing.Short() {
		t.Skip("scores 300 scenes: run without -short")
	}
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	out := t.TempDir()
	var printed strings.Builder
	l := ladder{out: out, recipes: "TrioViT, Vanilla"}
	if err := l.run(context.Background(), &printed); err != nil {
		t.Fatal(err)
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
		if !(0 <= r.Lo && r.Lo <= r.Percent && r.Percent <= r.Hi && r.Hi <= 100) {
			t.Errorf("%s: %g in %g to %g", r.Recipe, r.Percent, r.Lo, r.Hi)
		}
	}
	if s.Scores[0].Percent < 70 {
		t.Errorf("the built-in model has %g mIoU on held-out scenes, at least 70 are promised", s.Scores[0].Percent)
	}
	text, err := os.ReadFile(filepath.Join(out, "ladder.txt"))
	if err != nil || string(text) != printed.String() || !strings.Contains(printed.String(), "TrioViT") {
		t.Errorf("printed %q, wrote %q (%v)", printed.String(), text, err)
	}
	svg, err := os.ReadFile(filepath.Join(out, "ladder.svg"))
	if err != nil || !strings.Contains(string(svg), "<svg") {
		t.Errorf("figure %.40q (%v)", svg, err)
	}
}

func TestLadderErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		l    ladder
		want string
	}{
		{"unknown recipe", ladder{recipes: "Vanila"}, `no recipe "Vanila"`},
		{"model without data", ladder{model: "x.pt"}, "TRIOVIT_DATA"},
		{"absent model", ladder{model: "x.pt", data: t.TempDir()}, "x.pt"},
	} {
		err := c.l.run(context.Background(), &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
