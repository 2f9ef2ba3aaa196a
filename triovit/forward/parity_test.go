// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/npy"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

const goldenDir = "../testdata/golden"

func readNPY(t testing.TB, path string) ([]int, []float32) {
	t.Helper()
	shape, data, _, err := npy.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return shape, data
}

// nchw returns an [N, H, W, C] tensor in the order of an [N, C, H, W] one.
func nchw(x []float32, shape []int) []float32 {
	if len(shape) != 3 {
		return x
	}
	hw, c := shape[0]*shape[1], shape[2]
	out := make([]float32, len(x))
	for i := range hw {
		for j := range c {
			out[j*hw+i] = x[i*c+j]
		}
	}
	return out
}

// syntheticInput is the goldens' input, [1, H, W, 3].
func syntheticInput(h, w int) []float32 {
	in := weights.SyntheticInput(3 * h * w)
	out := make([]float32, len(in))
	for c := range 3 {
		for i := range h * w {
			out[i*3+c] = in[c*h*w+i]
		}
	}
	return out
}

type stats struct {
	Shape               []int
	Mean, Std, Min, Max float64
}

func statsOf(x []float32) stats {
	s := stats{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, v := range x {
		s.Mean += float64(v)
		s.Min, s.Max = min(s.Min, float64(v)), max(s.Max, float64(v))
	}
	s.Mean /= float64(len(x))
	for _, v := range x {
		s.Std += (float64(v) - s.Mean) * (float64(v) - s.Mean)
	}
	s.Std = math.Sqrt(s.Std / float64(len(x)-1))
	return s
}

// syntheticModel returns the variant of a golden file with the deterministic
// weights of its names, and the height and width of its input.
func syntheticModel(t testing.TB, file string) (model *triovit.Model, h, w int) {
	t.Helper()
	parts := strings.Split(file, "_")
	name := parts[1]
	h, w = 224, 224
	switch {
	case parts[0] == "timm":
		name += "-r224"
	case parts[1] == "cls":
		name = parts[2] + "-r224"
	default:
		name = "seg-" + parts[3] + "-" + parts[2]
		h, w = 128, 256
	}
	base := strings.TrimSuffix(strings.TrimSuffix(file, "_logits.npy"), "_r224")
	base = strings.TrimSuffix(base, "_128x256")
	data, err := os.ReadFile(filepath.Join(goldenDir, base+"_names.json"))
	if err != nil {
		t.Fatal(err)
	}
	var names map[string][]int
	if err := json.Unmarshal(data, &names); err != nil {
		t.Fatal(err)
	}
	model, err = triovit.Load(t.Context(), name, triovit.Tensors(weights.Synthetic(names), file), efficientvit.InputSize(h, w))
	if err != nil {
		t.Fatal(err)
	}
	return model, h, w
}

// TestParity runs all fifteen reference networks, as loaded and with their
// BatchNorms folded, and compares their logits within 1e-4 of the logits'
// standard deviation. Where the reference left statistics of its stages, the
// first stage that differs is named.
func TestParity(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*_logits.npy"))
	if err != nil || len(files) != 15 {
		t.Fatalf("%d reference outputs, want 15 (%v)", len(files), err)
	}
	var reference map[string]map[string]stats
	data, err := os.ReadFile(filepath.Join(goldenDir, "mit_stats.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		file := filepath.Base(path)
		t.Run(strings.TrimSuffix(file, "_logits.npy"), func(t *testing.T) {
			if testing.Short() && !strings.Contains(file, "b0") {
				t.Skip("a larger network takes seconds: run without -short")
			}
			model, h, w := syntheticModel(t, file)
			input := syntheticInput(h, w)
			_, want := readNPY(t, path)
			bound := 1e-4 * statsOf(want).Std

			stages := model.Net.Stages
			tapped, err := NewTapped(model, func(op *efficientvit.Op) bool {
				for _, s := range stages {
					if op.Name == s {
						return true
					}
				}
				return op == model.Net.Output()
			})
			if err != nil {
				t.Fatal(err)
			}
			outputs, err := tapped.Run(input)
			if err != nil {
				t.Fatal(err)
			}
			for i := range stages {
				ref, ok := reference[strings.TrimSuffix(file, "_logits.npy")]["stage"+string(rune('0'+i))]
				if !ok {
					continue
				}
				got := statsOf(outputs[i])
				for _, d := range []float64{got.Mean - ref.Mean, got.Std - ref.Std, got.Min - ref.Min, got.Max - ref.Max} {
					if math.Abs(d) > 1e-4*ref.Std {
						t.Fatalf("stage %d (%s) is the first that differs: mean %g std %g min %g max %g, the reference has %g %g %g %g",
							i, stages[i], got.Mean, got.Std, got.Min, got.Max, ref.Mean, ref.Std, ref.Min, ref.Max)
					}
				}
			}
			compareLogits(t, "as loaded", nchw(outputs[len(outputs)-1], model.Net.Output().Shape), want, bound)

			folded, err := model.Fold()
			if err != nil {
				t.Fatal(err)
			}
			exec, err := New(folded)
			if err != nil {
				t.Fatal(err)
			}
			got, err := exec.Predict(input)
			if err != nil {
				t.Fatal(err)
			}
			compareLogits(t, "folded", nchw(got, folded.Net.Output().Shape), want, bound)
		})
	}
}

func compareLogits(t *testing.T, form string, got, want []float32, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d logits, want %d", form, len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= bound) {
		t.Errorf("%s: logits differ by up to %g, allowed %g", form, worst, bound)
	}
	t.Logf("%s: largest difference %.2g of the allowed %.2g", form, worst, bound)
}

// TestEveryKindHasAGraph fails for a kind that Build neither handles nor
// treats as its input.
func TestEveryKindHasAGraph(t *testing.T) {
	for _, k := range efficientvit.Kinds() {
		if _, ok := builders[k]; !ok && k != efficientvit.Input {
			t.Errorf("no float graph for %s", k)
		}
	}
}
