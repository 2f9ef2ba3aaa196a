// SPDX-License-Identifier: Apache-2.0

package frozentest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/onnxruntime"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
	"github.com/gotriovit/gotriovit/triovit/integer/onnx"
	"github.com/gotriovit/gotriovit/triovit/segment"
	"google.golang.org/protobuf/proto"
)

// TestONNXOperations: ONNX Runtime makes the reference's integers of each operation of a
// network, from the reference's own operands. LayerNorm, the resize and the widest
// convolutions, whose sums are of float32 there, differ by what float32 rounds.
func TestONNXOperations(t *testing.T) {
	onnxruntime.Need(t)
	every := calib.TrioViTPlusInteger
	cases := []integertest.Case{
		prepared("built-in model", "", "", 1, 1),
		synthetic("LayerNorm and leading one", "b0-r224", every.With("leading one", func(r *calib.Recipe) { r.Divisors = calib.LeadingOne{IntegerBits: 8} }), oneSlice),
	}
	if !testing.Short() {
		cases = append(cases,
			synthetic("affine grids", "seg-b0-cityscapes", every.With("affine", func(r *calib.Recipe) { r.Activations = affineWhereAllowed{} }), oneSlice),
			synthetic("multipliers of 32 bits", "b0-r224", every, integer.Limits{MultiplierBits: 32, AccumulatorBits: 32}),
			synthetic("4-bit weights", "b0-r224", every.Bits(4, 8), oneSlice),
			synthetic("4-bit activations", "b0-r224", every.Bits(8, 4), oneSlice),
			prepared("B0 on Tiny ImageNet", "weights/efficientvit_b0_tiny_imagenet_r128.pt", "tiny-imagenet", 1, 1))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			operationsAgree(t, m, pictures)
		})
	}
}

// affineWhereAllowed chooses affine grids for what freezes with a zero point.
type affineWhereAllowed struct{}

func (affineWhereAllowed) String() string { return "affine where integers allow it" }

func (affineWhereAllowed) Choose(stats *calib.TensorStats, p efficientvit.Point) (calib.Quantizer, error) {
	symmetric := slices.Contains([]efficientvit.PointClass{efficientvit.PreActivation, efficientvit.AttentionOperand, efficientvit.NormInput}, p.Class) ||
		slices.Contains([]efficientvit.Role{efficientvit.Attention, efficientvit.QKV, efficientvit.AggPW}, stats.Role)
	return calib.MinMax{Affine: !symmetric}.Choose(stats, p)
}

// operationsAgree runs each operation on the operands that the first picture gives it.
func operationsAgree(t *testing.T, m *integer.Model, pictures iter.Seq[[]int32]) {
	next, stop := iter.Pull(pictures)
	defer stop()
	codes, _ := next()
	made := map[string]integer.Value{}
	if _, err := m.Run(codes, func(op *integer.Op, y integer.Value) { made[op.Name] = y }); err != nil {
		t.Fatal(err)
	}
	var jobs []onnxruntime.Job
	for i := range m.Ops[1:] {
		cut, err := m.Cut(i+1, i+2)
		if err != nil {
			t.Fatal(err)
		}
		data, err := proto.Marshal(onnx.NewCut(cut))
		if err != nil {
			t.Fatal(err)
		}
		job := onnxruntime.Job{Model: data}
		for _, name := range cut.Inputs {
			shape := cut.Tensor(name).Shape
			x := onnxruntime.Array{Name: name, Shape: append([]int{1}, shape[:]...), Data: made[name].Data}
			job.Inputs = append(job.Inputs, x)
		}
		jobs = append(jobs, job)
	}
	type counts struct{ elements, differ int }
	kinds := map[string]counts{}
	for i, outputs := range onnxruntime.Run(t, jobs...) {
		op := &m.Ops[i+1]
		want := made[op.Name].Data
		got, kind := outputs[0].Integers(), integer.Kind(op.Operation)
		if len(got) != len(want) {
			t.Fatalf("%s %q has %d elements, want %d", kind, op.Name, len(got), len(want))
		}
		largest := 0.0
		for _, q := range want {
			largest = max(largest, math.Abs(float64(q)))
		}
		allowed := map[string]float64{"Conv": 1, "LayerNorm": 1 + largest/(1<<15), "Upsample": 1 + largest/(1<<22)}[kind]
		n := kinds[kind]
		for j, q := range want {
			if off := math.Abs(float64(got[j]) - float64(q)); off > allowed {
				t.Fatalf("%s %q: element %d is %d, the reference makes %d", kind, op.Name, j, got[j], q)
			} else if off > 0 {
				n.differ++
			}
			n.elements++
		}
		kinds[kind] = n
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%-10s %8d elements, %6d differ", kind, kinds[kind].elements, kinds[kind].differ)
	}
}

// TestONNX: ONNX Runtime gives the pictures the classes that the integers give: 99 % of
// the pixels or of the pictures, and a score within 0.1 points.
func TestONNX(t *testing.T) {
	onnxruntime.Need(t)
	for _, c := range []struct {
		name, checkpoint, folder string
		calibration              int
		every, pictures          int // every n-th evaluation picture, and so many of them
		long                     bool
	}{
		{"built-in model", "", "", 4, 10, 2, false},
		{"Seg-B0 on CamVid", "weights/efficientvit_seg_b0_cityscapes.pt", "camvid", 4, 5, 20, true},
		{"B0 on Tiny ImageNet", "weights/efficientvit_b0_tiny_imagenet_r128.pt", "tiny-imagenet", 100, 4, 500, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.long && testing.Short() {
				t.Skip("runs hundreds of pictures: run without -short")
			}
			setup, calibration := open(t, c.checkpoint, c.folder, c.calibration)
			data, err := dataset.Every(setup.Evaluation, c.every)
			if err != nil {
				t.Fatal(err)
			}
			if data, err = dataset.Head(data, c.pictures); err != nil {
				t.Fatal(err)
			}
			m, _ := frozen(t, setup.Folded, calibration, calib.TrioViTPlusInteger, oneSlice, data, 1)
			f, err := triovit.NewFrozen(m, c.name, nil)
			if err != nil {
				t.Fatal(err)
			}
			agreement, other := onnxLogits(t, f, data)
			t.Logf("%.4f of the places have the same class", agreement)
			if agreement < 0.99 {
				t.Error("0.99 is allowed")
			}
			var scores []float64
			for _, p := range []triovit.Predictor{f, other} {
				r, err := triovit.Evaluate(t.Context(), p, data, triovit.NoCache())
				if err != nil {
					t.Fatal(err)
				}
				scores = append(scores, 100*(r.MIoU.Value+r.Top1.Value))
			}
			t.Logf("integers %.3f, ONNX Runtime %.3f", scores[0], scores[1])
			if off := math.Abs(scores[1] - scores[0]); c.folder == "camvid" && off > 0.1 {
				t.Errorf("mIoU is %.3f points off", off)
			}
		})
	}
}

// recorded predicts the logits that were computed before.
type recorded struct {
	*triovit.Frozen
	logits map[[sha256.Size]byte][]float32 // the logits, by the normalized picture
}

func (r *recorded) ID() string { return "recorded" }

func (r *recorded) Predict(pictures []float32) ([]float32, error) {
	n := efficientvit.Size(r.Network().Input().Shape)
	var all []float32
	for ; len(pictures) > 0; pictures = pictures[n:] {
		all = append(all, r.logits[pictureKey(pictures[:n])]...)
	}
	return all, nil
}

func pictureKey(picture []float32) [sha256.Size]byte {
	data, _ := binary.Append(nil, binary.LittleEndian, picture) // numbers of fixed size cannot fail
	return sha256.Sum256(data)
}

// onnxLogits runs pictures in ONNX Runtime, and returns what part of their pixels, or of
// the pictures of a classifier, has the class that the integers give it.
func onnxLogits(t *testing.T, f *triovit.Frozen, data dataset.Dataset) (agreement float64, r *recorded) {
	t.Helper()
	var file bytes.Buffer
	if err := onnx.Write(&file, f.Model); err != nil {
		t.Fatal(err)
	}
	in, out := f.Network().Input().Shape, f.Network().Output().Shape
	r = &recorded{f, map[[sha256.Size]byte][]float32{}}
	var pictures [][]float32
	var planes []float32
	var items []*dataset.Item
	for i := range data.Len() {
		picture, item, err := triovit.LoadBatch(t.Context(), f.Network(), data, i, 1)
		if err != nil {
			t.Fatal(err)
		}
		pictures, items = append(pictures, picture), append(items, item[0])
		planes = append(planes, transposed(picture, in[0]*in[1], in[2])...)
	}
	x := onnxruntime.Array{Name: onnx.Picture, Shape: []int{data.Len(), in[2], in[0], in[1]}, Data: planes}
	logits := onnxruntime.Run(t, onnxruntime.Job{Model: file.Bytes(), Inputs: []onnxruntime.Array{x}})[0][0].Floats()
	n, classes := efficientvit.Size(out), out[len(out)-1]
	same, all := 0, 0
	for i, picture := range pictures {
		got := transposed(logits[i*n:][:n], classes, n/classes)
		r.logits[pictureKey(picture)] = got
		want, err := f.Predict(picture)
		if err != nil {
			t.Fatal(err)
		}
		a, b := classesOf(got, out, items[i]), classesOf(want, out, items[i])
		for j := range a {
			all++
			if a[j] == b[j] {
				same++
			}
		}
	}
	return float64(same) / float64(all), r
}

// classesOf returns the class of each pixel of a picture, or the one of all of it.
func classesOf(logits []float32, shape []int, picture *dataset.Item) []uint8 {
	if len(shape) == 3 {
		return segment.Bilinear(logits, shape, picture.Width, picture.Height)
	}
	return []uint8{uint8(slices.Index(logits, slices.Max(logits)))}
}

// transposed returns [columns, rows] of [rows, columns].
func transposed(x []float32, rows, columns int) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i%columns*rows+i/columns] = v
	}
	return y
}
