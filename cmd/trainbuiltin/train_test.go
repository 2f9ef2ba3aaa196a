// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/x448/float16"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// tiny is a recipe that is short enough for a test.
var tiny = recipe{Seed: 1, Batch: 2, Height: 32, Width: 64, Phases: []phase{
	{Steps: 4, WarmUp: 2, Rate: 2e-3, Decay: 0.05, DecaySteps: 3},
	{Steps: 2, WarmUp: 1, Rate: 1e-3, Decay: 3, DecaySteps: 2, Decaying: []efficientvit.Role{efficientvit.QKV}},
}}

func tinyNet(t *testing.T) *efficientvit.Network {
	t.Helper()
	net, err := efficientvit.Describe("seg-b0-scenes", efficientvit.InputSize(tiny.Height, tiny.Width))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// TestResumeComesToTheSameWeights: a training that is interrupted and resumed from its
// checkpoint gives the weights of an uninterrupted one. Both have learned.
func TestResumeComesToTheSameWeights(t *testing.T) {
	net, ctx := tinyNet(t), context.Background()
	whole, err := train(ctx, net, tiny, initial(net, tiny.Seed), filepath.Join(t.TempDir(), "state.safetensors"))
	if err != nil {
		t.Fatal(err)
	}

	path := filepath.Join(t.TempDir(), "build", "state.safetensors")
	first, err := newTrainer(net, tiny, initial(net, tiny.Seed))
	if err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(ctx)
	defer cancel()
	for b := range batches(interrupted, tiny, 0) {
		if _, err := first.learn(b); err != nil {
			t.Fatal(err)
		}
		if first.step == 3 {
			break
		}
	}
	half, err := first.set()
	if err != nil {
		t.Fatal(err)
	}
	if err := save(path, half, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	loaded, err := load(path, net)
	if err != nil {
		t.Fatal(err)
	}
	resumed, err := train(ctx, net, tiny, loaded, path)
	if err != nil {
		t.Fatal(err)
	}

	delete(whole, secondsName)
	delete(resumed, secondsName)
	if d := cmp.Diff(whole, resumed, cmpopts.EquateApprox(1e-6, 1e-7)); d != "" {
		t.Errorf("resumed weights differ from uninterrupted ones (-whole +resumed):\n%.2000s", d)
	}
	if got := whole[stepName].Data[0]; got != float32(tiny.steps()) {
		t.Errorf("%g steps taken, want %d", got, tiny.steps())
	}
}

func TestStepsLowerTheLoss(t *testing.T) {
	net := tinyNet(t)
	r := tiny
	r.Phases = []phase{{Steps: 40, WarmUp: 2, Rate: 2e-3}}
	tr, err := newTrainer(net, r, initial(net, r.Seed))
	if err != nil {
		t.Fatal(err)
	}
	b := newBatch(scenes.TrainSeed, r.Batch, r.Height, r.Width)
	var losses []float32
	for range 15 {
		loss, err := tr.learn(b)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	if first, last := losses[0], losses[len(losses)-1]; !(last < 0.7*first) {
		t.Errorf("the loss on one batch goes from %g to %g in %d steps, want below 70 %%: %v", first, last, len(losses), losses)
	}
}

// TestSecondPhase: it begins with the averaged weights of the first phase in float16 and
// with moments of zero, so that its first step moves a weight by at most the rate. Only the
// roles that it names decay, here to half.
func TestSecondPhase(t *testing.T) {
	const rate = 1e-2
	net := tinyNet(t)
	r := tiny
	r.Phases = []phase{{Steps: 3, Rate: 2e-3}, {Steps: 1, Rate: rate, Decay: 50, DecaySteps: 1, Decaying: []efficientvit.Role{efficientvit.QKV}}}
	tr, err := newTrainer(net, r, initial(net, r.Seed))
	if err != nil {
		t.Fatal(err)
	}
	b := newBatch(scenes.TrainSeed, r.Batch, r.Height, r.Width)
	var first, begun, second weights.Set
	for i, set := range []*weights.Set{nil, nil, &first, &begun, &second} {
		if i == 3 {
			err = tr.restart()
		} else {
			_, err = tr.learn(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		if set != nil {
			if *set, err = tr.set(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A training that goes on from the checkpoint of step 3 begins the phase by itself.
	resumed, err := newTrainer(net, r, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resumed.learn(b); err != nil {
		t.Fatal(err)
	}
	byItself, err := resumed.set()
	if err != nil {
		t.Fatal(err)
	}
	delete(second, secondsName)
	delete(byItself, secondsName)
	if d := cmp.Diff(second, byItself, cmpopts.EquateApprox(1e-6, 1e-7)); d != "" {
		t.Errorf("step 4 after a checkpoint differs (-restarted +by itself):\n%.1000s", d)
	}
	trained, _ := parameters(net)
	farthest := 0.
	for _, p := range trained {
		kept := float32(1)
		if p.op.Role == efficientvit.QKV {
			kept = 0.5
		}
		for i, w := range begun[p.Name].Data {
			if want := float16.Fromfloat32(first[p.Name+average].Data[i]).Float32(); w != want || begun[p.Name+average].Data[i] != want {
				t.Fatalf("%s: element %d begins at %g, its average at %g, want %g", p.Name, i, w, begun[p.Name+average].Data[i], want)
			}
			if m, v := begun[p.Name+firstMoment].Data[i], begun[p.Name+secondMoment].Data[i]; m != 0 || v != 0 {
				t.Fatalf("%s: the moments of element %d begin at %g and %g, want 0", p.Name, i, m, v)
			}
			moved := math.Abs(float64(second[p.Name].Data[i] - kept*w))
			if moved > 1.01*rate {
				t.Fatalf("%s, %s: element %d goes from %g to %g, want %g of it within the rate %g", p.Name, p.op.Role, i, w, second[p.Name].Data[i], kept, rate)
			}
			farthest = max(farthest, moved)
		}
	}
	if farthest < 0.99*rate {
		t.Errorf("no weight moves farther than %g, want the rate %g: the first step of a phase", farthest, rate)
	}
}

func TestInterruptedTrainingSaysSo(t *testing.T) {
	net := tinyNet(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "state.safetensors")
	_, err := train(ctx, net, tiny, initial(net, tiny.Seed), path)
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Fatalf("error %v, want that the training was interrupted", err)
	}
	if set, err := load(path, net); err != nil || set == nil {
		t.Errorf("no checkpoint after an interruption: %v", err)
	}
}

func TestLoad(t *testing.T) {
	net, dir := tinyNet(t), t.TempDir()
	if set, err := load(filepath.Join(dir, "none.safetensors"), net); set != nil || err != nil {
		t.Errorf("without a file: %v, %v; want neither a state nor an error", set, err)
	}
	other := filepath.Join(dir, "other.safetensors")
	if err := save(other, weights.Set{"a": weights.New(2)}, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := load(other, net); err == nil || !strings.Contains(err.Error(), other) {
		t.Errorf("another network's file: error %v, want one that names it", err)
	}
}

// TestSaveKeepsTheOldFile: a failed save leaves the previous checkpoint, and no other
// file.
func TestSaveKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.safetensors")
	good := weights.Set{"a": {Shape: []int{1}, Data: []float32{1}}}
	if err := save(path, good, weights.F16, nil); err != nil {
		t.Fatal(err)
	}
	bad := weights.Set{"a": {Shape: []int{1}, Data: []float32{1e9}}} // no float16 holds the value
	if err := save(path, bad, weights.F16, nil); err == nil {
		t.Error("saving 1e9 as float16: no error")
	}
	kept, err := weights.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(good, kept); d != "" {
		t.Errorf("file after a failed save (-want +got):\n%s", d)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files are left, want 1", len(files))
	}
}

func TestRate(t *testing.T) {
	r := recipe{Phases: []phase{
		{Steps: 110, WarmUp: 10, Rate: 1, Decay: 2, DecaySteps: 10},
		{Steps: 20, WarmUp: 4, Rate: 0.4, Decay: 5, DecaySteps: 20},
	}}
	for _, test := range []struct {
		name         string
		step         int
		want, shrink float64
	}{
		{"first", 0, 0.1, 0.2},
		{"warm", 9, 1, 2},
		{"peak", 10, 1, 0},
		{"middle", 60, 0.5, 0},
		{"second phase", 110, 0.1, 0.5},
		{"its peak", 114, 0.4, 2},
		{"its middle", 122, 0.2, 1},
		{"end", 130, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := r.rate(test.step); math.Abs(got-test.want) > 1e-12 {
				t.Errorf("rate(%d) = %g, want %g", test.step, got, test.want)
			}
			if got := r.shrink(test.step); math.Abs(got-test.shrink) > 1e-12 {
				t.Errorf("shrink(%d) = %g, want %g", test.step, got, test.shrink)
			}
		})
	}
}

func TestStretch(t *testing.T) {
	// Positions of the outputs between the inputs 0 and 1: -0.25, 0.25, 0.75, 1.25.
	want := [][]float32{{1, 0.75, 0.25, 0}, {0, 0.25, 0.75, 1}}
	if d := cmp.Diff(want, stretch(2, 2)); d != "" {
		t.Errorf("stretch(2, 2) (-want +got):\n%s", d)
	}
	for _, test := range []struct{ n, factor int }{{1, 2}, {5, 8}, {32, 2}} {
		sums := make([]float32, test.n*test.factor)
		for _, row := range stretch(test.n, test.factor) {
			for out, share := range row {
				sums[out] += share
			}
		}
		for out, sum := range sums {
			if math.Abs(float64(sum)-1) > 1e-6 {
				t.Errorf("stretch(%d, %d): the shares of value %d sum to %g", test.n, test.factor, out, sum)
			}
		}
	}
}

func TestCrossEntropy(t *testing.T) {
	backend, err := forward.Backend()
	if err != nil {
		t.Fatal(err)
	}
	loss, err := graph.CallOnce(backend, func(logits, targets *graph.Node) *graph.Node {
		return crossEntropy(logits, targets)
	}, [][][][]float32{{{{0, float32(math.Log(3))}}}}, // shares 1/4 and 3/4, at one position
		[][][][]float32{{{{1, 0}, {0, 1}}, {{0, 0.5}, {0, 0}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := (math.Log(4) + 1.5*math.Log(4./3)) / 2.5
	if got := float64(loss.Value().(float32)); math.Abs(got-want) > 1e-6 {
		t.Errorf("cross entropy %g, want %g", got, want)
	}
}

func TestBatchShares(t *testing.T) {
	const n, h, w = 2, 32, 64
	b := newBatch(scenes.TrainSeed+5, n, h, w)
	for p := range len(b.targets) / scenes.NumClasses {
		sum := float32(0)
		for _, share := range b.targets[p*scenes.NumClasses : (p+1)*scenes.NumClasses] {
			sum += share
		}
		if sum < 0 || sum > 1+1e-6 {
			t.Fatalf("the shares of position %d sum to %g", p, sum)
		}
	}
	if d := cmp.Diff(newBatch(scenes.TrainSeed+6, 1, h, w).pictures, b.pictures[h*w*3:]); d != "" {
		t.Error("the second scene of a batch is not that of the next seed")
	}
}

// TestRun trains from the beginning to the published files. An export of the checkpoint
// makes the same files again.
func TestRun(t *testing.T) {
	net, dir := tinyNet(t), t.TempDir()
	checkpoint := filepath.Join(dir, "state.safetensors")
	if err := run(t.Context(), tiny, checkpoint, dir, true); err == nil || !strings.Contains(err.Error(), "train first") {
		t.Errorf("exporting nothing: error %v, want one that says to train first", err)
	}
	publish := func(export bool) (path, account string) {
		folder := t.TempDir()
		if err := run(t.Context(), tiny, checkpoint, folder, export); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, "TRAINING.md"))
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, "seg-b0-scenes.safetensors"), string(text)
	}
	path, account := publish(false)
	trained, err := weights.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := trained.Check(net.Params()); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"on 200 scenes at 32x64 (seeds from 4294967296)", "step 6 of 6", "| traffic light |"} {
		if !strings.Contains(account, want) {
			t.Errorf("TRAINING.md does not say %q:\n%s", want, account)
		}
	}
	path, again := publish(true)
	exported, err := weights.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if trained.Hash() != exported.Hash() || account != again {
		t.Errorf("an export differs from what was trained: %s", cmp.Diff(account, again))
	}
}

// TestCurve scores the milestones of a training, and leaves out those that it did not
// reach.
func TestCurve(t *testing.T) {
	net, dir := tinyNet(t), t.TempDir()
	r := tiny
	r.Phases = []phase{{Steps: 1, Rate: 2e-3, Decay: 0.05, DecaySteps: 1, Milestone: 1}, {Steps: 1, Rate: 1e-3, Decay: 2, DecaySteps: 1, Milestone: 1}}
	checkpoint := filepath.Join(dir, "state.safetensors")
	if _, err := train(t.Context(), net, r, initial(net, r.Seed), checkpoint); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(milestoneFile(checkpoint, 1)); err != nil {
		t.Fatal(err)
	}
	if err := curve(t.Context(), net, r, checkpoint, dir, 2, 2); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "milestones.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got []builtin.Milestone
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Step != 2 || len(got[0].Losses) != len(probed) {
		t.Fatalf("milestones %+v, want that of step 2 with %d losses", got, len(probed))
	}
	if want := 2e-3*0.05 + 1e-3*2; math.Abs(got[0].Decay-want) > 1e-12 {
		t.Errorf("rate times decay sums to %g, want %g", got[0].Decay, want)
	}
	for _, l := range got[0].Losses {
		if !(l.Lo <= l.MIoU && l.MIoU <= l.Hi) {
			t.Errorf("the loss %+v lies outside of its interval", l)
		}
	}
}

// TestBuiltInModel: the weights in the repository are those of a finished training. On
// scenes that the training did not draw they reach at least 70 mIoU.
func TestBuiltInModel(t *testing.T) {
	model, err := triovit.Open(t.Context(), "", efficientvit.InputSize(standard.Height, standard.Width))
	if err != nil {
		t.Fatal(err)
	}
	report, err := score(context.Background(), model, 40)
	if err != nil {
		t.Fatal(err)
	}
	if report.MIoU.Value < 0.7 {
		t.Errorf("%s: want at least 70 %%", report)
	}
}
