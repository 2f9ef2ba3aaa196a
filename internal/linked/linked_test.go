// SPDX-License-Identifier: Apache-2.0

package linked

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestExcess: a path is heavy if it is a heavy path or below one. A path that only has
// the same first letters is not.
func TestExcess(t *testing.T) {
	got := excess([]string{"fmt", "net/url", "net/http", "net/http/internal", "net/httpx", "github.com/gomlx/gomlx/core/graph",
		"github.com/gomlx/compute-onnx/support/protos", "github.com/gomlx/compute-onnx/support/protosx",
		"github.com/gotriovit/gotriovit/triovit/weights", "github.com/gotriovit/gotriovit/triovit/weightsx"})
	want := []string{"net/http: HTTP", "net/http/internal: HTTP", "github.com/gomlx/gomlx/core/graph: a tensor library",
		"github.com/gomlx/compute-onnx/support/protosx: a tensor library",
		"github.com/gotriovit/gotriovit/triovit/weights: weights"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestHeavyPaths: some package of this module links each heavy path, so no path is
// misspelt.
func TestHeavyPaths(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heavy {
		if !strings.Contains("\n"+string(out), "\n"+h.path) {
			t.Errorf("no package links %s", h.path)
		}
	}
}

// TestTriovitWithoutTensors: the root of triovit and all packages below it, except
// forward, link no tensor library.
func TestTriovitWithoutTensors(t *testing.T) {
	const root, forward = module + "triovit", module + "triovit/forward"
	packages := slices.DeleteFunc(list(t, "../../triovit/..."), func(path string) bool {
		return path == forward || strings.HasPrefix(path, forward+"/")
	})
	for _, path := range []string{root, root + "/dataset", root + "/hub", root + "/weights", root + "/preprocess"} {
		if !slices.Contains(packages, path) {
			t.Errorf("go list does not list %s", path)
		}
	}
	for _, found := range linkedFor(tensorLibrary, list(t, append([]string{"-deps"}, packages...)...)) {
		t.Errorf("links %s", found)
	}
	if linkedFor(tensorLibrary, list(t, "-deps", forward)) == nil {
		t.Error("forward links no tensor library that this test would find")
	}
}

// TestOneInterpreter: of the packages that are no programs, only charts/renderer links a
// JavaScript interpreter.
func TestOneInterpreter(t *testing.T) {
	const renderer = module + "charts/renderer"
	packages := list(t, "-f", `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`, "../../...")
	i := slices.Index(packages, renderer)
	if i < 0 {
		t.Fatalf("go list does not list %s", renderer)
	}
	packages = slices.Delete(packages, i, i+1)
	for _, found := range linkedFor(interpreter, list(t, append([]string{"-deps"}, packages...)...)) {
		t.Errorf("links %s", found)
	}
	if linkedFor(interpreter, list(t, "-deps", renderer)) == nil {
		t.Error("charts/renderer links no interpreter that this test would find")
	}
}

// linkedFor returns the heavy import paths that have a reason.
func linkedFor(reason string, paths []string) (found []string) {
	for _, line := range excess(paths) {
		if path, ok := strings.CutSuffix(line, ": "+reason); ok {
			found = append(found, path)
		}
	}
	return found
}

// TestGround: a package in internal/, with its tests, imports no package of this module
// outside of internal/. All other packages may import it.
func TestGround(t *testing.T) {
	const format = `{{$p := .ImportPath}}{{range .Imports}}{{$p}} {{.}}
{{end}}{{range .TestImports}}{{$p}} {{.}}
{{end}}{{range .XTestImports}}{{$p}} {{.}}
{{end}}`
	out, err := exec.Command("go", "list", "-f", format, "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if !slices.Contains(lines, module+"internal/linked testing") {
		t.Fatalf("go list does not list this package's import of testing: %d lines", len(lines))
	}
	for _, found := range aboveGround(lines) {
		t.Error(found)
	}
}

// module is the prefix of this module's import paths.
const module = "github.com/gotriovit/gotriovit/"

// aboveGround returns the imports, as "importer imported", of packages of this module
// outside of internal/.
func aboveGround(imports []string) []string {
	var found []string
	for _, line := range imports {
		from, to, _ := strings.Cut(line, " ")
		if strings.HasPrefix(to+"/", module) && !strings.HasPrefix(to, module+"internal/") {
			found = append(found, from+" imports "+to)
		}
	}
	return found
}

// TestAboveGround: imports of the module's root, and of a package whose name only ends
// in internal, are found. Imports of packages in internal/ and of other modules are
// not.
func TestAboveGround(t *testing.T) {
	got := aboveGround([]string{"a fmt", "a github.com/gotriovit/gotriovitx", "a " + module + "internal/cache", "a " + module + "triovit",
		"b " + module + "hwsim/internal/table", "b " + strings.TrimSuffix(module, "/")})
	want := []string{"a imports " + module + "triovit", "b imports " + module + "hwsim/internal/table", "b imports github.com/gotriovit/gotriovit"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLight: this package is light, because it needs no network.
func TestLight(t *testing.T) { Light(t) }
