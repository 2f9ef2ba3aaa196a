// SPDX-License-Identifier: Apache-2.0

// Package triovit loads and scores models of EfficientViT, MIT's vision transformer
// without softmax.
//
// A [Model] is a network, which package efficientvit describes, with its weights. A
// [Setup] is a model, folded too, with pictures to calibrate and to score on. The package
// compiles no tensor library: what runs a network is a [Predictor], of package
// forward in floating point, of package calib on quantized grids, or [Frozen] in
// integers.
//
// # From weights to a number
//
// [Load] joins a network with a checkpoint: an official ".pt", timm's or this
// project's ".safetensors", one of those on the Hugging Face hub, or the
// built-in model. [Model.Fold] merges the BatchNorms into their convolutions: a
// [Folded] is what every further stage takes. [Evaluate] takes anything that can
// predict, streams a data set through it and returns a [Report] with an interval:
//
//	model, err := triovit.Open(ctx, "efficientvit_seg_b0_cityscapes.pt")
//	folded, err := model.Fold()
//	float, err := forward.New(folded)
//	report, err := triovit.Evaluate(ctx, float, pictures)
package triovit
