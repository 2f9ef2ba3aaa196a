// SPDX-License-Identifier: Apache-2.0

// Package paper holds printed numbers: of Trio-ViT (arXiv 2405.03882, IEEE TCAS-I
// 2024), of its companion (ISCAS 2024, the same arrays, board and clock), of the
// designs compared with them, and of EfficientViT's README. No number was computed
// here, and none is mixed with a computed number. Tables and figures show printed
// numbers apart, each with its mark.
package paper

import (
	"math"
	"strconv"
	"strings"
)

// A Mark tells how reliable a printed number is.
type Mark string

// The marks.
const (
	Verified Mark = "V" // the number was read in a source that quotes it
	Inferred Mark = "I" // the number's place in the table was inferred
	Unknown  Mark = "U" // the number is not available here
	Recalled Mark = "M" // the number is from memory and not confirmed
)

// A Cell is one printed number.
type Cell struct {
	// Value is NaN if the mark is Unknown, or if a table of accuracies prints NaN.
	Value float64
	Mark  Mark
	// Source names the place where the number is printed, or the numbers from which it
	// was inferred.
	Source string
}

func verified(x float64, source string) Cell { return Cell{x, Verified, source} }
func inferred(x float64, from string) Cell   { return Cell{x, Inferred, from} }
func recalled(x float64, fits string) Cell   { return Cell{x, Recalled, fits} }
func unknown(why string) Cell                { return Cell{math.NaN(), Unknown, why} }

// Known reports whether the cell has a number, or the NaN that is printed in place of
// one.
func (c Cell) Known() bool { return c.Mark != Unknown }

// Percent returns an accuracy as tables print it: with two decimals, or more if the
// value has more, and its mark. An unknown accuracy is "unknown".
func (c Cell) Percent() string {
	text := strconv.FormatFloat(c.Value, 'f', -1, 64)
	if _, decimals, _ := strings.Cut(text, "."); len(decimals) < 2 {
		text = strconv.FormatFloat(c.Value, 'f', 2, 64)
	}
	if !c.Known() {
		text = "unknown"
	}
	return text + " " + string(c.Mark)
}
