// SPDX-License-Identifier: Apache-2.0

package paper

// The numbers below were measured in pixels on the pictures of the paper's figures, to
// one percent. Figs. 3 and 4 show the last stage of EfficientViT-B1. The number 6 of
// the last figure is inferred.

// A Peak is the range of one convolution's input in a figure.
type Peak struct {
	// Low and High are the smallest and the largest value.
	Low, High float64
}

// Fig3DW and Fig3PW2 are the ranges of the inputs of DW and of PW2 in Fig. 3, before
// any transform.
var (
	Fig3DW  = Peak{-0.375, 13.2}
	Fig3PW2 = Peak{-0.375, 3.5}
)

// Fig6DW and Fig6PW2 are the ranges of the same inputs after channel-wise migration and
// filter-wise shifting. In the input of DW, the largest value of every channel but two
// is 3.85. In the input of PW2, the largest value of a channel is between 0.06 and
// 0.53.
var (
	Fig6DW  = Peak{-1.5, 3.85}
	Fig6PW2 = Peak{-0.53, 0.53}
)

// Fig4Largest is the largest divisor of Fig. 4. Fig4TopCode is the code of its highest
// log2 stair.
const (
	Fig4Largest = 1599
	Fig4TopCode = 10
)
