// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// Shifting is filter-wise shifting (paper Section III-C) of the inputs of
// pointwise convolutions: a constant c_i is subtracted from channel i, so that
// its range becomes symmetric, and Σ_i c_i·w_ij is added to the bias of filter
// j (Eq. 10). [Quantize] corrects that sum for the quantized weights.
type Shifting struct {
	Where Selection
	// AsPrinted takes c_i = (max A_i − min A_i)/2, as Eq. 9 is printed; by
	// default c_i = (max A_i + min A_i)/2, the middle of the range, as in the
	// released code.
	AsPrinted bool
}

// String names the transform.
func (t Shifting) String() string {
	middle := "(max + min)/2"
	if t.AsPrinted {
		middle = "(max - min)/2, as Eq. 9 is printed"
	}
	return fmt.Sprintf("filter-wise shifting of %s by %s", t.Where, middle)
}

// Apply inserts a Shift by c_i before every picked convolution and adds to its bias. A
// convolution with padding is an error: its border would be zeros among shifted values.
func (t Shifting) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	m, p = edit(m, p)
	ops, err := picked(m, t.Where, only)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("shifting: %w", err)
	}
	var changes []Change
	for _, name := range ops {
		op := m.Net.Op(name)
		if op.Kernel != 1 || op.Groups != 1 {
			return nil, nil, nil, fmt.Errorf("shifting: %s %q is no pointwise convolution", op.Role, op.Name)
		}
		in, err := p.Tensor(op.Inputs[0])
		if err != nil {
			return nil, nil, nil, fmt.Errorf("shifting: %w", err)
		}
		c := make([]float32, len(in.Min))
		for i := range c {
			c[i] = (in.Max[i] + in.Min[i]) / 2
			if t.AsPrinted {
				c[i] = (in.Max[i] - in.Min[i]) / 2
			}
		}
		w := m.Weights[op.Params[0].Name]
		bias := weights.New(w.Shape[0])
		if op.HasBias() {
			copy(bias.Data, m.Weights[op.Params[1].Name].Data)
		} else {
			op.Params = append(op.Params, efficientvit.Param{Name: name + ".bias", Shape: bias.Shape})
		}
		addShifted(bias, w, c)
		m.Weights[op.Params[1].Name] = bias
		if err := insert(m, p, op, efficientvit.Shift, efficientvit.Recenter, "shifting", c); err != nil {
			return nil, nil, nil, fmt.Errorf("shifting: %w", err)
		}
		changes = append(changes, Change{name, fmt.Sprintf("filter-wise shifting, offsets %.3g to %.3g", slices.Min(c), slices.Max(c))})
	}
	return m, p, changes, m.Net.Validate()
}

// addShifted adds Σ_i c_i·w_ij to the bias of every filter j.
func addShifted(bias, w *weights.Tensor, c []float32) {
	for j := range bias.Data {
		sum := float64(bias.Data[j])
		for i, ci := range c {
			sum += float64(ci) * float64(w.Data[j*len(c)+i])
		}
		bias.Data[j] = float32(sum)
	}
}
