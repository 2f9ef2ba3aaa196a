// SPDX-License-Identifier: Apache-2.0

package yamlfile

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/gotriovit/gotriovit/internal/hostile"
)

// nested returns n nested fields.
func nested(n int) string {
	var s strings.Builder
	for i := range n {
		s.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return s.String()
}

// TestParseIsBounded: the parser's cost is bounded for files of the largest allowed
// size that cost it the most.
func TestParseIsBounded(t *testing.T) {
	const size = 1 << 20
	for _, test := range []struct{ name, text, want string }{
		{"too long", strings.Repeat(" ", size+1), "f: more than the 1048576 bytes"},
		{"many items", "[" + strings.Repeat("a,", maxMarks-2) + "]", ""},
		{"too many items", "[" + strings.Repeat("a,", maxMarks) + "]", "f: 40002 of the characters"},
		{"many lists", strings.Repeat("- {a: b}\n", maxMarks/5), ""},
		{"many comments", strings.Repeat("#\n", maxMarks/2), ""},
		{"many words", strings.Repeat("a ", size/2), ""},
		{"long words", "[" + strings.Repeat(strings.Repeat("a", 25)+",", maxMarks-2) + "]", ""},
		{"deep brackets", "\n" + strings.Repeat("[", maxDepth+1), "f:2: more than 16 open brackets"},
		{"deep brackets after closed ones", strings.Repeat("]", 99) + strings.Repeat("[", maxDepth+1), "f:1: more than 16 open brackets"},
		{"deep lists on a line", strings.Repeat("- ", maxDepth+1), "f:1: more than 16 lists and fields"},
		{"an indented list", strings.Repeat(" ", maxColumn) + "- a", "f:1: a field in column 257"},
		{"deep fields on many lines", nested(maxColumn - 1), ""},
		{"open", "[", "f:1: not YAML"},
		{"a long header", "|" + strings.Repeat("\\", 2000), "f:1: not YAML: invalid header option"},
		{"a tab", "a: 1\n\tb: 2\n", `f:2: not YAML: found character '\t' that cannot start any token`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := hostile.Read(t, len(test.text), func() error { _, err := Parse("f", []byte(test.text), size); return err })
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %.200v, want %q", err, test.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	file, err := Parse("f", []byte("a: [1, {b: c}]\nd:\n- - - e\n"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if body, ok := file.Docs[0].Body.(*ast.MappingNode); !ok || len(body.Values) != 2 {
		t.Errorf("got %v, want two fields", file.Docs[0].Body)
	}
}

func TestNumber(t *testing.T) {
	nan := math.NaN() // the value where text is no number
	for text, want := range map[string]float64{
		"1": 1, "-1": -1, "+1": 1, "0": 0, "1.5": 1.5, ".5": 0.5, "0.5": 0.5, "1.": 1, "1e3": 1000, "1E-3": 0.001, "1.5e3": 1500, "0e3": 0,
		"0x10": 16, "0o10": 8, "0b11": 3, "1_000": 1000, "99999999999999999999": 1e20,
		"nan": nan, ".nan": nan, "inf": nan, "+Inf": nan, ".inf": nan, "infinity": nan, "1e999": nan, "-1.0e999": nan,
		"0x1p3": nan, "0x1.8p3": nan, "1_0e3": nan, "010": nan, "-08": nan, "00.5": nan, "1e": nan, "e3": nan, "--1": nan, "1,5": nan,
		"'1'": nan, `"1e3"`: nan, "true": nan, "": nan, "[1]": nan,
	} {
		file, err := Parse("f", []byte("a: "+text+"\n"), 100)
		if err != nil {
			t.Fatal(err)
		}
		entries, _ := Fields(file.Docs[0].Body)
		if got, ok := Number(entries[0].Value); ok == math.IsNaN(want) || ok && got != want {
			t.Errorf("%s: %v, %t, want %v", text, got, ok, want)
		}
	}
}

// FuzzParse: reading any data is cheap, and every number is finite. Nested blocks cost
// the most.
func FuzzParse(f *testing.F) {
	f.Add([]byte("a: [1, {b: c}]\nd:\n- - - e\n"))
	f.Add([]byte("a:\n b:\n  c:\n   d: &x [*x]\n"))
	f.Add([]byte("? - - -\n: {[: ]}"))
	f.Add([]byte("a: nan\nb: -inf\nc: 0x1p3\nd: 010\ne: 1e999\nf: 1_000\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var file *ast.File
		if err := hostile.Read(t, len(data), func() (err error) { file, err = Parse("f", data, 1<<16); return }); err != nil || len(file.Docs) == 0 {
			return
		}
		entries, _ := Fields(file.Docs[0].Body)
		for _, e := range entries {
			if x, ok := Number(e.Value); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
				t.Errorf("%s is read as %v", e.Value, x)
			}
		}
	})
}

// TestCut: a long error loses its end. A short one stays unchanged.
func TestCut(t *testing.T) {
	short, long := errors.New("short"), errors.New(strings.Repeat("é", 2000))
	if got := Cut(short); got != short {
		t.Errorf("a short error becomes %v", got)
	}
	if got := Cut(long).Error(); len(got) > maxError+4 || !strings.HasPrefix(got, "ééé") || !strings.HasSuffix(got, "é …") {
		t.Errorf("a long error becomes %q", got)
	}
	if Cut(nil) != nil {
		t.Error("no error becomes one")
	}
}
