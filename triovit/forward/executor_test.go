// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/weights"
	"pgregory.net/rapid"
)

// tiny returns a B0 for pictures of 32 pixels with synthetic weights.
func tiny(t testing.TB) *triovit.Model {
	t.Helper()
	net, err := triovit.Describe("b0-r224", triovit.InputSize(32, 32), triovit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	return &triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}
}

// TestPredictConcurrently: several goroutines get what one gets, and a picture
// in a batch what it gets alone.
func TestPredictConcurrently(t *testing.T) {
	exec, err := New(tiny(t))
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
	m := tiny(t)
	lacking := &triovit.Model{Net: m.Net, Weights: weights.Set{}}
	for _, c := range []struct {
		name  string
		model *triovit.Model
		hooks Hooks
		in    []float32
		want  string
	}{
		{"no picture", m, Hooks{}, nil, "no whole number of pictures"},
		{"half a picture", m, Hooks{}, make([]float32, 100), "no whole number of pictures of 32×32×3"},
		{"no weights", lacking, Hooks{}, make([]float32, 3*32*32), "no weights for backbone.input_stem.op_list.0.conv.weight"},
		{"a hook that panics", m, Hooks{Result: func(op *triovit.Op, _ *graph.Node) *graph.Node { panic("out of luck at " + op.Name) }},
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
