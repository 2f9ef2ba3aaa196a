// SPDX-License-Identifier: Apache-2.0

// Package ablate removes the accelerator's design choices, one at a time, and computes the
// gain of each.
//
// An ablation rewrites the list of operations, the configuration or the pipelines into
// those of a design without the choice. Both timing models of package hwsim charge it and
// the whole design:
//
//   - [WithoutInterLayer] cuts the streams: R-MAC finishes a depthwise convolution
//     while MAT waits, then both engines do the pointwise one.
//   - [WithoutIntraLayer] gives one half of the heads of an attention to each
//     engine, product by product. [WithoutPipelines] removes both pipelines.
//   - [MATOnly] makes R-MAC a second MAT engine. A lane then sums one channel of a
//     depthwise convolution, kernel position by kernel position, with one of its
//     MACs. This is Design Choice #1 of the paper's Section V.
//   - [MATOnlyWindows] lets such a lane take several kernel positions at once. A MAT
//     engine can do so with line buffers for every kernel and stride. The paper
//     rejects them for their cost, which the LUTs here include.
//   - [OneMultiplication] gives each DSP one multiplication per cycle, and its sum.
//   - [RealDividers] divides. The design shifts by a rounded logarithm instead.
//
// [Each] makes a page of all of them:
//
//	study, err := ablate.Each(w, arch.ZCU102(), hwsim.Backbone)
//	fmt.Println(study)
//
// The closed form has neither denominators nor a division. So it has no result for the
// intra-layer pipeline and the log2 divisors: its [hwsim.Estimate] is unknown, with the
// reason.
package ablate
