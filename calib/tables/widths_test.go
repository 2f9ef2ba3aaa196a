// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
)

// TestAlone: each kind of operand is rounded alone, the names and widths find their rungs,
// and fewer bits leave less.
func TestAlone(t *testing.T) {
	model, data := small(t), noise(t, "pictures", 4)
	w, err := Alone(t.Context(), model, data, data, 8, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Names) != 6 || len(w.Climb.Rungs) != 12 {
		t.Fatalf("%v, %d rungs", w.Names, len(w.Climb.Rungs))
	}
	for name, want := range map[string]struct {
		classes int // number of classes of points that are rounded, with weights
		text    string
	}{
		"weights": {1, "weights    4 bits"}, "PW1": {2, "only       PW1"}, "DW": {2, "only       DW"}, "PW2": {2, "only       PW2"},
		"divisors": {1, "uniform in 4 bits"}, "divisors without 0": {1, "at least 0"},
	} {
		r := w.At(name, 4)
		if r == nil || r.Recipe.Name != name+" at 4 bits" {
			t.Fatalf("%s at 4 bits is %+v", name, r)
		}
		text, rounded := r.Recipe.String(), 0
		for _, p := range r.Precisions {
			if p.Grid != "float" {
				rounded++
			}
		}
		if !strings.Contains(text, want.text) || rounded != want.classes {
			t.Errorf("%s rounds %v by\n%s", name, r.Precisions, text)
		}
	}
	if w.At("PW1", 5) != nil || w.At("PW3", 8) != nil {
		t.Error("a rung is found that is not there")
	}
	if text := w.String(); strings.Count(text, "\n") != 8 || !strings.Contains(text, "4 bits") {
		t.Errorf("told as\n%s", text)
	}
}

// TestCurves: recipes at widths are those of the ladder, and none is refused.
func TestCurves(t *testing.T) {
	model, data := small(t), noise(t, "pictures", 4)
	w, err := Curves(t.Context(), model, data, data, []int{8}, calib.Vanilla, calib.MBConv)
	if err != nil {
		t.Fatal(err)
	}
	climb, err := calib.RunLadder(t.Context(), model, data, data, []calib.Recipe{calib.MBConv})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.At("MBConv", 8).AgainstFloat.Difference, climb.Rungs[0].AgainstFloat.Difference; got != want {
		t.Errorf("%v, the ladder has %v", got, want)
	}
	if _, err := Curves(t.Context(), model, data, data, nil, calib.Vanilla); err == nil {
		t.Error("no width is scored")
	}
}
