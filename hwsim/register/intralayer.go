// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// An Attention holds the auxiliary units behind the accumulators of an attention
// (INTEGER.md, Attention).
type Attention struct {
	// KTV and SumK requantize KᵀV and ΣK to operands.
	KTV, SumK Units
	// Divisor ends with the log2 module, which gives the divisors Q·ΣK their codes; the
	// leading-one recipe requantizes them first.
	Divisor Units
	// Dividend requantizes the dividends Q·KᵀV. Where it is empty the shifter takes them
	// at full width.
	Dividend Units
	// Divide is the shifter.
	Divide integer.Divide
}

// IntraLayer runs the attention of the codes q, k and v [Tokens, Heads, Dim] as the
// intra-layer pipeline (Section V): R-MAC makes KᵀV of one head after the other.
// Meanwhile MAT makes for every head whose KᵀV is complete first the divisors
// Q·ΣK, tokens across the lanes, then the dividends Q·KᵀV, and R-MAC joins after
// the last KᵀV. The divisor buffer holds the codes of one head. It returns the
// codes of the quotients [Tokens, Heads, Dim].
func IntraLayer(c arch.Config, q, k, v integer.Value, a Attention, watch ...Watch) (integer.Value, Trace, error) {
	fail := func(err error) (integer.Value, Trace, error) {
		return integer.Value{}, Trace{}, fmt.Errorf("register: intra-layer pipeline: %w", err)
	}
	y, err := a.infer(q, k, v)
	if err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}

	tokens, heads, d, e := q.Shape[0], q.Shape[1], q.Shape[2], v.Shape[2]
	ktv, out := zeros([3]int{heads, d, e}), zeros(y.Shape)
	codes := make([]int32, tokens) // the codes in the divisor buffer
	producers := products(&integer.MatMul{OverTokens: true}, k, v, ktv, 0, heads, len(m.rmac))
	var consumers []*layer
	for h, made := range producers {
		queries := matrix(q.Data[h*d:], tokens, d, heads*d, 1)
		sumK, columns := make([]int32, d), make([]int32, e*d)
		divisor := multiply(sumK, queries, d, m.lanes(),
			func(_, token int, sum int32) { codes[token] = a.Divisor.of(0, sum) })
		dividend := multiply(queries, columns, d, m.lanes(), func(token, j int, sum int32) {
			out.Data[(token*heads+h)*e+j] = a.Divide.Of(a.Dividend.of(j, sum), codes[token])
		})
		ready := false
		made.complete = func() {
			for i := range d {
				var sum int32
				for t := range tokens {
					sum += k.Data[(t*heads+h)*d+i]
				}
				sumK[i] = a.SumK.of(0, sum)
				for j := range e {
					columns[j*d+i] = a.KTV.of(j, ktv.Data[(h*d+i)*e+j])
				}
			}
			ready = true
		}
		arrived := func(int) bool { return ready }
		divisor.arrived, dividend.arrived = arrived, arrived
		consumers = append(consumers, divisor, dividend)
	}
	m.ahead(m.onRMAC(producers...), consumers...)
	return out, m.trace, nil
}

// infer returns the description of the attention's result for q, k and v.
func (a *Attention) infer(q, k, v integer.Value) (integer.Tensor, error) {
	in, err := operands(named{"q", q}, named{"k", k}, named{"v", v})
	if err != nil {
		return integer.Tensor{}, err
	}
	// step is an operation and the units behind it.
	step := func(name string, op integer.Operation, units func(integer.Tensor) (integer.Tensor, error), in ...integer.Tensor) integer.Tensor {
		if err != nil {
			return integer.Tensor{}
		}
		var t integer.Tensor
		if t, err = infer(op, in...); err == nil {
			t, err = units(t)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return t
	}
	ktv := step("KᵀV", &integer.MatMul{OverTokens: true}, a.KTV.factors, in[1], in[2])
	sumK := step("ΣK", &integer.SumTokens{}, a.SumK.factors, in[1])
	dividend := step("dividends", &integer.MatMul{}, a.Dividend.infer, in[0], ktv)
	divisor := step("divisors", &integer.MatMul{}, a.Divisor.infer, in[0], sumK)
	y := step("quotients", &a.Divide, Units(nil).infer, dividend, divisor)
	return y, err
}
