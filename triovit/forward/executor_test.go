// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
	"pgregory.net/rapid"
)

// tiny returns a B0 for pictures of 32 pixels with synthetic weights.
func tiny(t testing.TB) *triovit.Model {
	t.Helper()
	net, err := efficientvit.Describe("b0-r224", efficientvit.InputSize(32, 32), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	return &triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}
}

// folded returns a folded model.
func folded(t testing.TB, m *triovit.Model) *triovit.Folded {
	t.Helper()
	f, err := m.Fold()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPredictConcurrently: several goroutines get what one gets, and a picture
// in a batch what it gets alone.
func TestPredictConcurrently(t *testing.T) {
	exec, err := New(folded(t, tiny(t)))
	if err != nil {
		t.Fatal(err)
	}
	const n, size = 6, 3 * 32 * 32
	pictures := weights.SyntheticInput(n * size)
	alone := make([][]float32, n)
	for i := range alone {
		if alone[i], err = exec.Predict(pictures[i*size : (i+1)*size]); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 4 * n {
		wg.Go(func() {
			got, err := exec.Predict(pictures[i%n*size : (i%n+1)*size])
			if err != nil || !slices.Equal(got, alone[i%n]) {
				t.Errorf("picture %d at the same time as others: %v (%v), alone %v", i%n, got, err, alone[i%n])
			}
		})
	}
	wg.Wait()
	batch, err := exec.Predict(pictures)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range alone {
		compareLogits(t, "in a batch", batch[10*i:10*i+10], want, 1e-5)
	}
}

// TestFirstRunsTogether starts each of many executors in several goroutines at once:
// their first runs share weights that no run has taken before.
func TestFirstRunsTogether(t *testing.T) {
	model := tiny(t)
	in := weights.SyntheticInput(efficientvit.Size(model.Net.Input().Shape))
	build := func(in []*graph.Node, hooks Hooks) []*graph.Node {
		stem := &model.Net.Ops[1]
		return []*graph.Node{graph.Add(in[0], graph.ReduceAllSum(hooks.Param(stem, stem.Params[0])))}
	}
	alone, err := NewWithOutputs(model, build)
	if err != nil {
		t.Fatal(err)
	}
	want, err := alone.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	for round := range rounds {
		// A graph that takes no time to compile. On XLA every run takes all weights.
		r, err := NewWithOutputs(model, build)
		if err != nil {
			t.Fatal(err)
		}
		var together sync.WaitGroup
		begin := make(chan struct{})
		for range 8 {
			together.Go(func() {
				<-begin
				if got, err := r.Run(in); err != nil {
					t.Errorf("round %d: %.300s", round, err)
				} else if !slices.Equal(got[0], want[0]) {
					t.Errorf("round %d: other outputs than of a run alone", round)
				}
			})
		}
		close(begin)
		together.Wait()
	}
}

// TestLayoutRoundTrip: FromLayout undoes Layout, for every parameter of a
// network that has all kinds of them.
func TestLayoutRoundTrip(t *testing.T) {
	m := tiny(t)
	rapid.Check(t, func(t *rapid.T) {
		op := &m.Net.Ops[rapid.IntRange(0, len(m.Net.Ops)-1).Draw(t, "op")]
		for _, p := range op.Params {
			w := m.Weights[p.Name]
			if back := FromLayout(op, p, Layout(op, p, w)); !slices.Equal(back.Data, w.Data) || !slices.Equal(back.Shape, w.Shape) {
				t.Fatalf("%s is not the same after a round trip", p.Name)
			}
		}
	})
}

// TestErrorsAtTheBorder: what goes wrong while a graph is built or run is an
// error that names the network, never a panic.
func TestErrorsAtTheBorder(t *testing.T) {
	m := folded(t, tiny(t))
	lacking := m.Clone()
	clear(lacking.Weights)
	misshapen, grouped := m.Clone(), m.Clone()
	misshapen.Weights["head.op_list.3.linear.bias"] = weights.New(11)
	conv := &grouped.Net.Ops[1]
	conv.Groups, conv.Params[0].Shape = 2, []int{8, 2, 3, 3}
	grouped.Weights[conv.Params[0].Name] = weights.New(8, 2, 3, 3)
	for _, c := range []struct {
		name  string
		model *triovit.Folded
		hooks Hooks
		in    []float32
		want  string
	}{
		{"no picture", m, Hooks{}, nil, "no whole number of pictures"},
		{"half a picture", m, Hooks{}, make([]float32, 100), "no whole number of pictures of 32×32×3"},
		{"no weights", lacking, Hooks{}, make([]float32, 3*32*32), "no weights for backbone.input_stem.op_list.0.conv.weight"},
		{"misshapen weights", misshapen, Hooks{}, nil, "parameter head.op_list.3.linear.bias has shape [11], the network takes [10]"},
		{"a kernel in groups", grouped, Hooks{}, nil, "with kernel 3 and stride 2: only 1 and 1 are supported"},
		{"a hook that panics", m, Hooks{Result: func(op *efficientvit.Op, _ *graph.Node) *graph.Node { panic("out of luck at " + op.Name) }},
			make([]float32, 3*32*32), "out of luck at input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			exec, err := NewWithHooks(c.model, c.name, c.hooks)
			if err == nil {
				_, err = exec.Predict(c.in)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), m.Net.Name) {
				t.Fatalf("error %v, want %s and %q", err, m.Net.Name, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// changed returns a copy of a model in which one parameter has other values.
func changed(m *triovit.Folded, name string, edit func(values []float32)) *triovit.Folded {
	c := m.Clone()
	w := &weights.Tensor{Shape: m.Weights[name].Shape, Data: slices.Clone(m.Weights[name].Data)}
	edit(w.Data)
	c.Weights[name] = w
	return c
}

// TestOutputsAreFinite: weights that overflow in any layer give finite outputs or
// an error that names the first tensor of the network that is not finite, and the
// picture: what a tapped run of that picture finds.
func TestOutputsAreFinite(t *testing.T) {
	model := folded(t, tiny(t))
	const n, size = 3, 3 * 32 * 32
	pictures := weights.SyntheticInput(n * size)
	clear(pictures[:size]) // the first picture is black, and its products are zero
	var convolutions []efficientvit.Op
	for _, op := range model.Net.Ops {
		if op.Kind == efficientvit.Conv || op.Kind == efficientvit.Linear {
			convolutions = append(convolutions, op)
		}
	}
	if testing.Short() {
		convolutions = convolutions[:8]
	}
	refused := 0
	for _, op := range convolutions {
		huge := changed(model, op.Params[0].Name, func(w []float32) {
			for i := range w {
				w[i] = math.MaxFloat32
			}
		})
		exec, err := New(huge)
		if err != nil {
			t.Fatal(err)
		}
		logits, err := exec.Predict(pictures)
		if err == nil {
			if bad := triovit.NotFinite(model.Net.Output(), logits); bad != nil {
				t.Errorf("huge weights of %s: %v is returned without an error", op.Name, logits)
			}
			continue
		}
		refused++
		var got *triovit.NotFiniteError
		if !errors.As(err, &got) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), model.Net.Name+": picture ") {
			t.Fatalf("error %v, want a line with the network and the picture", err)
		}
		tapped, err := NewTapped(huge.Model, func(*efficientvit.Op) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		tensors, err := tapped.Run(pictures[got.Picture*size : (got.Picture+1)*size])
		if err != nil {
			t.Fatal(err)
		}
		for i, values := range tensors {
			if bad := triovit.NotFinite(&model.Net.Ops[i], values); bad != nil {
				if bad.Tensor != got.Tensor || bad.Channel != got.Channel {
					t.Errorf("huge weights of %s: %v, the first is %v", op.Name, got, bad)
				}
				break
			}
		}
		if op.Name == model.Net.Ops[1].Name && (got.Tensor != op.Name || got.Picture != 1) {
			t.Errorf("huge weights of %s: %v of picture %d, want picture 1", op.Name, got, got.Picture)
		}
	}
	if refused < len(convolutions)/2 {
		t.Errorf("only %d of %d layers of huge weights are refused", refused, len(convolutions))
	}
}

// TestWeightsThatAreNotFinite: no graph is made of them.
func TestWeightsThatAreNotFinite(t *testing.T) {
	const name = "backbone.stages.2.op_list.1.context_module.main.qkv.conv.weight"
	m := changed(folded(t, tiny(t)), name, func(w []float32) { w[5] = float32(math.Inf(-1)) })
	for what, make := range map[string]func() error{
		"New":            func() error { _, err := New(m); return err },
		"NewWithHooks":   func() error { _, err := NewWithHooks(m, "id", Hooks{}); return err },
		"NewTapped":      func() error { _, err := NewTapped(m.Model, func(*efficientvit.Op) bool { return true }); return err },
		"NewRunner":      func() error { _, err := NewRunner(m.Model, Hooks{}); return err },
		"NewWithOutputs": func() error { _, err := NewWithOutputs(m.Model, nil); return err },
	} {
		if err := make(); err == nil || !strings.Contains(err.Error(), m.Net.Name+": parameter "+name+" is not finite: value 5 of ") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

// TestIDsTellExecutorsApart: results are kept under an executor's id. What runs a
// graph of one's own has none, and is no predictor.
func TestIDsTellExecutorsApart(t *testing.T) {
	m := folded(t, tiny(t))
	float, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{float.ID(): "New"}
	for _, id := range []string{"float", "", "other"} {
		e, err := NewWithHooks(m, id, Hooks{Result: func(_ *efficientvit.Op, y *graph.Node) *graph.Node { return graph.Neg(y) }})
		if err != nil {
			t.Fatal(err)
		}
		if twin, twice := ids[e.ID()]; twice {
			t.Errorf("NewWithHooks of %q has the id of %s", id, twin)
		}
		ids[e.ID()] = id
	}
	tapped, err := NewTapped(m.Model, func(*efficientvit.Op) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if _, predicts := any(tapped).(triovit.Predictor); predicts {
		t.Error("a Runner is a Predictor: results of two graphs would be kept under one id")
	}
}

// TestChangesOfTheModelComeTooLate: what an executor is made of is what it runs and
// what its id names, for batches of every size, whichever was compiled first.
func TestChangesOfTheModelComeTooLate(t *testing.T) {
	const size = 3 * 32 * 32
	pictures := weights.SyntheticInput(2 * size)
	m := folded(t, tiny(t))
	exec, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := exec.Predict(pictures[:size])
	if err != nil {
		t.Fatal(err)
	}
	clear(m.Weights["head.op_list.3.linear.weight"].Data)
	m.Weights["head.op_list.2.linear.weight"] = weights.New(1)
	for i := range m.Net.Ops {
		m.Net.Ops[i].Eps = 1
	}
	got, err := exec.Predict(pictures)
	if err != nil {
		t.Fatal(err)
	}
	compareLogits(t, "in a batch compiled after the change", got[:10], want, 1e-5)
}

// TestIDFollowsTheModel: whatever is changed in a model between two executors, or in a
// network that an executor returns, an executor has another ID or the same logits, also
// of a number of pictures that it runs later.
func TestIDFollowsTheModel(t *testing.T) {
	m := folded(t, tiny(t))
	picture := weights.SyntheticInput(3 * 32 * 32)
	logits := func(e *Executor, n int) []float32 {
		t.Helper()
		y, err := e.Predict(slices.Repeat(picture, n))
		if err != nil {
			t.Fatal(err)
		}
		return y[:10]
	}
	same := func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) <= 1e-5*(1+math.Abs(float64(y))) })
	}
	first, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	want, before, ids := logits(first, 1), logits(first, 1), map[string]string{first.ID(): "nothing"}
	const bias = "head.op_list.3.linear.bias"
	ofKind := func(net *efficientvit.Network, kind efficientvit.Kind) *efficientvit.Op {
		return &net.Ops[slices.IndexFunc(net.Ops, func(op efficientvit.Op) bool { return op.Kind == kind })]
	}
	for i, c := range []struct {
		name string
		edit func()
	}{
		{"every weight", func() {
			for _, w := range m.Weights {
				for i := range w.Data {
					w.Data[i] *= 1.1
				}
			}
		}},
		{"one value", func() { m.Weights[bias].Data[0] += 1 }},
		{"another tensor", func() { m.Weights[bias] = weights.New(10) }},
		{"all weights", func() { m.Weights = changed(m, bias, func(w []float32) { w[0] = 3 }).Weights }},
		{"an eps", func() { ofKind(m.Net, efficientvit.LayerNorm).Eps = 1 }},
		{"an activation", func() { ofKind(m.Net, efficientvit.Hardswish).Kind = efficientvit.ReLU }},
		{"the network", func() { m.Net = m.Net.Clone(); ofKind(m.Net, efficientvit.Hardswish).Kind = efficientvit.ReLU }},
	} {
		c.edit()
		e, err := New(m)
		if err != nil {
			t.Fatal(err)
		}
		got := logits(e, 1)
		if same(got, before) {
			t.Errorf("%s: the logits stay, the test changes nothing", c.name)
		}
		if other, twice := ids[e.ID()]; twice {
			t.Errorf("%s is changed: the ID is that after the change of %s, the logits are others", c.name, other)
		}
		before, ids[e.ID()] = got, c.name
		ofKind(first.Network(), efficientvit.LayerNorm).Eps = 1
		if y := logits(first, i+2); !same(y, want) {
			t.Errorf("%s is changed: the first executor has the logits %v, before %v, and one ID", c.name, y, want)
		}
	}
}
