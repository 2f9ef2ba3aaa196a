// SPDX-License-Identifier: Apache-2.0

package maketest

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parents are folders in which a checkout may lie. Their names have spaces, and
// characters that a shell and make do not read as parts of a name.
var parents = []string{"a folder/with spaces", "it's 100 % $HOME; (a) #1 & more"}

// manifests is the folder of the checkout that is a module of its own.
const manifests = "deploy/k8s"

// A world is a scratch folder that contains a checkout.
type world struct {
	root     string // folder that contains all other folders
	checkout string
	home     string
	log      string
	env      []string
}

// newWorld makes a checkout below a parent, with the files that the Makefile reads. It
// skips the test if a program is missing.
func newWorld(t *testing.T, parent string) *world {
	t.Helper()
	for _, program := range []string{"make", "bash", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing, so the Makefile is not tested", program)
		}
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{root: root, checkout: filepath.Join(root, parent, "checkout"), home: filepath.Join(root, "home"), log: filepath.Join(t.TempDir(), "log")}
	_, file, _, _ := runtime.Caller(0)
	module := filepath.Join(filepath.Dir(file), "..", "..")
	for _, name := range []string{"scripts", "notebooks", manifests} {
		if err := os.CopyFS(filepath.Join(w.checkout, name), os.DirFS(filepath.Join(module, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Makefile", "environment.yml", "go.mod", "go.sum", "package.json", "package-lock.json", "requirements-onnxruntime.txt", "requirements-peers.txt", "requirements-pytorch.txt", "requirements-xla.txt"} {
		data, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, filepath.Join(w.checkout, name), string(data))
	}
	// The path that ends at the first space of the checkout's path names a file of the
	// user.
	cut, _, _ := strings.Cut(w.checkout, " ")
	w.write(t, cut, "nothing of make's")
	w.write(t, filepath.Join(w.checkout, "notebooks", "my notebook.ipynb"), `{"cells": [], "metadata": {"kernelspec": {"name": "gotriovit", "display_name": "Go (Trio-ViT)", "language": "go"}}}`)
	w.write(t, filepath.Join(w.checkout, "my data", "x.go"), "package x\n")
	w.write(t, filepath.Join(w.checkout, "docs", "ladder.svg"), "the repository's")
	programs := filepath.Join(w.home, "programs")
	for _, path := range []string{filepath.Join(programs, "go"), filepath.Join(programs, "npm"), filepath.Join(programs, "python3"), filepath.Join(w.home, "bin", "gofmt")} {
		if err := link(path); err != nil {
			t.Fatal(err)
		}
	}
	// The environment has no variables of the make that runs this test, nor of the
	// user.
	w.env = []string{"HOME=" + w.home, "PATH=" + programs + ":" + os.Getenv("PATH"), logEnv + "=" + w.log, pythonEnv + "=" + python}
	return w
}

func (w *world) write(t *testing.T, path, text string) {
	t.Helper()
	if err := write(path, text); err != nil {
		t.Fatal(err)
	}
}

// make runs make in a folder and returns the calls of the stand-ins. It checks that all
// calls are made in the checkout or in the module of the manifests. It also checks that
// no file outside of the checkout changes, except below the paths in may.
func (w *world) make(t *testing.T, dir string, env, args []string, may ...string) []call {
	t.Helper()
	os.Remove(w.log)
	before := w.outside(t, may)
	command := exec.Command("make", args...)
	command.Dir, command.Env = dir, slices.Concat(w.env, env)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make %q: %v\n%s", args, err, out)
	}
	if diff := cmp.Diff(before, w.outside(t, may)); diff != "" {
		t.Errorf("make %q wrote outside of the checkout: -before +after\n%s", args, diff)
	}
	data, err := os.ReadFile(w.log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var calls []call
	for line := range bytes.Lines(data) {
		var c call
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if c.Dir != w.checkout && c.Dir != filepath.Join(w.checkout, manifests) {
			t.Errorf("%q runs in %s", c.Args, c.Dir)
		}
		calls = append(calls, c)
	}
	return calls
}

// made are the names in a checkout that make may write. In docs it may write the
// results of a ladder.
var made = []string{".bin", ".cache", ".venv", "build", "node_modules", "docs"}

// outside returns the contents of the files that make must not write, by path.
func (w *world) outside(t *testing.T, may []string) map[string]string {
	t.Helper()
	for _, name := range made {
		may = append(may, filepath.Join(w.checkout, name))
	}
	files := map[string]string{}
	err := filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(may, path):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			files[path] = "a link"
			return nil
		case d.IsDir():
			files[path] = "a folder"
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = info.ModTime().String() + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// find returns the first call of a program whose arguments contain all of the words.
func find(t *testing.T, calls []call, program string, words ...string) call {
	t.Helper()
	for _, c := range calls {
		lacks := func(word string) bool { return !slices.Contains(c.Args[1:], word) }
		if c.Args[0] == program && !slices.ContainsFunc(words, lacks) {
			return c
		}
	}
	var all []string
	for _, c := range calls {
		all = append(all, strings.Join(c.Args, " "))
	}
	t.Fatalf("no %s is called with %q, only\n%s", program, words, strings.Join(all, "\n"))
	return call{}
}

// given holds the paths that a user gives, by variable and without their prefix.
var given = map[string]string{
	"TRIOVIT_MODEL": "my models/b1.pt", "TRIOVIT_DATA": "my folder/", "TRIOVIT_SHARED": "../the shared",
	"TRIOVIT_CLASS_ORDER": "my classes.txt", "TRIOVIT_CACHE": "a cache", "TRIOVIT_ECHARTS": "its charts/echarts.js", "HF_HOME": "a hub",
	"VENV": "a venv", "PYTHON": "the programs/python3",
}

// TestGivenPaths: the programs get the same absolute path for every form in which a
// user may write and give it.
func TestGivenPaths(t *testing.T) {
	t.Parallel()
	for _, parent := range parents {
		w := newWorld(t, parent)
		elsewhere := filepath.Join(w.root, "where make", "is called")
		w.write(t, filepath.Join(elsewhere, "Makefile"), "$(error another Makefile)")
		for _, way := range []struct {
			name, dir string
			args      []string
			prefix    string // prefix of a path
			base      string // folder that the prefix names
		}{
			{"relative", w.checkout, nil, "", w.checkout},
			{"absolute", w.checkout, nil, w.checkout + "/", w.checkout},
			{"below home", w.checkout, nil, "~/", w.home},
			{"relative, make -C", elsewhere, []string{"-C", w.checkout}, "", w.checkout},
			{"relative, make -f", elsewhere, []string{"-f", filepath.Join(w.checkout, "Makefile")}, "", elsewhere},
		} {
			for _, place := range []string{"command line", "environment"} {
				t.Run(parent+", "+way.name+", "+place, func(t *testing.T) {
					want := map[string]string{}
					var env, args []string
					for variable, value := range given {
						want[variable] = way.base + "/" + value
						if place == "environment" {
							env = append(env, variable+"="+way.prefix+value)
						} else { // make expands a dollar in this place
							args = append(args, variable+"="+strings.ReplaceAll(way.prefix, "$", "$$")+value)
						}
					}
					if err := link(want["PYTHON"]); err != nil {
						t.Fatal(err)
					}
					w.write(t, want["TRIOVIT_MODEL"], "weights")
					w.write(t, want["TRIOVIT_CLASS_ORDER"], "classes")
					w.write(t, want["TRIOVIT_ECHARTS"], "the user's")
					if err := os.RemoveAll(want["VENV"]); err != nil {
						t.Fatal(err)
					}
					args = slices.Concat(way.args, args, []string{"notebooks", "NOTEBOOKS=notebooks/my notebook.ipynb"})
					calls := w.make(t, way.dir, env, args, want["VENV"])
					find(t, calls, want["PYTHON"], "venv", want["VENV"])
					run := find(t, calls, want["VENV"]+"/bin/python", "scripts/run_notebooks.py", "notebooks/my notebook.ipynb")
					for variable, value := range want {
						if got := run.Env[variable]; got != value && variable != "VENV" && variable != "PYTHON" {
							t.Errorf("%s is %q in the notebooks, want %q", variable, got, value)
						}
					}
					w.checkKernel(t, want)
					for _, c := range calls {
						if c.Args[0] == "npm" {
							t.Error("npm runs, though the user has a runtime")
						}
					}
				})
			}
		}
	}
}

// checkKernel checks the command that Jupyter will start.
func (w *world) checkKernel(t *testing.T, want map[string]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(want["VENV"], "share", "jupyter", "kernels", "gotriovit", "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kernel struct {
		Argv []string
		Env  map[string]string
	}
	if err := json.Unmarshal(data, &kernel); err != nil {
		t.Fatal(err)
	}
	if kernel.Argv[0] != w.checkout+"/.bin/gonb" || !slices.Contains(kernel.Argv, "--go_work="+w.checkout) {
		t.Errorf("the kernel is %q", kernel.Argv)
	}
	for variable, value := range map[string]string{
		"TRIOVIT_CACHE": want["TRIOVIT_CACHE"], "TRIOVIT_ECHARTS": want["TRIOVIT_ECHARTS"], "PATH": w.checkout + "/.bin:${PATH}",
	} { // Jupyter reads $$ as a dollar, and expands PATH only
		got := strings.ReplaceAll(kernel.Env[variable], "$$", "$")
		if got != value || strings.Count(strings.ReplaceAll(kernel.Env[variable], "$$", ""), "$") != strings.Count(value, "${PATH}") {
			t.Errorf("%s is %q in the kernel, want %q", variable, kernel.Env[variable], value)
		}
	}
}

// TestGivenNames: a value that is no path reaches the notebooks unchanged. A variable
// that is not given has the checkout's value.
func TestGivenNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, parents[0])
	w.write(t, filepath.Join(w.checkout, "weights", "b0.pt"), "weights")
	for _, test := range []struct{ name, model, want string }{
		{"not given", "", ""},
		{"name on the hub", "timm/efficientvit_b1.r224_in1k", "timm/efficientvit_b1.r224_in1k"},
		{"name as in timm", "hf-hub:timm/efficientvit_b1.r224_in1k", "hf-hub:timm/efficientvit_b1.r224_in1k"},
		{"a page", "https://hub.example/timm/b1/tree/main?x=1#files", "https://hub.example/timm/b1/tree/main?x=1#files"},
		{"no such file", "b1.pt", "b1.pt"},
		{"no such file in a folder", "weights/b1.pt", w.checkout + "/weights/b1.pt"},
		{"no such file upwards", "../b1.pt", w.checkout + "/../b1.pt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i, way := range [][2][]string{{nil, {"TRIOVIT_MODEL=" + test.model}}, {{"TRIOVIT_MODEL=" + test.model}, nil}} {
				run := find(t, w.make(t, w.checkout, way[0], append(way[1], "notebooks")), ".venv/bin/python", "scripts/run_notebooks.py", "notebooks/my notebook.ipynb", "notebooks/00_start.ipynb")
				for variable, want := range map[string]string{
					"TRIOVIT_MODEL": test.want, "TRIOVIT_DATA": "", "HF_HOME": "",
					"TRIOVIT_SHARED": w.checkout + "/../shared", "TRIOVIT_CACHE": w.checkout + "/.cache",
					"TRIOVIT_ECHARTS": w.checkout + "/build/echarts/echarts.min.js",
				} {
					if run.Env[variable] != want {
						t.Errorf("way %d: %s is %q, want %q", i, variable, run.Env[variable], want)
					}
				}
			}
		})
	}
}

var target = regexp.MustCompile(`(?m)^([a-z-]+):.*## `)

// TestTargets runs each target in the output of make help. It checks the call that
// needs a path.
func TestTargets(t *testing.T) {
	t.Parallel()
	for _, parent := range parents {
		w := newWorld(t, parent)
		makefile, err := os.ReadFile(filepath.Join(w.checkout, "Makefile"))
		if err != nil {
			t.Fatal(err)
		}
		untested := map[string]bool{}
		for _, match := range target.FindAllSubmatch(makefile, -1) {
			untested[string(match[1])] = true
		}
		shared := filepath.Join(w.root, "shared data")
		if err := os.MkdirAll(filepath.Join(shared, "data"), 0o777); err != nil {
			t.Fatal(err)
		}
		plugin := w.checkout + "/build/xla/lammps_jax_pjrt_cpu"
		for _, test := range []struct {
			target string
			words  []string          // words of the call: the program and some of its arguments
			env    map[string]string // environment of the call
		}{
			{"help", nil, nil},
			{"kernel", []string{"go", "install", "tool"}, map[string]string{"GOBIN": w.checkout + "/.bin"}},
			{"notebooks", []string{".venv/bin/python", "gotriovit", "build/notebooks", "notebooks/00_start.ipynb"}, nil},
			{"lab", []string{".venv/bin/python", "jupyterlab"}, nil},
			{"bundle", []string{".venv/bin/python", "download", "build/bundle/wheels", "build/requirements.txt"}, nil},
			{"student", []string{"python3", "student", w.checkout + "/my class", "notebooks/my notebook.ipynb"}, nil},
			{"grade", []string{".venv/bin/python", "grade", "gotriovit", w.checkout + "/notebooks/my notebook.ipynb"}, map[string]string{"TRIOVIT_EXERCISE_SEED": "it's a $ecret"}},
			{"test", []string{"go", "run", "./cmd/testsummary"}, map[string]string{"TRIOVIT_PYTHON": w.checkout + "/.venv/bin/python", "TRIOVIT_SHARED": shared}},
			{"test", []string{"go", "test", "-C", manifests}, nil},
			{"bench", []string{"build/bench/go", "build/bench/networks"}, nil},
			{"xla", []string{".venv/bin/python", "--target", "build/xla"}, nil},
			{"test-xla", []string{"go", "run", "-tags=xla"}, map[string]string{"PJRT_PLUGIN_LIBRARY_PATH": plugin}},
			{"bench", []string{"build/bench/xla"}, map[string]string{"TRIOVIT_BACKEND": "xla", "PJRT_PLUGIN_LIBRARY_PATH": plugin}},
			{"lint", []string{w.home + "/bin/gofmt", "./my data/x.go"}, nil},
			{"lint", []string{"../../.bin/staticcheck", "./..."}, nil},
			{"check", []string{"go", "run", "-short"}, nil},
			{"strip", []string{"python3", "--strip", "notebooks/my notebook.ipynb"}, nil},
			{"cross", []string{"go", "build"}, map[string]string{"CGO_ENABLED": "0"}},
			{"emulated", []string{"go", "test", "emulate.sh qemu-aarch64-static"}, map[string]string{"GOARCH": "arm64", "CGO_ENABLED": "0", "GOEXPERIMENT": "simd"}},
			{"emulated", []string{"go", "test", "TestLight"}, map[string]string{"GOOS": "js", "GOARCH": "wasm"}},
			{"emulated", []string{"go", "test", "-exec", "emulate.sh qemu-i386-static"}, map[string]string{"GOARCH": "386"}},
			{"benchmarks", []string{"go", "test", "-benchmem"}, nil},
			{"bench", []string{"build/bench/integers", "build/bench/networks"}, nil},
			{"peers", []string{"build/peers/bin/python", "install", "requirements-peers.txt"}, nil},
			{"pytorch", []string{"build/pytorch/bin/python", "install", "requirements-pytorch.txt"}, nil},
			{"onnxruntime", []string{"build/onnxruntime/bin/python", "install", "requirements-onnxruntime.txt"}, nil},
			{"fuzz", []string{"go", "test", "^FuzzRead$", "some/package"}, nil},
			{"train", []string{"go", "run", "./cmd/trainbuiltin"}, nil},
			{"ladder", []string{"go", "-model", shared + "/data/weights/efficientvit_seg_b0_cityscapes.pt", shared + "/data/camvid"}, nil},
			{"observers", []string{"go", "-model", shared + "/data/weights/efficientvit_b0_tiny_imagenet_r128.pt", shared + "/data/tiny-imagenet"}, nil},
			{"race", []string{"go", "test", "-race", "./triovit/forward/..."}, nil},
			{"reconstructions", []string{"go", "reconstruct", shared + "/data/tiny-imagenet"}, nil},
			{"drives", []string{"go", "-model", shared + "/data/weights/efficientvit_seg_b0_cityscapes.pt", shared + "/data/camvid-drives/0006R0"}, nil},
			{"clean", nil, nil},
			{"distclean", nil, nil},
		} {
			t.Run(parent+", "+test.target, func(t *testing.T) {
				delete(untested, test.target)
				may := filepath.Join(w.checkout, "notebooks") // the target strip writes this folder
				calls := w.make(t, w.checkout, []string{"SEED=it's a $ecret"}, []string{test.target, "TRIOVIT_SHARED=" + shared, "ROUNDS=1", "DIR=my class", "NOTEBOOK=notebooks/my notebook.ipynb"}, may, filepath.Join(w.checkout, "my class"))
				if test.words == nil {
					return
				}
				c := find(t, calls, test.words[0], test.words[1:]...)
				for variable, want := range test.env {
					if c.Env[variable] != want {
						t.Errorf("%s is %q, want %q", variable, c.Env[variable], want)
					}
				}
			})
		}
		if len(untested) > 0 {
			t.Errorf("targets without a test: %v", untested)
		}
		for _, name := range made {
			if _, err := os.Stat(filepath.Join(w.checkout, name)); err == nil && name != "docs" {
				t.Errorf("%s: distclean leaves %s", parent, name)
			}
		}
	}
}
