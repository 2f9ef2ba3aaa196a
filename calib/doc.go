// SPDX-License-Identifier: Apache-2.0

// Package calib quantizes a trained network: it measures the ranges of the network's
// tensors, transforms the network so that its tensors quantize well, chooses an integer
// grid for each tensor, and scores the accuracy that remains. The methods are those of
// Trio-ViT (arXiv 2405.03882).
//
// EfficientViT loses its accuracy in plain 8-bit quantization for three reasons, each with
// a remedy here. The channels of a depthwise convolution's input differ in range
// ([Migration]). The channels of the pointwise convolution behind it lie to one side of
// zero ([Shifting]). The divisors of the attention spread over many octaves, and the small
// divisors matter most ([LogDomain], [LeadingOne]).
//
// # The pipeline
//
//   - [Observe] runs the folded model in floating point over calibration
//     pictures and returns a [Profile]: ranges, means and a histogram of every
//     tensor.
//   - A [Recipe] lists, as data, the transforms to apply, the quantization points of
//     INTEGER.md to round, and the rule that picks their grids.
//   - [Quantize] applies a recipe and returns a [Quantized], which predicts like any other
//     model and lists the changes that were made.
//   - [Freeze] turns a [Quantized] into an integer model (package integer) without any
//     float.
//   - [RunLadder] scores recipes side by side on pictures that were not used for
//     calibration.
//
// Each step is a pure function of its arguments, and slow steps are cached. [Calibrate] is
// the first three of them:
//
//	q, err := calib.Calibrate(ctx, setup.Folded, train, calib.TrioViT)
//	report, err := triovit.Evaluate(ctx, q, val)
//
// The rule of a recipe decides which range a grid spans: the whole observed range
// ([MinMax], the default), or a part of it, as the observers of the literature do
// ([Observers]). An observer needs the distribution of a tensor, also behind a transform.
// So Calibrate observes the transformed model as well:
//
//	q, err := calib.Calibrate(ctx, setup.Folded, train, calib.TrioViT.By(calib.OMSE))
//
// Rival methods are data of the same kinds, each with its source. [ChannelGrids],
// [PowerOfTwoFactor], [SmoothQuant] and [OutlierScaling] are transforms, [DivisorFloor]
// and [LogSqrt2] are rules for divisors, and [ShiftWeights] is a rule for weights. Each of
// the [Baselines] is [TrioViT] with one part replaced by one of these.
//
// [Quantized.Precisions] lists the width in bits of each tensor and of each convolution's
// weights. [InFloat] leaves tensors in floating point while the weights that read them are
// rounded.
//
// A part of a quantized network runs alone, in fake quantization and in integers:
//
//	block := q.Network().Blocks()[9]
//	fake, err := q.Cut(block.From, block.To)             // fake.Run(read...)
//	first, end := q.Frozen(frozen, block.From, block.To) // frozen, err := calib.Freeze(q, limits)
//	integers, err := frozen.Cut(first, end)              // integers.Run(codes...)
//
// A recipe has one width for all weights and one for all tensors, or gives parts of the
// network their own widths ([Recipe].Widths). Package mixed chooses widths of weights
// under a budget.
//
// [CheckHealth] runs a quantized network on a few pictures and counts saturated values and
// divisors that become 0. Package diagnose finds where a quantized network loses its
// accuracy, package reconstruct recovers part of it, and package tables makes the paper's
// tables.
//
// A caller's own [Quantizer], [Observer] or [Transform] is used by putting it into a
// recipe.
package calib
