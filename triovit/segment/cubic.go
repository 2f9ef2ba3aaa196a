// SPDX-License-Identifier: Apache-2.0

package segment

import "math"

// Bicubic resizes the logits as the reference does before Cityscapes and ADE20K are scored:
// by the bicubic filter of a = -0.75, align_corners false, not antialiased.
func Bicubic(logits []float32, shape []int, w, h int) []uint8 {
	sh, sw, c := shape[0], shape[1], shape[2]
	xs, ys := cubics(sw, w), cubics(sh, h)
	out := make([]uint8, w*h)
	row, pixel := make([]float32, sw*c), make([]float32, c)
	for y, ty := range ys {
		ty.sum(row, logits)
		for x, tx := range xs {
			tx.sum(pixel, row)
			class := 0
			for k, v := range pixel {
				if v > pixel[class] {
					class = k
				}
			}
			out[y*w+x] = uint8(class)
		}
	}
	return out
}

// A cubic is a weighted sum of four neighbours.
type cubic struct {
	at     [4]int
	weight [4]float32
}

// cubics returns the neighbours of every place when one side is resized. Neighbours
// outside the side repeat the border.
func cubics(from, to int) []cubic {
	const a = -0.75
	near := func(x float64) float32 { return float32(((a+2)*x-(a+3))*x*x + 1) }  // the weight where |x| <= 1
	far := func(x float64) float32 { return float32(((a*x-5*a)*x+8*a)*x - 4*a) } // the weight where 1 < |x| < 2
	all := make([]cubic, to)
	for i := range all {
		at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
		first := math.Floor(at)
		t := at - first
		all[i].weight = [4]float32{far(t + 1), near(t), near(1 - t), far(2 - t)}
		for k := range 4 {
			all[i].at[k] = min(max(int(first)-1+k, 0), from-1)
		}
	}
	return all
}

// sum adds the four weighted neighbours, len(dst) values each, to dst.
func (t *cubic) sum(dst, src []float32) {
	n := len(dst)
	a, b := src[t.at[0]*n:][:n], src[t.at[1]*n:][:n]
	c, d := src[t.at[2]*n:][:n], src[t.at[3]*n:][:n]
	for i := range dst {
		dst[i] = a[i]*t.weight[0] + b[i]*t.weight[1] + c[i]*t.weight[2] + d[i]*t.weight[3]
	}
}
