// SPDX-License-Identifier: Apache-2.0

// Package efficientvit describes EfficientViT, MIT's vision transformer without
// softmax, as data.
//
// One description has many readers. [Describe] returns a [Network]: a list of
// operations in single-assignment form. There are few kinds of operations. Each
// operation has the shapes of its tensors, its parameters and the role that the
// Trio-ViT paper gives it (PW1, DW, PW2, qkv, KTV, divisor, ...). It also lists the
// points at which tensors are rounded to integers. The float graph (package forward),
// the quantizers (package calib) and the simulated accelerator (package hwsim) all read
// this list. None of them keeps a copy of the architecture.
//
//	net, err := efficientvit.Describe("b1-r224")
//	fmt.Println(net) // parameters and multiplications by role
//
// [Network.Blocks] and [Network.ByStage] divide a network, and [Network.Cut] returns a
// range of its operations as a network of their own:
//
//	for _, b := range net.Blocks() {
//		cut, err := net.Cut(b.From, b.To) // reads cut.Inputs(), makes cut.Outputs()
//	}
//
// A description holds no weights. The package links no tensor library, no HTTP and no
// data set, so a simulator or a small program can use it.
//
// # Names of tensors
//
// An operation and the tensor that it makes share a name. The name is the official
// checkpoint's module name if there is one, as in
// "backbone.stages.2.op_list.1.context_module.main.qkv.conv". Tensors without an
// official name are named after their module. A residual sum is "<block>.add". A tensor
// of the attention is "<block>.main.<tensor>.<branch>". There <tensor> is one of q, k,
// v, relu_q, relu_k, ktv, sum_k, dividend, divisor, attention, merge, and <branch> is 0
// for the qkv convolution and 1 for its aggregation. An operation that a transform
// inserts is "<convolution>.<transform>".
package efficientvit
