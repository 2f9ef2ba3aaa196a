// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// operands are the operands of an MBConv and of the attention that can be rounded one at
// a time.
var operands = []string{"weights", "PW1", "DW", "PW2", "divisors"}

// E4 records which operand the student expects to lose most accuracy when no other
// operand is rounded: "weights", the input of "PW1", "DW" or "PW2", or "divisors". Every
// prediction passes: the measurement in the notebook shows whether it comes true.
func E4(prediction string) Verdict {
	for _, o := range operands {
		if strings.EqualFold(strings.TrimSpace(prediction), o) {
			return Verdict{"E4", true, fmt.Sprintf("your prediction is recorded: %s. The next table tells.", o)}
		}
	}
	return Verdict{"E4", false, fmt.Sprintf("%q is no prediction: it is one of %s.", prediction, strings.Join(operands, ", "))}
}

// E5 checks channel-wise migration of the input of a depthwise convolution. The student's
// function changes its arguments in place:
//
//   - pw1 [C, inputs] are the weights of the pointwise convolution before Hardswish;
//   - divide [C] is the divisor of each channel behind Hardswish, at first 1;
//   - dw [C, 3, 3] are the filters of the depthwise convolution.
//
// most [C] is the largest absolute value of each channel behind Hardswish, and mean is
// the mean of most.
func E5(migrate func(most []float32, mean float32, pw1, divide, dw []float32)) Verdict {
	return timed("E5", limit, func() Verdict {
		r := source()
		for range 8 {
			b := newBlock(r)
			changed := b
			changed.pw1, changed.divide, changed.dw = slices.Clone(b.pw1), slices.Clone(b.divide), slices.Clone(b.dw)
			a := attempt(func() bool {
				migrate(slices.Clone(b.most), b.mean, changed.pw1, changed.divide, changed.dw)
				return true
			})
			if a.panicked != "" {
				return Verdict{"E5", false, fmt.Sprintf("your function panics on %d channels of %d inputs: %s.", len(b.most), len(b.x[0]), a.panicked)}
			}
			if says := b.fault(changed); says != "" {
				return Verdict{"E5", false, says}
			}
		}
		return Verdict{"E5", true, "the output is the same on fresh blocks, at the border too, and the median channel has more codes."}
	})
}

// blockSide is the height and the width of a block's feature map.
const blockSide = 5

// A block is PW1, Hardswish, a division for each channel, and DW, with one input map.
type block struct {
	x               [][]float32 // the input, with a row for each pixel
	pw1, divide, dw []float32
	most            []float32
	mean            float32
}

// newBlock draws a block whose channels have ranges of different widths.
func newBlock(r *rand.Rand) block {
	var b block
	channels, inputs := 10+r.IntN(6), 3+r.IntN(3)
	for range blockSide * blockSide {
		b.x = append(b.x, normal(r, inputs, 2))
	}
	for i := range channels {
		b.pw1 = append(b.pw1, normal(r, inputs, math.Exp2(float64(i%5)-2))...)
		b.divide = append(b.divide, 1)
		b.dw = append(b.dw, normal(r, 9, 1)...)
	}
	for i := range channels {
		b.most = append(b.most, b.widest(i))
		b.mean += b.most[i] / float32(channels)
	}
	return b
}

// normal draws n normally distributed numbers of mean 0 and a standard deviation.
func normal(r *rand.Rand, n int, deviation float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(deviation * r.NormFloat64())
	}
	return x
}

// channel returns the pixels of channel i at the input of DW.
func (b block) channel(i int) []float32 {
	inputs := len(b.x[0])
	z := make([]float32, len(b.x))
	for p, x := range b.x {
		v := float32(0)
		for k, w := range b.pw1[i*inputs : (i+1)*inputs] {
			v += w * x[k]
		}
		z[p] = v * min(max(v+3, 0), 6) / 6 / b.divide[i]
	}
	return z
}

// widest returns the largest absolute value of channel i at the input of DW.
func (b block) widest(i int) float32 {
	most := float32(0)
	for _, v := range b.channel(i) {
		most = max(most, v, -v)
	}
	return most
}

// output returns the pixels of channel i at the output of DW, which pads with zeros.
func (b block) output(i int) []float32 {
	z, y := b.channel(i), make([]float32, len(b.x))
	for p := range y {
		for t := range 9 {
			row, column := p/blockSide+t/3-1, p%blockSide+t%3-1
			if row >= 0 && row < blockSide && column >= 0 && column < blockSide {
				y[p] += b.dw[9*i+t] * z[row*blockSide+column]
			}
		}
	}
	return y
}

// median returns the median, over the channels, of the largest code that each channel
// reaches on one 8-bit grid for all channels.
func (b block) median() int {
	widest := make([]float32, len(b.most))
	for i := range widest {
		widest[i] = b.widest(i)
	}
	u := grid.Uniform{Scale: slices.Max(widest) / 127, Lo: -128, Hi: 127}
	slices.Sort(widest)
	return u.Code(widest[len(widest)/2])
}

// fault returns the sentence for the student about the changed block, or "" if it is
// right.
func (b block) fault(changed block) string {
	wrong := ""
	for i := range b.most {
		want, got := b.output(i), changed.output(i)
		size := 0.0
		for _, v := range want {
			size = max(size, math.Abs(float64(v)))
		}
		for p := range want {
			if !near(float64(got[p]), float64(want[p]), 10*size) && wrong == "" {
				wrong = fmt.Sprintf("channel %d: DW's output at pixel %d, %d is %.4g, and was %.4g before.", i, p/blockSide, p%blockSide, got[p], want[p])
			}
		}
	}
	before, after := b.median(), changed.median()
	known := b.mistake(changed)
	switch {
	case wrong == "" && 4*after > 5*before:
		return ""
	case known != "":
		return known
	case wrong != "":
		return wrong
	}
	return fmt.Sprintf("the output is the same, and so is the need: the median channel reaches code %d, and did %d before.", after, before)
}

// mistake recognises a typical mistake from the factors by which the student has changed
// the block. It returns the sentence for that mistake, or "".
func (b block) mistake(changed block) string {
	channels, inputs := len(b.most), len(b.x[0])
	r := slices.Clone(changed.divide)
	folded := !slices.Equal(changed.pw1, b.pw1)
	if folded {
		for i := range r {
			r[i] = b.pw1[i*inputs] / changed.pw1[i*inputs]
		}
	}
	scaled := func(got, was []float32, factor func(k int) float32) bool {
		for k := range got {
			if !same32(got[k], was[k]*factor(k)) {
				return false
			}
		}
		return true
	}
	one := func(int) float32 { return 1 }
	by := func(k int) float32 { return r[k/9] }
	switch {
	case folded && scaled(changed.pw1, b.pw1, func(k int) float32 { return 1 / r[k/inputs] }) && scaled(changed.dw, b.dw, by) && scaled(changed.divide, b.divide, one):
		return "the division is folded into PW1, but Hardswish lies between, and it is not homogeneous: half of its input does not give half of its output."
	case folded:
		return ""
	case scaled(changed.dw, b.dw, one):
		return "only the input of DW is divided: nothing makes up for it in the filters."
	case scaled(changed.divide, b.divide, func(int) float32 { return r[0] }) && scaled(changed.dw, b.dw, by):
		return "all channels have one factor in yours: the output is the same, but the narrow channels are as narrow beside the others as before."
	case scaled(changed.dw, b.dw, func(k int) float32 { return 1 / r[k/9] }):
		return "both are divided in yours, the channel and its filter: the factor is then lost twice."
	case scaled(changed.dw, b.dw, func(k int) float32 { return r[k%channels] }), scaled(changed.dw, b.dw, func(k int) float32 { return r[k%9] }):
		return "the factors run along the wrong axis of DW's weights, which are [C, 3, 3]: the nine weights of a channel lie side by side."
	}
	return ""
}
