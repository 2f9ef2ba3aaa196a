// SPDX-License-Identifier: Apache-2.0

package integertest

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"
)

// An Executor prepares a model to run. It returns an error for a model that
// [integer.Model.Infer] refuses.
type Executor func(m *integer.Model) (Run, error)

// A Run computes the logits of one picture, as [integer.Model.Run] does, and returns an
// error for the pictures that Model.Run refuses. Several goroutines may call it at once.
// It shows each watch every tensor once. [Holding] is for an executor that does not hold
// all tensors.
type Run func(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error)

// Holding adapts an executor that holds only some tensors of a model, for example one
// that fuses operations. holds returns their names, the logits among them. The executor
// must show these tensors and no others. Its watches see the reference's tensors in place
// of the others.
func Holding(exec Executor, holds func(m *integer.Model) []string) Executor {
	return func(m *integer.Model) (Run, error) {
		run, err := exec(m)
		if err != nil {
			return nil, err
		}
		held := slices.Concat(holds(m), []string{m.Ops[len(m.Ops)-1].Name})
		return func(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error) {
			y, err := run(picture, watch...)
			if err != nil || len(watch) == 0 {
				return y, err
			}
			_, err = m.Run(picture, func(op *integer.Op, x integer.Value) {
				for _, w := range watch {
					if !slices.Contains(held, op.Name) {
						w(op, x)
					}
				}
			})
			return y, err
		}, nil
	}
}

// Reference is the reference executor.
func Reference(m *integer.Model) (Run, error) { return m.Run, m.Validate() }

// A Case is a further model for [Test], beside the models that it draws.
type Case struct {
	Name string
	// Open returns the model and the codes of pictures for it. It skips the test if the
	// model is not available.
	Open func(t *testing.T) (*integer.Model, iter.Seq[[]int32])
}

// Test runs an executor through the suite: models of every operation, whose shapes, grids
// and parameters rapid draws, models and pictures that the executor must refuse, and the
// cases. All integers of all tensors must equal the reference's.
func Test(t *testing.T, exec Executor, cases ...Case) {
	for _, d := range drawings {
		t.Run(d.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := drawn(t, d.name, d.draw)
				Equal(t, exec, n.model, n.pictures())
			})
		})
	}
	t.Run("refusals", func(t *testing.T) { refusals(t, exec) })
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			Equal(t, exec, m, pictures)
		})
	}
}

// drawn returns a model that one of the drawings draws.
func drawn(t *rapid.T, name string, draw func(n *drawing)) *drawing {
	seed := rapid.Uint64().Draw(t, "parameters")
	n := &drawing{T: t, rng: rand.New(rand.NewPCG(seed, 0)), model: &integer.Model{Name: name, Limits: integer.Limits{MultiplierBits: 32, AccumulatorBits: 32}}, made: map[string]integer.Tensor{}}
	draw(n)
	return n
}

// Equal compares an executor with the reference on one model: every tensor of the first
// picture, and the logits of all pictures. Several pictures run at once.
func Equal(t rapid.TB, exec Executor, m *integer.Model, pictures iter.Seq[[]int32]) {
	t.Helper()
	if err := equal(exec, m, pictures); err != nil {
		t.Fatal(err)
	}
}

func equal(exec Executor, m *integer.Model, pictures iter.Seq[[]int32]) error {
	run, err := exec(m)
	if err != nil {
		return err
	}
	var running errgroup.Group
	running.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	n := 0
	for picture := range pictures {
		at := n
		n++
		running.Go(func() error {
			if err := differs(m, run, picture, at == 0); err != nil {
				return fmt.Errorf("%s, picture %d: %w", m.Name, at, err)
			}
			return nil
		})
	}
	if err := running.Wait(); err != nil || n > 0 {
		return err
	}
	return fmt.Errorf("%s: there are no pictures", m.Name)
}

// differs returns the first difference between an executor's integers for a picture
// and the reference's.
func differs(m *integer.Model, run Run, picture []int32, tensors bool) error {
	made := map[string]integer.Value{}
	keep := func(op *integer.Op, y integer.Value) {
		if tensors {
			made[op.Name] = y
		}
	}
	want, err := m.Run(picture, keep)
	if err != nil {
		return fmt.Errorf("the reference: %w", err)
	}
	if tensors {
		var first error
		_, err := run(picture, func(op *integer.Op, y integer.Value) {
			x, ok := made[op.Name]
			delete(made, op.Name)
			switch {
			case first != nil:
			case !ok:
				first = fmt.Errorf("%q is no tensor of the model, or is shown twice", op.Name)
			default:
				first = unequal(op, y, x)
			}
		})
		if err != nil || first != nil {
			return cmp.Or(err, first)
		}
		for i := range m.Ops {
			if _, left := made[m.Ops[i].Name]; left {
				return fmt.Errorf("%q is not shown", m.Ops[i].Name)
			}
		}
	}
	got, err := run(picture)
	if err != nil {
		return err
	}
	return unequal(&m.Ops[len(m.Ops)-1], got, want)
}

// unequal returns the first difference between two values of a tensor.
func unequal(op *integer.Op, got, want integer.Value) error {
	if got.Shape != want.Shape || len(got.Data) != len(want.Data) {
		return fmt.Errorf("%T %q is %v with %d elements, the reference makes %v with %d", op.Operation, op.Name, got.Shape, len(got.Data), want.Shape, len(want.Data))
	}
	if slices.Equal(got.Data, want.Data) {
		return nil
	}
	n, at := 0, -1
	for i, v := range got.Data {
		if v != want.Data[i] {
			if n++; at < 0 {
				at = i
			}
		}
	}
	return fmt.Errorf("%T %q: %d of %d elements differ from the reference's; element %d is %d, the reference makes %d", op.Operation, op.Name, n, len(got.Data), at, got.Data[at], want.Data[at])
}

// refusals checks that an executor refuses a model whose accumulators do not fit, a
// picture of another size, and codes that the input's grid does not have.
func refusals(t *testing.T, exec Executor) {
	model := func(bias int32) *integer.Model {
		return &integer.Model{Name: "one filter", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 16}, Ops: []integer.Op{
			{Name: "input", Operation: &integer.Input{Shape: [3]int{1, 2, 1}, Grid: symmetric(8)}},
			{Name: "conv", Inputs: []string{"input"}, Operation: &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1}, Bias: []int32{bias}}},
		}}
	}
	if _, err := exec(model(1 << 16)); err == nil {
		t.Error("accumulators of 18 bits fit 16")
	}
	run, err := exec(model(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, picture := range [][]int32{nil, {1}, {1, 2, 3}, {128, 0}, {0, -129}} {
		if y, err := run(picture); err == nil {
			t.Errorf("a picture of codes %v for two of 8 bits has logits %v", picture, y.Data)
		}
	}
}
