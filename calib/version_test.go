// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestObserveVersion keeps observeVersion honest: the profile of a small
// network has the values that are stored for this version. Where a change of
// the code changes them, cached profiles are wrong: raise the version and
// refresh the file with UPDATE_GOLDEN=1.
func TestObserveVersion(t *testing.T) {
	_, p := small(t)
	got := map[string][]float64{}
	for i, s := range p.Tensors {
		if i%9 == 0 {
			last, second := len(s.Min)-1, s.Ranges[1]
			got[s.Name] = []float64{float64(s.Count), float64(s.Min[0]), float64(s.Max[last]), float64(s.Mean[0]),
				float64(s.Hist.Quantile(0.1)), float64(s.Hist.Quantile(0.9)), float64(second.Min), float64(second.Max)}
		}
	}
	checkVersion(t, "observe", observeVersion, 0.01, got)
}

// TestQuantizeVersion keeps quantizeVersion honest in the same way: the logits
// of the small network with every point on a grid, and where the grids end.
func TestQuantizeVersion(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViTPlusInteger)
	if err != nil {
		t.Fatal(err)
	}
	item, err := noise(t, 6, 64).Load(2)
	if err != nil {
		t.Fatal(err)
	}
	picture := make([]float32, 3*64*64)
	item.Image.Normalize(picture)
	logits, err := q.Predict(picture)
	if err != nil {
		t.Fatal(err)
	}
	largest := float64(max(slices.Max(logits), -slices.Min(logits)))
	got := map[string][]float64{}
	for i, v := range logits {
		// A value on a rounding threshold may fall to either side on another
		// machine, hence in units of the largest.
		got[fmt.Sprintf("logit %d", i)] = []float64{largest, 1 + float64(v)/largest}
	}
	for i, op := range q.Model.Net.Ops {
		if grid, ok := q.Quantizers[op.Name]; ok && i%9 == 0 {
			got[op.Name] = []float64{float64(grid.Fake(-math.MaxFloat32)), float64(grid.Fake(math.MaxFloat32))}
		}
	}
	checkVersion(t, "quantize", quantizeVersion, 0.03, got)
}

// checkVersion compares values with those stored for a version of a stage,
// relative to each.
func checkVersion(t *testing.T, stage string, version int, within float64, got map[string][]float64) {
	t.Helper()
	path := filepath.Join("testdata", fmt.Sprintf("%s_version_%d.json", stage, version))
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		data, err := json.MarshalIndent(got, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(data, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: store the values of the new version with UPDATE_GOLDEN=1", err)
	}
	var want map[string][]float64
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(got) {
		t.Errorf("%d rows of values, %d are stored", len(got), len(want))
	}
	for name, values := range want {
		for i, v := range values {
			if len(got[name]) != len(values) || math.Abs(got[name][i]-v) > within*max(math.Abs(v), 0.01) {
				t.Fatalf("%s is %v, stored for version %d are %v: raise %sVersion", name, got[name], version, values, stage)
			}
		}
	}
}
