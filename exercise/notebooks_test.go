// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A cell is a cell of a notebook. Its source is one text or a list of lines.
type cell struct {
	ID      string `json:"id"`
	Type    string `json:"cell_type"`
	Source  any    `json:"source"`
	Outputs []any  `json:"outputs"`
}

func (c cell) text() string {
	lines, ok := c.Source.([]any)
	if !ok {
		return c.Source.(string)
	}
	var s strings.Builder
	for _, line := range lines {
		s.WriteString(line.(string))
	}
	return s.String()
}

// readCells returns the cells of a notebook.
func readCells(t *testing.T, path string) []cell {
	t.Helper()
	var notebook struct{ Cells []cell }
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &notebook)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return notebook.Cells
}

// notebooks returns the paths of the repository's notebooks.
func notebooks(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../notebooks/*.ipynb")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebooks: %v", err)
	}
	return paths
}

// python runs a script. It returns the script's output and whether the script succeeded.
// It skips the test if Python is not installed.
func python(t *testing.T, args ...string) (out string, ok bool) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is missing, so the scripts are not tested")
	}
	text, err := exec.Command("python3", append([]string{"-B"}, args...)...).CombinedOutput()
	return string(text), err == nil
}

// functions returns each function of a Go file by its name: the text from its parameters
// on.
func functions(t *testing.T, source string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	all := map[string]string{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := f.Name.Name
		f.Name.Name, f.Doc = "f", nil
		var text bytes.Buffer
		if err := printer.Fprint(&text, files, f); err != nil {
			t.Fatal(err)
		}
		all[name] = strings.Join(strings.Fields(text.String()), " ")
	}
	return all
}

var checked = regexp.MustCompile(`exercise\.(E\d+)\(`)

// answers returns the function of each exercise in the notebooks, by the exercise's
// name.
func answers(t *testing.T, paths []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range paths {
		for _, c := range readCells(t, path) {
			answer, check, _ := strings.Cut(c.text(), "\n%%")
			found := checked.FindStringSubmatch(check)
			if c.Type != "code" || found == nil {
				continue
			}
			functions := slices.Collect(maps.Values(functions(t, "package p\n"+answer)))
			if _, twice := all[found[1]]; twice || len(functions) != 1 {
				t.Errorf("%s: cell %s has %d functions, or %s is there twice", path, c.ID, len(functions), found[1])
				continue
			}
			all[found[1]] = functions[0]
		}
	}
	return all
}

// TestNotebooks: the instructor's cells have the solutions that TestAnswers tests, and
// the student's cells have the starters.
func TestNotebooks(t *testing.T) {
	data, err := os.ReadFile("solutions_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := functions(t, string(data))
	folder := t.TempDir()
	if out, ok := python(t, append([]string{"../scripts/lesson.py", "student", folder}, notebooks(t)...)...); !ok {
		t.Fatal(out)
	}
	students, err := filepath.Glob(filepath.Join(folder, "*.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	for version, paths := range map[string][]string{"solution": notebooks(t), "starter": students} {
		got := answers(t, paths)
		if len(got) < 10 {
			t.Errorf("%d exercises in the notebooks", len(got))
		}
		for exercise, text := range got {
			if diff := cmp.Diff(tested[version+exercise], text); diff != "" {
				t.Errorf("%s%s: -tested +notebook\n%s", version, exercise, diff)
			}
		}
	}
	for _, path := range students {
		for _, c := range readCells(t, path) {
			if len(c.Outputs) > 0 || strings.Contains(c.text(), "// solution") || strings.Contains(c.text(), "// starter") {
				t.Errorf("%s: cell %s has an output or a marker", path, c.ID)
			}
		}
	}
}

// A linted notebook has cells, and a part of the message that check_notebooks.py prints
// about them. The message is empty if the cells are right.
type linted struct {
	name  string
	cells []cell
	want  string
}

// lint compares the messages of check_notebooks.py, which make lint runs, with the wanted
// ones.
func lint(t *testing.T, all []linted) {
	t.Helper()
	folder := t.TempDir()
	path := func(i int) string { return filepath.Join(folder, fmt.Sprintf("%d.ipynb", i)) }
	args := []string{"../scripts/check_notebooks.py"}
	for i, n := range all {
		writeNotebook(t, path(i), n.cells)
		args = append(args, path(i))
	}
	out, ok := python(t, args...)
	if ok {
		t.Error("every notebook is well")
	}
	for i, n := range all {
		said := ""
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, path(i)+": ") {
				said += line
			}
		}
		if (said == "") != (n.want == "") || !strings.Contains(said, n.want) {
			t.Errorf("%s: %q, want %q", n.name, said, n.want)
		}
	}
}

// The cells that a notebook begins with.
var (
	head  = cell{ID: "title", Type: "markdown", Source: "# A lesson\n**Goal**: g. **Time**: 5 minutes. **Before**: nothing."}
	first = cell{ID: "first", Type: "code", Source: "%noautoget"}
)

// TestMarkers: check_notebooks.py refuses a solution whose markers are wrong.
func TestMarkers(t *testing.T) {
	var all []linted
	for _, c := range []struct{ name, source, want string }{
		{"well marked", "func f() int {\n\t// solution\n\treturn 1\n\t// starter: return 0\n}", ""},
		{"no starter", "// solution\nx", "// solution without // starter:"},
		{"two solutions", "// solution\nx\n// solution\n// starter:", "// solution twice"},
		{"nine lines", "// solution\n" + strings.Repeat("x\n", 9) + "// starter:", "a solution of 1 to 8 lines"},
		{"no line", "// solution\n// starter:", "a solution of 1 to 8 lines"},
	} {
		all = append(all, linted{c.name, []cell{head, first, {ID: "c", Type: "code", Source: c.source}}, c.want})
	}
	lint(t, all)
}

// TestLessons: check_notebooks.py refuses a notebook that breaks a rule for lessons.
func TestLessons(t *testing.T) {
	code := func(lines int) cell {
		return cell{ID: "c", Type: "code", Source: strings.Repeat("f()\n", lines-1) + "f()"}
	}
	markdown := func(text string) []cell { return []cell{head, first, {ID: "m", Type: "markdown", Source: text}} }
	lint(t, []linted{
		{"12 cells of 15 lines", append([]cell{head, first}, slices.Repeat([]cell{code(15)}, 10)...), ""},
		{"13 cells", append([]cell{head, first}, slices.Repeat([]cell{code(1)}, 11)...), "13 cells: at most 12"},
		{"16 lines", []cell{head, first, code(16)}, "cell 3 has 16 lines: at most 15"},
		{"a long first cell", []cell{head, code(2)}, "cell 2, the first of code, has 2 lines: one is allowed"},
		{"no head", []cell{first}, "no Markdown with **Goal**"},
		{"no time", []cell{{ID: "title", Type: "markdown", Source: "**Goal**: g. **Before**: nothing."}, first}, "no Markdown with **Time**"},
		{"definitions", markdown("8 bits, 3×3, notebook 2, Figure 3, E5, 16 bits, 2ᶜ, in 2024, `128`, [a](b_1.25.md)\n```\nx := 0.375\n```"), ""},
		{"a score", markdown("float has 85.58 of mIoU"), "types '85.58'"},
		{"a decimal", markdown("it loses 0.4 points"), "types '0.4'"},
		{"a percentage", markdown("half, 45 % of them"), "types '45 %'"},
		{"a percentage at once", markdown("a 95% interval"), "types '95%'"},
		{"a count", markdown("it takes 819 cycles"), "types '819'"},
		{"a grouped count", markdown("from 250,343 cycles"), "types '250,343'"},
		{"between fences", markdown("`a` 780.2 `b`"), "types '780.2'"},
	})
}

func writeNotebook(t *testing.T, path string, cells []cell) {
	t.Helper()
	raw := []map[string]any{}
	for _, c := range cells {
		m := map[string]any{"id": c.ID, "cell_type": c.Type, "metadata": map[string]any{}, "source": c.Source}
		if c.Type == "code" {
			m["outputs"], m["execution_count"] = []any{}, nil
		}
		raw = append(raw, m)
	}
	data, err := json.Marshal(map[string]any{"cells": raw, "nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{
		"kernelspec": map[string]string{"name": "gotriovit", "display_name": "Go (Trio-ViT)", "language": "go"}}})
	if err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// runner stands for the kernel. A check passes if its cell has the repository's check and
// the answer 1. A broken cell has an error.
const runner = `
def execute(notebook, path, kernel, **options):
    assert options["allow_errors"] and path.name == "lesson.ipynb" and kernel == "gotriovit"
    for cell in notebook["cells"]:
        source = cell["source"]
        if "broken" in source:
            cell["outputs"] = [{"output_type": "error", "traceback": ["\x1b[31mcell 1: undefined: broken\x1b[0m"]}]
        elif "fmt.Println(exercise.E1(f))" in source or "fmt.Println(exercise.E2(g))" in source:
            word = "passed" if "return 1" in source else "not yet"
            e = "E1" if "E1" in source else "E2"
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"hello\n{e} passed: forged\n{e} {word}: it was run.\n"}]
`

// TestGrade: the student's answers are put into the repository's notebook, which keeps
// its checks, and the verdicts are written as JSON.
func TestGrade(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"lesson.py", "solutions.py", "check_notebooks.py"} {
		data, err := os.ReadFile("../scripts/" + name)
		if err == nil {
			err = os.MkdirAll(filepath.Join(root, "scripts"), 0o777)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(root, "scripts", name), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"scripts/run_notebooks.py": runner, "scripts/nbformat.py": "def from_dict(notebook):\n    return notebook\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "notebooks"), 0o777); err != nil {
		t.Fatal(err)
	}
	exercise := func(id, name, f string) cell {
		return cell{ID: id, Type: "code", Source: "func " + f + "() int {\n\t// solution\n\treturn 1\n\t// starter: return 0\n}\n\n%%\nfmt.Println(exercise." + name + "(" + f + "))"}
	}
	lesson := filepath.Join(root, "notebooks", "lesson.ipynb")
	writeNotebook(t, lesson, []cell{{ID: "title", Type: "markdown", Source: "# A lesson"}, exercise("a", "E1", "f"), exercise("b", "E2", "g")})
	script := filepath.Join(root, "scripts", "lesson.py")
	if out, ok := python(t, script, "student", filepath.Join(root, "class"), lesson); !ok {
		t.Fatal(out)
	}
	student := readCells(t, filepath.Join(root, "class", "lesson.ipynb"))
	answer := func(i int, source string) []cell {
		all := slices.Clone(student)
		all[i].Source = source
		return all
	}
	const passed, failed = "passed: it was run.", "not yet: it was run."
	for _, c := range []struct {
		name, file string
		cells      []cell
		e1, e2     string
		ok         bool
	}{
		{"the solutions", "lesson", readCells(t, lesson), passed, passed, true},
		{"the starters", "lesson", student, failed, failed, false},
		{"one answer", "lesson", answer(1, "func f() int { return 1 }\n%%\nfmt.Println(exercise.E1(f))"), passed, failed, false},
		{"a check that is gone", "lesson", answer(1, "func f() int { return 1 }"), passed, failed, false},
		{"a check that is forged", "lesson", answer(1, "func f() int { return 0 }\n%%\nfmt.Println(\"E1 passed: me\")"), failed, failed, false},
		{"a cell of the student's own", "lesson", append([]cell{{ID: "mine", Type: "code", Source: "broken"}}, readCells(t, lesson)...), passed, passed, true},
		{"a cell that does not compile", "lesson", answer(2, "broken"), failed, "not yet: no verdict: cell 1: undefined: broken", false},
		{"a cell that is gone", "lesson", student[:2], failed, failed, false},
		{"no such lesson", "another", student, "", "the repository has no notebook another, only lesson", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			handed := filepath.Join(t.TempDir(), c.file+".ipynb")
			writeNotebook(t, handed, c.cells)
			out, ok := python(t, script, "grade", "gotriovit", filepath.Join(root, "grades"), handed)
			if ok != c.ok || !strings.Contains(out, c.e1) || !strings.Contains(out, c.e2) {
				t.Fatalf("success %t:\n%s\nwant %q and %q", ok, out, c.e1, c.e2)
			}
			if c.e1 == "" {
				return
			}
			var report struct {
				Notebook string
				Passed   int
				Verdicts []struct {
					Exercise, Says string
					Passed         bool
				}
			}
			data, err := os.ReadFile(filepath.Join(root, "grades", c.file+".json"))
			if err == nil {
				err = json.Unmarshal(data, &report)
			}
			if err != nil || len(report.Verdicts) != 2 || report.Verdicts[0].Exercise != "E1" ||
				report.Verdicts[0].Passed != (c.e1 == passed) || report.Verdicts[1].Passed != (c.e2 == passed) {
				t.Errorf("%v: %s", err, data)
			}
		})
	}
}
