// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"cmp"
	"fmt"
	"strings"
)

// Options say how a network is reconstructed. The zero value is [Strict] with 600
// steps.
type Options struct {
	// Preset is the name that results tell: [Strict], [Reference], or one's own.
	Preset string
	// Steps is the number of steps of each block, Batch the pictures or crops of a
	// step. 0 is 600 and 16.
	Steps, Batch int
	// Crop is the side in pixels of the square crops that stand for the pictures, and
	// Crops how many are taken; 0 takes whole pictures.
	Crop, Crops int
	// Seed draws crops, batches and what is dropped.
	Seed uint64
	// Keep is the share of the elements of activations that a step leaves in floating
	// point, drawn anew in each step (QDrop; Wei et al., ICLR 2022); 0 is one half,
	// less than 0 none.
	Keep float64
	// RoundRate and StepRate are Adam's rates for the rounding of weights and for the
	// logarithms of the activations' steps; the second falls to 0 by half a cosine. 0
	// takes what the number of steps asks for.
	RoundRate, StepRate float64
	// Regularizer weighs the term that drives each rounding to 0 or 1, beside an error
	// that is 1 at the start; 0 is 0.1. It is left out in the first fifth of the steps.
	Regularizer float64
	// KeepSteps leaves the steps of activations as the recipe chose them, KeepRounding
	// the rounding of weights.
	KeepSteps, KeepRounding bool
	// Compensate fits a factor and an offset per channel to each block's output, and
	// folds them into the last convolution's filters and biases.
	Compensate bool
}

// Strict returns the options that do what the paper says: every rounding is hard in
// the end, and every step of the rounded activations is learned.
func Strict(steps int) Options {
	return Options{Preset: "Strict", Steps: steps, Compensate: true}.Filled()
}

// Filled returns the options with the defaults in place of zeros.
func (o Options) Filled() Options {
	o.Preset = cmp.Or(o.Preset, "Strict")
	o.Steps, o.Batch = cmp.Or(o.Steps, 600), cmp.Or(o.Batch, 16)
	o.Keep = cmp.Or(o.Keep, 0.5)
	o.Regularizer = cmp.Or(o.Regularizer, 0.1)
	o.RoundRate = cmp.Or(o.RoundRate, min(max(6/float64(o.Steps), 1e-3), 3e-2))
	o.StepRate = cmp.Or(o.StepRate, min(max(1.5/float64(o.Steps), 1e-4), 1e-2))
	return o
}

// Check refuses options with which nothing can be learned.
func (o Options) Check() error {
	switch {
	case o.Steps < 1 || o.Batch < 1:
		return fmt.Errorf("%d steps with %d pictures each: at least 1 is needed", o.Steps, o.Batch)
	case o.Crop < 0 || o.Crops < 0 || o.Crop > 0 && o.Crops == 0:
		return fmt.Errorf("%d crops of %d pixels: at least 1, or 0 of 0 for whole pictures", o.Crops, o.Crop)
	case !(o.Keep < 1):
		return fmt.Errorf("a share of %g stays in floating point: less than 1 is allowed", o.Keep)
	}
	return nil
}

// String tells the options in lines that follow a recipe's.
func (o Options) String() string {
	var s strings.Builder
	pictures := "whole pictures"
	if o.Crop > 0 {
		pictures = fmt.Sprintf("%d crops of %d pixels", o.Crops, o.Crop)
	}
	fmt.Fprintf(&s, "reconstruct %s: %d steps a block of %d of %s, seed %d\n", o.Preset, o.Steps, o.Batch, pictures, o.Seed)
	if !o.KeepRounding {
		fmt.Fprintf(&s, "  weights    rounding learned (AdaRound), rate %g, regularizer %g\n", o.RoundRate, o.Regularizer)
	}
	if !o.KeepSteps {
		fmt.Fprintf(&s, "  tensors    steps learned (LSQ), rate %g\n", o.StepRate)
	}
	if o.Keep > 0 {
		fmt.Fprintf(&s, "  drop       %g of the elements stay in floating point (QDrop)\n", o.Keep)
	}
	if o.Compensate {
		s.WriteString("  blocks     outputs compensated by a factor and an offset per channel\n")
	}
	return s.String()
}
