// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotriovit/gotriovit/internal/npy"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// cityscapes returns the official Seg-B0 and the demo picture, as it is.
func cityscapes(t testing.TB) (*triovit.Model, []float32) {
	t.Helper()
	model, err := triovit.Open(t.Context(), shared.Path(t, "data/weights/efficientvit_seg_b0_cityscapes.pt"))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := preprocess.DecodeFile(shared.Path(t, "data/cityscapes/city.png"))
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, 3*picture.W*picture.H)
	picture.Normalize(pixels)
	return model, pixels
}

// TestRealPicture compares the official checkpoint on the demo picture with
// the reference: logits within 1e-3, the class of 99.99 % of the positions,
// and the ranges of every MBConv's inputs.
func TestRealPicture(t *testing.T) {
	model, pixels := cityscapes(t)
	folded, err := model.Fold()
	if err != nil {
		t.Fatal(err)
	}
	exec, err := NewTapped(folded.Model, func(*efficientvit.Op) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := exec.Run(pixels)
	if err != nil {
		t.Fatal(err)
	}
	shape := folded.Net.Output().Shape
	_, want := readNPY(t, shared.Path(t, "golden/seg_b0_cityscapes_city_logits.npy"))
	got := nchw(tensors[len(tensors)-1], shape)
	compareLogits(t, "official Seg-B0 on city.png", got, want, 1e-3)
	positions, same := shape[0]*shape[1], 0
	for i := range positions {
		if argmax(got, i, positions) == argmax(want, i, positions) {
			same++
		}
	}
	if float64(same) < 0.9999*float64(positions) {
		t.Errorf("%d of %d positions have the reference's class", same, positions)
	}

	data, err := os.ReadFile(shared.Path(t, "golden/seg_b0_cityscapes_city_ranges.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Inputs map[string]struct{ Min, Max []float64 } `json:"mbconv_inputs"`
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Inputs) < 20 {
		t.Fatalf("ranges of %d tensors", len(reference.Inputs))
	}
	made := map[string][]float32{}
	for i, op := range folded.Net.Ops {
		made[op.Name] = tensors[i]
	}
	for module, r := range reference.Inputs {
		x := made[folded.Net.Op(module + ".conv").Inputs[0]]
		c := len(r.Min)
		for k := range c {
			lo, hi := math.Inf(1), math.Inf(-1)
			for i := k; i < len(x); i += c {
				lo, hi = min(lo, float64(x[i])), max(hi, float64(x[i]))
			}
			if tolerance := 1e-4 * (r.Max[k] - r.Min[k] + 1); math.Abs(lo-r.Min[k]) > tolerance || math.Abs(hi-r.Max[k]) > tolerance {
				t.Fatalf("input of %s, channel %d: %g to %g, the reference has %g to %g", module, k, lo, hi, r.Min[k], r.Max[k])
			}
		}
	}
}

// argmax returns the class with the largest logit of a position, CHW.
func argmax(logits []float32, position, positions int) int {
	best := 0
	for c := 1; c*positions < len(logits); c++ {
		if logits[c*positions+position] > logits[best*positions+position] {
			best = c
		}
	}
	return best
}

// TestRealClassifier compares the Tiny ImageNet classifier with the reference
// on four pictures, from the reference's pixels and from the JPEG files.
func TestRealClassifier(t *testing.T) {
	model, err := triovit.Open(t.Context(), shared.Path(t, "data/weights/efficientvit_b0_tiny_imagenet_r128.pt"), efficientvit.InputSize(128, 128))
	if err != nil {
		t.Fatal(err)
	}
	exec, err := New(folded(t, model))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"123", "1230", "1332", "1496"} {
		t.Run("val_"+n, func(t *testing.T) {
			base := "golden/cls_b0_tiny_imagenet_val_" + n
			shape, _, pixels, err := npy.Read(shared.Path(t, base+"_uint8.npy"))
			if err != nil {
				t.Fatal(err)
			}
			picture := &preprocess.RGB{H: shape[0], W: shape[1], Pix: pixels}
			input := make([]float32, len(pixels))
			picture.Normalize(input)
			got, err := exec.Predict(input)
			if err != nil {
				t.Fatal(err)
			}
			_, want := readNPY(t, shared.Path(t, base+"_logits.npy"))
			compareLogits(t, "from the reference's pixels", got, want, 1e-3)

			files, err := filepath.Glob(filepath.Join(shared.Path(t, "data/tiny-imagenet/val"), "*", "val_"+n+".JPEG"))
			if err != nil || len(files) != 1 {
				t.Fatalf("%d files val_%s.JPEG (%v)", len(files), n, err)
			}
			decoded, err := preprocess.DecodeFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			decoded, err = preprocess.Classification(128).Apply(decoded)
			if err != nil {
				t.Fatal(err)
			}
			decoded.Normalize(input)
			if got, err = exec.Predict(input); err != nil {
				t.Fatal(err)
			}
			if a, b := argmax(got, 0, 1), argmax(want, 0, 1); a != b {
				t.Errorf("from the JPEG: class %d, the reference has %d", a, b)
			}
		})
	}
}
