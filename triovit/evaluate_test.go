// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/segment"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

func describe(t testing.TB, name string, options ...efficientvit.Option) *efficientvit.Network {
	t.Helper()
	net, err := efficientvit.Describe(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }

// oracle predicts what the red channel of a picture's first pixel says.
type oracle struct {
	net   *efficientvit.Network
	id    string
	calls *atomic.Int32
	logit func(class, k int) float32
	err   error
}

func (o oracle) Network() *efficientvit.Network { return o.net }
func (o oracle) ID() string                     { return o.id }

func (o oracle) Predict(pictures []float32) ([]float32, error) {
	o.calls.Add(1)
	if o.err != nil {
		return nil, o.err
	}
	in, out := efficientvit.Size(o.net.Input().Shape), o.net.Output().Shape
	classes := out[len(out)-1]
	var logits []float32
	for i := 0; i < len(pictures); i += in {
		class := int(math.Round((float64(pictures[i])*0.229 + 0.485) * 255))
		for range efficientvit.Size(out) / classes {
			for k := range classes {
				logits = append(logits, o.logit(class, k))
			}
		}
	}
	return logits, nil
}

// pictures returns n pictures of 32 pixels; picture i is of class i mod 10 and
// says so in its red channel.
func pictures(t testing.TB, n int) dataset.Dataset {
	t.Helper()
	var items []*dataset.Item
	for i := range n {
		m := preprocess.NewRGB(32, 32)
		m.Pix[0] = uint8(i % 10)
		items = append(items, &dataset.Item{ID: fmt.Sprintf("p%d", i), Image: m, Width: 32, Height: 32, Label: dataset.Label{Class: i % 10}})
	}
	d, err := dataset.Memory("pictures", dataset.Classification, strings.Split("abcdefghij", ""), items)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func classifier(t testing.TB) *efficientvit.Network {
	return describe(t, "b0-r224", efficientvit.InputSize(32, 32), efficientvit.Classes(10))
}

func TestEvaluateClassification(t *testing.T) {
	for _, c := range []struct {
		name       string
		logit      func(class, k int) float32
		top1, top5 float64
	}{
		{"always right", func(class, k int) float32 {
			if k == class {
				return 1
			}
			return 0
		}, 1, 1},
		{"right only for class 3", func(_, k int) float32 {
			if k == 3 {
				return 1
			}
			return -float32(k)
		}, 0.1, 0.5}, // the largest five are the classes 3, 0, 1, 2, 4
		{"the class before the right one", func(class, k int) float32 { return -float32((k - class + 11) % 10) }, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := classifier(t)
			r, err := Evaluate(context.Background(), oracle{net, c.name, new(atomic.Int32), c.logit, nil}, pictures(t, 40))
			if err != nil {
				t.Fatal(err)
			}
			if r.Images != 40 || r.Top1.Value != c.top1 || r.Top5.Value != c.top5 {
				t.Errorf("top-1 %v top-5 %v of %d, want %v and %v of 40", r.Top1, r.Top5, r.Images, c.top1, c.top5)
			}
		})
	}
}

// TestEvaluateIsCachedAndResumes: a second evaluation predicts nothing; one
// that failed half-way keeps what it had; another predictor shares nothing.
func TestEvaluateIsCachedAndResumes(t *testing.T) {
	net, data := classifier(t), pictures(t, 600) // a batch has 256 pictures
	right := func(class, k int) float32 { return -float32((k - class + 10) % 10) }
	calls := new(atomic.Int32)
	o := oracle{net, t.Name(), calls, right, nil}
	first, err := Evaluate(context.Background(), o, data)
	if err != nil {
		t.Fatal(err)
	}
	n := calls.Load()
	again, err := Evaluate(context.Background(), o, data)
	if err != nil || again.Top1 != first.Top1 || calls.Load() != n {
		t.Errorf("again: %v (%v), %d further predictions", again, err, calls.Load()-n)
	}
	if _, err := Evaluate(context.Background(), o, data, NoCache()); err != nil || calls.Load() == n {
		t.Errorf("without the cache: %d further predictions (%v)", calls.Load()-n, err)
	}
	o.id += " other"
	o.err = errors.New("out of order")
	if _, err := Evaluate(context.Background(), o, data); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("a failing predictor gives %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o.err = nil
	if _, err := Evaluate(ctx, o, data); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled evaluation gives %v", err)
	}
	if r, err := Evaluate(context.Background(), o, data); err != nil || r.Top1.Value != 1 {
		t.Errorf("after failures: %v (%v)", r, err)
	}
}

// TestEvaluateWaitsNoLongerThanAsked: whoever waits for another who evaluates the same
// goes when the context ends, though the other has not finished.
func TestEvaluateWaitsNoLongerThanAsked(t *testing.T) {
	predicting, finish := make(chan bool), make(chan bool)
	once := sync.OnceFunc(func() { close(predicting) })
	o := oracle{net: classifier(t), id: "slow", calls: new(atomic.Int32), logit: func(class, k int) float32 {
		once()
		<-finish
		return 0
	}}
	data := pictures(t, 3)
	var other sync.WaitGroup
	other.Go(func() {
		if _, err := Evaluate(t.Context(), o, data); err != nil {
			t.Error(err)
		}
	})
	<-predicting
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(50*time.Millisecond, func() { cancel(enough) })
	if _, err := Evaluate(ctx, o, data); !errors.Is(err, enough) || o.calls.Load() != 1 {
		t.Errorf("%v after %d predictions, want %v while the only one goes on", err, o.calls.Load(), enough)
	}
	close(finish)
	other.Wait()
}

// TestEvaluateSegmentation scores two pictures by hand: one half right, one
// right, with pixels that do not count.
func TestEvaluateSegmentation(t *testing.T) {
	net := describe(t, "seg-b0-cityscapes", efficientvit.InputSize(32, 32), efficientvit.Classes(3))
	item := func(id string, class uint8, labels func(i int) uint8) *dataset.Item {
		m := preprocess.NewRGB(32, 32)
		m.Pix[0] = class
		truth := make([]uint8, 16)
		for i := range truth {
			truth[i] = labels(i)
		}
		return &dataset.Item{ID: id, Image: m, Width: 32, Height: 32, Label: dataset.Label{Map: truth, W: 4, H: 4}}
	}
	data, err := dataset.Memory("maps", dataset.Segmentation, []string{"a", "b", "c"}, []*dataset.Item{
		item("half", 0, func(i int) uint8 { return uint8(i % 2) }),
		item("right", 1, func(i int) uint8 {
			if i < 4 {
				return dataset.Ignore
			}
			return 1
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Evaluate(context.Background(), oracle{net, t.Name(), new(atomic.Int32), func(class, k int) float32 {
		if k == class {
			return 1
		}
		return 0
	}, nil}, data)
	if err != nil {
		t.Fatal(err)
	}
	// Truth a: 8 pixels, all predicted a. Truth b: 20, of which 12 predicted b
	// and 8 a. So a has 8/16, b 12/20, c does not occur.
	want := [][]int64{{8, 0, 0}, {8, 12, 0}, {0, 0, 0}}
	if fmt.Sprint(r.Confusion) != fmt.Sprint(want) || r.IoU[0] != 0.5 || r.IoU[1] != 0.6 || !math.IsNaN(r.IoU[2]) || math.Abs(r.MIoU.Value-0.55) > 1e-12 {
		t.Errorf("confusion %v, IoU %v, mIoU %v", r.Confusion, r.IoU, r.MIoU)
	}
	if !(r.MIoU.Lo <= r.MIoU.Value && r.MIoU.Value <= r.MIoU.Hi) {
		t.Errorf("interval %v", r.MIoU)
	}
}

// short returns too few values.
type short struct{ oracle }

func (s short) Predict([]float32) ([]float32, error) { return []float32{1}, nil }

func TestEvaluateShortPrediction(t *testing.T) {
	_, err := Evaluate(context.Background(), short{oracle{net: classifier(t), id: "short"}}, pictures(t, 3))
	if err == nil || !strings.Contains(err.Error(), "returned 1 values for 3 pictures") {
		t.Errorf("error %v", err)
	}
}

func TestFoldWithoutWeights(t *testing.T) {
	_, err := (&Model{Net: classifier(t), Weights: weights.Set{}}).Fold()
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("error %v", err)
	}
}

func TestEvaluateErrors(t *testing.T) {
	empty, err := dataset.Memory("empty", dataset.Classification, []string{"a"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		net  *efficientvit.Network
		data dataset.Dataset
		want string
	}{
		{"empty set", classifier(t), empty, "empty"},
		{"classes differ", describe(t, "b0-r224", efficientvit.InputSize(32, 32)), pictures(t, 3), "1000 classes, the data set 10"},
		{"wrong task", describe(t, "seg-b0-cityscapes", efficientvit.InputSize(32, 32)), pictures(t, 3), "classification"},
		{"wrong size", describe(t, "b0-r224", efficientvit.InputSize(64, 64), efficientvit.Classes(10)), pictures(t, 3), "p0: the picture is 32 wide"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Evaluate(context.Background(), oracle{c.net, c.name, new(atomic.Int32), nil, nil}, c.data)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
}

// TestWilson holds against values of the textbook formula.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{{915, 2000, 0.43577, 0.47939}, {0, 10, 0, 0.27753}, {10, 10, 0.72247, 1}, {5, 10, 0.23659, 0.76341}} {
		e := wilson(c.k, c.n)
		if math.Abs(e.Lo-c.lo) > 1e-5 || math.Abs(e.Hi-c.hi) > 1e-5 {
			t.Errorf("%d of %d: %v, want %g to %g", c.k, c.n, e, c.lo, c.hi)
		}
	}
}

// TestSegmentLabel: the label's protocol decides on the filter.
func TestSegmentLabel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 6*8*5)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64())
	}
	shape := []int{6, 8, 5}
	if !slices.Equal(segmentLabel(logits, shape, dataset.Label{W: 32, H: 24}), segment.Bilinear(logits, shape, 32, 24)) {
		t.Error("a label without a filter is not bilinear")
	}
	if !slices.Equal(segmentLabel(logits, shape, dataset.Label{W: 32, H: 24, Logits: preprocess.Bicubic}), segment.Bicubic(logits, shape, 32, 24)) {
		t.Error("a bicubic label is not bicubic")
	}
}

func TestLoadErrors(t *testing.T) {
	net := describe(t, "b0-r224", efficientvit.Classes(10))
	set := weights.Synthetic(net.Params())
	without := func(names ...string) weights.Set {
		s := weights.Set{}
		for k, v := range set {
			s[k] = v
		}
		for _, n := range names {
			delete(s, n)
		}
		return s
	}
	broken := without("head.op_list.0.norm.bias")
	broken["nonsense"] = weights.New(2)
	broken["backbone.stages.0.op_list.0.main.depth_conv.conv.weight"] = weights.New(7, 1, 3, 3)
	for _, c := range []struct {
		name, variant string
		source        Source
		want          []string
	}{
		{"wrong path", "b0-r224", File(filepath.Join(t.TempDir(), "absent.pt")), []string{"absent.pt"}},
		{"wrong variant", "b1-r224", Tensors(set, "w.pt"), []string{"w.pt", "do not fit efficientvit-b1-r224", "look like efficientvit-b0-r224"}},
		{"missing, extra, misshapen", "b0-r224", Tensors(broken, "w.pt"), []string{"head.op_list.0.norm.bias", "nonsense", "[7 1 3 3]"}},
		{"no EfficientViT", "", Tensors(weights.Set{"conv1.weight": weights.New(64, 3, 7, 7)}, "resnet.pt"), []string{"resnet.pt", "not the weights of an EfficientViT"}},
		{"no head", "", Tensors(without("head.op_list.3.linear.weight"), "w.pt"), []string{"no head that is known"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(t.Context(), c.variant, c.source)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// TestIdentify: the weights of every variant tell which it is, but for resolutions and the
// built-in model, whose shapes are those of another.
func TestIdentify(t *testing.T) {
	for _, name := range efficientvit.VariantNames() {
		if strings.HasSuffix(name, "r256") || strings.HasSuffix(name, "r288") || strings.HasSuffix(name, "-scenes") {
			continue
		}
		net := describe(t, name)
		set := weights.Set{}
		for n, shape := range net.Params() {
			set[n] = &weights.Tensor{Shape: shape}
		}
		got, classes, err := efficientvit.Identify(set.Shapes())
		out := net.Output().Shape
		if err != nil || got.Name != name || classes != out[len(out)-1] {
			t.Errorf("%s is taken for %v with %d classes (%v)", name, got, classes, err)
		}
	}
}

func TestBuiltIn(t *testing.T) {
	m, err := Open(t.Context(), "", efficientvit.InputSize(128, 256))
	if err != nil {
		t.Fatal(err)
	}
	if m.Net.Name != "efficientvit-seg-b0-scenes" || m.Net.Output().Shape[2] != 19 {
		t.Errorf("the built-in model is %s with output %v", m.Net.Name, m.Net.Output().Shape)
	}
}

func TestPrepareErrors(t *testing.T) {
	dir := t.TempDir()
	empty, maps := filepath.Join(dir, "empty [v2]"), filepath.Join(dir, "maps")
	for _, folder := range []string{empty, maps} {
		for _, split := range []string{"train/.hidden", "train/a", "val/a"} {
			if err := os.MkdirAll(filepath.Join(folder, split), 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(empty, "train/a/.DS_Store"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(maps, "trainannot"), 0o777); err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(dir, "b0.safetensors")
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, weights.Synthetic(classifier(t).Params()), weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(checkpoint, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, model, data, want string }{
		{"pictures without a model", "", dir, "name one by TRIOVIT_MODEL"},
		{"model without pictures", "x.pt", "", "name their folder by TRIOVIT_DATA"},
		{"absent model", "x.pt", dir, "x.pt"},
		{"absent folder", checkpoint, filepath.Join(dir, "absent"), "no folder of pictures: stat"},
		{"a file", checkpoint, checkpoint, "b0.safetensors is a file"},
		{"not a folder of pictures", checkpoint, dir, "with a folder for each class"},
		{"no picture in any class", checkpoint, empty, "no pictures"},
		{"pictures for a segmentation", checkpoint, maps, "does not fit efficientvit-b0"},
	} {
		if _, err := Prepare(t.Context(), c.model, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestOpenTimm: a ".safetensors" file with timm's names is recognized, renamed
// and given timm's eps.
func TestOpenTimm(t *testing.T) {
	data, err := os.ReadFile("testdata/golden/timm_b1_names.json")
	if err != nil {
		t.Fatal(err)
	}
	var names map[string][]int
	if err := json.Unmarshal(data, &names); err != nil {
		t.Fatal(err)
	}
	set := weights.Synthetic(names)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, set, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := Open(t.Context(), path, efficientvit.InputSize(256, 256))
	if err != nil {
		t.Fatal(err)
	}
	if m.Net.Name != "efficientvit-b1-r256" {
		t.Errorf("taken for %s", m.Net.Name)
	}
	got := m.Weights["backbone.stages.2.op_list.1.context_module.main.qkv.conv.weight"]
	want := set["stages.2.blocks.1.context_module.main.qkv.conv.weight"]
	if got == nil || !slices.Equal(got.Data, want.Data) {
		t.Error("a tensor is not the one of timm's name")
	}
	for i := range m.Net.Ops {
		if op := &m.Net.Ops[i]; op.Kind == efficientvit.Divide && op.Eps != 1e-5 {
			t.Errorf("%s has an eps of %g, timm's is 1e-5", op.Name, op.Eps)
		}
	}
}
