// SPDX-License-Identifier: Apache-2.0

package integertest

import (
	"errors"
	"math/big"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// exact is an executor with numbers of any size. It computes each element of the result
// from its definition in INTEGER.md, with divisions in place of shifts, and adds in the
// order of the definition. It shares only the parameters with the reference.
func exact(m *integer.Model) (Run, error) {
	tensors, err := m.Infer()
	if err != nil {
		return nil, err
	}
	return func(picture []int32, watch ...func(*integer.Op, integer.Value)) (integer.Value, error) {
		made := map[string]integer.Value{}
		var y integer.Value
		for i := range m.Ops {
			op := &m.Ops[i]
			shape := tensors[i].Shape
			y = integer.Value{Shape: shape, Data: make([]int32, shape[0]*shape[1]*shape[2])}
			var in []integer.Value
			for _, name := range op.Inputs {
				in = append(in, made[name])
			}
			at := 0
			for a := range shape[0] {
				for b := range shape[1] {
					for c := range shape[2] {
						var v *big.Int
						if input, ok := op.Operation.(*integer.Input); ok {
							if len(picture) != len(y.Data) || int(picture[at]) < input.Grid.Lo || int(picture[at]) > input.Grid.Hi {
								return integer.Value{}, errors.New("not a picture of the input's")
							}
							v = num(picture[at])
						} else {
							v = element(op.Operation, in, shape, a, b, c)
						}
						if !v.IsInt64() || v.Int64() != int64(int32(v.Int64())) {
							return integer.Value{}, errors.New(op.Name + ": more than 32 bits: " + v.String())
						}
						y.Data[at] = int32(v.Int64())
						at++
					}
				}
			}
			made[op.Name] = y
			for _, w := range watch {
				w(op, y)
			}
		}
		return y, nil
	}, nil
}

func num[T int | int8 | int32 | int64](v T) *big.Int { return big.NewInt(int64(v)) }

func plus(x ...*big.Int) *big.Int {
	sum := new(big.Int)
	for _, v := range x {
		sum.Add(sum, v)
	}
	return sum
}

func times(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }

func power(n int) *big.Int { return new(big.Int).Lsh(num(1), uint(n)) }

// floor returns ⌊x/y⌋ for a positive y.
func floor(x, y *big.Int) *big.Int { return new(big.Int).Div(x, y) }

// nearest returns the integer that is nearest to x/2^n, halves upwards.
func nearest(x *big.Int, n int) *big.Int {
	return floor(plus(times(num(2), x), power(n)), power(n+1))
}

func within(x *big.Int, codes integer.Interval) *big.Int {
	if lo := num(codes.Lo); x.Cmp(lo) < 0 {
		return lo
	}
	if hi := num(codes.Hi); x.Cmp(hi) > 0 {
		return hi
	}
	return x
}

func at(x integer.Value, a, b, c int) *big.Int {
	return num(x.Data[(a*x.Shape[1]+b)*x.Shape[2]+c])
}

// of returns the element of a list for a channel: its only element if it has one, 0 if it
// has none.
func of(list []int32, channel int) *big.Int {
	if len(list) == 0 {
		return new(big.Int)
	}
	return num(list[channel%len(list)])
}

// element returns one element of the result of an operation.
func element(operation integer.Operation, in []integer.Value, shape [3]int, a, b, c int) *big.Int {
	x := in[0]
	switch op := operation.(type) {
	case *integer.Requantize:
		f := op.Affine[c%len(op.Affine)]
		return within(nearest(plus(times(at(x, a, b, c), num(f.Mantissa)), num(f.Addend)), int(f.Shift)), op.Codes)
	case *integer.Conv:
		sum := num(op.Bias[c])
		group := x.Shape[2] / op.Groups
		first := c / (shape[2] / op.Groups) * group
		for i := range group {
			for ky := range op.Kernel {
				for kx := range op.Kernel {
					row, column := a*op.Stride+ky-op.Kernel/2, b*op.Stride+kx-op.Kernel/2
					code := of(op.Pad, first+i)
					if row >= 0 && row < x.Shape[0] && column >= 0 && column < x.Shape[1] {
						code = at(x, row, column, first+i)
					}
					sum = plus(sum, times(code, num(op.Weights[((c*group+i)*op.Kernel+ky)*op.Kernel+kx])))
				}
			}
		}
		return sum
	case *integer.Hardswish:
		v := at(x, a, b, c)
		gate := within(plus(v, num(op.Three)), integer.Interval{Hi: int64(op.Six)})
		return floor(times(v, gate), power(int(op.Drop)))
	case *integer.Add:
		sum := plus(times(at(x, a, b, c), num(op.Left)), times(at(in[1], a, b, c), num(op.Right)), num(op.Addend))
		return within(nearest(sum, int(op.Shift)), op.Codes)
	case *integer.Concat:
		for _, x := range in {
			if c < x.Shape[2] {
				return at(x, a, b, c)
			}
			c -= x.Shape[2]
		}
	case *integer.Pool:
		sum := new(big.Int)
		for row := range x.Shape[0] {
			for column := range x.Shape[1] {
				sum = plus(sum, at(x, row, column, c))
			}
		}
		return sum
	case *integer.Upsample:
		return resized(op, x, a, b, c)
	case *integer.LayerNorm:
		return normalized(op, x, a, b, c)
	case *integer.Heads:
		return at(x, a/x.Shape[1], a%x.Shape[1], (b*3+op.Part)*op.Dim+c)
	case *integer.MergeHeads:
		return at(x, a*op.W+b, c/x.Shape[2], c%x.Shape[2])
	case *integer.ReLU:
		if v := at(x, a, b, c); v.Sign() > 0 {
			return v
		}
		return new(big.Int)
	case *integer.MatMul:
		sum := new(big.Int)
		if op.OverTokens {
			for t := range x.Shape[0] {
				sum = plus(sum, times(at(x, t, a, b), at(in[1], t, a, c)))
			}
			return sum
		}
		for i := range x.Shape[2] {
			sum = plus(sum, times(at(x, a, b, i), at(in[1], b, i, c)))
		}
		return sum
	case *integer.SumTokens:
		sum := new(big.Int)
		for t := range x.Shape[0] {
			sum = plus(sum, at(x, t, a, b))
		}
		return sum
	case *integer.Log2:
		code := 0
		for code < len(op.Thresholds) && at(x, a, b, c).Cmp(num(op.Thresholds[code])) >= 0 {
			code++
		}
		return num(code)
	case *integer.Divide:
		shift := int(op.Shift) + int(at(in[1], a, b, 0).Int64())
		return within(nearest(times(at(x, a, b, c), num(op.Mantissa)), shift), op.Codes)
	}
	panic("an operation without a definition")
}

// resized returns one element of a resize, by INTEGER.md's table of constants.
func resized(op *integer.Upsample, x integer.Value, a, b, c int) *big.Int {
	constants := map[int][][4]int{
		2: {{-72, 536, 1800, -216}, {-216, 1800, 536, -72}},
		4: {{-135, 873, 1535, -225}, {-21, 235, 1981, -147}, {-147, 1981, 235, -21}, {-225, 1535, 873, -135}},
	}[op.Factor]
	neighbour := func(i, k, side int) int {
		first := (2*i+1+op.Factor)/(2*op.Factor) - 2
		return min(max(first+k, 0), side-1)
	}
	sum := new(big.Int)
	for j, v := range constants[a%op.Factor] {
		for k, h := range constants[b%op.Factor] {
			sum = plus(sum, times(num(v*h), at(x, neighbour(a, j, x.Shape[0]), neighbour(b, k, x.Shape[1]), c)))
		}
	}
	return floor(sum, power(int(op.Drop)))
}

// normalized returns one element of a LayerNorm, by the five steps of INTEGER.md.
func normalized(op *integer.LayerNorm, x integer.Value, a, b, c int) *big.Int {
	channels := num(x.Shape[2])
	s, q := new(big.Int), new(big.Int)
	for i := range x.Shape[2] {
		v := at(x, a, b, i)
		s, q = plus(s, v), plus(q, times(v, v))
	}
	v := plus(times(channels, q), times(num(-1), times(s, s)), num(op.Epsilon))
	u := 0
	for ; v.BitLen() < 33; u += 2 {
		v = times(v, num(4))
	}
	for ; v.BitLen() > 34; u -= 2 {
		v = floor(v, num(4))
	}
	reciprocal := floor(plus(power(33), num(-1)), new(big.Int).Sqrt(v))
	return nearest(times(plus(times(channels, at(x, a, b, c)), times(num(-1), s)), reciprocal), 17-u/2)
}
