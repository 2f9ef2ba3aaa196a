// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"math/bits"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// IntraLayer runs the attention of q, k and v [Heads, Tokens, Dim], of which q
// and k come out of a ReLU, as the intra-layer pipeline (Section V): R-MAC makes
// S = KᵀV of one head after the other. Meanwhile MAT makes for every head whose S
// is complete first the divisors Q·ΣK, tokens across the lanes, then the
// dividends Q·S, and R-MAC joins after the last S. S and ΣK become operands of 8
// bits, divided by 2^shiftS and 2^shiftSum. The log2 module rounds a divisor
// down to a power of two, its leading one, and the shifter divides by it, rounded
// half to even; a divisor of 0 divides by 1. The divisor buffer holds one head.
// The result is [Heads, Tokens, Dim].
func IntraLayer(c arch.Config, q, k, v Matrices[int8], shiftS, shiftSum int, watch ...Watch) (Matrices[int32], Trace, error) {
	fail := func(err error) (Matrices[int32], Trace, error) {
		return Matrices[int32]{}, Trace{}, fmt.Errorf("register: intra-layer pipeline: %w", err)
	}
	if err := checkAttention(q, k, v); err != nil {
		return fail(err)
	}
	toS, toSum := Requantization{Shift: shiftS}, Requantization{Shift: shiftSum}
	for _, r := range []Requantization{toS, toSum} {
		if err := r.check(q.Cols); err != nil {
			return fail(err)
		}
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}

	tokens, dim := q.Rows, q.Cols
	s := NewMatrices[int32](q.Heads, dim, dim)
	y := NewMatrices[int32](q.Heads, tokens, dim)
	buffer := make([]int, tokens) // the divisor buffer: powers of two of one head
	producers := products(k.Transpose(), v, s, 0, q.Heads, len(m.rmac))
	var consumers []*layer
	for h, made := range producers {
		sumK := NewMap[int8](1, 1, dim)
		divisor := newLayer(sumK, Filters{Cout: tokens, Kernel: 1, Cin: dim, Data: q.head(h)}, 1, m.lanes(),
			func(_, token int, sum int32) { buffer[token] = leadingOne(sum) })
		dividend := newLayer(Map[int8]{H: 1, W: tokens, C: dim, Data: q.head(h)}, NewFilters(dim, 1, dim), 1, m.lanes(),
			func(token, j int, sum int32) {
				y.head(h)[token*dim+j] = int32(shiftRight(int64(sum), buffer[token]))
			})
		ready := false
		made.complete = func() {
			for i := range dim {
				var sum int32
				for t := range tokens {
					sum += int32(k.head(h)[t*dim+i])
				}
				sumK.Data[i] = toSum.apply(i, sum)
				for j := range dim {
					dividend.w.Data[j*dim+i] = toS.apply(j, s.head(h)[i*dim+j])
				}
			}
			ready = true
		}
		arrived := func(int) bool { return ready }
		divisor.arrived, dividend.arrived = arrived, arrived
		consumers = append(consumers, divisor, dividend)
	}
	m.ahead(m.onRMAC(producers...), consumers...)
	return y, m.trace, nil
}

// leadingOne is the log2 module: the place of the highest bit of a divisor.
func leadingOne(divisor int32) int { return max(0, bits.Len32(uint32(divisor))-1) }

func checkAttention(q, k, v Matrices[int8]) error {
	if err := q.check("q"); err != nil {
		return err
	}
	for _, m := range []struct {
		name string
		Matrices[int8]
	}{{"k", k}, {"v", v}} {
		if err := m.check(m.name); err != nil {
			return err
		}
		if m.Heads != q.Heads || m.Rows != q.Rows || m.Cols != q.Cols {
			return fmt.Errorf("%s [%d, %d, %d]: q is [%d, %d, %d], and all three must be equal", m.name, m.Heads, m.Rows, m.Cols, q.Heads, q.Rows, q.Cols)
		}
	}
	for i := range q.Data {
		if q.Data[i] < 0 || k.Data[i] < 0 {
			return fmt.Errorf("q %d, k %d at element %d: neither is negative behind a ReLU", q.Data[i], k.Data[i], i)
		}
	}
	if err := checkProducts(max(q.Rows, q.Cols)); err != nil {
		return err
	}
	_, err := elements("S", "[Heads, Dim, Dim]", q.Heads, q.Cols, q.Cols)
	return err
}
