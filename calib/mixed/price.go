// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Price says what the widths of all weights cost together.
type Price struct {
	// Unit is what the price counts: "cycles".
	Unit string
	// Of returns the price of the network whose convolutions have weights of so many
	// bits, by the operation's name. A wider weight costs no less.
	Of func(bits map[string]int) (float64, error)
}

// Bytes prices weights by the bytes that they take where they are packed without gaps.
// Biases are not counted: their width does not change.
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

// bitsOf returns the bits of the weights of the named convolutions, and how many weights
// they have.
func bitsOf(net *efficientvit.Network, bits map[string]int) (sum, weights int) {
	for name, b := range bits {
		n := efficientvit.Size(net.Op(name).Params[0].Shape)
		sum, weights = sum+n*b, weights+n
	}
	return sum, weights
}
