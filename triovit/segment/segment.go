// SPDX-License-Identifier: Apache-2.0

// Package segment tells which class each pixel of a picture has: it resizes the logits of a
// segmentation to the picture's size, and the largest logit of a pixel names its class.
//
//	classes := segment.Bilinear(logits, []int{88, 120, 19}, 480, 360)
//
// Logits are finite numbers [H', W', classes], of at most 256 classes, and the classes are
// [h, w] for a picture of w × h pixels. Of equal logits the first wins.
package segment

// Bilinear resizes the logits bilinearly (align_corners false).
func Bilinear(logits []float32, shape []int, w, h int) []uint8 {
	sh, sw, c := shape[0], shape[1], shape[2]
	xs, ys := lerps(sw, w), lerps(sh, h)
	out := make([]uint8, w*h)
	row := make([]float32, sw*c)
	for y, ly := range ys {
		top, bottom := logits[ly.a*sw*c:(ly.a+1)*sw*c], logits[ly.b*sw*c:(ly.b+1)*sw*c]
		for i := range row {
			row[i] = top[i] + (bottom[i]-top[i])*ly.t
		}
		for x, lx := range xs {
			left, right := row[lx.a*c:(lx.a+1)*c], row[lx.b*c:(lx.b+1)*c]
			best, class := left[0]+(right[0]-left[0])*lx.t, 0
			for k := 1; k < c; k++ {
				if v := left[k] + (right[k]-left[k])*lx.t; v > best {
					best, class = v, k
				}
			}
			out[y*w+x] = uint8(class)
		}
	}
	return out
}

// A lerp is the weighted sum a·(1−t) + b·t of two neighbours.
type lerp struct {
	a, b int
	t    float32
}

func lerps(from, to int) []lerp {
	all := make([]lerp, to)
	for i := range all {
		at := max((float64(i)+0.5)*float64(from)/float64(to)-0.5, 0)
		a := min(int(at), from-1)
		all[i] = lerp{a, min(a+1, from-1), float32(at - float64(a))}
	}
	return all
}
