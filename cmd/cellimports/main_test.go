// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files by their slash-separated paths, and returns their folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRun(t *testing.T) {
	root := tree(t, map[string]string{
		"cell/go.work":              "go 1.27\n\nuse (\n\t.\n\t../gone\n\t../checkout\n)\n",
		"cell/go.mod":               "module cell\n",
		"checkout/go.mod":           "module example.org/m\n",
		"checkout/a/grid/grid.go":   "package grid\n\ntype Uniform struct{}\n\nfunc New() Uniform { return Uniform{} }\n",
		"checkout/a/grid/more.go":   "package grid\n\nconst Bits = 8\n",
		"checkout/a/hub/hub.go":     "package hub\n\nvar Files int\n",
		"checkout/b/hub/hub.go":     "package hub\n\nvar Files int\n",
		"checkout/c/hub/hub.go":     "package hub\n\nvar Other int\n",
		"checkout/c/tool/main.go":   "package main\n\nvar Version int\n",
		"checkout/internal/in/i.go": "package in\n\nvar Hidden int\n",
		"checkout/other/go.mod":     "module example.org/other\n",
		"checkout/other/far/far.go": "package far\n\nvar Away int\n",
	})
	for name, test := range map[string]struct{ body, want string }{
		"one":              {"_ = grid.New()", `"example.org/m/a/grid"`},
		"of several files": {"var g grid.Uniform\n\tprintln(g, grid.Bits)", `"example.org/m/a/grid"`},
		"beside Go's own":  {"fmt.Println(grid.Bits)", "\"fmt\"\n\n\t\"example.org/m/a/grid\""},
		"the one that has": {"println(hub.Other)", `"example.org/m/c/hub"`},
		"misspelt":         {"println(grid.Absent)", `"example.org/m/a/grid"`},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(root, "cell", "main.go")
			if err := os.WriteFile(file, []byte("package main\n\nfunc main() {\n\t"+test.body+"\n}\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := run(file, true); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), test.want) {
				t.Errorf("no %q in\n%s", test.want, got)
			}
		})
	}
	for name, source := range map[string]string{
		"two packages":    "package main\n\nfunc main() { println(hub.Files) }\n",
		"three packages":  "package main\n\nfunc main() { println(hub.Absent) }\n",
		"a variable":      "package main\n\nfunc main() {\n\tvar grid struct{ Bits int }\n\tprintln(grid.Bits)\n}\n",
		"a declaration":   "package main\n\nvar grid struct{ Bits int }\n\nfunc main() { println(grid.Bits) }\n",
		"imported":        "package main\n\nimport \"example.org/elsewhere/grid\"\n\nfunc main() { println(grid.Bits) }\n",
		"a version":       "package main\n\nimport \"example.org/grid/v2\"\n\nfunc main() { println(grid.Bits) }\n",
		"under a name":    "package main\n\nimport grid \"example.org/elsewhere\"\n\nfunc main() { println(grid.Bits) }\n",
		"a program":       "package main\n\nfunc main() { println(tool.Version) }\n",
		"internal":        "package main\n\nfunc main() { println(in.Hidden) }\n",
		"another module":  "package main\n\nfunc main() { println(far.Away) }\n",
		"does not parse":  "package main\n\nfunc main() { println(grid.Bits }\n",
		"nothing is used": "package main\n\nfunc main() {}\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := workspaceImports(filepath.Join(root, "cell", "main.go"), []byte(source))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != source {
				t.Errorf("an import is added:\n%s", got)
			}
		})
	}
}

// TestErrorHasItsPlace: GoNB shows the line of the cell that the error names.
func TestErrorHasItsPlace(t *testing.T) {
	file := filepath.Join(tree(t, map[string]string{"main.go": "package main\n\nfunc main() {\n\tx := \n}\n"}), "main.go")
	if err := run(file, true); err == nil || !strings.HasPrefix(err.Error(), file+":5:1:") {
		t.Errorf("error %v does not begin with the file, the line and the column", err)
	}
}
