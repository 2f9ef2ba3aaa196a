// SPDX-License-Identifier: Apache-2.0

// Package triovit describes EfficientViT, MIT's vision transformer without
// softmax, as data, and loads and scores its models.
//
// One description has many readers. [Describe] returns a [Network]: a list of
// operations in single-assignment form, of few kinds, each with the shapes of
// its tensors, its parameters, the role that the Trio-ViT paper gives it (PW1,
// DW, PW2, qkv, KTV, divisor, ...) and the points where integers take the
// place of floats. The float graph (package forward), the quantizers (package
// calib) and the simulated accelerator (package hwsim) all read this list;
// none keeps a copy of the architecture. The package imports no tensor
// library.
//
// # From weights to a number
//
// [Load] joins a network with a checkpoint: an official ".pt", timm's or this
// project's ".safetensors", one of those on the Hugging Face hub, or the
// built-in model. [Model.Fold] merges the BatchNorms into their convolutions,
// the form that is quantized. [Evaluate] takes anything that can predict,
// streams a data set through it and returns a [Report] with an interval:
//
//	model, err := triovit.Open(ctx, "efficientvit_seg_b0_cityscapes.pt")
//	float, err := forward.New(model)
//	report, err := triovit.Evaluate(ctx, float, pictures)
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
package triovit
