// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestRuns compiles and runs the example. The picture is red on its left and blue on its
// right. The logits of the artefact are the levels of the colours.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "segment.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := &integer.Model{Name: "colours", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{2, 4, 3}, Grid: grid.Uniform{Scale: 1.0 / 32, Lo: -128, Hi: 127}}},
		{Name: "logits", Inputs: []string{"input"}, Operation: &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 0, 0, 0, 1, 0, 0, 0, 1}, Bias: make([]int32, 3)}},
	}}
	m.Picture = integer.Picture{Normalization: preprocess.ImageNetNormalization()}
	artefact, in, out := filepath.Join(dir, "m.triovit"), filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	if err := m.WriteFile(artefact); err != nil {
		t.Fatal(err)
	}
	picture := image.NewRGBA(image.Rect(0, 0, 4, 2))
	for i := range 8 {
		picture.Set(i%4, i/4, color.RGBA{R: uint8(255 - i%4/2*255), B: uint8(i % 4 / 2 * 255), A: 255})
	}
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, data.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, artefact, in, out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	written, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	coloured, err := png.Decode(bytes.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	if p := coloured.(*image.Paletted); !slices.Equal(p.Pix, []uint8{0, 0, 142, 142, 0, 0, 142, 142}) {
		t.Errorf("the picture is %v", p.Pix)
	}
}

// TestSmall: the example has fewer than 40 lines. Outside of the standard library it
// links only the packages that the integers and the decoding link.
func TestSmall(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(source, []byte("\n")); lines >= 40 {
		t.Errorf("main.go has %d lines", lines)
	}
	const module = "github.com/gotriovit/gotriovit/"
	needed := append(linked(t, module+"triovit/integer/fast", module+"triovit/preprocess"), module+"examples/segment")
	for _, path := range linked(t, ".") {
		if !slices.Contains(needed, path) {
			t.Errorf("links %s", path)
		}
	}
}

// linked returns the packages outside of the standard library that the given packages
// link.
func linked(t *testing.T, packages ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}, packages...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}
