// SPDX-License-Identifier: Apache-2.0

// Package paper holds the numbers that were printed elsewhere: in Trio-ViT
// (arXiv 2405.03882, IEEE TCAS-I 2024), in its companion (ISCAS 2024, the same
// arrays, board and clock), in what they are compared with, and in the README of
// EfficientViT. None of them was computed here, and none is ever mixed with one
// that was: tables and figures draw them apart, each with its mark.
package paper

import "math"

// A Mark is the standing of a printed number.
type Mark string

// The marks.
const (
	Verified Mark = "V" // read in a source that quotes it
	Inferred Mark = "I" // its place in the table was reasoned out
	Unknown  Mark = "U" // not at hand
	Recalled Mark = "M" // from memory, unconfirmed
)

// A Number is one cell of a table.
type Number struct {
	Row   string
	Value float64 // percent; NaN where the table prints NaN
	Mark  Mark
}

// A Table is one column of a printed table.
type Table struct {
	// What the numbers measure and where they are printed.
	What string
	Rows []Number
}

// CityscapesB0 is Table VII: EfficientViT-B0 at 1024 × 2048 on Cityscapes, mIoU.
// The values are the paper's; which row is which was inferred, and for the two
// single techniques it is not known.
var CityscapesB0 = Table{
	What: "mIoU %, B0 at R1024, Cityscapes, Table VII; float from EfficientViT's README",
	Rows: []Number{
		{"float (README)", 75.653, Verified},
		{"MBConv vanilla", 36.89, Inferred},
		{"one technique", 72.51, Inferred},
		{"the other technique", 29.02, Inferred},
		{"both", 75.22, Inferred},
		{"both, MSA uniform", 1.12, Inferred},
		{"Trio-ViT", 74.83, Inferred},
	},
}

// ImageNetB1 is the column of EfficientViT-B1-R224 in Table V: ImageNet top-1.
// The first row and the last one are certain.
var ImageNetB1 = Table{
	What: "top-1 %, B1-R224, ImageNet, Table V",
	Rows: []Number{
		{"float", 79.39, Verified},
		{"everything vanilla", math.NaN(), Inferred},
		{"MBConv vanilla", 3.23, Inferred},
		{"shifting", 7.51, Inferred},
		{"migration", 28.75, Inferred},
		{"both", 79.05, Inferred},
		{"both, MSA uniform", math.NaN(), Inferred},
		{"Trio-ViT", 78.64, Verified},
	},
}
