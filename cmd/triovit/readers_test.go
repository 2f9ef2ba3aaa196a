// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/explore"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// readers are the functions that read a file which a user names.
var readers = []struct {
	name string
	read func(t *testing.T, path string) error
}{
	{"checkpoint", func(_ *testing.T, path string) error { _, err := weights.Read(path); return err }},
	{"artefact", func(_ *testing.T, path string) error { _, err := integer.ReadFile(path); return err }},
	{"frozen model", func(_ *testing.T, path string) error { _, err := triovit.ReadFrozen(path); return err }},
	{"model of the environment", func(t *testing.T, path string) error {
		_, err := triovit.Prepare(t.Context(), path, t.TempDir())
		return err
	}},
	{"report", func(_ *testing.T, path string) error { _, err := triovit.ReadReport(path); return err }},
	{"ladder", func(_ *testing.T, path string) error { _, err := calib.ReadLadder(path); return err }},
	{"diagnosis", func(_ *testing.T, path string) error { _, err := diagnose.ReadReport(path); return err }},
	{"survey", func(_ *testing.T, path string) error { _, err := explore.ReadSurvey(path); return err }},
	{"shard", func(t *testing.T, path string) error {
		status, _, errors := call(t, "merge", path)
		if status != failed {
			return nil
		}
		return fmt.Errorf("%s", strings.TrimSuffix(errors, "\n"))
	}},
	{"grids", func(_ *testing.T, path string) error { _, err := readGrids(path); return err }},
	{"profile", func(_ *testing.T, path string) error { _, err := calib.LoadProfile(path); return err }},
	{"picture", func(_ *testing.T, path string) error { _, err := preprocess.DecodeFile(path); return err }},
	{"class list", func(t *testing.T, path string) error {
		folder := t.TempDir()
		writePicture(t, filepath.Join(folder, "n1", "a.png"), image.NewGray(image.Rect(0, 0, 8, 8)))
		_, err := dataset.ImageFolder(t.Context(), folder, preprocess.Classification(8), dataset.Words(path))
		return err
	}},
	{"truth", func(t *testing.T, path string) error {
		_, err := dataset.ImageNetVal(t.Context(), t.TempDir(), path, preprocess.Classification(8))
		return err
	}},
	{"accelerator", func(_ *testing.T, path string) error { _, err := arch.ReadFile(path); return err }},
	{"workload", func(_ *testing.T, path string) error { _, err := workload.ReadFile(path); return err }},
	{"energies", func(_ *testing.T, path string) error { _, err := energy.ReadFile(path); return err }},
	{"ECharts", func(t *testing.T, path string) error {
		t.Setenv("TRIOVIT_ECHARTS", path)
		_, err := charts.Runtime()
		return err
	}},
}

// TestReaders: a file that is not regular, or that has no end, is refused before a reader
// waits for it or takes memory for it. The error is one line that names the file.
func TestReaders(t *testing.T) {
	for _, reader := range readers {
		t.Run(reader.name, func(t *testing.T) {
			for kind, path := range oddFiles(t) {
				ended := make(chan error, 1)
				go func() {
					ended <- hostile.Read(t, 0, func() error { return reader.read(t, path) })
				}()
				select {
				case err := <-ended:
					if err == nil || !strings.Contains(err.Error(), path) {
						t.Errorf("of %s: error %v, want one that names %s", kind, err, path)
					}
				case <-time.After(time.Minute):
					t.Fatalf("of %s: it waits", kind)
				}
			}
		})
	}
}

// oddFiles returns the paths, by kind, of files that readers must refuse.
func oddFiles(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	odd := map[string]string{"a folder": dir, "an absent file": filepath.Join(dir, "absent"), "a sparse file": filepath.Join(dir, "sparse")}
	writeFile(t, odd["a sparse file"], "")
	if err := os.Truncate(odd["a sparse file"], 1<<40); err != nil {
		t.Fatal(err)
	}
	if path := filepath.Join(dir, "pipe"); makePipe(path) == nil {
		odd["a named pipe"] = path
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		odd["a device"] = "/dev/zero"
	}
	return odd
}

// FuzzGrids reads a file of grids with any contents. Grids that are read can be written
// and read again.
func FuzzGrids(f *testing.F) {
	f.Add([]byte(`{"format":"gotriovit grids 1","network":"b0","recipe":"TrioViT","weight_bits":8,"activation_bits":8,"digest":"00","changes":[{"op":"a","what":"b"}]}`))
	f.Add([]byte(`{"format":"gotriovit grids 1","recipe":"TrioViT by OMSE","weight_bits":4,"activation_bits":99}`))
	f.Add([]byte(`{"format":"gotriovit grids 1","recipe":"TrioViT by nobody"}`))
	f.Add([]byte(`{"format":"gotriovit grids 1","recipe":"TrioViT","weight_bits":8,"activation_bits":8,"widths":"a\\.b=W4A6,c=A17"}`))
	f.Add([]byte(`{"format":"gotriovit report 1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var g *grids
		if hostile.Read(t, len(data), func() (err error) { g, err = parseGrids(data); return }) != nil {
			return
		}
		if _, err := g.recipe().get(); err != nil {
			t.Errorf("the recipe that was read is refused: %v", err)
		}
		written, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseGrids(written)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if diff := cmp.Diff(g, again); diff != "" {
			t.Errorf("read back:\n%s", diff)
		}
	})
}
