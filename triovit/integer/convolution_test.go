// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestConvByHand: each form of a convolution on a few codes.
func TestConvByHand(t *testing.T) {
	column := Value{[3]int{3, 1, 1}, []int32{1, 2, 3}}
	pixel := Value{[3]int{1, 1, 4}, []int32{1, -2, 3, -4}}
	cross := []int8{0, 1, 0, 0, 2, 0, 0, 4, 0} // weights above, at the centre and below
	for _, c := range []struct {
		name string
		conv Conv
		x    Value
		want []int32
	}{
		{"pointwise", Conv{Kernel: 1, Stride: 1, Groups: 1, Weights: []int8{1, 1, 1, 1, 2, 0, 0, -1}, Bias: []int32{10, 0}}, pixel, []int32{8, 6}},
		{"in groups", Conv{Kernel: 1, Stride: 1, Groups: 2, Weights: []int8{1, 10, 1, 10}, Bias: []int32{0, 0}}, pixel, []int32{-19, -37}},
		{"depthwise", Conv{Kernel: 1, Stride: 1, Groups: 4, Weights: []int8{1, 2, 3, 4}, Bias: []int32{0, 0, 0, 1}}, pixel, []int32{1, -4, 9, -15}},
		{"padded with zeros", Conv{Kernel: 3, Stride: 1, Groups: 1, Weights: cross, Bias: []int32{0}}, column, []int32{2 + 8, 1 + 4 + 12, 2 + 6}},
		{"padded with the code of zero", Conv{Kernel: 3, Stride: 1, Groups: 1, Weights: cross, Bias: []int32{0}, Pad: []int32{5}}, column, []int32{5 + 2 + 8, 17, 2 + 6 + 20}},
		{"with a stride of two", Conv{Kernel: 3, Stride: 2, Groups: 1, Weights: cross, Bias: []int32{0}}, column, []int32{10, 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.conv.WeightBits = 8
			if got := execute(t, &c.conv, Limits{}, Interval{-8, 7}, c.x); !slices.Equal(got.Data, c.want) {
				t.Errorf("%v, want %v", got.Data, c.want)
			}
		})
	}
}

// TestConvIsExact: whatever the form, an accumulator is the sum of the products,
// computed without bounds, and lies in the inferred interval.
func TestConvIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		group, each := rapid.IntRange(1, 3).Draw(t, "channels of a group"), rapid.IntRange(1, 2).Draw(t, "filters of a group")
		c := &Conv{Kernel: rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), Stride: rapid.IntRange(1, 3).Draw(t, "stride"), Groups: groups, WeightBits: 8}
		n, filters, channels := groups*each*group*c.Kernel*c.Kernel, groups*each, groups*group
		c.Weights = rapid.SliceOfN(rapid.Int8(), n, n).Draw(t, "weights")
		c.Bias = rapid.SliceOfN(rapid.Int32Range(-1<<30, 1<<30), filters, filters).Draw(t, "bias")
		codes := Interval{-128, 127}
		if n := rapid.SampledFrom([]int{0, 1, channels}).Draw(t, "codes of the border"); n > 0 {
			c.Pad = rapid.SliceOfN(rapid.Int32Range(-128, 127), n, n).Draw(t, "pad")
		}
		shape := [3]int{rapid.IntRange(1, 5).Draw(t, "H"), rapid.IntRange(1, 5).Draw(t, "W"), channels}
		x := Value{shape, drawCodes(t, shape, codes)}
		y := execute(t, c, Limits{}, codes, x)
		at := func(row, column, channel int) int32 {
			if row < 0 || row >= shape[0] || column < 0 || column >= shape[1] {
				return c.Border(channels)[channel]
			}
			return x.Data[(row*shape[1]+column)*channels+channel]
		}
		for i, got := range y.Data {
			f, column, row := i%filters, i/filters%y.Shape[1], i/filters/y.Shape[1]
			want := big.NewInt(int64(c.Bias[f]))
			for j := range group {
				for ky := range c.Kernel {
					for kx := range c.Kernel {
						w := c.Weights[((f*group+j)*c.Kernel+ky)*c.Kernel+kx]
						code := at(row*c.Stride+ky-c.Kernel/2, column*c.Stride+kx-c.Kernel/2, f/each*group+j)
						want.Add(want, big.NewInt(int64(w)*int64(code)))
					}
				}
			}
			if want.Cmp(big.NewInt(int64(got))) != 0 {
				t.Fatalf("filter %d at %d, %d: %d, want %s", f, row, column, got, want)
			}
		}
	})
}

// TestPoolAndConcatByHand: sums of each channel, and channels side by side.
func TestPoolAndConcatByHand(t *testing.T) {
	codes := Interval{-128, 127}
	x := Value{[3]int{2, 1, 2}, []int32{1, 2, 3, -4}}
	if y := execute(t, &Pool{}, Limits{}, codes, x); y.Shape != [3]int{1, 1, 2} || !slices.Equal(y.Data, []int32{4, -2}) {
		t.Errorf("pooled: %+v", y)
	}
	z := Value{[3]int{2, 1, 1}, []int32{7, 8}}
	if y := execute(t, &Concat{}, Limits{}, codes, x, z, x); y.Shape != [3]int{2, 1, 5} || !slices.Equal(y.Data, []int32{1, 2, 7, 1, 2, 3, -4, 8, 3, -4}) {
		t.Errorf("joined: %+v", y)
	}
}
