// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestCityscapes scores the official Seg-B0 on the two frames at hand, at
// 1024 x 2048 by the reference's protocol. No reference number exists for two
// frames of the training split; the bounds tell a wrong table of ids, a wrong
// size or a wrong normalization.
func TestCityscapes(t *testing.T) {
	if testing.Short() {
		t.Skip("two pictures of 2048x1024 take some seconds")
	}
	from, dir := shared.Path(t, "data/cityscapes"), t.TempDir()
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	for _, frame := range []string{"aachen_000000_000019", "aachen_000004_000019"} {
		for folder, ending := range map[string]string{"leftImg8bit": "_leftImg8bit.png", "gtFine": "_gtFine_labelIds.png"} {
			data, err := os.ReadFile(filepath.Join(from, frame+ending))
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(dir, folder, "train", "aachen", frame+ending)
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	frames, err := dataset.Cityscapes(t.Context(), dir, "train", preprocess.Pipeline{})
	if err != nil {
		t.Fatal(err)
	}
	model, _ := cityscapes(t)
	exec, err := New(folded(t, model))
	if err != nil {
		t.Fatal(err)
	}
	report, err := triovit.Evaluate(t.Context(), exec, frames, triovit.NoCache())
	if err != nil {
		t.Fatal(err)
	}
	var right, all int64
	for truth, row := range report.Confusion {
		for predicted, n := range row {
			all += n
			if truth == predicted {
				right += n
			}
		}
	}
	t.Logf("%v, %.2f %% of %d pixels", report, 100*float64(right)/float64(all), all)
	if report.MIoU.Value < 0.65 || float64(right) < 0.93*float64(all) {
		t.Errorf("%v, %d of %d pixels right", report, right, all)
	}
}
