// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/platform"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/hub"
)

func TestDoctor(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "no-checkpoint.pt")
	if err := os.WriteFile(file, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	training := filepath.Join(folder, "training.pt")
	put(t, training, ts.Zip(dictOf("state_dict", stateDict(t, "b0-r224", 1, below("")), "state_dict_ema", stateDict(t, "b0-r224", 2, below("")))))
	b0 := checkpointOf(t, filepath.Join(folder, "models", "b0.safetensors"), "efficientvit-b0-r224", efficientvit.Classes(2))
	seg := checkpointOf(t, filepath.Join(folder, "models", "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	photo := blank(t, 80, 70)
	// set makes a data set and returns the variables that name it and a model.
	set := func(model string, files map[string][]byte) map[string]string {
		root := filepath.Join(t.TempDir(), "set")
		for name, data := range files {
			put(t, filepath.Join(root, filepath.FromSlash(name)), data)
		}
		return map[string]string{"TRIOVIT_MODEL": model, "TRIOVIT_DATA": root}
	}
	classes := map[string][]byte{"train/2/a.png": photo, "train/10/b.png": photo, "val/2/a.png": photo, "val/10/b.png": photo}
	with := func(files map[string][]byte, name string, data []byte) map[string][]byte {
		files = maps.Clone(files)
		files[name] = data
		return files
	}
	frame := blank(t, 480, 360)
	street := map[string][]byte{"val/a.png": frame, "valannot/a.png": frame}
	changed := set(b0, classes)
	changed["TRIOVIT_PREPROCESS"] = "crop"
	for name, c := range map[string]struct {
		set   map[string]string
		line  string // the line whose verdict is tested
		ok    bool
		found string // a part of the finding
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
		"page on the hub":        {map[string]string{"TRIOVIT_MODEL": hub.DefaultEndpoint + "/owner/name/tree/main"}, "model", true, "not downloaded"},
		"no page of a model":     {map[string]string{"TRIOVIT_MODEL": hub.DefaultEndpoint + "/datasets/owner/name"}, "model", false, "no name of a model"},
		"no folder of the hub":   {map[string]string{"TRIOVIT_MODEL": "owner/name", "HF_HOME": "~nobody-of-this-name"}, "model", false, "set HF_HOME"},
		"on the hub, offline":    {map[string]string{"TRIOVIT_MODEL": "owner/name", "HF_HUB_OFFLINE": "1"}, "model", false, "not in the cache"},
		"model without data":     {map[string]string{"TRIOVIT_MODEL": file}, "data", false, "name their folder by TRIOVIT_DATA"},
		"changes without data":   {map[string]string{"TRIOVIT_PREPROCESS": "crop=1"}, "data", false, "drawn scenes have their own"},
		"data without model":     {map[string]string{"TRIOVIT_DATA": folder}, "data", false, folder},
		"data that is a file":    {map[string]string{"TRIOVIT_MODEL": b0, "TRIOVIT_DATA": file}, "data", false, "is a file"},
		"data of no model":       {map[string]string{"TRIOVIT_MODEL": file, "TRIOVIT_DATA": folder}, "data", false, "not looked at without its model"},
		"another folder":         {map[string]string{"TRIOVIT_MODEL": seg, "TRIOVIT_DATA": folder}, "data", false, "leftImg8bit"},
		"data that can be read":  {set(b0, classes), "data", true, "laid out as ImageNet, pictures 224 wide and 224 high (shorter side 236 bicubic, centre 224x224); read: set val; read: set train; classes are numbered in text order"},
		"many pictures":          {set(b0, many(photo)), "data", true, "read: set val, spread (8 of 24)"},
		"one split":              {set(seg, street), "data", true, "laid out as CamVid, pictures 960 wide and 704 high; read: CamVid val; floating point only: "},
		"no picture":             {set(b0, map[string][]byte{"train/a/x.txt": nil, "val/a/y.txt": nil}), "data", false, "no pictures"},
		"an unreadable picture":  {set(b0, with(classes, "val/10/b.png", []byte("text"))), "data", false, "b.png"},
		"an unreadable label":    {set(seg, with(street, "valannot/a.png", []byte("text"))), "data", false, "decode labels"},
		"labels of other levels": {set(seg, with(street, "valannot/a.png", level(t, 480, 360, 255))), "data", false, "label 255"},
		"unreadable calibration": {set(b0, with(classes, "train/2/a.png", []byte("text"))), "data", false, "a.png"},
		"no calibration picture": {set(b0, map[string][]byte{"train/2/x": nil, "train/10/x": nil, "val/2/a.png": photo, "val/10/b.png": photo}), "data", false, "train: no pictures"},
		"other classes":          {set(b0, with(classes, "val/3/c.png", photo)), "data", false, "has 2 classes, set val has 3: they must be the same, and a folder with a part of them needs a list of all; classes are numbered"},
		"an empty class":         {set(b0, with(classes, "val/3/.keep", nil)), "data", false, "no picture lies in the class folders 3"},
		"of another task":        {set(b0, street), "data", false, "does not fit efficientvit-b0"},
		"wrong changes":          {changed, "data", false, "TRIOVIT_PREPROCESS"},
		"model not downloaded":   {set("owner/name", classes), "data", true, "whether they fit the model is seen when that is downloaded"},
		"neither":                {set("owner/name", map[string][]byte{"val/a/x.png": nil}), "data", false, "x.png"},
		"unknown backend":        {map[string]string{"TRIOVIT_BACKEND": "abacus"}, "backend", false, "abacus"},
		"kernels":                {map[string]string{"TRIOVIT_KERNEL": "portable"}, "kernels", true, "portable"},
		"unknown kernels":        {map[string]string{"TRIOVIT_KERNEL": "mmx"}, "kernels", false, `TRIOVIT_KERNEL="mmx"`},
		"cache":                  {nil, "cache", true, "0 results, 0 of at most 2147 MB"},
		"cache below a file":     {map[string]string{"TRIOVIT_CACHE": filepath.Join(file, "cache")}, "cache", false, file},
		"offline":                {map[string]string{"GOPROXY": "off", "HF_HUB_OFFLINE": "1"}, "network", true, "modules off, Hugging Face hub off"},
		"online":                 {map[string]string{"GOPROXY": "", "HF_HUB_OFFLINE": "0"}, "network", true, "modules on, Hugging Face hub on"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"TRIOVIT_MODEL", "TRIOVIT_WEIGHTS", "TRIOVIT_DATA", "TRIOVIT_CLASS_ORDER", "TRIOVIT_PREPROCESS", "TRIOVIT_BACKEND", "TRIOVIT_KERNEL", "HF_HUB_CACHE", "HF_HUB_OFFLINE"} {
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

// many is a validation set of two classes with 12 pictures each.
func many(photo []byte) map[string][]byte {
	files := map[string][]byte{}
	for i := range 24 {
		files[fmt.Sprintf("val/n%d/%d.png", i%2, i)] = photo
	}
	return files
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
	const text = "ok   model    built-in (set it)\n!!   cache    read-only\n              -> set TRIOVIT_CACHE\n"
	if got := d.String(); got != text {
		t.Errorf("text:\n%s\nwant:\n%s", got, text)
	}
	if page := d.Table().HTML(); !strings.Contains(page, "read-only</td>") || !strings.Contains(page, "set TRIOVIT_CACHE</td>") || strings.Count(page, "<tr>") != 3 {
		t.Errorf("the table is %s", page)
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
