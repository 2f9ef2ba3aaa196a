// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/platform"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
)

func TestDoctor(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "no-checkpoint.pt")
	if err := os.WriteFile(file, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	training := filepath.Join(folder, "training.pt")
	put(t, training, ts.Zip(dictOf("state_dict", stateDict(t, "b0-r224", 1, below("")), "state_dict_ema", stateDict(t, "b0-r224", 2, below("")))))
	pictures := t.TempDir()
	for _, split := range []string{"train", "val"} {
		if err := os.Mkdir(filepath.Join(pictures, split), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		set   map[string]string
		line  string // whose verdict is looked at
		ok    bool
		found string // a part of it
	}{
		"built-in model":         {nil, "model", true, "built-in: seg-b0-scenes"},
		"drawn scenes":           {nil, "data", true, "100 others to score on"},
		"no such model":          {map[string]string{"TRIOVIT_MODEL": file + "x"}, "model", false, "no such file"},
		"a file of another kind": {map[string]string{"TRIOVIT_MODEL": file}, "model", false, "no-checkpoint.pt"},
		"averaged weights":       {map[string]string{"TRIOVIT_MODEL": training}, "model", true, training + ", weights state_dict_ema (also there: state_dict)"},
		"plain weights":          {map[string]string{"TRIOVIT_MODEL": training, "TRIOVIT_WEIGHTS": "state_dict"}, "model", true, training + ", weights state_dict (also there: state_dict_ema)"},
		"no such weights":        {map[string]string{"TRIOVIT_MODEL": training, "TRIOVIT_WEIGHTS": "ema"}, "model", false, `no weights are called "ema": the file has state_dict_ema, state_dict`},
		"weights without model":  {map[string]string{"TRIOVIT_WEIGHTS": "ema"}, "model", false, "weights ema, but of no checkpoint"},
		"on the hub":             {map[string]string{"TRIOVIT_MODEL": "owner/name"}, "model", true, "owner/name on the Hugging Face hub, not downloaded"},
		"on the hub, offline":    {map[string]string{"TRIOVIT_MODEL": "owner/name", "HF_HUB_OFFLINE": "1"}, "model", false, "not in the cache"},
		"model without data":     {map[string]string{"TRIOVIT_MODEL": file}, "data", false, "TRIOVIT_MODEL"},
		"data without model":     {map[string]string{"TRIOVIT_DATA": folder}, "data", false, folder},
		"data that is a file":    {map[string]string{"TRIOVIT_MODEL": file, "TRIOVIT_DATA": file}, "data", false, "no folder"},
		"data that is there":     {map[string]string{"TRIOVIT_MODEL": file, "TRIOVIT_DATA": pictures}, "data", true, "laid out as ImageNet"},
		"another folder":         {map[string]string{"TRIOVIT_MODEL": file, "TRIOVIT_DATA": folder}, "data", false, "leftImg8bit"},
		"unknown backend":        {map[string]string{"TRIOVIT_BACKEND": "abacus"}, "backend", false, "abacus"},
		"cache":                  {nil, "cache", true, "0 results, 0 of at most 2147 MB"},
		"cache below a file":     {map[string]string{"TRIOVIT_CACHE": filepath.Join(file, "cache")}, "cache", false, file},
		"offline":                {map[string]string{"GOPROXY": "off", "HF_HUB_OFFLINE": "1"}, "network", true, "modules off, Hugging Face hub off"},
		"online":                 {map[string]string{"GOPROXY": "", "HF_HUB_OFFLINE": "0"}, "network", true, "modules on, Hugging Face hub on"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"TRIOVIT_MODEL", "TRIOVIT_WEIGHTS", "TRIOVIT_DATA", "TRIOVIT_BACKEND", "HF_HUB_CACHE", "HF_HUB_OFFLINE"} {
				t.Setenv(v, "")
			}
			t.Setenv("TRIOVIT_CACHE", t.TempDir())
			t.Setenv("HF_HOME", t.TempDir())
			for v, value := range c.set {
				t.Setenv(v, value)
			}
			d := Doctor()
			for _, line := range d.Checks {
				if line.Remedy == "" {
					t.Errorf("%s: nothing says what to do if it is not right", line.Name)
				}
				if line.Name == c.line && (line.OK != c.ok || !strings.Contains(line.Found, c.found)) {
					t.Errorf("%s: %q, ok %v; want %q, ok %v", line.Name, line.Found, line.OK, c.found, c.ok)
				}
				if !line.OK && d.OK() {
					t.Errorf("%s is not right, the diagnosis is", line.Name)
				}
			}
		})
	}
}

func TestDoctorSeesSIMD(t *testing.T) {
	for _, line := range Doctor().Checks {
		if line.Name == "SIMD" && line.OK != (platform.SIMD() != "") {
			t.Errorf("%q is ok: %v", line.Found, line.OK)
		}
	}
}

func TestDiagnosisPrinted(t *testing.T) {
	d := &Diagnosis{[]Check{{"model", "built-in", true, "set it"}, {"cache", "read-only", false, "set TRIOVIT_CACHE"}}}
	const text = "ok   model    built-in (set it)\n!!   cache    read-only\n              -> set TRIOVIT_CACHE"
	if got := d.String(); got != text {
		t.Errorf("text:\n%s\nwant:\n%s", got, text)
	}
	got, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		OK     bool
		Checks []Check
	}
	if err := json.Unmarshal(got, &read); err != nil || read.OK || len(read.Checks) != 2 || read.Checks[1] != d.Checks[1] {
		t.Errorf("%s, read as %+v: %v", got, read, err)
	}
}
