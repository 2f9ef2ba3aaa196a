// SPDX-License-Identifier: Apache-2.0

// Package onnx writes an integer model as an ONNX model with QuantizeLinear and
// DequantizeLinear, for other runtimes and compilers.
//
//	model, err := integer.ReadFile("seg-b0.triovit")
//	err = onnx.WriteFile("seg-b0.onnx", model)
//
// Every tensor that the artefact rounds to at most 16 bits is quantized on its own grid:
// int8 or uint8, and for pre-activations int16, which operator set 21 has. Weights are
// int8 with a step for each filter, biases int32. Convolutions and MatMuls are of
// float32, in real numbers. Between them and the next QuantizeLinear the graph computes
// in float64 with the artefact's integers, by the operators of ONNX's own set:
//
//	requantization  Mul, Add and Floor: mantissa/2^shift, then addend/2^shift + 1/2
//	migration       the Mul of a requantization, with a factor for each channel
//	shifting        the Add of a requantization, with an addend for each channel
//	Hardswish       Add, Clip, Mul
//	log2            GreaterOrEqual with the thresholds, counted by ReduceSum
//	division        Div by Pow(2, code)
//	resize          Resize, cubic, with a coefficient of -0.75
//	LayerNorm       LayerNormalization
//
// A runtime needs float64 for Cast, Mul, Add, Div, Round, Floor, Clip, Pow,
// GreaterOrEqual and ReduceSum; ONNX Runtime's CPU provider has it.
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
// Where the artefact shifts, the graph multiplies by a float64 that equals the factor
// exactly. It rounds as the artefact does before QuantizeLinear, which would round halves
// to even. A float32 sum of products is rounded to the integer that it approximates. So
// ONNX Runtime computes the artefact's integers, with these exceptions:
//
//   - LayerNorm is computed in float32, not with a root and a reciprocal of 17 bits;
//   - the second pass of the resize has sums of up to 31 bits, and float32 holds 24;
//   - a sum of products beyond about 2^21 may be off by a unit or more;
//   - logits are float32, which holds 24 of their bits;
//   - multipliers of 32 bits make products of more than the 53 bits of float64.
//
// The first two exceptions occur only behind the last attention, where no difference is
// amplified. A difference before it is amplified: a log2 code that differs halves or
// doubles a quotient. A first graph had factors of float32 in place of float64. It
// computed a few codes of each picture differently, one of ten thousand. As a result 1.0
// % of the pixels of 20 CamVid pictures and 4 % of 500 Tiny ImageNet pictures had another
// class. With the present graph none has (TestONNX in calib/frozentest).
package onnx
