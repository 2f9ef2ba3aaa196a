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
// iterations.
type Options struct {
	// Preset is the name in results: [Strict], [Reference], or the caller's own.
	Preset string
	// Steps is the number of iterations of each block, Batch the number of pictures or crops
	// in an iteration. 0 means 600 and 16.
	Steps, Batch int
	// Crop is the side in pixels of the square crops that replace the pictures, and Crops
	// the number of crops; 0 takes whole pictures.
	Crop, Crops int
	// Exposure darkens the pictures or crops: the light of each is multiplied by a factor
	// drawn from Exposure to 1, evenly in its logarithm. Roundings and steps then also
	// serve pictures darker than the calibration pictures. 0 means 1, which darkens none.
	Exposure float64
	// Seed draws crops, exposures, batches and the elements that stay exact.
	Seed uint64
	// Keep is the share of the activations' elements that an iteration leaves in
	// floating point, drawn anew each time (QDrop; Wei et al., ICLR 2022). 0 means one
	// half, less than 0 means none.
	Keep float64
	// RoundRate and StepRate are Adam's rates for the rounding of weights and for the
	// logarithms of the activations' steps. StepRate falls to 0 by half a cosine. 0 means
	// a rate that suits the number of iterations.
	RoundRate, StepRate float64
	// Regularizer is the weight of the loss term that drives each rounding to 0 or 1,
	// beside an error term that is 1 at the start. 0 means 0.1. The term is left out in
	// the first fifth of the iterations.
	Regularizer float64
	// KeepSteps keeps the recipe's steps of activations, KeepRounding the recipe's
	// rounding of weights.
	KeepSteps, KeepRounding bool
	// Uncompensated leaves out the compensation of a block, which fits a factor and an offset
	// per channel to the block's output, and folds them into the last convolution's
	// filters and biases.
	Uncompensated bool
	// Quirks are those of the released code; the zero value has none.
	Quirks Quirks
}

// Quirks are the deviations of the released code from the paper's text. [Reference] has
// all of them, [Strict] none.
type Quirks struct {
	// Apart learns the roundings of all blocks first, with activations in floating point,
	// and then the activations' steps, with Apart iterations per block on exact
	// inputs. Activations inside of attention follow in a second loop over the attention's
	// blocks, of the same length. 0 learns both at once, from the inputs that the rounded
	// network computes.
	Apart int
	// Power is the exponent of the error where activations' steps are learned apart; 0
	// means 2.
	Power float64
	// Summed takes the loss in the units of the block's output: the error is summed over
	// channels and averaged over pictures and pixels, and the regularizer is the sum over
	// the weights, not the mean.
	Summed bool
	// Soft lists the roles whose weights are not regularized and stay between two codes.
	// Such a network has no integers: it predicts, and cannot be frozen.
	Soft []efficientvit.Role
	// Unmigrated starts the roundings of a migrated convolution from the distances of the
	// weights before migration to the codes below them.
	Unmigrated bool
	// FixedProducts keeps the recipe's steps of KᵀV, of the sum of K and of the dividends.
	FixedProducts bool
}

// Strict returns the options that follow the paper's text: every rounding becomes hard,
// and every step of the rounded activations is learned. Compensation is added to it.
func Strict(iterations int) Options {
	return Options{Preset: "Strict", Steps: iterations}
}

// Reference returns the options of the released code (block_recon.py, layer_recon.py and
// main_imagenet.py at commit 5628eb2): 20,000 iterations for the roundings and 5,000 for
// the activations. Its networks have the recipe calib.Released.
func Reference() Options {
	return Options{
		Preset: "Reference", Steps: 20000, Batch: 32, Uncompensated: true, RoundRate: 1e-3, StepRate: 4e-4, Regularizer: 0.5, Keep: -1,
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

// Check returns an error for options with which nothing can be learned.
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
		return fmt.Errorf("%d iterations with %d pictures each: at least 1 is needed", o.Steps, o.Batch)
	case o.Crop < 0 || o.Crops < 0 || o.Crop > 0 && o.Crops == 0:
		return fmt.Errorf("%d crops of %d pixels: at least 1, or 0 of 0 for whole pictures", o.Crops, o.Crop)
	case !(o.Keep < 1):
		return fmt.Errorf("a share of %g stays in floating point: less than 1 is allowed", o.Keep)
	case !(o.Exposure > 0 && o.Exposure <= 1):
		return fmt.Errorf("pictures darkened to %g of their light: more than 0 and at most 1 is allowed", o.Exposure)
	case o.Quirks.Apart < 0:
		return fmt.Errorf("%d iterations for activations apart: at least 1, or 0 for both at once", o.Quirks.Apart)
	case o.Quirks.Apart > 0 && !o.Uncompensated:
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

// A pass goes through the blocks of the network once, in order.
type pass struct {
	name       string
	iterations int
	// round has the roundings of weights learned, scale the steps of activations.
	round, scale bool
	// exact gives each block the exact inputs in place of those that the rounded network
	// computes.
	exact bool
	power float64
	// rounds reports whether operands of a class pass through their grids, if the recipe
	// rounds them.
	rounds func(class efficientvit.PointClass) bool
	// where restricts learning to blocks with an operand of a class for which it returns
	// true.
	where func(class efficientvit.PointClass) bool
}

// passes returns the passes through the network, in order.
func (o Options) passes() []pass {
	every := func(efficientvit.PointClass) bool { return true }
	if o.Quirks.Apart == 0 {
		return []pass{{iterations: o.Steps, round: !o.KeepRounding, scale: !o.KeepSteps, power: 2, rounds: every, where: every}}
	}
	attention := func(c efficientvit.PointClass) bool {
		return c == efficientvit.AttentionOperand || c == efficientvit.DivisorOperand
	}
	none := func(efficientvit.PointClass) bool { return false }
	outside := func(c efficientvit.PointClass) bool { return !attention(c) }
	return []pass{
		{name: "roundings", iterations: o.Steps, round: !o.KeepRounding, power: 2, rounds: none, where: every},
		{name: "steps", iterations: o.Quirks.Apart, scale: !o.KeepSteps, exact: true, power: o.Quirks.Power, rounds: outside, where: every},
		{name: "attention", iterations: o.Quirks.Apart, scale: !o.KeepSteps, exact: true, power: o.Quirks.Power, rounds: every, where: attention},
	}
}

// String returns the options in lines, to follow a recipe's.
func (o Options) String() string {
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	pictures := "whole pictures"
	if o.Crop > 0 {
		pictures = fmt.Sprintf("%d crops of %d pixels", o.Crops, o.Crop)
	}
	line("reconstruct %s: %d iterations of each block, batches of %d, %s, seed %d", o.Preset, o.Steps, o.Batch, pictures, o.Seed)
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
	if !o.Uncompensated {
		line("  blocks     outputs compensated by a factor and an offset per channel")
	}
	q := o.Quirks
	if q.Apart > 0 {
		line("  quirk      steps learned apart, in %d iterations on exact inputs, those inside of attention in a second loop; error of power %g", q.Apart, q.Power)
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
