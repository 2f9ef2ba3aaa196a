// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"fmt"
	"math"
)

// Uniform is a grid of equal steps: x ≈ Scale·(q − Zero) for the integers q
// from Lo to Hi (paper Eq. 5; Zero is 0 on a symmetric grid).
type Uniform struct {
	Scale float32 `json:"step"`
	Zero  int     `json:"zero"`
	Lo    int     `json:"lo"`
	Hi    int     `json:"hi"`
}

// Code returns the integer that stands for x: x/Scale rounded half to even,
// plus Zero, clamped to Lo..Hi. NaN has no code.
func (u Uniform) Code(x float32) int {
	q := math.RoundToEven(float64(x/u.Scale)) + float64(u.Zero)
	return int(min(max(q, float64(u.Lo)), float64(u.Hi)))
}

// Value returns the value that the code q stands for, Scale·(q − Zero).
func (u Uniform) Value(q int) float32 { return float32(q-u.Zero) * u.Scale }

// Fake returns the value that stands for x, Value(Code(x)), and NaN where x is NaN
// or infinite: a grid must not hide that a network overflows.
func (u Uniform) Fake(x float32) float32 { return u.Value(u.Code(x)) + (x - x) }

// String returns the range and the step.
func (u Uniform) String() string {
	return fmt.Sprintf("uniform %d..%d zero %d step %g", u.Lo, u.Hi, u.Zero, u.Scale)
}
