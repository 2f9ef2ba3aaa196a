// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/gotriovit/gotriovit/internal/scenes"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// confusion counts pixels by true class and by the class that was found.
type confusion [scenes.NumClasses][scenes.NumClasses]int

// iou returns the intersection over union of every class, and their mean. All
// classes must have occurred.
func (c *confusion) iou() (each [scenes.NumClasses]float64, mean float64) {
	for k := range c {
		union := -c[k][k]
		for j := range c {
			union += c[k][j] + c[j][k]
		}
		each[k] = float64(c[k][k]) / float64(union)
		mean += each[k] / scenes.NumClasses
	}
	return each, mean
}

// score runs a model on n scenes from a first seed on. Logits are stretched to
// the size of the labels by linear interpolation; pixels without a class do
// not count.
func score(model *triovit.Model, first uint64, n int) (*confusion, error) {
	float, err := forward.New(model)
	if err != nil {
		return nil, err
	}
	in, out := model.Net.Input().Shape, model.Net.Output().Shape
	h, w := in[0], in[1]
	down, across := weightsOf(stretch(out[0], h/out[0])), weightsOf(stretch(out[1], w/out[1]))
	picture := make([]float32, h*w*3)
	seen := new(confusion)
	for i := range n {
		s := scenes.Draw(first+uint64(i), w, h)
		(&preprocess.RGB{W: w, H: h, Pix: s.Pix}).Normalize(picture)
		logits, err := float.Predict(picture)
		if err != nil {
			return nil, err
		}
		for y, dy := range down {
			for x, dx := range across {
				truth := s.Label[y*w+x]
				if truth == scenes.None {
					continue
				}
				best, found := float32(0), -1
				for k := range scenes.NumClasses {
					at := func(row, col int) float32 { return logits[(row*out[1]+col)*scenes.NumClasses+k] }
					v := dy.low*(dx.low*at(dy.i, dx.i)+dx.high*at(dy.i, dx.j)) +
						dy.high*(dx.low*at(dy.j, dx.i)+dx.high*at(dy.j, dx.j))
					if found < 0 || v > best {
						best, found = v, k
					}
				}
				seen[truth][found]++
			}
		}
	}
	return seen, nil
}

// between says which two neighbours make a stretched value, and their shares.
type between struct {
	i, j      int
	low, high float32
}

// weightsOf reads the neighbours off the columns of a stretching matrix.
func weightsOf(matrix [][]float32) []between {
	b := make([]between, len(matrix[0]))
	for out := range b {
		b[out].i = -1
		for i, row := range matrix {
			switch {
			case row[out] == 0:
			case b[out].i < 0:
				b[out] = between{i: i, j: i, low: row[out]}
			default:
				b[out].j, b[out].high = i, row[out]
			}
		}
	}
	return b
}
