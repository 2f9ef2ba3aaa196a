// SPDX-License-Identifier: Apache-2.0

package kernel

import "math"

// An Estimate computes Hardswish between two requantizations of a block in floats of 32
// bits, and says which of its codes may be wrong. A kernel computes those by the exact
// integers, and all others by half as many instructions. For one channel,
//
//	u := float32(acc)·Slope + Start
//	n := clamp(⌊u⌋, Bottom, Top)
//	w := (n·Rate + Fall)·min(n, Six) + Rise
//	r := |w − round(w)|
//
// where n is the pre-activation plus 3, and at least 0. ⌊w⌋, clamped, is the exact code unless
//
//	r < Doubt, or u − ⌊u⌋ < Near and r·Ratio < Doubt
//
// [NewEstimate] has the proof. A product and the sum behind it are rounded once.
type Estimate struct {
	Slope, Start, Near             [Lanes]float32
	Rate, Fall, Rise, Doubt, Ratio [Lanes]float32
	Bottom, Top, Six               float32 // of all channels
}

// Bounds of what an estimate is worth: the largest Near and Doubt, beyond which too many
// codes are in doubt, and the largest of its numbers, up to which floats of 32 bits have four
// binary places.
const (
	maxNear  = 1.0 / 8
	maxDoubt = 1.0 / 64
	maxFloat = 1 << 20
)

// NewEstimate returns the estimate for a block's scales, of which the first n lanes are
// used. It returns nil if floats are too coarse, or if the codes are not those of a byte.
//
// An operation on floats has an error of at most ε = 2^−24 times its result, and so has each
// number of the estimate. A multiplier of at most 24 bits has none. The shifted accumulators
// and the products that Drop has cut must fit 32 bits, as the planner of package fast
// ensures.
//
// The pre-activation x plus Three is ⌊acc·slope + start⌋. As long as that is at most reach,
// the error of u is at most
//
//	near = (ε + the relative errors of Slope and of float32(acc))·(reach + |start|)
//
// Beyond reach the code is at the end of its range, whatever x is. Start has near added, so
// that ⌊u⌋ is x + Three, or, only if u − ⌊u⌋ < 2·near, greater by 1. Where n is 0, so is the
// product below, as for each smaller x.
//
// The code is ⌊gain·h + rise⌋ for the product h = x·clamp(x + Three, 0, Six), but for the
// bits that Drop cuts off, which are worth up to half of gain·2^Drop around their middle. If
// n is right and the code is within its range, the error of w is at most
//
//	doubt = gain·2^Drop/2 + ε·(2·most + |rise|) + the relative error of Rate·most
//
// Here most = end + 2·|rise| + gain·Three·Six bounds the sums of all terms of w, for codes
// below end. If n is wrong, h is wrong by at most max(Three, Six, 2·Six − Three), its largest
// slope. The bound on most has room for the roundings of r·Ratio and of the bounds themselves.
func NewEstimate(s *[2]Scale, g *Gate, n int) *Estimate {
	if g.Three <= 0 || g.Six <= 0 || g.Drop > 31 || g.Out.Lo < 0 || g.Out.Hi > 255 {
		return nil
	}
	const eps = 1.0 / (1 << 24) * (1 + 1.0/64) // with the errors of the errors
	three, six, top := float64(g.Three), float64(g.Six), float64(g.Hi)
	end := float64(g.Out.Hi) + 2
	e := &Estimate{Bottom: float32(max(0, float64(g.Lo)+three)), Top: float32(max(0, top+three)), Six: float32(six)}
	for o := range n {
		slope, start := s[0].line(o)
		slope, start = math.Ldexp(slope, int(g.Left)), start+three
		gain, rise := s[1].line(o)
		dropped := 0.0
		if g.Drop > 0 {
			dropped = gain / 2
		}
		gain, rise = math.Ldexp(gain, -int(g.Drop)), rise-dropped

		reach := math.Abs(top)
		if gain > 0 { // Hardswish is linear behind 3
			reach = min(reach, max((end+math.Abs(rise))/(gain*six), six-three))
		}
		reach += three + 1
		largest := reach + math.Abs(start) // of acc·slope
		errors := eps + inexact(slope)
		if largest > math.Abs(slope)*(1<<24) {
			errors += eps // float32(acc) is rounded
		}
		near := errors * largest
		most := end + 2*math.Abs(rise) + gain*three*six
		doubt := dropped + eps*(2*most+math.Abs(rise)) + inexact(gain)*most
		slip := gain * max(three, six, 2*six-three)
		if gain < 0 || tiny(slope) || tiny(gain) || 2*near > maxNear || doubt > maxDoubt ||
			largest > maxFloat || gain*six*(math.Abs(top)+three)+math.Abs(rise) > maxFloat {
			return nil
		}
		e.Slope[o], e.Start[o], e.Near[o] = float32(slope), float32(start+near), float32(2*near)
		e.Rate[o], e.Fall[o], e.Rise[o] = float32(gain), float32(-gain*three), float32(rise)
		e.Doubt[o], e.Ratio[o] = float32(doubt), float32(doubt/(doubt+slip))
	}
	return e
}

// line returns a scale of a channel in real numbers: it makes ⌊x·slope + start⌋ of x.
func (s *Scale) line(o int) (slope, start float64) {
	unit := -32 - int(s.Shift[o])
	return math.Ldexp(float64(s.Mantissa[o]), unit), math.Ldexp(float64(s.Addend[Place(o)]), unit)
}

// inexact returns the relative error of a number as a float of 32 bits.
func inexact(x float64) float64 {
	if x == 0 {
		return 0
	}
	return math.Abs(float64(float32(x))/x - 1)
}

// tiny reports whether a number is so small that floats of 32 bits lose its digits.
func tiny(x float64) bool { return x != 0 && math.Abs(x) < 1e-30 }
