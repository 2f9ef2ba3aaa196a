// SPDX-License-Identifier: Apache-2.0

// Package calib goes from activations to integers: it finds out what a
// network's tensors look like, changes the network so that they quantize well,
// puts them on grids, and measures what that leaves of the accuracy. The
// methods are those of Trio-ViT (arXiv 2405.03882).
//
// EfficientViT does not survive plain 8-bit quantization for three reasons,
// each of which has its remedy: the channels of a depthwise convolution's input
// differ in width ([Migration]), those of the pointwise convolution behind it
// lie to one side of zero ([Shifting]), and the divisors of the attention spread
// over many octaves, the small ones mattering most ([LogDomain], [LeadingOne]).
//
// # The pipeline
//
//   - [Observe] runs the folded model in floating point over calibration
//     pictures and returns a [Profile]: ranges, means and a histogram of every
//     tensor.
//   - A [Recipe] says what to do, as data: transforms, which points of
//     INTEGER.md are rounded, which rule picks their grids.
//   - [Quantize] applies it and returns a [Quantized], which predicts like any
//     other model, and a list of what it changed.
//   - [Freeze] makes integers of it (package integer): no float is left.
//   - [RunLadder] scores recipes side by side on pictures that calibration did
//     not see.
//
// Each step is a pure function of its arguments, and what takes long is cached:
//
//	profile, err := calib.Observe(ctx, setup.Folded, train)
//	q, err := calib.Quantize(setup.Folded, profile, calib.TrioViT)
//	report, err := triovit.Evaluate(ctx, q, val)
//
// Which range a grid spans is the rule's choice: the whole one that was seen
// ([MinMax], the default), or less of it, as the field's observers have it
// ([Observers]). These look at a tensor's distribution, also behind a transform,
// so that the transformed model is observed as well:
//
//	q, err := calib.Calibrate(ctx, setup.Folded, train, calib.TrioViT.By(calib.OMSE))
//
// What others do in place of the paper's techniques is data of the same kinds, each
// with its source: [ChannelGrids], [PowerOfTwoFactor], [SmoothQuant] and
// [OutlierScaling] are transforms, [DivisorFloor] and [LogSqrt2] rules for divisors,
// [ShiftWeights] is one for weights. The [Baselines] are [TrioViT] with one of them.
//
// [Quantized.Precisions] tells on how many bits each tensor and each convolution's weights
// are, [InFloat] leaves tensors in floating point whose weights are rounded.
//
// A part of a quantized network runs alone, in fake quantization and in integers:
//
//	block := q.Network().Blocks()[9]
//	fake, err := q.Cut(block.From, block.To)             // fake.Run(read...)
//	first, end := q.Frozen(frozen, block.From, block.To) // frozen, err := calib.Freeze(q, limits)
//	integers, err := frozen.Cut(first, end)              // integers.Run(codes...)
//
// A recipe has one width for all weights and one for all tensors, or gives parts of the
// network widths of their own ([Recipe].Widths). Package mixed chooses those of the
// weights under a budget.
//
// [CheckHealth] runs a quantized network on a few pictures and counts what saturates and
// which divisors become 0. Package diagnose says where a quantized network loses its
// accuracy, package reconstruct wins some of it back, and package tables has the paper's
// tables.
//
// A [Quantizer], [Observer] or [Transform] of one's own takes part by being put
// into a recipe.
package calib
