// SPDX-License-Identifier: Apache-2.0

package calib

import "github.com/gotriovit/gotriovit/triovit"

// A Profile is what a network's tensors looked like over calibration pictures:
// the statistics of every named tensor, in the order of the network.
type Profile struct {
	// Network is the profiled network's name.
	Network string
	// Images are the ids of the pictures, in the order they were seen.
	Images []string
	// Tensors holds one entry per observed tensor, in network order.
	Tensors []*TensorStats
}

// TensorStats describes one tensor over all pictures. A channel is an index of
// the last axis; a tensor of attention heads counts its channels per head.
type TensorStats struct {
	// Name is the tensor's name in the network: the official module name, or
	// one made by the rule in package triovit.
	Name string
	// Role is what the operation that made the tensor does in the paper.
	Role triovit.Role
	// Shape is the shape for one picture, without the batch axis.
	Shape []int
	// Count is the number of values seen in each channel.
	Count int64
	// Min, Max and Mean have one value per channel.
	Min, Max, Mean []float32
	// Hist counts all values of the tensor.
	Hist Histogram
}
