// SPDX-License-Identifier: Apache-2.0

// Package triovit loads and scores models of EfficientViT, MIT's vision transformer
// without softmax.
//
// A [Model] is a network, which package efficientvit describes, with its weights. A
// [Setup] is a model, also in folded form, with calibration and evaluation pictures. The
// package compiles no tensor library: a network is run by a [Predictor], of package
// forward in floating point, of package calib on quantized grids, or [Frozen] in integers.
//
// # From weights to a number
//
// [Load] joins a network with a checkpoint: an official ".pt", a ".safetensors" of timm or
// of this project, a checkpoint on the Hugging Face hub, or the built-in model.
// [Model.Fold] merges the BatchNorms into their convolutions, and every further stage
// takes the resulting [Folded]. [Evaluate] takes any predictor, streams a data set through
// it and returns a [Report] with an interval:
//
//	model, err := triovit.Open(ctx, "efficientvit_seg_b0_cityscapes.pt")
//	folded, err := model.Fold()
//	float, err := forward.New(folded)
//	report, err := triovit.Evaluate(ctx, float, pictures)
//
// [Model.AnswerFile] takes a picture to its [Answer]: the classes by name, with their
// shares.
//
//	answer, err := setup.Model.AnswerFile(float, "street.jpg")
package triovit
