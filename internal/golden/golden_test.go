// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"os"
	"testing"
)

// failures counts the failures of a test.
type failures struct {
	testing.TB
	n int
}

func (f *failures) Errorf(string, ...any) { f.n++ }

func TestNumbers(t *testing.T) {
	const name, within = "numbers.json", 0.1
	tests := []struct {
		name  string
		got   map[string][]float64
		fails int
	}{
		{"the same", map[string][]float64{"a": {1, 2}, "b": {3}}, 0},
		{"within the tolerance", map[string][]float64{"a": {1.09, 1.91}, "b": {3}}, 0},
		{"beyond it", map[string][]float64{"a": {1, 2.11}, "b": {3}}, 1},
		{"both rows beyond it", map[string][]float64{"a": {0, 2}, "b": {0}}, 2},
		{"a longer row", map[string][]float64{"a": {1, 2, 3}, "b": {3}}, 1},
		{"a shorter row", map[string][]float64{"a": {1}, "b": {3}}, 1},
		{"another row", map[string][]float64{"a": {1, 2}, "c": {3}}, 1},
		{"one row more", map[string][]float64{"a": {1, 2}, "b": {3}, "c": {3}}, 1},
	}
	store(t, name, `{"a": [1, 2], "b": [3]}`)
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := failures{TB: t}
			Numbers(&f, name, c.got, func([]float64, int) float64 { return within }, "")
			if f.n != c.fails {
				t.Errorf("%d failures, want %d", f.n, c.fails)
			}
		})
	}
}

func TestText(t *testing.T) {
	const name = "text"
	store(t, name, "one\ntwo\n")
	f := failures{TB: t}
	if Text(&f, name, "one\ntwo\n"); f.n != 0 {
		t.Error("the stored text fails")
	}
	if Text(&f, name, "one\nthree\n"); f.n != 1 {
		t.Error("another text does not fail")
	}
	t.Setenv("UPDATE_GOLDEN", "1")
	Text(t, name, "one\nthree\n")
	t.Setenv("UPDATE_GOLDEN", "")
	Text(t, name, "one\nthree\n")
}

// store changes to a folder whose testdata has one file.
func store(t *testing.T, name, content string) {
	t.Helper()
	t.Setenv("UPDATE_GOLDEN", "")
	t.Chdir(t.TempDir())
	if err := os.Mkdir("testdata", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/"+name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
