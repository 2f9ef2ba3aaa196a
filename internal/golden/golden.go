// SPDX-License-Identifier: Apache-2.0

// Package golden compares the results of a test with those stored in its package's
// testdata. With UPDATE_GOLDEN=1 it stores the current results first, and version
// control then shows the changes.
package golden

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Text fails t unless got equals the text of testdata/name. It prints the lines that
// differ.
func Text(t testing.TB, name, got string) {
	t.Helper()
	want := string(stored(t, name, []byte(got)))
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s differs; UPDATE_GOLDEN=1 takes the new one (-stored +new):\n%s", name, d)
	}
}

// Numbers fails t unless the JSON file testdata/name has the same rows as got. Every
// number must be within tolerance of the stored one. A failure prints advice, which
// tells the reader how to proceed.
func Numbers(t testing.TB, name string, got map[string][]float64, tolerance func(row []float64, i int) float64, advice string) {
	t.Helper()
	data, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]float64
	if err := json.Unmarshal(stored(t, name, append(data, '\n')), &want); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%s has %d rows, want %d: %s", name, len(want), len(got), advice)
	}
	for key, row := range want {
		near := len(got[key]) == len(row)
		for i := 0; near && i < len(row); i++ {
			near = math.Abs(got[key][i]-row[i]) <= tolerance(row, i)
		}
		if !near {
			t.Errorf("%s: %s is %v, want %v: %s", name, key, got[key], row, advice)
		}
	}
}

// stored returns the content of testdata/name. If UPDATE_GOLDEN=1, it stores got there
// first.
func stored(t testing.TB, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: store it with UPDATE_GOLDEN=1", err)
	}
	return data
}
