// SPDX-License-Identifier: Apache-2.0

// Package tables says what the paper's tables of accuracies say on a network and
// pictures of one's own, with the paper's numbers beside them.
//
// One call makes a table: [I] and [II] find which tensors break eight bits, [V] and, for
// a segmentation, [VII] switch the techniques on one by one, [VI] holds channel-wise grids
// against migration, and [IV] is the final accuracy. Each works on classifiers and
// segmentations alike. Tables III and VIII are about hardware: package hwsim/compare.
//
//	t, err := tables.V(ctx, setup.Folded, setup.Calibration, setup.Evaluation, tables.Options{})
//	fmt.Println(t)
//
// [Alone] and [Curves] go below and above eight bits: one kind of operand rounded at a time,
// and recipes, each at several widths on the same pictures.
//
// # Computed and printed
//
// Every score is computed here, by [calib.RunLadder], and no printed number is ever in its
// place: a recipe without a score says why, and a printed number that is not at hand is
// unknown. Printed numbers carry their mark and their source (package internal/paper), and
// stand in columns of their own.
//
// # What reviewers ask for
//
// A row also tells the minutes of its calibration, and which weights and tensors the recipe
// keeps at other widths or in floating point. Both are computed: widths from the grids of
// the quantized network, minutes from the run that observed the pictures, even where its
// profile comes from the cache.
//
// How far a score depends on which pictures calibrated is told by [Options].Draws: the
// mean and the deviation over sets of pictures that seeds draw. [Pictures] does the same
// for growing sets, as PTQ4ViT does.
package tables
