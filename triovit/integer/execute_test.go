// SPDX-License-Identifier: Apache-2.0

package integer

import "pgregory.net/rapid"

// fataler is what testing and rapid have in common.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// execute runs one operation on operands that all lie in an interval.
func execute(t fataler, op Operation, limits Limits, in Interval, operands ...Value) Value {
	t.Helper()
	ranges := make([]Interval, len(operands))
	for i := range ranges {
		ranges[i] = in
	}
	return executeIn(t, op, limits, ranges, operands...)
}

// executeIn runs one operation on operands that lie in intervals of their own. The
// result lies in what Infer says.
func executeIn(t fataler, op Operation, limits Limits, in []Interval, operands ...Value) Value {
	t.Helper()
	tensors := make([]Tensor, len(operands))
	for i, x := range operands {
		tensors[i] = Tensor{Shape: x.Shape, Range: in[i]}
	}
	out, err := op.Infer(tensors, limits)
	if err != nil {
		t.Fatal(err)
	}
	y := Value{out.Shape, make([]int32, out.Elements())}
	op.run(y, operands)
	for _, v := range y.Data {
		if !out.Range.Contains(int64(v)) {
			t.Fatalf("%T makes %d, inferred %v", op, v, out.Range)
		}
	}
	return y
}

// drawCodes draws the codes of a tensor, the ends of the interval among them.
func drawCodes(t *rapid.T, shape [3]int, in Interval) []int32 {
	n := shape[0] * shape[1] * shape[2]
	return rapid.SliceOfN(rapid.Int32Range(int32(in.Lo), int32(in.Hi)), n, n).Draw(t, "codes")
}
