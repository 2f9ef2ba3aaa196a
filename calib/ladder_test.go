// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// A ladderCase is a small ladder on real pictures: which model, which listed
// pictures, and between which bounds each recipe's score lies there. The bounds
// were measured on just these pictures; they say nothing about the full sets,
// whose scores the README has.
type ladderCase struct {
	Checkpoint  string   `json:"checkpoint"`
	Data        string   `json:"data"`
	Calibration []string `json:"calibration"`
	Evaluation  []string `json:"evaluation"`
	// Percent holds the lowest and highest allowed score of each recipe;
	// "float" is the unquantized network.
	Percent map[string][2]float64 `json:"percent"`
}

// TestLadderWarns: a recipe by which divisors become 0 has a warning in its rung and below
// the table, whether it has a score or not; one without has none.
func TestLadderWarns(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	model, _ := small(t)
	pictures := noise(t, 3, 64)
	coarse := TrioViT.With("coarse", func(r *Recipe) { r.Divisors = always{grid.Uniform{Scale: 1e30, Hi: 255}} })
	climb, err := RunLadder(t.Context(), model, pictures, pictures, []Recipe{MBConv, coarse})
	if err != nil {
		t.Fatal(err)
	}
	zero := func(w string) bool { return strings.Contains(w, "divisors become integer 0") }
	if sound, bad := climb.Rungs[0].Warnings, climb.Rungs[1].Warnings; slices.ContainsFunc(sound, zero) || !slices.ContainsFunc(bad, zero) {
		t.Errorf("%s warns %q, %s warns %q", MBConv.Name, sound, coarse.Name, bad)
	}
	if text := climb.String(); !strings.Contains(text, "\nwarning: coarse: ") || strings.Contains(text, "warning: "+MBConv.Name) != (len(climb.Rungs[0].Warnings) > 0) {
		t.Errorf("the ladder says\n%s", text)
	}
}

// TestLadderInIntegers: each recipe is followed by the one that rounds every point, and that
// one's integers score nearly as its fake quantization does. A recipe with uniform divisors
// has no integers, which divide by shifting.
func TestLadderInIntegers(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	model, _ := small(t)
	pictures := noise(t, 3, 64)
	climb, err := RunLadder(t.Context(), model, pictures, pictures, WithEveryPoint([]Recipe{MSAUniform, TrioViTPlus, TrioViTPlusInteger}))
	if err == nil {
		err = climb.AddIntegers(t.Context(), model, pictures, pictures)
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range climb.Rungs {
		names = append(names, r.Recipe.Name)
	}
	want := []string{"MSAUniform", "MSAUniform every point", "TrioViTPlus", "TrioViTPlus every point", "MSAUniform every point in integers", "TrioViTPlus every point in integers"}
	if !slices.Equal(names, want) {
		t.Fatalf("rungs %q, want %q", names, want)
	}
	refused, made := climb.Rungs[4], climb.Rungs[5]
	if refused.Unscored == nil || refused.Report != nil || made.Report == nil || made.AgainstFloat == nil {
		t.Errorf("%s: %v, %s: %v", refused.Recipe.Name, refused.Unscored, made.Recipe.Name, made.Report)
	}
	if text := climb.String(); !strings.Contains(text, "\nTrioViTPlus every point in integers minus TrioViTPlus every point: ") || strings.Count(text, " in integers minus ") != 1 {
		t.Errorf("the ladder says\n%s", text)
	}
}

// TestLoss: a recipe that is better than float has a negative loss, one without a score
// has lost everything.
func TestLoss(t *testing.T) {
	better := Rung{AgainstFloat: &triovit.Paired{Difference: triovit.Estimate{Value: 0.25}}}
	if loss := better.Loss(); loss != -0.25 {
		t.Errorf("loss %v", loss)
	}
	if loss := new(Rung).Loss(); !math.IsInf(loss, 1) {
		t.Errorf("loss %v without a score", loss)
	}
}

// TestCompare: two predictors of a ladder are compared by their names, and float is one.
func TestCompare(t *testing.T) {
	report := func(label string, agreeing int64) *triovit.Report {
		r := &triovit.Report{Label: label, Task: dataset.Segmentation, Classes: []string{"a", "b"}, Images: 1, MIoU: triovit.Estimate{Value: float64(agreeing) / 10},
			Outcomes: []triovit.Outcome{{ID: "p", Cells: []triovit.Cell{{0, 0, agreeing}, {0, 1, 10 - agreeing}}}}}
		return r
	}
	c := &Climb{Float: report("float", 9), Rungs: []Rung{{Recipe: Recipe{Name: "x"}, Report: report("x", 5)}, {Recipe: Recipe{Name: "unscored"}}}}
	p, err := c.Compare("float", "x")
	if err != nil || math.Abs(p.Difference.Value+0.4) > 1e-12 || p.A != "float" || p.B != "x" {
		t.Errorf("%+v (%v)", p, err)
	}
	for _, name := range []string{"unscored", "y"} {
		if _, err := c.Compare("x", name); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "float, x, unscored") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLadderRounds: behind the first four, which round the MBConvs, the recipes differ in
// their transforms and in the divisors' grid; a ladder of divisors rounds nothing else.
func TestLadderRounds(t *testing.T) {
	for i, r := range Ladder[:len(Ladder)-1] {
		want := AllConvolutions
		if i < 4 {
			want = MBConvInputs
		}
		if diff := cmp.Diff([]PointSelection{want}, r.Points); diff != "" {
			t.Errorf("%s: %s", r.Name, diff)
		}
	}
	for _, r := range DivisorLadder {
		if len(r.Points)+len(r.Transforms) > 0 || r.Divisors == nil {
			t.Errorf("%s rounds more than divisors", r)
		}
	}
}

// TestLadderOnSubset climbs the ladder on the real checkpoints with a listed
// subset of the real pictures.
func TestLadderOnSubset(t *testing.T) {
	if testing.Short() {
		t.Skip("two ladders on real pictures take a minute or two: run without -short")
	}
	data, err := os.ReadFile(filepath.Join("testdata", "ladders.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]ladderCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := triovit.Prepare(t.Context(), shared.Path(t, c.Checkpoint), shared.Path(t, c.Data))
			if err != nil {
				t.Fatal(err)
			}
			calibration, err := dataset.Subset(s.Calibration, c.Calibration...)
			if err != nil {
				t.Fatal(err)
			}
			evaluation, err := dataset.Subset(s.Evaluation, c.Evaluation...)
			if err != nil {
				t.Fatal(err)
			}
			var recipes []Recipe
			for _, r := range Ladder {
				if _, ok := c.Percent[r.Name]; ok {
					recipes = append(recipes, r)
				}
			}
			if len(recipes)+1 != len(c.Percent) {
				t.Fatalf("%d of %d recipes are known", len(recipes), len(c.Percent)-1)
			}
			climb, err := RunLadder(context.Background(), s.Folded, calibration, evaluation, recipes)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("\n%s", climb)
			check := func(recipe string, r *triovit.Report) {
				e, metric := r.Score()
				if bounds := c.Percent[recipe]; !(100*e.Value >= bounds[0] && 100*e.Value <= bounds[1]) {
					t.Errorf("%s: %s %.2f %%, allowed %.2f to %.2f", recipe, metric, 100*e.Value, bounds[0], bounds[1])
				}
			}
			check("float", climb.Float)
			for _, rung := range climb.Rungs {
				check(rung.Recipe.Name, rung.Report)
			}
		})
	}
}
