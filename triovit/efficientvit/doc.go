// SPDX-License-Identifier: Apache-2.0

// Package efficientvit describes EfficientViT, MIT's vision transformer without
// softmax, as data.
//
// One description has many readers. [Describe] returns a [Network]: a list of
// operations in single-assignment form, of few kinds, each with the shapes of
// its tensors, its parameters, the role that the Trio-ViT paper gives it (PW1,
// DW, PW2, qkv, KTV, divisor, ...) and the points where integers take the
// place of floats. The float graph (package forward), the quantizers (package
// calib) and the simulated accelerator (package hwsim) all read this list;
// none keeps a copy of the architecture.
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
// A description holds no weights. The package links no tensor library, no HTTP
// and no data set, so that a simulator or a small program can read it.
//
// # Names of tensors
//
// An operation and the tensor that it makes share a name. It is the official
// checkpoint's module name where there is one, as in
// "backbone.stages.2.op_list.1.context_module.main.qkv.conv". Tensors without
// an official name are named after their module: a residual sum is
// "<block>.add"; the attention's are "<block>.main.<tensor>.<branch>" with
// tensor one of q, k, v, relu_q, relu_k, ktv, sum_k, dividend, divisor,
// attention, merge, and branch 0 for the qkv convolution and 1 for its
// aggregation; what a transform inserts is "<convolution>.<transform>".
package efficientvit
