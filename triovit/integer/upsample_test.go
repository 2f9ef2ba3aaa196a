// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestBicubicByHand: the constants of both factors. Twice, a pixel in a phase of
// 1/4 takes -3/4·(1/4)²·3/4 of the farthest neighbour, that is -72/2048.
func TestBicubicByHand(t *testing.T) {
	for factor, want := range map[int][][4]int32{
		2: {{-72, 536, 1800, -216}, {-216, 1800, 536, -72}},
		4: {{-135, 873, 1535, -225}, {-21, 235, 1981, -147}, {-147, 1981, 235, -21}, {-225, 1535, 873, -135}},
	} {
		u := &Upsample{Factor: factor}
		got, err := u.Bicubic()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %d: %v (%v), want %v", factor, got, err, want)
		}
		for phase, constants := range got {
			if sum := constants[0] + constants[1] + constants[2] + constants[3]; sum != 1<<resizeBits {
				t.Errorf("by %d, phase %d: the constants sum to %d", factor, phase, sum)
			}
		}
	}
	for _, factor := range []int{-1, 0, 1, 3, 8} {
		if _, err := (&Upsample{Factor: factor}).Bicubic(); err == nil {
			t.Errorf("by %d: no error", factor)
		}
	}
}

// TestUpsampleIsExact: the integers are those of the cubic convolution with
// a = -0.75 in floating point, which holds such sums exactly.
func TestUpsampleIsExact(t *testing.T) {
	const a = -0.75
	kernel := func(x float64) float64 {
		switch x = math.Abs(x); {
		case x <= 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return ((a*x-5*a)*x+8*a)*x - 4*a
		}
		return 0
	}
	rapid.Check(t, func(t *rapid.T) {
		u := &Upsample{Factor: rapid.SampledFrom([]int{2, 4}).Draw(t, "factor")}
		shape := [3]int{rapid.IntRange(1, 4).Draw(t, "H"), rapid.IntRange(1, 4).Draw(t, "W"), rapid.IntRange(1, 2).Draw(t, "C")}
		x := Value{shape, drawCodes(t, shape, Interval{-128, 127})}
		y := execute(t, u, Limits{}, Interval{-128, 127}, x)
		cut := execute(t, &Upsample{Factor: u.Factor, Drop: 4}, Limits{}, Interval{-128, 127}, x)
		for i, v := range y.Data {
			if cut.Data[i] != v>>4 {
				t.Fatalf("%d without its four lowest bits is %d", v, cut.Data[i])
			}
		}
		f, h, w, c := u.Factor, shape[0], shape[1], shape[2]
		for row := range f * h {
			for column := range f * w {
				for channel := range c {
					want := 0.0
					atY, atX := (float64(row)+0.5)/float64(f)-0.5, (float64(column)+0.5)/float64(f)-0.5
					for i := int(math.Floor(atY)) - 1; i < int(math.Floor(atY))+3; i++ {
						for j := int(math.Floor(atX)) - 1; j < int(math.Floor(atX))+3; j++ {
							code := x.Data[(min(max(i, 0), h-1)*w+min(max(j, 0), w-1))*c+channel]
							want += kernel(atY-float64(i)) * kernel(atX-float64(j)) * float64(code)
						}
					}
					if got := math.Ldexp(float64(y.Data[(row*f*w+column)*c+channel]), -2*resizeBits); got != want {
						t.Fatalf("%v by %d at %d, %d: %g, want %g", shape, f, row, column, got, want)
					}
				}
			}
		}
	})
}
