// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/internal/onnxruntime"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/onnx"
	"github.com/gotriovit/gotriovit/triovit/integer/readmem"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// exportDir is a folder with an artefact and a picture for it.
func exportDir(t *testing.T) (dir string, file func(name string) string) {
	t.Helper()
	dir = t.TempDir()
	file = func(name string) string { return filepath.Join(dir, name) }
	writeColors(t, file("m.triovit"), 4, "red", "green", "blue")
	writePicture(t, file("a.png"), halves(64, 32))
	return dir, file
}

// TestExport: the command prints the files' names and writes the files.
func TestExport(t *testing.T) {
	dir, file := exportDir(t)
	text := succeeds(t, dir, "export", "-model", file("m.triovit"), "-onnx", file("m.onnx"), "-hex", file("hex"), "-picture", file("a.png"))
	text += succeeds(t, dir, "export", "-json", "-model", file("m.triovit"), "-hex", file("hex2"))
	golden.Text(t, "export.golden", masked(text))
	var manifest readmem.Manifest
	if err := json.Unmarshal([]byte(readFile(t, filepath.Join(file("hex"), readmem.Name))), &manifest); err != nil {
		t.Fatal(err)
	}
	if n := len(manifest.Operations); n != 2 || len(manifest.Operations[1].Files) != 3 {
		t.Errorf("%d operations, %+v", n, manifest.Operations)
	}
	m, err := integer.ReadFile(file("m.triovit"))
	if err != nil {
		t.Fatal(err)
	}
	var same strings.Builder
	if err := onnx.Write(&same, m); err != nil || same.String() != readFile(t, file("m.onnx")) {
		t.Errorf("the same artefact is another ONNX file (%v)", err)
	}
}

// TestExportRuns: ONNX Runtime loads the file, and computes the artefact's logits of
// normalized pictures.
func TestExportRuns(t *testing.T) {
	_, file := exportDir(t)
	must(t, "export", "-model", file("m.triovit"), "-onnx", file("m.onnx"))
	m, err := integer.ReadFile(file("m.triovit"))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := preprocess.DecodeFile(file("a.png"))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := m.Codes(picture)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Run(codes)
	if err != nil {
		t.Fatal(err)
	}
	table := m.Picture.Table()
	var planes []float32
	for c := range 3 {
		for i := c; i < len(picture.Pix); i += 3 {
			planes = append(planes, table[c][picture.Pix[i]])
		}
	}
	const n = 3
	x := onnxruntime.Array{Name: onnx.Picture, Shape: []int{n, 3, 32, 64}, Data: slices.Repeat(planes, n)}
	got := onnxruntime.Run(t, onnxruntime.Job{Model: []byte(readFile(t, file("m.onnx"))), Inputs: []onnxruntime.Array{x}})[0][0].Floats()
	area := want.Shape[0] * want.Shape[1]
	if len(got) != n*len(want.Data) {
		t.Fatalf("%d logits of %d pictures, want %d of each", len(got), n, len(want.Data))
	}
	for i, y := range got {
		j := i % len(want.Data)
		if q := want.Data[j%area*3+j/area]; y != float32(q)/64 {
			t.Fatalf("logit %d is %g, the artefact has %d/64", i, y, q)
		}
	}
}

// TestExportRefuses: the command refuses a command line that names no output, and a file
// that is no artefact.
func TestExportRefuses(t *testing.T) {
	dir, file := exportDir(t)
	writeFile(t, file("none.triovit"), "no artefact")
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no artefact", []string{"-onnx", file("x.onnx")}, misused, "no artefact is named"},
		{"nothing to write", []string{"-model", file("m.triovit")}, misused, "nothing is to be written"},
		{"a picture without a folder", []string{"-model", file("m.triovit"), "-onnx", file("x.onnx"), "-picture", file("a.png")}, misused, "-picture is for the test vectors of -hex"},
		{"no folder", []string{"-model", file("m.triovit"), "-onnx", file("none/x.onnx")}, misused, "there is no folder"},
		{"what is no artefact", []string{"-model", file("none.triovit"), "-onnx", file("x.onnx")}, failed, "none.triovit"},
		{"what is no picture", []string{"-model", file("m.triovit"), "-hex", file("x"), "-picture", file("none.triovit")}, failed, "none.triovit"},
		{"a file in the folder's place", []string{"-model", file("m.triovit"), "-hex", file("a.png")}, failed, "a.png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TRIOVIT_MODEL", "")
			status, _, errors := call(t, append([]string{"export"}, c.args...)...)
			if status != c.status || !strings.Contains(errors, c.want) || strings.Count(errors, "\n") != 1 {
				t.Errorf("status %d, %s", status, errors)
			}
		})
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v (%v) are left by what was refused", entries, err)
	}
}
