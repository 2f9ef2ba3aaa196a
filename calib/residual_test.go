// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"math/bits"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// TestResidualGrids: steps are the least powers of two that clamp nothing that was seen,
// a convolution that reads the same tensor has its own grid of 8 bits, and InFloat
// reaches the residual sums' operands too.
func TestResidualGrids(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, TrioViTPlusInteger)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := range q.Model.Net.Ops {
		op := &q.Model.Net.Ops[i]
		if !identity(op, 0) {
			continue
		}
		found++
		tensor := op.Inputs[0]
		wide, narrow := q.quantizers[tensor+residualSuffix].(grid.Uniform), q.quantizers[tensor]
		if fraction, _ := math.Frexp(float64(wide.Scale)); fraction != 0.5 || wide.Lo != -1<<15 || wide.Hi != 1<<15-1 || wide.Zero != 0 {
			t.Errorf("%s has %s", op.Name, wide)
		}
		stats, err := profile.Tensor(tensor)
		if err != nil {
			t.Fatal(err)
		}
		lo, hi, err := stats.bounds()
		if err != nil {
			t.Fatal(err)
		}
		if reach := float64(wide.Scale) * float64(wide.Hi); max(-lo, hi) > reach || max(-lo, hi) <= reach/2 {
			t.Errorf("%s reaches to %g, %g to %g was seen", op.Name, reach, lo, hi)
		}
		if u, ok := narrow.(grid.Uniform); ok && u.Hi-u.Lo > 255 {
			t.Errorf("convolutions read %s on %s", tensor, u)
		}
	}
	if found == 0 {
		t.Fatal("no residual sum")
	}
	float, err := Quantize(model, profile, TrioViTPlusInteger.By(InFloat{}))
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range float.quantizers {
		if _, log2 := q.(grid.Log2); !log2 && q != (unrounded{}) {
			t.Errorf("%s is on %s where all tensors are left in float", name, q)
		}
	}
}

// TestResidualSums: from one residual grid to the next a value is only shifted, and no
// sum of a frozen model exceeds those of a DSP slice.
func TestResidualSums(t *testing.T) {
	q, m := smallFrozen(t, "seg-b0-cityscapes")
	tensors, err := m.Infer()
	if err != nil {
		t.Fatal(err)
	}
	shifted := 0
	for i, op := range m.Ops {
		add, ok := op.Operation.(*integer.Add)
		if !ok {
			continue
		}
		if n := tensors[i].Sum.Bits(); n > integer.SumPort {
			t.Errorf("%s sums in %d bits", op.Name, n)
		}
		if _, wide := q.quantizers[op.Name+residualSuffix]; wide && strings.HasSuffix(op.Inputs[0], residualSuffix) {
			shifted++
			if bits.OnesCount32(uint32(add.Left)) != 1 {
				t.Errorf("%s multiplies the block's input by %d", op.Name, add.Left)
			}
		}
	}
	if shifted == 0 {
		t.Error("no sum behind another one")
	}
	model, profile := small(t)
	for _, width := range []int{1, 17, -1} {
		if _, err := Quantize(model, profile, TrioViTPlusInteger.With("x", func(r *Recipe) { r.ResidualBits = width })); err == nil || !strings.Contains(err.Error(), "residuals of") {
			t.Errorf("residuals of %d bits: %v", width, err)
		}
	}
}
