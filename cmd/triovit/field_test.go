// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

// rightOnes returns the pictures that are right in a report in JSON.
func rightOnes(t *testing.T, text string) (right []string, report *triovit.Report) {
	t.Helper()
	report = new(triovit.Report)
	if err := json.Unmarshal([]byte(text), report); err != nil {
		t.Fatal(err)
	}
	for _, o := range report.Outcomes {
		if o.Rank == 0 {
			right = append(right, o.ID)
		}
	}
	return right, report
}

// TestFieldEvaluate: the command scores folders as people have them. The model always
// answers with one class, so the pictures that are right show which folder the command
// took for that class.
func TestFieldEvaluate(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network: run without -short")
	}
	twelve, ten := shared.Path(t, "data/field/always2_of_12.pt"), shared.Path(t, "data/field/always5_of_10.pt")
	for _, test := range []struct {
		name, model, set string
		args             []string
		right            []string
		remark           string
	}{
		{"torchvision's order", twelve, "numbered_folders", nil, []string{"10/0.JPEG", "10/1.JPEG"}, `class 2 is "10"; in natural order, as timm does, it is "2": -class-order`},
		{"timm's order", twelve, "numbered_folders", []string{"-class-order", "natural"}, []string{"2/0.JPEG", "2/1.JPEG"}, `class 2 is "2"; in text order, as torchvision does, it is "10"`},
		{"only val", ten, "val_only", nil, []string{"n01445769/0.JPEG", "n01445769/1.JPEG"}, ""},
		{"Tiny ImageNet", ten, "tiny_imagenet", nil, []string{"val_5.JPEG"}, ""},
		{"class list", ten, "plain_class_list", nil, []string{"n01445769/0.JPEG", "n01445769/1.JPEG"}, ""},
		{"byte order mark", ten, "list_with_bom", nil, []string{"n01445769/0.JPEG", "n01445769/1.JPEG"}, ""},
		{"another protocol", ten, "class_folders", []string{"-preprocess", "size=64"}, []string{"n01445769/0.JPEG", "n01445769/1.JPEG"}, "no crop ratio is published for B0 at 64: taken is 0.95, that of 224"},
		{"another crop", ten, "class_folders", []string{"-preprocess", "size=64,crop=1"}, []string{"n01445769/0.JPEG", "n01445769/1.JPEG"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"evaluate", "-model", test.model, "-data", shared.Unzipped(t, "data/field/"+test.set+".zip")}, test.args...)
			right, report := rightOnes(t, must(t, slices.Insert(slices.Clone(args), 1, "-json")...))
			if !slices.Equal(right, test.right) {
				t.Errorf("right are %q, want %q", right, test.right)
			}
			said := strings.Join(report.Remarks, "\n")
			if (said == "") != (test.remark == "") || !strings.Contains(said, test.remark) {
				t.Errorf("remarks %q, want %q", said, test.remark)
			}
			if text := must(t, args...); !strings.HasSuffix(text, said+"\n") || !slices.Contains(strings.Fields(text), fmt.Sprintf("%.2f", 100*float64(len(right))/float64(report.Images))) {
				t.Errorf("text:\n%s", text)
			}
		})
	}
}

// TestFieldLadder: the table and the JSON of a ladder and of a profile describe how their
// pictures were read.
func TestFieldLadder(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network: run without -short")
	}
	root := shared.Unzipped(t, "data/field/numbered_folders.zip")
	args := []string{"ladder", "-model", shared.Path(t, "data/field/always2_of_12.pt"), "-data", root, "-preprocess", "size=64", "-calibration-sample", "12", "-recipes", "Vanilla"}
	text := must(t, args...)
	var s summary
	if err := json.Unmarshal([]byte(must(t, append(args, "-json")...)), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Remarks) != 2 || !strings.HasSuffix(text, strings.Join(s.Remarks, "\n")+"\n") {
		t.Errorf("remarks %q in\n%s", s.Remarks, text)
	}
	args = append([]string{"profile"}, args[1:len(args)-2]...)
	var o observed
	if err := json.Unmarshal([]byte(must(t, append(args, "-json")...)), &o); err != nil {
		t.Fatal(err)
	}
	if text := must(t, args...); !slices.Equal(o.Remarks, s.Remarks) || !strings.Contains(text, "\n"+strings.Join(s.Remarks, "\n")+"\n") {
		t.Errorf("remarks %q in\n%s", o.Remarks, text)
	}
}

// TestFieldDoctor: the doctor says ok to a folder that an evaluation can read, and only
// to such a folder.
func TestFieldDoctor(t *testing.T) {
	t.Setenv("TRIOVIT_MODEL", shared.Path(t, "data/field/always5_of_10.pt"))
	for set, ok := range map[string]bool{"class_folders": true, "val_only": true, "tiny_imagenet": true, "list_with_bom": true, "val_of_other_classes": false, "numbered_folders": false, "cityscapes_mac": false} {
		root := shared.Unzipped(t, "data/field/"+set+".zip")
		t.Setenv("TRIOVIT_DATA", root)
		_, text, _ := call(t, "doctor")
		if said := strings.Contains(text, "\nok   data"); said != ok {
			t.Errorf("%s: want ok %v in\n%s", set, ok, text)
		}
		if !ok {
			continue
		}
		picture, err := dataset.FirstPicture(filepath.Join(root, "val"))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, picture, "no picture")
		if _, text, _ := call(t, "doctor"); !strings.Contains(text, "\n!!   data     "+picture) {
			t.Errorf("%s with a damaged picture:\n%s", set, text)
		}
	}
}

// TestFieldNaN: no command scores or calibrates weights with a NaN, and no function makes
// a network of them.
func TestFieldNaN(t *testing.T) {
	weights, data := shared.Path(t, "data/field/nan_weight.pt"), shared.Unzipped(t, "data/field/class_folders.zip")
	const want = "efficientvit-b0-r224 (nan_weight.pt, weights state_dict): parameter backbone.stages.2.op_list.1.context_module.main.qkv.conv.weight is not finite: value 0 of 12288 is NaN\n"
	for _, args := range [][]string{{"evaluate"}, {"evaluate", "-recipe", "TrioViT"}, {"evaluate", "-shard", "1/2"}, {"profile"}, {"quantize"}, {"ladder"}} {
		status, out, errors := call(t, append(args, "-model", weights, "-data", data)...)
		if status != failed || out != "" || errors != "triovit "+args[0]+": "+want {
			t.Errorf("%v: status %d, %q, error %q, want %q", args, status, out, errors, want)
		}
	}
	t.Setenv("TRIOVIT_MODEL", weights)
	t.Setenv("TRIOVIT_DATA", data)
	if status, out, _ := call(t, "doctor"); status != failed || !strings.Contains(out, strings.Replace(want, "nan_weight.pt", weights, 1)) {
		t.Errorf("doctor: status %d, %s", status, out)
	}
	m, err := triovit.Load(t.Context(), "", triovit.File(weights))
	if err != nil {
		t.Fatal(err)
	}
	_, folding := m.Fold()
	_, running := forward.NewRunner(m, forward.Hooks{})
	for _, err := range []error{folding, running} {
		if err == nil || !strings.HasSuffix(err.Error()+"\n", want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestFieldVoid: labels of which no pixel counts give no score in any form, and none is
// written.
func TestFieldVoid(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on pictures of 2048 x 1024: run without -short")
	}
	data, dir := shared.Unzipped(t, "data/field/cityscapes_all_void.zip"), t.TempDir()
	seg, file := filepath.Join(dir, "seg.safetensors"), filepath.Join(dir, "report.json")
	writeFile(t, seg, string(builtin.Weights()))
	for _, args := range [][]string{{"evaluate"}, {"evaluate", "-json", "-out", file}, {"ladder", "-recipes", "Vanilla", "-out", dir}} {
		status, out, errors := call(t, append(args, "-model", seg, "-data", data)...)
		if status != failed || out != "" || !strings.HasSuffix(errors, " on Cityscapes val: no pixel is scored: all labels of 1 pictures are void\n") || strings.Count(errors, "\n") != 1 {
			t.Errorf("%v: status %d, %q, error %q", args, status, out, errors)
		}
	}
	for _, name := range []string{"report.json", "ladder.txt", "ladder.json", "ladder.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}
