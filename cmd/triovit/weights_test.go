// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
)

// unzipped unpacks a shared archive and returns the folder.
func unzipped(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.OpenReader(shared.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEvaluateTrainingFiles: weights always answer with one class, so the pictures that
// are right show which weights of a training file were scored. The report names these
// weights. All choices share one cache, and no choice gets the result of another.
func TestEvaluateTrainingFiles(t *testing.T) {
	folder := filepath.Join(unzipped(t, "data/field/class_folders.zip"), "class_folders")
	for _, test := range []struct {
		file  string
		flags []string
		class string // name of the class among the ten, in their order
		want  string
	}{
		{"timm_5_ema_6.pth.tar", nil, "n01446770", "weights state_dict_ema (also there: state_dict)"},
		{"timm_5_ema_6.pth.tar", []string{"-weights", "state_dict"}, "n01445769", "weights state_dict (also there: state_dict_ema)"},
		{"timm_train_args.pth.tar", nil, "n01445769", "weights state_dict"},
		{"mit_trainer_ema.pt", nil, "n01445769", "weights state_dict"},
		{"dataparallel.pt", nil, "n01445769", "weights state_dict.module"},
		{"model_state_dict.pt", nil, "n01445769", "weights model_state_dict"},
	} {
		t.Run(strings.Join(append([]string{test.file}, test.flags...), " "), func(t *testing.T) {
			args := append([]string{"-model", shared.Path(t, "data/field/"+test.file), "-data", folder}, test.flags...)
			text := must(t, append([]string{"evaluate"}, args...)...)
			if source := "\nfrom " + test.file + ", " + test.want; !strings.Contains(text, "top-1    10.00 ") || !strings.HasSuffix(strings.TrimSpace(text), source) {
				t.Errorf("%q does not end with %q", text, source)
			}
			report := new(triovit.Report)
			if err := json.Unmarshal([]byte(must(t, append([]string{"evaluate", "-json"}, args...)...)), report); err != nil {
				t.Fatal(err)
			}
			for _, o := range report.Outcomes {
				if right := strings.HasPrefix(o.ID, test.class); right != (o.Rank == 0) {
					t.Errorf("picture %s: rank %d, but %s is always the answer", o.ID, o.Rank, test.class)
				}
			}
			if report.Source != test.file+", "+test.want {
				t.Errorf("the report is from %q, want %q", report.Source, test.want)
			}
		})
	}
}

// TestEvaluatePointer: the error for a Git LFS pointer is one line that names the file.
func TestEvaluatePointer(t *testing.T) {
	status, _, errors := call(t, "evaluate", "-model", shared.Path(t, "data/field/lfs_pointer.pt"), "-data", t.TempDir())
	if status != failed || strings.Count(errors, "\n") != 1 || !strings.Contains(errors, "is a Git LFS pointer") {
		t.Errorf("status %d, %q", status, errors)
	}
}
