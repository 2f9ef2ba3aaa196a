// SPDX-License-Identifier: Apache-2.0

package readmem

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"pgregory.net/rapid"
)

// words reads a file as $readmemh does, and returns its integers.
func words(t rapid.TB, dir string, f File) []int64 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, f.File))
	if err != nil {
		t.Fatal(err)
	}
	count := 1
	for _, side := range f.Shape {
		count *= side
	}
	var values []int64
	for word := range strings.Lines(string(data)) {
		word = strings.TrimSuffix(word, "\n")
		v, err := strconv.ParseUint(word, 16, 64)
		if err != nil || len(word) != (f.Bits+3)/4 || f.Bits < 64 && v>>f.Bits != 0 {
			t.Fatalf("%s: a word %q of %d bits (%v)", f.File, word, f.Bits, err)
		}
		free := 64 - f.Bits
		if f.Signed {
			values = append(values, int64(v<<free)>>free)
		} else {
			values = append(values, int64(v))
		}
	}
	if len(values) != count {
		t.Fatalf("%s has %d words for a shape of %v", f.File, len(values), f.Shape)
	}
	return values
}

// model has a convolution of two groups with a border, its requantization, and a Log2.
func model() *integer.Model {
	rng := rand.New(rand.NewPCG(1, 2))
	conv := &integer.Conv{Kernel: 3, Stride: 2, Groups: 2, WeightBits: 7, Pad: []int32{3, -7, 0, 100}}
	r := &integer.Requantize{Codes: integer.Interval{Hi: 255}}
	for range 6 {
		for range 2 * 9 {
			conv.Weights = append(conv.Weights, int8(rng.IntN(127)-64))
		}
		conv.Bias = append(conv.Bias, int32(rng.IntN(10001)-5000))
		r.Affine = append(r.Affine, integer.Affine{Mantissa: int32(rng.IntN(1<<18) - 1<<17), Shift: 24, Addend: rng.Int64N(1<<32) - 1<<30})
	}
	return &integer.Model{Name: "by hand", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Ops: []integer.Op{
		{Name: "picture", Operation: &integer.Input{Shape: [3]int{5, 4, 4}, Grid: grid.Uniform{Scale: 0.5, Lo: -128, Hi: 127}}, Values: integer.Values{Steps: []float64{0.5}}},
		{Name: "conv", Inputs: []string{"picture"}, Operation: conv},
		{Name: "codes", Inputs: []string{"conv"}, Operation: r},
		{Name: "powers", Inputs: []string{"codes"}, Operation: &integer.Log2{Thresholds: []int32{1, 3, 90}}},
	}}
}

// written writes a model and a picture, and returns the folder and the manifest.
func written(t *testing.T, m *integer.Model) (dir string, manifest Manifest) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "hex")
	shape := m.Input().Shape
	picture := make([]int32, shape[0]*shape[1]*shape[2])
	for i := range picture {
		picture[i] = int32(i*37%256 - 128)
	}
	if err := Write(dir, m, picture); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, Name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	return dir, manifest
}

// TestByHand: a convolution and a requantization that the test computes from the files
// alone give the integers of the vectors.
func TestByHand(t *testing.T) {
	dir, manifest := written(t, model())
	list := func(op int, role string) []int64 {
		at := slices.IndexFunc(manifest.Operations[op].Files, func(f File) bool { return f.Role == role })
		if at < 0 {
			t.Fatalf("operation %d has no %s", op, role)
		}
		return words(t, dir, manifest.Operations[op].Files[at])
	}
	var c struct{ Kernel, Stride, Groups int }
	if err := json.Unmarshal(manifest.Operations[1].Parameters, &c); err != nil {
		t.Fatal(err)
	}
	in, out := manifest.Operations[0].Output.Shape, manifest.Operations[1].Output.Shape
	x, weights, bias, border := list(0, "vector"), list(1, "weights"), list(1, "bias"), list(1, "border")
	group, each := in[2]/c.Groups, out[2]/c.Groups
	var sums []int64
	for row := range out[0] {
		for column := range out[1] {
			for f := range out[2] {
				sum := bias[f]
				for i := range group {
					channel := f/each*group + i
					for ky := range c.Kernel {
						for kx := range c.Kernel {
							y, z := row*c.Stride+ky-c.Kernel/2, column*c.Stride+kx-c.Kernel/2
							code := border[channel]
							if y >= 0 && y < in[0] && z >= 0 && z < in[1] {
								code = x[(y*in[1]+z)*in[2]+channel]
							}
							sum += code * weights[((f*group+i)*c.Kernel+ky)*c.Kernel+kx]
						}
					}
				}
				sums = append(sums, sum)
			}
		}
	}
	if want := list(1, "vector"); !slices.Equal(sums, want) {
		t.Errorf("the files' convolution makes %v, the vector is %v", sums, want)
	}
	var r struct{ Codes integer.Interval }
	if err := json.Unmarshal(manifest.Operations[2].Parameters, &r); err != nil {
		t.Fatal(err)
	}
	mantissa, shift, addend := list(2, "mantissa"), list(2, "shift"), list(2, "addend")
	var codes []int64
	for i, sum := range sums {
		c := i % out[2]
		codes = append(codes, min(max((sum*mantissa[c]+addend[c]+1<<(shift[c]-1))>>shift[c], r.Codes.Lo), r.Codes.Hi))
	}
	if want := list(2, "vector"); !slices.Equal(codes, want) {
		t.Errorf("the files' requantization makes %v, the vector is %v", codes, want)
	}
	if thresholds := list(3, "thresholds"); !slices.Equal(thresholds, []int64{1, 3, 90}) {
		t.Errorf("thresholds %v", thresholds)
	}
}

// TestManifest: the manifest has the facts that a reader of the files needs.
func TestManifest(t *testing.T) {
	m := model()
	dir, manifest := written(t, m)
	hash, err := m.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Format != format || manifest.Version != version || manifest.Artefact != hash || manifest.Limits != m.Limits {
		t.Errorf("manifest %+v", manifest)
	}
	named := []string{Name}
	for _, o := range manifest.Operations {
		for _, f := range o.Files {
			named = append(named, f.File)
			words(t, dir, f)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(named, e.Name()) {
			t.Errorf("%s is not in the manifest", e.Name())
		}
	}
	if len(entries) != len(named) {
		t.Errorf("%d files for %q", len(entries), named)
	}
	codes := manifest.Operations[2].Output
	if codes.Bits != 8 || codes.Signed || codes.Layout != "row, column, channel" || fmt.Sprint(manifest.Operations[0].Steps) != "[0.5]" {
		t.Errorf("the codes are %+v, the picture's steps %v", codes, manifest.Operations[0].Steps)
	}
}

// TestWithoutPicture: without a picture Write writes no vectors. Where Write refuses a
// picture, it leaves no manifest.
func TestWithoutPicture(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, model(), nil); err != nil {
		t.Fatal(err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*.vector.hex")); err != nil || len(found) > 0 {
		t.Errorf("vectors %v (%v)", found, err)
	}
	// The folder is that of the model that is written already.
	for name, picture := range map[string][]int32{"of another size": {1}, "of other codes": slices.Repeat([]int32{128}, 80)} {
		if err := Write(dir, model(), picture); err == nil {
			t.Errorf("a picture %s is written", name)
		}
		if _, err := os.Stat(filepath.Join(dir, Name)); err == nil {
			t.Errorf("a picture %s leaves a manifest", name)
		}
	}
}

// TestWords: integers of any width are read back as they were.
func TestWords(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := File{File: "x.hex", Bits: rapid.IntRange(1, 64).Draw(t, "bits"), Signed: rapid.Bool().Draw(t, "signed")}
		lo, hi := int64(-1)<<(f.Bits-1), int64(1)<<(f.Bits-1)-1
		if !f.Signed {
			f.Bits = min(f.Bits, 63)
			lo, hi = 0, int64(1)<<f.Bits-1
		}
		values := rapid.SliceOfN(rapid.Int64Range(lo, hi), 1, 9).Draw(t, "values")
		f.Shape = []int{len(values)}
		if err := (&list{f, values}).write(filepath.Join(dir, f.File)); err != nil {
			t.Fatal(err)
		}
		if got := words(t, dir, f); !slices.Equal(got, values) {
			t.Errorf("%v is read back as %v", values, got)
		}
	})
}

// TestLight: hex files need no tensor library.
func TestLight(t *testing.T) { linked.Light(t) }
