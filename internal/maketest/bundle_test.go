// SPDX-License-Identifier: Apache-2.0

package maketest

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fileURL returns the address of a folder in the form that Go and pip read.
func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// TestBundleTaken: with a bundle Go and pip read from its folders, and npm does not
// run.
func TestBundleTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, parents[0])
	bundle := filepath.Join(w.root, "my bundle")
	w.write(t, filepath.Join(bundle, "echarts.min.js"), "the bundle's")
	calls := w.make(t, w.checkout, nil, []string{"kernel", "BUNDLE=" + bundle})
	for _, words := range [][]string{{"go", "mod", "download"}, {".venv/bin/python", "pip", "install"}} {
		c := find(t, calls, words[0], words[1:]...)
		for variable, want := range map[string]string{
			"GOPROXY": fileURL(bundle) + "/go/cache/download", "GOSUMDB": "off", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": fileURL(bundle) + "/wheels",
			"TRIOVIT_ECHARTS": bundle + "/echarts.min.js",
		} {
			if c.Env[variable] != want {
				t.Errorf("%s: %s is %q, want %q", words, variable, c.Env[variable], want)
			}
		}
	}
	if slices.ContainsFunc(calls, func(c call) bool { return c.Args[0] == "npm" }) {
		t.Error("npm runs")
	}

	spec := filepath.Join(w.checkout, ".venv", "share", "jupyter", "kernels", "gotriovit", "kernel.json")
	if env := kernelEnv(t, spec); env["GOPROXY"] != fileURL(bundle)+"/go/cache/download" || env["GOSUMDB"] != "off" {
		t.Errorf("cells have GOPROXY %q and GOSUMDB %q, want the bundle's", env["GOPROXY"], env["GOSUMDB"])
	}
	w.make(t, w.checkout, nil, []string{"kernel"})
	env := kernelEnv(t, spec)
	if _, set := env["GOSUMDB"]; env["GOPROXY"] != "off" || set {
		t.Errorf("without a bundle cells have GOPROXY %q and GOSUMDB %q, want off and none", env["GOPROXY"], env["GOSUMDB"])
	}
}

// kernelEnv returns the environment in a kernelspec.
func kernelEnv(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var spec struct{ Env map[string]string }
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	return spec.Env
}

// TestBundleComplete: the bundle that make builds from this machine's module cache has
// the toolchain and every module that a clone's packages and its tools need.
func TestBundleComplete(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred MB are copied")
	}
	t.Parallel()
	w := newWorld(t, parents[0])
	if err := os.Remove(filepath.Join(w.home, "programs", "go")); err != nil { // the test uses the real Go
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	here := fileURL(filepath.Join(strings.TrimSpace(string(cache)), "cache", "download"))
	w.make(t, w.checkout, []string{"GOPROXY=" + here, "GOSUMDB=off"}, []string{"bundle"}, filepath.Join(w.home, ".config"), filepath.Join(w.home, ".cache"))

	_, file, _, _ := runtime.Caller(0)
	list := exec.Command("go", "list", "-deps", "./...", "tool")
	list.Dir = filepath.Join(filepath.Dir(file), "..", "..")
	fresh := filepath.Join(t.TempDir(), "modules")
	list.Env = append(os.Environ(), "GOMODCACHE="+fresh, "GOPROXY="+fileURL(filepath.Join(w.checkout, "build", "bundle", "go", "cache", "download")),
		"GOSUMDB=off", "GOFLAGS=-modcacherw")
	if out, err := list.CombinedOutput(); err != nil || !strings.Contains(string(out), "github.com/janpfeifer/gonb/gonbui") {
		t.Errorf("%v\n%.2000s", err, out)
	}
}
