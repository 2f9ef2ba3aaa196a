// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/hub"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// A Diagnosis lists the state of a machine for experiments.
type Diagnosis struct {
	Checks []Check `json:"checks"`
}

// A Check is one line of a diagnosis.
type Check struct {
	Name  string `json:"name"`
	Found string `json:"found"`
	OK    bool   `json:"ok"`
	// Remedy is the action to take where the check fails.
	Remedy string `json:"remedy"`
}

// Doctor checks the prerequisites of every experiment: the Go toolchain, vector
// instructions, the backend, the kernels of integer models, the model and the pictures that
// [FromEnvironment] would take, the cache of results, and every setting that allows network
// access. It opens the pictures as an evaluation does, and reads a few of them. It runs no
// network, draws no scene and downloads nothing: it takes as long as listing the pictures'
// folder.
func Doctor() *Diagnosis {
	model := checkModel()
	return &Diagnosis{[]Check{
		checkGo(), checkSIMD(), checkBackend(), checkKernels(), model, checkData(model.OK), checkCache(), checkNetwork(),
	}}
}

// OK reports whether every check is passed.
func (d *Diagnosis) OK() bool {
	for _, c := range d.Checks {
		if !c.OK {
			return false
		}
	}
	return true
}

// Table has a row for each check.
func (d *Diagnosis) Table() table.Table {
	t := table.Table{Columns: table.Columns("", "check", "found", "remedy"), LeftText: true}
	for _, c := range d.Checks {
		t.Rows = append(t.Rows, []any{c.state(), c.Name, c.Found, c.Remedy})
	}
	return t
}

// String is the diagnosis for a shell, where a table of such long texts would break: a line
// for each check, and below a failed check its remedy. It ends with a line break.
func (d *Diagnosis) String() string {
	var s strings.Builder
	for _, c := range d.Checks {
		fmt.Fprintf(&s, "%-4s %-8s %s", c.state(), c.Name, c.Found)
		if c.OK {
			fmt.Fprintf(&s, " (%s)\n", c.Remedy)
		} else {
			fmt.Fprintf(&s, "\n%14s-> %s\n", "", c.Remedy)
		}
	}
	return s.String()
}

// state is "ok", or "!!" for a check that fails.
func (c Check) state() string {
	if c.OK {
		return "ok"
	}
	return "!!"
}

// JSON returns the diagnosis as {"ok": ..., "checks": [...]}.
func (d *Diagnosis) JSON() ([]byte, error) {
	return json.Marshal(struct {
		OK bool `json:"ok"`
		*Diagnosis
	}{d.OK(), d})
}

func checkGo() Check {
	version, _, _ := strings.Cut(runtime.Version(), "-X:") // names of experiments follow the version
	return Check{"Go", fmt.Sprintf("%s %s/%s, %d cores", version, runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0)), true,
		"GOTOOLCHAIN=go1.x.y takes another"}
}

func checkSIMD() Check {
	if path := platform.SIMD(); path != "" {
		return Check{"SIMD", path, true, "built with GOEXPERIMENT=simd"}
	}
	return Check{"SIMD", "none, so networks run " + platform.Slowdown, false,
		"build with GOEXPERIMENT=simd, as make does"}
}

func checkBackend() Check {
	name, err := platform.Backend()
	if err != nil {
		return Check{"backend", err.Error(), false, "or unset TRIOVIT_BACKEND: the Go backend runs everywhere"}
	}
	return Check{"backend", name, true, "TRIOVIT_BACKEND=go or xla takes another"}
}

func checkKernels() Check {
	name, err := fast.Kernels()
	if err != nil {
		return Check{"kernels", err.Error(), false, "unset TRIOVIT_KERNEL, and integer models run on the fastest kernels"}
	}
	return Check{"kernels", name + " for integer models", true, "TRIOVIT_KERNEL=name takes others"}
}

func checkModel() Check {
	name, key := os.Getenv("TRIOVIT_MODEL"), os.Getenv("TRIOVIT_WEIGHTS")
	switch {
	case name == "" && key != "":
		return Check{"model", "weights " + key + ", but of no checkpoint", false, "set TRIOVIT_MODEL too, or unset TRIOVIT_WEIGHTS"}
	case name == "":
		return Check{"model", "built-in: " + builtin.Name, true, "TRIOVIT_MODEL=checkpoint takes another"}
	}
	path := home(name)
	if IsArtefact(name) {
		frozen, err := openFrozen(name, key)
		if err != nil {
			return Check{"model", err.Error(), false, "freeze the model anew, or set TRIOVIT_MODEL to a checkpoint and unset TRIOVIT_WEIGHTS"}
		}
		return Check{"model", fmt.Sprintf("%s in integers from %s, hash %.12s", frozen.net.Name, frozen.source, frozen.Hash()), true, "set by TRIOVIT_MODEL; it is evaluated, not profiled or quantized"}
	}
	if onHub(name) {
		_, err := hub.Parse(name)
		if err == nil {
			_, err = hub.FromEnvironment()
		}
		if err != nil {
			return Check{"model", err.Error(), false, "set TRIOVIT_MODEL to a name as docs/DATA.md has them, or to a checkpoint's path"}
		}
		switch path, err = downloaded(name); {
		case err != nil && hubOffline():
			return Check{"model", err.Error(), false, "unset HF_HUB_OFFLINE, or set TRIOVIT_MODEL to a checkpoint's path"}
		case err != nil:
			return Check{"model", name + " on the Hugging Face hub, not downloaded yet", true, "set by TRIOVIT_MODEL"}
		}
	}
	model, err := Load(context.Background(), "", File(path).At(key).named(name))
	if err == nil {
		_, err = model.Fold()
	}
	if err != nil {
		return Check{"model", err.Error(), false, "set TRIOVIT_MODEL to an EfficientViT's .pt or .safetensors, or unset it and TRIOVIT_DATA"}
	}
	remedy := "set by TRIOVIT_MODEL"
	if key != "" {
		remedy += " and TRIOVIT_WEIGHTS"
	}
	return Check{"model", fmt.Sprintf("%s from %s", model.Net.Name, model.Source), true, remedy}
}

// downloaded returns the path of a hub's checkpoint if the cache has it. It makes no
// request.
func downloaded(name string) (string, error) {
	ref, err := hub.Parse(name)
	if err != nil {
		return "", err
	}
	client, err := hub.FromEnvironment()
	if err != nil {
		return "", err
	}
	client.Offline = true
	return client.Fetch(context.Background(), ref)
}

func hubOffline() bool {
	client, err := hub.FromEnvironment()
	return err == nil && client.Offline
}

// examined is the number of pictures to read of a split, evenly spread over it.
const examined = 8

// checkData checks the pictures, for the model where its check is passed.
func checkData(model bool) Check {
	options, err := environment()
	if err != nil {
		return Check{"data", err.Error(), false, "unset it, or write it as docs/DATA.md says"}
	}
	r := newRequest(os.Getenv("TRIOVIT_MODEL"), os.Getenv("TRIOVIT_DATA"), options)
	if err := r.check(); err != nil {
		return Check{"data", err.Error(), false, "set both TRIOVIT_MODEL and TRIOVIT_DATA, or nothing"}
	}
	if r.folder == "" && r.checkpoint != "" {
		if err := r.openForScenes(); err != nil {
			return Check{"data", err.Error(), false, "set both TRIOVIT_MODEL and TRIOVIT_DATA, or nothing"}
		}
	}
	if r.folder == "" {
		return Check{"data", fmt.Sprintf("%d drawn scenes to calibrate on, %d others to score on", calibrationScenes, evaluationScenes), true,
			"TRIOVIT_DATA=folder takes others"}
	}
	if !model {
		return Check{"data", r.folder + ", not looked at without its model", false, "mend the model first"}
	}
	found, err := r.examine(context.Background())
	if err != nil {
		return Check{"data", err.Error(), false, "arrange the folder as docs/DATA.md says"}
	}
	return Check{"data", found, true, "set by TRIOVIT_DATA"}
}

// examine opens the pictures as an evaluation does, reads some of each split, and
// describes them.
func (r *request) examine(ctx context.Context) (string, error) {
	r.most = examined
	opened, unknown, err := r.forDoctor(ctx)
	if err != nil {
		return "", err
	}
	found := []string{fmt.Sprintf("%s, laid out as %s, pictures %d wide and %d high", r.folder, opened.layout.name, opened.w, opened.h)}
	if r.pipeline != (preprocess.Pipeline{}) {
		found[0] += fmt.Sprintf(" (%v)", r.pipeline)
	}
	sets := []dataset.Dataset{opened.evaluation, opened.calibration}
	if r.frozen != nil {
		sets = sets[:1]
	}
	for _, set := range sets {
		_, err := set.Load(0)
		for i := 1; i < set.Len() && err == nil; i++ {
			_, err = set.Load(i)
		}
		switch {
		case err == nil:
			found = append(found, "read: "+set.Name())
		case set.Len() > 0 || r.calibration != "":
			return "", err
		default: // there is no such split
			found = append(found, "floating point only: "+err.Error())
		}
	}
	found = append(found, opened.evaluation.Remarks()...)
	if unknown {
		found = append(found, "whether they fit the model is seen when that is downloaded")
	}
	return strings.Join(found, "; "), nil
}

// forDoctor opens the pictures for the model. Where the model is not downloaded yet,
// unknown is true, and the pictures are opened as for any model of their task.
func (r *request) forDoctor(ctx context.Context) (opened *prepared, unknown bool, err error) {
	if onHub(r.checkpoint) {
		_, err = downloaded(r.checkpoint)
	}
	if err == nil {
		_, opened, err = r.setup(ctx)
		return opened, false, err
	}
	task := dataset.Classification
	if l := recognize(r.folder); l != nil {
		task = l.task
	}
	r.network, r.backbone = "efficientvit-b0", "b0"
	opened, err = r.prepare(ctx, task)
	return opened, true, err
}

func checkCache() Check {
	c := cache.Open("")
	entries, size, err := c.Usage()
	if err != nil {
		return Check{"cache", "no result is kept: " + err.Error(), false, "set TRIOVIT_CACHE to a folder that can be written"}
	}
	return Check{"cache", fmt.Sprintf("%s: %d results, %d of at most %d MB", c.Dir(), entries, size/1e6, c.MaxBytes/1e6), true,
		"TRIOVIT_CACHE=folder takes another"}
}

func checkNetwork() Check {
	state := func(off bool) string {
		if off {
			return "off"
		}
		return "on"
	}
	return Check{"network", fmt.Sprintf("Go modules %s, Hugging Face hub %s",
		state(os.Getenv("GOPROXY") == "off"), state(hubOffline())), true,
		"off by GOPROXY=off, HF_HUB_OFFLINE=1"}
}
