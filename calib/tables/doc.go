// SPDX-License-Identifier: Apache-2.0

// Package tables computes the paper's tables of accuracies on the caller's network and
// pictures, and sets the paper's numbers beside them.
//
// One call makes a table. [I] and [II] find the tensors that lose the accuracy at eight
// bits. [V] and, for a segmentation, [VII] switch the techniques on one by one. [VI]
// compares channel-wise grids with migration, and [IV] has the final accuracy. Each works
// on classifiers and segmentations alike. Tables III and VIII are about hardware: see
// package hwsim/compare.
//
//	t, err := tables.V(ctx, setup.Folded, setup.Calibration, setup.Evaluation, tables.Options{})
//	fmt.Println(t)
//
// [Alone] and [Curves] go below and above eight bits. Alone rounds one kind of operand at
// a time, Curves scores recipes, each at several widths on the same pictures.
//
// # Computed and printed
//
// Every score is computed here, by [calib.RunLadder], and is never replaced by a printed
// number. A recipe without a score has a reason in its place, and a printed number that is
// not at hand is unknown. Printed numbers carry their mark and their source (package
// internal/paper), and stand in separate columns.
//
// # Calibration time, widths and draws
//
// A row also has the minutes of its calibration, and the weights and tensors that the
// recipe keeps at other widths or in floating point. Both are computed: widths from the
// grids of the quantized network, minutes from the run that observed the pictures, even
// where its profile comes from the cache.
//
// [Options].Draws shows how far a score depends on the calibration pictures: it gives the
// mean and the deviation over sets of pictures drawn by seeds. [Pictures] does the same
// for growing sets, as PTQ4ViT does.
package tables
