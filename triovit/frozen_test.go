// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// redModel is an integer model under a variant's name, which takes the red level of
// the first pixel, 0 to classes−1, for the class: code 2·k·x + 248·k − k² of class
// k for x = level − 124 is the largest where k is the level.
func redModel(side, classes int) *integer.Model {
	step := 1 / (255 * float32(0.229))
	c := &integer.Conv{Kernel: 1, Stride: side, Groups: 1, WeightBits: 8}
	for k := range classes {
		c.Weights = append(c.Weights, int8(2*k), 0, 0)
		c.Bias = append(c.Bias, int32(248*k-k*k))
	}
	m := &integer.Model{Name: fmt.Sprintf("efficientvit-b0-r%d", side), Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{side, side, 3}, Grid: grid.Uniform{Scale: step, Lo: -128, Hi: 127}}},
		{Name: "logits", Inputs: []string{"input"}, Operation: c, Values: integer.Values{Steps: []float64{0.25}}},
	}}
	m.Picture = integer.Picture{Pipeline: preprocess.Classification(side), Normalization: preprocess.ImageNetNormalization()}
	return m
}

func frozen(t *testing.T, m *integer.Model, run Integers) *Frozen {
	t.Helper()
	f, err := NewFrozen(m, "red.triovit", run)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFrozenPredicts: the outputs are what the integers stand for, whichever function
// computes them. A decoded picture has the codes of the normalized one.
func TestFrozenPredicts(t *testing.T) {
	f := frozen(t, redModel(32, 10), nil)
	data := pictures(t, 3)
	normalized, items, err := LoadBatch(t.Context(), f.Network(), data, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Predict(normalized)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 30 || got[10] != 0 || got[11] != 0.25*(2*(1-124)+248-1) {
		t.Errorf("logits %v", got)
	}
	for i, item := range items {
		codes, err := f.Model.Codes(item.Image)
		if err != nil || !slices.Equal(codes, f.Model.Input().Codes(normalized[32*32*3*i:][:32*32*3])) {
			t.Errorf("picture %d has other codes when it is decoded than when it is normalized (%v)", i, err)
		}
	}
	var seen int
	plugged := frozen(t, f.Model, func(codes []int32) ([]int32, error) {
		seen += len(codes)
		return slices.Repeat([]int32{4}, 10*len(codes)/(32*32*3)), nil
	})
	if got, err := plugged.Predict(normalized); err != nil || seen != len(normalized) || !slices.Equal(got, slices.Repeat([]float32{1}, 30)) {
		t.Errorf("another executor sees %d codes, logits %v (%v)", seen, got, err)
	}
	if plugged.ID() != f.ID() {
		t.Error("an executor has another id: all are to be equal")
	}
	other := redModel(32, 10)
	other.Ops[1].Operation.(*integer.Conv).Bias[0]++
	if frozen(t, other, nil).ID() == f.ID() {
		t.Error("another model has the same id, under which results are cached")
	}
	for name, c := range map[string]struct {
		run      Integers
		pictures []float32
		want     string
	}{
		"no picture":        {nil, nil, "0 values are no whole number of pictures of 32×32×3"},
		"half a picture":    {nil, normalized[:100], "100 values are no whole number of pictures"},
		"a failure":         {func([]int32) ([]int32, error) { return nil, errors.New("out of order") }, normalized, "out of order"},
		"too few of logits": {func([]int32) ([]int32, error) { return make([]int32, 10), nil }, normalized, "10 logits of 3 pictures, want [1 1 10] of each"},
	} {
		if _, err := frozen(t, f.Model, c.run).Predict(c.pictures); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestFrozenVersion keeps frozenVersion honest: the executor makes of a
// fixed picture the logits that are stored for this version.
func TestFrozenVersion(t *testing.T) {
	digests := map[int]float32{1: 20.25}
	f := frozen(t, redModel(32, 10), nil)
	picture := preprocess.NewRGB(32, 32)
	picture.Pix[0] = 9
	normalized := make([]float32, len(picture.Pix))
	picture.Normalize(normalized)
	logits, err := f.Predict(normalized)
	if err != nil || logits[9] != digests[frozenVersion] {
		t.Errorf("logits %v (%v), stored for version %d is %v", logits, err, frozenVersion, digests[frozenVersion])
	}
}

// TestFrozenEvaluates: an artefact is scored, in shards too, and compared, as every
// predictor is; its report says where it came from.
func TestFrozenEvaluates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "red.triovit")
	if err := redModel(32, 10).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFrozen(path)
	if err != nil {
		t.Fatal(err)
	}
	data := pictures(t, 600) // the pictures make several groups
	whole, err := Evaluate(t.Context(), f, data)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Top1.Value != 1 || whole.Platform != "integers" || whole.Source != "red.triovit" {
		t.Errorf("%s: top-1 %v on %q from %q", whole, whole.Top1, whole.Platform, whole.Source)
	}
	var shards []*Report
	for i := range 2 {
		s, err := Evaluate(t.Context(), f, data, Sharded(Shard{Index: i + 1, Of: 2}))
		if err != nil {
			t.Fatal(err)
		}
		shards = append(shards, s)
	}
	merged, err := Merge(shards...)
	if err != nil || merged.String() != whole.String() {
		t.Errorf("merged %v (%v), whole %s", merged, err, whole)
	}
	if p, err := Compare(whole, merged); err != nil || p.Difference.Value != 0 {
		t.Errorf("compared %+v (%v)", p, err)
	}
}

// TestNewFrozenRefuses what is no predictor of a variant.
func TestNewFrozenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(m *integer.Model)
		want string
	}{
		{"not valid", func(m *integer.Model) { m.AccumulatorBits = 99 }, "accumulators of 99"},
		{"no variant", func(m *integer.Model) { m.Name = "resnet" }, `no variant is called "resnet" for an input of [32 32 3]`},
		{"another resolution", func(m *integer.Model) { m.Name = "efficientvit-b0-r64" }, `no variant is called "efficientvit-b0-r64"`},
		{"another input", func(m *integer.Model) {
			m.Input().Shape[2], m.Ops[1].Operation.(*integer.Conv).Weights = 1, make([]int8, 10)
			m.Picture = integer.Picture{}
		}, "an input of [32 32 1] and logits of [1 1 10]: efficientvit-b0-r32 has [32 32 3] and [10]"},
		{"a map of logits", func(m *integer.Model) { m.Ops[1].Operation.(*integer.Conv).Stride = 16 }, "logits of [2 2 10]"},
		{"another normalization", func(m *integer.Model) { m.Picture.Mean[0] = 0.5 }, "pictures are normalized by {[0.5"},
		{"no numbers", func(m *integer.Model) { m.Ops[1].Values.Steps = nil }, "its logits stand for no real numbers"},
	} {
		m := redModel(32, 10)
		c.edit(m)
		if _, err := NewFrozen(m, "red.triovit", nil); err == nil || !strings.HasPrefix(err.Error(), "red.triovit: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestPrepareFrozen: an artefact stands in the place of a checkpoint, by its content,
// and what needs weights is refused.
func TestPrepareFrozen(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	folder := func(name string, classes ...string) string {
		for i, class := range classes {
			for _, split := range []string{"train", "val"} {
				put(t, filepath.Join(dir, name, split, class, "x.png"), level(t, 100, 100, uint8(i)))
			}
		}
		return filepath.Join(dir, name)
	}
	artefact := func(name string, m *integer.Model) string {
		path := filepath.Join(dir, name)
		if err := m.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	three, numbered := folder("three", "a", "b", "c"), folder("numbered", "1", "2", "10")
	named := redModel(64, 3)
	named.Classes = []string{"a", "b", "c"}
	path := artefact("red.pt", named) // the content decides, and not the name
	s, err := Prepare(t.Context(), path, three)
	if err != nil {
		t.Fatal(err)
	}
	if s.Frozen == nil || s.Frozen.Hash() != frozen(t, named, nil).Hash() || s.Model.Net.Name != named.Name || s.Calibration.Len() != 0 {
		t.Errorf("setup %+v", s)
	}
	report, err := Evaluate(t.Context(), s.Frozen, s.Evaluation)
	if err != nil || report.Top1.Value != 1 {
		t.Errorf("report %v (%v)", report, err)
	}
	for _, want := range []string{"network        efficientvit-b0-r64\n", "weights        red.pt\n", "calibration    none: red.pt is an artefact", "evaluation     3 pictures of three val\n"} {
		if text := s.String(); !strings.Contains(text, want) {
			t.Errorf("setup %q does not say %q", text, want)
		}
	}
	if _, err := s.Model.Fold(); err == nil || !strings.Contains(err.Error(), "red.pt): no weights in floating point") {
		t.Errorf("fold: error %v", err)
	}
	if _, err := s.Calibration.Load(0); err == nil || !strings.Contains(err.Error(), "red.pt is an artefact: it was calibrated before") {
		t.Errorf("calibration: error %v", err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "is an artefact of integers, not the weights") {
		t.Errorf("open: error %v", err)
	}
	natural := redModel(64, 3)
	natural.Classes = []string{"1", "2", "10"}
	cut := artefact("cut.triovit", named)
	if err := os.Truncate(cut, 500); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, folder string
		options            []PrepareOption
		want               string
	}{
		{"natural order", artefact("natural.triovit", natural), numbered, []PrepareOption{ClassOrder("natural")}, ""},
		{"other names", artefact("named.triovit", named), numbered, nil, ""},
		{"no names", artefact("nameless.triovit", redModel(64, 3)), numbered, nil, ""},
		{"text order", artefact("natural.triovit", natural), numbered, nil, `class 1 is "2" in natural.triovit and "10" in numbered val: -class-order`},
		{"other classes", artefact("four.triovit", redModel(64, 4)), three, nil, "four.triovit has 4 classes, three val has 3"},
		{"another size", path, three, []PrepareOption{Preprocess(preprocess.Classification(96))}, "red.pt takes pictures 64 wide and 64 high, those of three val are 96 and 96"},
		{"a key", path, three, []PrepareOption{WeightsAt("ema")}, "weights are chosen (ema), but"},
		{"no pictures", path, "", nil, "that is not of the built-in model, but no pictures"},
		{"cut", cut, three, nil, "cut.triovit: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Prepare(t.Context(), c.path, c.folder, c.options...)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			t.Setenv("TRIOVIT_MODEL", c.path)
			t.Setenv("TRIOVIT_DATA", c.folder)
			if c.options != nil {
				return
			}
			text := Doctor().String()
			if wrong := strings.Contains(text, "!!   model") || strings.Contains(text, "!!   data"); wrong != (c.want != "") || !strings.Contains(text, c.want) {
				t.Errorf("the doctor says\n%s", text)
			}
		})
	}
}

// TestPreparedModelSaysItsClasses and how a picture becomes its input, so that an
// artefact can.
func TestPreparedModelSaysItsClasses(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	for _, name := range []string{"camvid/train/a.png", "camvid/trainannot/a.png", "camvid/val/a.png", "camvid/valannot/a.png"} {
		put(t, filepath.Join(dir, name), blank(t, 480, 360))
	}
	for _, name := range []string{"folders/val/x/a.png", "folders/val/y/a.png"} {
		put(t, filepath.Join(dir, name), blank(t, 300, 300))
	}
	for _, c := range []struct {
		name, checkpoint, folder string
		classes                  int
		first                    string
		pipeline                 preprocess.Pipeline
	}{
		{"Cityscapes' classes on CamVid", checkpointOf(t, filepath.Join(dir, "seg.pt"), "seg-b0-cityscapes"), filepath.Join(dir, "camvid"), 19, "road", preprocess.Fixed(960, 704, preprocess.Bilinear)},
		{"class folders", checkpointOf(t, filepath.Join(dir, "b0.pt"), "b0-r224", efficientvit.Classes(2)), filepath.Join(dir, "folders"), 2, "x", preprocess.ImageNet(224, 0.95)},
		{"built-in", "", "", 19, "road", preprocess.Fixed(256, 128, preprocess.Bilinear)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Prepare(t.Context(), c.checkpoint, c.folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []*Model{s.Model, s.Folded.Model} {
				if len(m.Classes) != c.classes || m.Classes[0] != c.first || m.Pipeline != c.pipeline {
					t.Errorf("classes %q, %v", m.Classes, m.Pipeline)
				}
			}
		})
	}
}

// TestFrozenIDFollowsTheModel: the ID is that of the model which the reference executor
// runs, also where it was changed; a network that was returned is not the predictor's.
func TestFrozenIDFollowsTheModel(t *testing.T) {
	f := frozen(t, redModel(32, 10), nil)
	seen := map[string]bool{f.ID(): true}
	conv := f.Model.Ops[1].Operation.(*integer.Conv)
	for _, c := range []struct {
		name string
		edit func()
	}{
		{"a weight", func() { conv.Weights[0]++ }},
		{"a bias", func() { conv.Bias[1]++ }},
		{"a step", func() { f.Model.Ops[1].Values.Steps[0] = 0.5 }},
		{"a width", func() { f.Model.AccumulatorBits = 28 }},
		{"an operation", func() { f.Model.Ops[1].Operation = redModel(32, 10).Ops[1].Operation }},
		{"a kernel that no model has", func() { f.Model.Ops[1].Operation.(*integer.Conv).Kernel = 0 }},
	} {
		c.edit()
		id := f.ID()
		if seen[id] {
			t.Errorf("%s changes, and the ID stays", c.name)
		}
		seen[id] = true
	}
	f.Network().Ops[0].Shape[0] = 1
	if got := f.Network().Input().Shape[0]; got != 32 {
		t.Errorf("a network that was returned and changed is the predictor's: %d rows", got)
	}
}
