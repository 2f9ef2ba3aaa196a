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
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/hub"
)

// A Diagnosis says what a program found on this machine.
type Diagnosis struct {
	Checks []Check `json:"checks"`
}

// A Check is one line of a diagnosis.
type Check struct {
	Name  string `json:"name"`
	Found string `json:"found"`
	OK    bool   `json:"ok"`
	// Remedy says what to do if what was found is not right.
	Remedy string `json:"remedy"`
}

// Doctor looks at what every experiment rests on: the Go toolchain, vector
// instructions, the backend, the model and the pictures that [FromEnvironment]
// would take, the cache of results, and what may reach out to the network. It
// runs no network, draws no scene and downloads nothing: it takes milliseconds.
func Doctor() *Diagnosis {
	return &Diagnosis{[]Check{
		checkGo(), checkSIMD(), checkBackend(), checkModel(), checkData(), checkCache(), checkNetwork(),
	}}
}

// OK reports whether every line is right.
func (d *Diagnosis) OK() bool {
	for _, c := range d.Checks {
		if !c.OK {
			return false
		}
	}
	return true
}

// String returns a line for each check, and what to do below those that are not
// right.
func (d *Diagnosis) String() string {
	var s strings.Builder
	for _, c := range d.Checks {
		if c.OK {
			fmt.Fprintf(&s, "ok   %-8s %s (%s)\n", c.Name, c.Found, c.Remedy)
		} else {
			fmt.Fprintf(&s, "!!   %-8s %s\n%14s-> %s\n", c.Name, c.Found, "", c.Remedy)
		}
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// JSON returns the diagnosis as {"ok": ..., "checks": [...]}.
func (d *Diagnosis) JSON() ([]byte, error) {
	return json.Marshal(struct {
		OK bool `json:"ok"`
		*Diagnosis
	}{d.OK(), d})
}

func checkGo() Check {
	version, _, _ := strings.Cut(runtime.Version(), "-X:") // experiments follow
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

func checkModel() Check {
	name := os.Getenv("TRIOVIT_MODEL")
	if name == "" {
		return Check{"model", "built-in: " + builtin.Name, true, "TRIOVIT_MODEL=checkpoint takes another"}
	}
	path := name
	if onHub(name) {
		var err error
		switch path, err = downloaded(name); {
		case err != nil && hubOffline():
			return Check{"model", err.Error(), false, "unset HF_HUB_OFFLINE, or set TRIOVIT_MODEL to a checkpoint's path"}
		case err != nil:
			return Check{"model", name + " on the Hugging Face hub, not downloaded yet", true, "set by TRIOVIT_MODEL"}
		}
	}
	model, err := Load(context.Background(), "", File(path))
	if err == nil {
		err = model.CheckValues()
	}
	if err != nil {
		return Check{"model", err.Error(), false, "set TRIOVIT_MODEL to an EfficientViT's .pt or .safetensors, or unset it and TRIOVIT_DATA"}
	}
	return Check{"model", fmt.Sprintf("%s from %s", model.Net.Name, name), true, "set by TRIOVIT_MODEL"}
}

// downloaded returns the path of a checkpoint of the hub if the cache has it,
// and asks nobody.
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

func checkData() Check {
	model, folder := os.Getenv("TRIOVIT_MODEL"), os.Getenv("TRIOVIT_DATA")
	switch {
	case model == "" && folder == "":
		return Check{"data", fmt.Sprintf("%d drawn scenes to calibrate on, %d others to score on", calibrationScenes, evaluationScenes), true,
			"TRIOVIT_DATA=folder takes others"}
	case folder == "":
		return Check{"data", "none for TRIOVIT_MODEL", false, "set TRIOVIT_DATA to a folder of pictures"}
	case model == "":
		return Check{"data", folder + ", but no model", false, "set TRIOVIT_MODEL too"}
	case !isFolder(folder):
		return Check{"data", folder + " is no folder", false, "set TRIOVIT_DATA to a folder of pictures"}
	}
	l, err := recognize(folder)
	if err == nil {
		err = l.check(folder)
	}
	if err != nil {
		return Check{"data", err.Error(), false, "arrange the folder as docs/DATA.md says"}
	}
	return Check{"data", fmt.Sprintf("%s, laid out as %s", folder, l.name), true, "set by TRIOVIT_DATA"}
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
