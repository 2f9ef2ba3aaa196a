// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
	"pgregory.net/rapid"
)

var notFinite = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}

// told checks that an error is one line that says all that is wanted.
func told(t interface{ Errorf(string, ...any) }, err error, want ...string) {
	if err == nil || strings.Contains(err.Error(), "\n") || slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(err.Error(), w) }) {
		t.Errorf("error %v, want one line with %q", err, want)
	}
}

// spoiled predicts what an oracle does, but for some pictures a logit that is not
// finite.
type spoiled struct {
	oracle
	value    float32
	at       int // index into a picture's logits
	pictures map[int]bool
}

func (s spoiled) Predict(pictures []float32) ([]float32, error) {
	logits, err := s.oracle.Predict(pictures)
	in, out := efficientvit.Size(s.net.Input().Shape), efficientvit.Size(s.net.Output().Shape)
	for i := range len(pictures) / in {
		// The second pixel has the picture's number.
		number := int(math.Round((float64(pictures[i*in+3])*0.229+0.485)*255)) + 256*int(math.Round((float64(pictures[i*in+4])*0.224+0.456)*255))
		if s.pictures[number] {
			logits[i*out+s.at] = s.value
		}
	}
	return logits, err
}

// TestOnlyFiniteLogitsAreScored: one logit of one picture that is not finite, and
// there is no score but an error that names the label, the first such picture,
// whichever worker is the fastest, and the channel. Nothing of it is kept.
func TestOnlyFiniteLogitsAreScored(t *testing.T) {
	classifier, segmenter := classifier(t), describe(t, "seg-b0-cityscapes", efficientvit.InputSize(32, 32), efficientvit.Classes(10))
	var items []*dataset.Item
	for i := range 600 { // a batch has 256 pictures
		m := preprocess.NewRGB(32, 32)
		m.Pix[3], m.Pix[4] = uint8(i), uint8(i>>8)
		items = append(items, &dataset.Item{ID: fmt.Sprintf("p%d", i), Image: m, Width: 32, Height: 32, Label: dataset.Label{Map: make([]uint8, 16), W: 4, H: 4}})
	}
	sets := map[*efficientvit.Network]dataset.Dataset{}
	for net, task := range map[*efficientvit.Network]dataset.Task{classifier: dataset.Classification, segmenter: dataset.Segmentation} {
		var err error
		if sets[net], err = dataset.Memory("pictures", task, strings.Split("abcdefghij", ""), items); err != nil {
			t.Fatal(err)
		}
	}
	same := func(_, k int) float32 { return float32(k) }
	rapid.Check(t, func(t *rapid.T) {
		net := rapid.SampledFrom([]*efficientvit.Network{classifier, segmenter}).Draw(t, "network")
		at := rapid.IntRange(0, efficientvit.Size(net.Output().Shape)-1).Draw(t, "logit")
		bad := rapid.SliceOfNDistinct(rapid.IntRange(0, len(items)-1), 1, 5, rapid.ID[int]).Draw(t, "pictures")
		s := spoiled{oracle{net, t.Name(), new(atomic.Int32), same, nil}, rapid.SampledFrom(notFinite).Draw(t, "value"), at, map[int]bool{}}
		for _, i := range bad {
			s.pictures[i] = true
		}
		_, err := Evaluate(context.Background(), s, sets[net], NoCache(), Labelled("R"))
		told(t, err, net.Name+" (R) on pictures", fmt.Sprintf("picture p%d: tensor %s is not finite in channel %d", slices.Min(bad), net.Output().Name, at%10))
	})
	o := oracle{classifier, t.Name(), new(atomic.Int32), same, nil}
	if r, err := Evaluate(context.Background(), spoiled{o, notFinite[0], 3, map[int]bool{7: true}}, sets[classifier]); err == nil {
		t.Errorf("scored: %v", r)
	}
	if r, err := Evaluate(context.Background(), o, sets[classifier]); err != nil || r.Top1.Value != 0 || r.Top5.Value != 0 {
		t.Errorf("with finite logits under the same id: %v (%v)", r, err)
	}
}

// TestPredictorsDiagnosis: what a predictor says of the first tensor is told with
// the picture's name, if it has one.
func TestPredictorsDiagnosis(t *testing.T) {
	for picture, want := range map[int]string{2: "picture p2: tensor conv is not finite in channel 5", 3: "3: tensor conv", -1: "-1: tensor conv"} {
		bad := fmt.Errorf("%d: %w", picture, &NotFiniteError{Picture: picture, Tensor: "conv", Channel: 5})
		_, err := Evaluate(context.Background(), oracle{classifier(t), t.Name(), new(atomic.Int32), nil, bad}, pictures(t, 3))
		told(t, err, want)
		if found := new(NotFiniteError); !errors.As(err, &found) || found.Tensor != "conv" {
			t.Errorf("%v is no NotFiniteError of conv", err)
		}
	}
}

// TestWeightsThatAreNotFinite: whichever value of whichever parameter is not
// finite, the error names the model and the parameter, folded and unfolded.
func TestWeightsThatAreNotFinite(t *testing.T) {
	net := classifier(t)
	sound := &Model{Net: net, Weights: weights.Synthetic(net.Params()), Source: "w.pt"}
	folded, err := sound.Fold()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := *rapid.SampledFrom([]*Model{sound, folded.Model}).Draw(t, "model")
		name := rapid.SampledFrom(m.Weights.Names()).Draw(t, "parameter")
		w := &weights.Tensor{Shape: m.Weights[name].Shape, Data: slices.Clone(m.Weights[name].Data)}
		m.Weights = maps.Clone(m.Weights)
		m.Weights[name] = w
		w.Data[rapid.IntRange(0, len(w.Data)-1).Draw(t, "value")] = rapid.SampledFrom(notFinite).Draw(t, "is")
		told(t, m.CheckValues(), net.Name+" (w.pt): parameter "+name+" is not finite")
		_, err := m.Fold()
		told(t, err, net.Name+" (w.pt): parameter "+name+" is not finite")
	})
}

// TestWhatNoVarianceIs: a running variance takes a root together with its eps, and
// what is merged with it stays within float32.
func TestWhatNoVarianceIs(t *testing.T) {
	const norm = "backbone.stages.1.op_list.0.main.inverted_conv.norm"
	net := classifier(t)
	for _, c := range []struct {
		parameter string
		value     float32
		want      []string
	}{
		{norm + ".running_var", -0.5, []string{"running variance " + norm + ".running_var is -0.5 in channel 2"}},
		{norm + ".running_var", -1.1e-5, []string{"running variance " + norm + ".running_var is -1.1e-05", "with its eps of 1e-05"}},
		{norm + ".running_var", -1e-6, nil},
		{norm + ".running_var", 0, nil},
		{norm + ".weight", 3e38, []string{"with the BatchNorms merged", "backbone.stages.1.op_list.0.main.inverted_conv.conv.bias is not finite", "Inf"}},
	} {
		set := weights.Synthetic(net.Params())
		set[norm+".running_mean"].Data[2] = 9
		set[c.parameter].Data[2] = c.value
		m, err := (&Model{Net: net, Weights: set}).Fold()
		if c.want != nil {
			told(t, err, c.want...)
		} else if err == nil {
			err = m.CheckValues()
		}
		if c.want == nil && err != nil {
			t.Errorf("%s of %g: %v", c.parameter, c.value, err)
		}
	}
}

// TestCheckpointThatIsNotFinite: neither the setup of an experiment nor the doctor
// takes it, and no picture is looked at before.
func TestCheckpointThatIsNotFinite(t *testing.T) {
	set := weights.Synthetic(classifier(t).Params())
	set["head.op_list.3.linear.bias"].Data[9] = float32(math.NaN())
	path := filepath.Join(t.TempDir(), "nan.safetensors")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := weights.WriteSafetensors(file, set, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	const want = "nan.safetensors): parameter head.op_list.3.linear.bias is not finite: value 9 of 10 is NaN"
	_, err = Prepare(t.Context(), path, "absent")
	told(t, err, "("+want)
	t.Setenv("TRIOVIT_MODEL", path)
	if c := checkModel(); c.OK || !strings.Contains(c.Found, "("+filepath.Dir(path)+string(filepath.Separator)+want) {
		t.Errorf("the doctor says %+v", c)
	}
}

// TestNoPixelIsScored: labels that are void throughout have no score: not the
// whole, not its shards merged. A shard of them is a report without one, which can
// be written, read and merged with the others, but not compared.
func TestNoPixelIsScored(t *testing.T) {
	net, all := mapsOf(t, 40, func(int, int) uint8 { return dataset.Ignore })
	p := likes(net, t.Name(), 0)
	const none = "no pixel is scored: all labels of "
	_, err := Evaluate(t.Context(), p, all, Labelled("R"))
	told(t, err, "evaluate "+net.Name+" (R) on maps: "+none+"40 pictures are void")
	_, err = Merge(evaluateShards(t, p, all, 3)...)
	told(t, err, none+"40 pictures are void")

	_, some := mapsOf(t, 40, func(i, pixel int) uint8 {
		if i < 16 {
			return dataset.Ignore
		}
		return uint8(i * pixel % 4)
	})
	shards := evaluateShards(t, p, some, 3)
	if got, want := shards[0].String(), net.Name+" (R) on 16 pictures of maps, shard 1/3\n"+none+"16 pictures are void\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	_, err = Compare(shards[0], shards[0])
	told(t, err, "compare R with R: R: "+none)
	text, err := json.Marshal(shards[0])
	if err != nil || !strings.Contains(string(text), `"scores":{"mIoU":{"value":null,"lo":null,"hi":null}},"iou":[null,null,null,null]`) {
		t.Errorf("%s (%v)", text, err)
	}
	read := new(Report)
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(shards[2], read, shards[1])
	if err != nil {
		t.Fatal(err)
	}
	single, err := Evaluate(t.Context(), p, some, Labelled("R"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(single, merged, sameReport); d != "" || strings.Contains(single.String(), "NaN") {
		t.Errorf("%v, merged (-single +merged):\n%s", single, d)
	}
}

// TestIntervalsOfPicturesWithoutPixels: a draw of pictures of which no pixel counts
// is no score of zero and none of NaN. However few pictures count, a score and a
// comparison have finite bounds.
func TestIntervalsOfPicturesWithoutPixels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counting := rapid.SliceOfN(rapid.Bool(), 1, 6).Draw(t, "counting")
		report := func(label string) *Report {
			r := &Report{Label: label, Task: dataset.Segmentation, Classes: []string{"a", "b"}, Shard: whole, Pictures: len(counting)}
			for i, counts := range counting {
				o := Outcome{ID: fmt.Sprint(i)}
				if counts {
					o.Cells = []Cell{{0, 0, 3}, {0, rapid.Int64Range(0, 1).Draw(t, "predicted"), 2}}
				}
				r.Outcomes = append(r.Outcomes, o)
			}
			r.score()
			return r
		}
		a, b := report("A"), report("B")
		p, err := Compare(a, b)
		if slices.Contains(counting, true) != (err == nil) {
			t.Fatalf("%v: compared: %v (%v)", counting, p, err)
		}
		if err != nil {
			told(t, err, "no pixel is scored")
			return
		}
		for _, e := range []Estimate{a.MIoU, b.MIoU, p.Difference} {
			if !(e.Lo <= e.Hi) || math.IsNaN(e.Value) || len(counting) == 1 && (e.Lo != e.Value || e.Hi != e.Value) {
				t.Errorf("%v: %+v", counting, e)
			}
		}
	})
}
