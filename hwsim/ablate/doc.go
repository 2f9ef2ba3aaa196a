// SPDX-License-Identifier: Apache-2.0

// Package ablate takes the accelerator's design choices away, one at a time, and
// says what each of them buys.
//
// An ablation rewrites the list of operations, the configuration or the pipelines
// into those of a design that lacks the choice, and charges it, like the whole
// design, by both timing models of package hwsim side by side:
//
//   - [WithoutInterLayer] cuts the streams: R-MAC finishes a depthwise
//     convolution while MAT waits, then both engines do the pointwise one.
//   - [WithoutIntraLayer] gives one half of the heads of an attention to each
//     engine, product by product; [WithoutPipelines] does both.
//   - [MATOnly] makes R-MAC a second MAT engine. A lane then sums one channel of
//     a depthwise convolution, kernel position by kernel position: one of its
//     MACs works. That is Design Choice #1 of the paper's Section V.
//   - [MATOnlyWindows] lets such a lane take several kernel positions at once.
//     It is what a MAT engine can do with line buffers for every kernel and
//     stride, which the paper rejects for their cost: they are in the LUTs.
//   - [OneMultiplication] leaves each DSP one multiplication per cycle, and its sum.
//   - [RealDividers] divides where the design shifts by a rounded logarithm.
//
// [Each] makes a page of all of them:
//
//	study, err := ablate.Each(w, arch.ZCU102(), hwsim.Backbone)
//	fmt.Println(study)
//
// The closed form has neither denominators nor division, so it cannot say what
// the intra-layer pipeline or the log2 divisors buy. A [hwsim.Estimate] says that it is unknown, and why, rather than that
// the choice is free.
package ablate
