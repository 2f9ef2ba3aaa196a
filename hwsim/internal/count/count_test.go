// SPDX-License-Identifier: Apache-2.0

package count

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestExactOrRefused: sums and products are exact, or are refused as soon as they pass
// the limit.
func TestExactOrRefused(t *testing.T) {
	checked := func(f func() int64) (n int64, err error) {
		defer Catch(&err)
		return f(), nil
	}
	rapid.Check(t, func(rt *rapid.T) {
		any := rapid.OneOf(rapid.Int64Range(1, 1<<20), rapid.Int64Range(1, Limit))
		a, b, c := any.Draw(rt, "a"), any.Draw(rt, "b"), any.Draw(rt, "c")
		product := new(big.Int).Mul(new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), big.NewInt(c))
		for what, of := range map[string]struct {
			want *big.Int
			got  func() int64
		}{
			"sum":     {new(big.Int).Add(big.NewInt(a), big.NewInt(b)), func() int64 { return Add(a, b) }},
			"product": {product, func() int64 { return Mul(a, b, c) }},
		} {
			got, err := checked(of.got)
			within := of.want.Cmp(big.NewInt(Limit)) <= 0
			if within && (err != nil || of.want.Cmp(big.NewInt(got)) != 0) || !within && !errors.Is(err, ErrOverflow) {
				rt.Errorf("%s of %d, %d and %d: %d, %v, want %v", what, a, b, c, got, err, of.want)
			}
		}
	})
}

// TestSharesAddUp: the shares of consecutive parts add up to the whole.
func TestSharesAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x, whole := rapid.Int64Range(0, Limit).Draw(rt, "x"), rapid.Int64Range(1, 100).Draw(rt, "whole")
		var sum int64
		for part := range whole {
			next := Share(x, part+1, whole) - Share(x, part, whole)
			if next < x/whole || next > x/whole+1 {
				rt.Errorf("part %d of %d of %d is %d", part, whole, x, next)
			}
			sum += next
		}
		if sum != x {
			rt.Errorf("shares of %d add up to %d", x, sum)
		}
	})
}
