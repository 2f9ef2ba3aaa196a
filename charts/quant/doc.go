// SPDX-License-Identifier: Apache-2.0

// Package quant draws what calibration, quantization and diagnosis find in a network: the
// ranges of tensors, divisors against the bins of two quantizers, the ladder of accuracies,
// any of the paper's tables, learned roundings and the map of a diagnosed network. It also
// shows pictures with a network's answers.
//
// Package charts has the figures of the accelerator, and shows and saves those of both
// packages. A program that imports charts alone links no tensor library, no HTTP and no
// data sets. A notebook's cell is linked anew each time, so that a cell with a figure of the
// accelerator ends in half the time of a cell that imports quant.
package quant
