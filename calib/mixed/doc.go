// SPDX-License-Identifier: Apache-2.0

// Package mixed chooses the width of each convolution's weights under a budget.
//
// [Measure] finds the accuracy cost of each width, [Sensitivity.Choose] chooses the
// widths, and [Plan.Recipe] returns the recipe with them:
//
//	s, err := mixed.Measure(ctx, model, pictures, calib.TrioViTPlusInteger, mixed.Options{})
//	p, err := s.Choose(mixed.Price{Unit: "cycles", Of: event.PriceWidths(w, config, options)}, 200_000)
//	fmt.Println(p)                                // the widths, and what they cost
//	fmt.Println(p.Go("calib.TrioViTPlusInteger")) // the recipe, to be pasted
//
// # The score
//
// For each convolution and each width, the noise is the energy of the logits' error where
// only these weights are rounded, as a share of the energy of the exact logits
// ([diagnose.Weights]). The predicted SQNR assumes that the noises of all weights, and the
// noise of the tensors, add up. The SQNR of the chosen widths is measured afterwards
// ([diagnose.Logits]).
//
// Activations keep the recipe's width. The modelled accelerator has activations of 8 bits,
// so that narrower ones would cost accuracy without saving cycles.
//
// # The price
//
// A [Price] is a function of all widths at once. [MeanBits] and [Bytes] are sums over the
// convolutions. The cycles of the simulated accelerator are not such a sum: a depthwise
// convolution streams into the pointwise one behind it, so that narrower weights of one of
// them may save nothing until the other's are narrow too. Choose takes three steps:
//
//  1. Each width of each convolution gets a price of its own: the mean of what it
//     saves where all others have the widest weights and of what it saves where all
//     others have the narrowest. For a sum that is the summand. Two operations that
//     wait for each other share what they save together.
//  2. With such prices the least noise under every budget is a knapsack with one choice
//     of each convolution. Its front is made exactly, convolution by convolution, while it
//     has at most 2¹⁴ points, and thinned beyond.
//  3. The real price decides. Of the front the best point within the budget is searched
//     by bisection, and compared with uniform widths. Then every convolution is widened
//     as far as the real price allows, the largest gain first, until no single one can
//     be.
//
// The result keeps to the budget by the real price, is never noisier than a uniform
// width that does, and cannot be improved by widening one convolution.
package mixed
