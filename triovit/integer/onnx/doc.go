// SPDX-License-Identifier: Apache-2.0

// Package onnx writes an integer model as an ONNX model with QuantizeLinear and
// DequantizeLinear, for runtimes and compilers of other makers.
//
//	model, err := integer.ReadFile("seg-b0.triovit")
//	err = onnx.WriteFile("seg-b0.onnx", model)
//
// Every tensor of at most 16 bits is quantized to the artefact's own codes: int8 or
// uint8, and int16 for pre-activations, which needs operator set 21. Weights are int8
// with a step for each filter, biases int32. Between a DequantizeLinear and the next
// QuantizeLinear the graph computes in float32 with ordinary operators:
//
//	migration    Mul with 1/r_i for each channel, before QuantizeLinear
//	shifting     Add of -c_i for each channel, before QuantizeLinear
//	Hardswish    Add, Clip, Mul with the artefact's own 3 and 6
//	log2         GreaterOrEqual with the artefact's thresholds, counted by ReduceSum
//	division     Div by Pow(2, code)
//	resize       Resize, cubic, with a coefficient of -0.75
//	LayerNorm    LayerNormalization
//
// # Input and output
//
// The input "picture" is float32 [N, 3, H, W]: red, green and blue levels divided by
// 255, less the mean, divided by the standard deviation. The output "logits" is float32:
// [N, classes] of a classifier, [N, classes, H', W'] of a segmentation. N is free. The
// model's metadata names the classes, the preprocessing with mean and standard
// deviation, and the SHA-256 of the artefact.
//
// # Differences from the integers
//
// The graph's factors are real steps in float32, where the artefact multiplies by a
// mantissa of mostly 18 bits and shifts; QuantizeLinear rounds halves to even, where the
// artefact rounds them upwards; sums of products may be of float32. Each of these moves
// a value that lies on a rounding threshold to the neighbouring code. A runtime that
// multiplies codes in int8 has the artefact's own sums. LayerNorm has no reciprocal of
// 17 bits, Hardswish and the resize drop no low bits, and logits are not rounded.
// A log2 code that differs doubles or halves a quotient.
package onnx
