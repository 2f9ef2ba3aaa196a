// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
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
			last := len(s.Min) - 1
			got[s.Name] = []float64{float64(s.Count), float64(s.Min[0]), float64(s.Max[last]), float64(s.Mean[0]), float64(s.Hist.Quantile(0.1)), float64(s.Hist.Quantile(0.9))}
		}
	}
	path := filepath.Join("testdata", fmt.Sprintf("observe_version_%d.json", observeVersion))
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
		t.Errorf("%d tensors, %d are stored", len(got), len(want))
	}
	for name, values := range want {
		for i, v := range values {
			if len(got[name]) != len(values) || math.Abs(got[name][i]-v) > 0.01*max(math.Abs(v), 0.01) {
				t.Fatalf("%s is %v, stored for version %d are %v: raise observeVersion", name, got[name], observeVersion, values)
			}
		}
	}
}
