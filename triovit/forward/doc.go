// SPDX-License-Identifier: Apache-2.0

// Package forward runs a [efficientvit.Network] in floating point, as a GoMLX graph.
//
// [Build] walks the description once and adds a node for every operation. The uses of a
// network differ only in its [Hooks]: the source of a parameter's node, a transformation
// of an operand before it is read, and a look at each result. The float graph sets none of
// them, an observer taps every tensor, a fake-quantized graph passes operands through
// their quantizers, and a training program binds parameters to variables and normalizes by
// the batch.
//
// [New] wraps the float graph of a model as a [triovit.Predictor]:
//
//	float, err := forward.New(folded)
//	logits, err := float.Predict(pictures) // [N, H, W, 3] to [N, ...]
//
// Convolutions take the form that runs fastest on GoMLX's Go backend: a matrix product
// where the kernel is 1×1 or the convolution is dense, shifted multiply-adds where it is
// depthwise. On XLA the stem is multiply-adds too. [Layout] puts a parameter into the
// shape for this form, [FromLayout] back.
//
// Graph-building functions panic with an error, as GoMLX's do; [New] and
// [Executor.Predict] return the panic as an error. [NewRunner], [NewTapped] and
// [NewWithOutputs] return a [Runner], which returns tensors and is no predictor. It also
// runs a part of a network, with several inputs and outputs:
//
//	cut, err := folded.Cut(block.From, block.To) // of folded.Net.Blocks()
//	runner, err := forward.NewRunner(cut, forward.Hooks{})
//	made, err := runner.Run(read...) // of cut.Net.Outputs(), from cut.Net.Inputs()
package forward
