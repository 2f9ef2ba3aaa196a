// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Options say how a network is reconstructed. The zero value is [Strict] with 600
// steps and without compensation.
type Options struct {
	// Preset is the name that results tell: [Strict], [Reference], or one's own.
	Preset string
	// Steps is the number of steps of each block, Batch the pictures or crops of a
	// step. 0 is 600 and 16.
	Steps, Batch int
	// Crop is the side in pixels of the square crops that stand for the pictures, and
	// Crops how many are taken; 0 takes whole pictures.
	Crop, Crops int
	// Exposure darkens the pictures or crops: each one's light is multiplied by a factor
	// drawn from Exposure to 1, evenly in its logarithm. Roundings and steps then serve
	// darker pictures than those that calibrate. 0 is 1, which changes none.
	Exposure float64
	// Seed draws crops, exposures, batches and what is dropped.
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
	// Quirks are those of the released code; the zero value has none.
	Quirks Quirks
}

// Quirks are what the released code does beside the paper's text. [Reference] has all
// of them, [Strict] none.
type Quirks struct {
	// Apart learns the roundings of all blocks first, with activations in floating
	// point, and then the activations' steps, in so many steps of exact inputs. The
	// activations inside of attention come in a second loop over its blocks, of the same
	// length. 0 learns both at once, from the inputs that the rounded network makes.
	Apart int
	// Power is the exponent of the error while activations' steps are learned apart; 0
	// is 2.
	Power float64
	// Summed is a loss in the units of the block's output: the mean over pictures and
	// pixels of the error summed over channels, and the sum, not the mean, of the
	// regularizer over the weights.
	Summed bool
	// Soft are the roles whose weights are not regularized and stay between two codes.
	// Such a network has no integers: it predicts and is not frozen.
	Soft []efficientvit.Role
	// Unmigrated starts the roundings of a migrated convolution from what the weights
	// before migration lack to the codes below them.
	Unmigrated bool
	// FixedProducts leaves the steps of KᵀV, of the sum of K and of the dividends as the
	// recipe chose them.
	FixedProducts bool
}

// Strict returns the options that do what the paper says: every rounding is hard in
// the end, and every step of the rounded activations is learned.
func Strict(steps int) Options {
	return Options{Preset: "Strict", Steps: steps, Compensate: true}
}

// Reference returns the options of the released code (block_recon.py, layer_recon.py
// and main_imagenet.py at commit 5628eb2): 20,000 steps for the roundings and 5,000 for
// the activations. Its networks have the recipe calib.Released.
func Reference() Options {
	return Options{
		Preset: "Reference", Steps: 20000, Batch: 32, RoundRate: 1e-3, StepRate: 4e-4, Regularizer: 0.5, Keep: -1,
		Quirks: Quirks{
			Apart: 5000, Power: 2.4, Summed: true, Soft: []efficientvit.Role{efficientvit.DW, efficientvit.PW2},
			Unmigrated: true, FixedProducts: true,
		},
	}
}

// Filled returns the options with the defaults in place of zeros.
func (o Options) Filled() Options {
	o.Preset = cmp.Or(o.Preset, "Strict")
	o.Steps, o.Batch = cmp.Or(o.Steps, 600), cmp.Or(o.Batch, 16)
	o.Exposure = cmp.Or(o.Exposure, 1)
	o.Keep = cmp.Or(o.Keep, 0.5)
	o.Regularizer = cmp.Or(o.Regularizer, 0.1)
	o.RoundRate = cmp.Or(o.RoundRate, min(max(6/float64(o.Steps), 1e-3), 3e-2))
	o.StepRate = cmp.Or(o.StepRate, min(max(3/float64(o.Steps), 1e-4), 2e-2))
	o.Quirks.Power = cmp.Or(o.Quirks.Power, 2)
	return o
}

// Check refuses options with which nothing can be learned.
func (o Options) Check() error {
	o = o.Filled()
	for _, r := range []struct {
		name string
		rate float64
	}{{"rounding", o.RoundRate}, {"steps", o.StepRate}, {"regularizer", o.Regularizer}} {
		if !(r.rate >= 0 && r.rate <= 1e3) {
			return fmt.Errorf("a rate of %g for the %s: 0 to 1000 are allowed", r.rate, r.name)
		}
	}
	switch {
	case o.Steps < 1 || o.Batch < 1:
		return fmt.Errorf("%d steps with %d pictures each: at least 1 is needed", o.Steps, o.Batch)
	case o.Crop < 0 || o.Crops < 0 || o.Crop > 0 && o.Crops == 0:
		return fmt.Errorf("%d crops of %d pixels: at least 1, or 0 of 0 for whole pictures", o.Crops, o.Crop)
	case !(o.Keep < 1):
		return fmt.Errorf("a share of %g stays in floating point: less than 1 is allowed", o.Keep)
	case !(o.Exposure > 0 && o.Exposure <= 1):
		return fmt.Errorf("pictures darkened to %g of their light: more than 0 and at most 1 is allowed", o.Exposure)
	case o.Quirks.Apart < 0:
		return fmt.Errorf("%d steps for activations apart: at least 1, or 0 for both at once", o.Quirks.Apart)
	case o.Quirks.Apart > 0 && o.Compensate:
		return fmt.Errorf("compensation of blocks whose inputs are exact: it mends what quantized inputs change")
	case o.Quirks.Power != 2 && !(o.Quirks.Apart > 0 && o.Quirks.Summed):
		return fmt.Errorf("an error of power %g: only a summed one has another power than 2, while steps are learned apart", o.Quirks.Power)
	case len(o.Quirks.Soft) > 0 && o.KeepRounding:
		return fmt.Errorf("soft roundings of weights whose rounding is kept: they are learned, or hard")
	case !(o.Quirks.Power >= 1 && o.Quirks.Power <= 8):
		return fmt.Errorf("an error of power %g: 1 to 8 are allowed", o.Quirks.Power)
	}
	return nil
}

// A pass goes once through the blocks of the network, in order.
type pass struct {
	name  string
	steps int
	// round and scale say what is learned: roundings of weights, steps of activations.
	round, scale bool
	// exact gives each block the exact inputs in place of the rounded network's.
	exact bool
	power float64
	// rounds says which operands pass through their grids, among those of the recipe.
	rounds func(class efficientvit.PointClass) bool
	// where restricts the blocks in which anything is learned to those in which one
	// operand's class passes it.
	where func(class efficientvit.PointClass) bool
}

// passes returns how often the network is gone through, and for what.
func (o Options) passes() []pass {
	every := func(efficientvit.PointClass) bool { return true }
	if o.Quirks.Apart == 0 {
		return []pass{{steps: o.Steps, round: !o.KeepRounding, scale: !o.KeepSteps, power: 2, rounds: every, where: every}}
	}
	attention := func(c efficientvit.PointClass) bool {
		return c == efficientvit.AttentionOperand || c == efficientvit.DivisorOperand
	}
	none := func(efficientvit.PointClass) bool { return false }
	outside := func(c efficientvit.PointClass) bool { return !attention(c) }
	return []pass{
		{name: "roundings", steps: o.Steps, round: !o.KeepRounding, power: 2, rounds: none, where: every},
		{name: "steps", steps: o.Quirks.Apart, scale: !o.KeepSteps, exact: true, power: o.Quirks.Power, rounds: outside, where: every},
		{name: "attention", steps: o.Quirks.Apart, scale: !o.KeepSteps, exact: true, power: o.Quirks.Power, rounds: every, where: attention},
	}
}

// String tells the options in lines that follow a recipe's.
func (o Options) String() string {
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	pictures := "whole pictures"
	if o.Crop > 0 {
		pictures = fmt.Sprintf("%d crops of %d pixels", o.Crops, o.Crop)
	}
	line("reconstruct %s: %d steps a block of %d of %s, seed %d", o.Preset, o.Steps, o.Batch, pictures, o.Seed)
	if o.Exposure < 1 {
		line("  pictures   darkened by a factor of %g to 1", o.Exposure)
	}
	if !o.KeepRounding {
		line("  weights    rounding learned (AdaRound), rate %g, regularizer %g", o.RoundRate, o.Regularizer)
	}
	if !o.KeepSteps {
		line("  tensors    steps learned (LSQ), rate %g", o.StepRate)
	}
	if o.Keep > 0 {
		line("  drop       %g of the elements stay in floating point (QDrop)", o.Keep)
	}
	if o.Compensate {
		line("  blocks     outputs compensated by a factor and an offset per channel")
	}
	q := o.Quirks
	if q.Apart > 0 {
		line("  quirk      steps learned apart, %d steps of exact inputs, those inside of attention in a second loop; error of power %g", q.Apart, q.Power)
	}
	if q.Summed {
		line("  quirk      error summed over channels, regularizer over weights")
	}
	if len(q.Soft) > 0 {
		line("  quirk      weights of %s stay between two codes", calib.Roles(q.Soft...))
	}
	if q.Unmigrated {
		line("  quirk      roundings of migrated weights start from the unmigrated")
	}
	if q.FixedProducts {
		line("  quirk      steps of KTV, the sum of K and the dividends are not learned")
	}
	return s.String()
}
