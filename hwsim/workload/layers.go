// SPDX-License-Identifier: Apache-2.0

package workload

import "github.com/gotriovit/gotriovit/triovit/efficientvit"

// Conv returns a convolution of h×w outputs from cin to cout channels, with a k×k kernel.
// Its name is its label.
func Conv(name string, h, w, cin, cout, k int) Operation {
	return Operation{Name: name, Label: name, Unit: Engines, Form: Convolution, H: h, W: w, Cin: cin, Cout: cout, Groups: 1, Kernel: k, Stride: 1}
}

// DW returns a depthwise convolution of h×w outputs and c channels, with a k×k kernel.
// Its name is its label.
func DW(name string, h, w, c, k int) Operation {
	return Operation{Name: name, Label: name, Unit: Engines, Form: Depthwise, H: h, W: w, Cin: 1, Cout: c, Groups: c, Kernel: k, Stride: 1}
}

// Of returns operations as a workload. A depthwise convolution streams into a pointwise
// one directly behind it.
func Of(name string, ops ...Operation) *Workload {
	w := &Workload{Name: name}
	for _, o := range ops {
		if last := len(w.Ops) - 1; last >= 0 && w.Ops[last].Form == Depthwise && o.Form == Convolution && o.Kernel == 1 {
			w.Ops[last].Feeds, o.Behind = o.Name, w.Ops[last].Name
		}
		w.Ops = append(w.Ops, o)
	}
	return w
}

// Variant returns the operations of a variant of EfficientViT, such as "b1-r224".
func Variant(name string) (*Workload, error) {
	net, err := efficientvit.Describe(name)
	if err != nil {
		return nil, err
	}
	return FromNetwork(net)
}
