// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Price is the cost of the widths of all weights together.
type Price struct {
	// Unit is the unit of the price, such as "cycles".
	Unit string
	// Of returns the price of the network for the bits of each convolution's weights, by
	// the operation's name. A wider weight must not cost less.
	Of func(bits map[string]int) (float64, error)
}

// Bytes prices weights by their bytes, packed without gaps. Biases are not counted: their
// width does not change.
func Bytes(net *efficientvit.Network) Price {
	return Price{"bytes", func(bits map[string]int) (float64, error) {
		sum, _ := bitsOf(net, bits)
		return float64(sum) / 8, nil
	}}
}

// MeanBits prices weights by their mean width.
func MeanBits(net *efficientvit.Network) Price {
	return Price{"bits per weight", func(bits map[string]int) (float64, error) {
		sum, weights := bitsOf(net, bits)
		return float64(sum) / float64(weights), nil
	}}
}

// bitsOf returns the total bits and the number of the weights of the named convolutions.
func bitsOf(net *efficientvit.Network, bits map[string]int) (sum, weights int) {
	for name, b := range bits {
		n := efficientvit.Size(net.Op(name).Params[0].Shape)
		sum, weights = sum+n*b, weights+n
	}
	return sum, weights
}
