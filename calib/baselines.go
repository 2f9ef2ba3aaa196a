// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// The baselines: [TrioViT] with one of its parts replaced by a rival method. All but the
// two recipes with other divisors can be frozen once every point is rounded
// ([Recipe.Integer]).
var (
	// ChannelWiseDW has channel-wise grids in place of channel-wise migration: the
	// rival of the paper's Table VI.
	ChannelWiseDW = baseline("TrioViT with channel-wise grids", "TrioViT with a grid for each channel of DW's inputs in place of migration",
		ChannelGrids{Roles(efficientvit.DW)}, PaperShifting)
	// SignedMigration keeps the signs of the migration's factors, as the paper's figure of
	// migrated ranges seems to (inferred).
	SignedMigration = baseline("TrioViT with signed factors", "TrioViT with migration that keeps the sign of a channel",
		Migration{Where: PaperMigration.Where, Signed: true}, PaperShifting)
	// PowerFactors replaces migration by FQ-ViT's power-of-two factors.
	PowerFactors = baseline("TrioViT with power-of-two factors", "TrioViT with FQ-ViT's power-of-two factor of DW's inputs in place of migration",
		PowerOfTwoFactor{Where: Roles(efficientvit.DW)}, PaperShifting)
	// SmoothQuantOnly replaces migration and shifting by SmoothQuant's migration.
	SmoothQuantOnly = baseline("SmoothQuant", "TrioViT with SmoothQuant's migration of DW's and PW2's inputs in place of migration and shifting",
		SmoothQuant{Where: Roles(efficientvit.DW, efficientvit.PW2)})
	// OutlierSuppression replaces migration and shifting by the scaling and shifting of
	// Outlier Suppression+.
	OutlierSuppression = baseline("Outlier Suppression+", "TrioViT with Outlier Suppression+'s scaling of DW's and PW2's inputs in place of migration",
		OutlierScaling{Roles(efficientvit.DW, efficientvit.PW2)}, PaperShifting)
	// LogSqrt2Divisors puts the divisors on powers of √2 in place of powers of two.
	LogSqrt2Divisors = TrioViT.With("TrioViT with log-sqrt2 divisors", func(r *Recipe) {
		r.About, r.Divisors = "TrioViT with divisors on powers of √2", LogSqrt2{}
	})
	// MixedWeights puts half of the filters of pointwise convolutions on powers of two,
	// after M2-ViT.
	MixedWeights = TrioViT.With("TrioViT with power-of-two weights", func(r *Recipe) {
		r.About = "TrioViT with half of the filters of pointwise convolutions on powers of two, after M2-ViT"
		r.ShiftWeights = ShiftWeights{Where: Roles(efficientvit.PW1, efficientvit.PW2), Share: 0.5}
	})
)

// Baselines lists the recipes that the paper's recipes are compared with. Its
// [DivisorFloor] is the one shipped for EfficientViT-B2; [Floored] makes recipes with
// other floors.
var Baselines = []Recipe{ChannelWiseDW, SignedMigration, PowerFactors, SmoothQuantOnly, OutlierSuppression, Floored(90), LogSqrt2Divisors, MixedWeights}

// baseline returns TrioViT with other transforms.
func baseline(name, about string, transforms ...Transform) Recipe {
	return TrioViT.With(name, func(r *Recipe) { r.About, r.Transforms = about, transforms })
}

const flooredAt = "TrioViT floored at "

// Floored returns TrioViT with uniform divisors of 8 bits that are at least the
// floor ([DivisorFloor]): the recipes of a sweep over floors.
func Floored(floor float64) Recipe {
	return TrioViT.With(flooredAt+strconv.FormatFloat(floor, 'g', -1, 64), func(r *Recipe) {
		r.About, r.Divisors = fmt.Sprintf("TrioViT with divisors uniform in 8 bits, at least %g", floor), DivisorFloor{Floor: floor}
	})
}

// floored returns the recipe of a name such as [Floored] makes.
func floored(name string) (Recipe, bool) {
	number, ok := strings.CutPrefix(name, flooredAt)
	floor, err := strconv.ParseFloat(number, 64)
	return Floored(floor), ok && err == nil && floor >= 0 && !math.IsInf(floor, 1)
}
