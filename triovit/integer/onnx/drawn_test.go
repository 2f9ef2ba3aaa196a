// SPDX-License-Identifier: Apache-2.0

package onnx_test

import (
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/gotriovit/gotriovit/internal/onnxruntime"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
	"github.com/gotriovit/gotriovit/triovit/integer/onnx"
	"google.golang.org/protobuf/proto"
)

// A drawn is a model that the conformance suite draws, and a picture for it.
type drawn struct {
	model   *integer.Model
	picture []int32
}

// draw returns some models from each of the suite's drawings. Together they have every
// operation, with many shapes, grids and parameters.
func draw(t *testing.T, each int) (all []drawn) {
	t.Helper()
	var taking sync.Mutex
	taken := map[string]int{}
	integertest.Test(t, func(m *integer.Model) (integertest.Run, error) {
		run, err := integertest.Reference(m)
		return func(picture []int32, watch ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			// The first picture has only the lowest codes. No other picture is watched.
			y, err := run(picture, watch...)
			taking.Lock()
			defer taking.Unlock()
			if err == nil && len(watch) == 0 && slices.Min(picture) < slices.Max(picture) && taken[m.Name] < each {
				taken[m.Name]++
				all = append(all, drawn{m, picture})
			}
			return y, err
		}, err
	})
	return all
}

// holds says whether float and double can hold the sums of a model's operations.
func holds(t *testing.T, m *integer.Model) bool {
	t.Helper()
	tensors, err := m.Infer()
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range tensors {
		most := 54
		switch m.Ops[i].Operation.(type) {
		case *integer.Upsample, *integer.LayerNorm:
			return false
		case *integer.Conv, *integer.MatMul, *integer.SumTokens, *integer.Pool:
			most = 25
		}
		if y.Sum.Bits() > most {
			return false
		}
	}
	return true
}

// TestDrawnModels: ONNX Runtime computes the reference's integers of drawn models whose
// sums float and double can hold. Of the others, the models that amplify no difference
// are off by the rounding of float.
func TestDrawnModels(t *testing.T) {
	onnxruntime.Need(t)
	each := 30
	if testing.Short() {
		each = 10
	}
	all := draw(t, each)
	var jobs []onnxruntime.Job
	for _, d := range all {
		c, err := d.model.Cut(0, len(d.model.Ops))
		if err != nil {
			t.Fatal(err)
		}
		data, err := proto.Marshal(onnx.NewCut(c))
		if err != nil {
			t.Fatal(err)
		}
		shape := d.model.Input().Shape
		x := onnxruntime.Array{Name: c.Inputs[0], Shape: append([]int{1}, shape[:]...), Data: d.picture}
		jobs = append(jobs, onnxruntime.Job{Model: data, Inputs: []onnxruntime.Array{x}})
	}
	checked := map[string]int{}
	for i, outputs := range onnxruntime.Run(t, jobs...) {
		m := all[i].model
		exact := holds(t, m)
		if !exact && !slices.Contains([]string{"Upsample", "LayerNorm", "Conv with wide sums"}, m.Name) {
			continue
		}
		want, err := m.Run(all[i].picture)
		if err != nil {
			t.Fatal(err)
		}
		checked[m.Name]++
		largest, off := 0.0, 0.0
		for j, q := range outputs[0].Integers() {
			largest, off = max(largest, math.Abs(float64(want.Data[j]))), max(off, math.Abs(float64(q)-float64(want.Data[j])))
		}
		if exact && off > 0 || off > 1+largest/(1<<15) {
			t.Errorf("%s: an integer is off by %g, where the largest is %g", m.Name, off, largest)
		}
	}
	t.Logf("checked %v of %d", checked, len(all))
}
