// SPDX-License-Identifier: Apache-2.0

package scenes

import "math"

// box is a vehicle with a face towards the camera and a flank along the street.
type box struct {
	width, height, length float64
	face, flank           shader
}

// vehicle places a box in a lane. With the probability across, it places the box across
// the street instead, with its flank towards the camera.
func (s *street) vehicle(b box, across float64) object {
	if s.chance(across) {
		turn := s.chance(0.5)
		flank := func(u, v float64) (rgb, uint8, bool) {
			u += b.length / 2
			if turn {
				u = b.length - u
			}
			return b.flank(u, v)
		}
		return object{reach: b.length / 2, paint: func(x, z float64) {
			s.shadow(x, z, b.length/2+0.3, 0.9, 0.6)
			s.facing(x, z, -b.length/2, b.length/2, 0, b.height, flank)
		}}
	}
	return object{reach: b.width / 2, paint: func(x, z float64) {
		s.shadow(x, z+b.length/2, b.width/2+0.4, b.length/2+0.5, 0.6)
		if inner := math.Abs(x) - b.width/2; inner > 0 {
			s.along(math.Copysign(inner, x), z, z+b.length, b.height, b.flank)
		}
		s.facing(x, z, -b.width/2, b.width/2, 0, b.height, b.face)
	}}
}

// wheel returns the colour of a wheel of radius r with its centre at (u0, r), and
// whether (u, v) is on the wheel.
func wheel(u, v, u0, r float64) (rgb, bool) {
	d := math.Hypot(u-u0, v-r)
	if d > r {
		return rgb{}, false
	}
	if d < 0.55*r {
		return rgb{0.5, 0.5, 0.52}.times(0.7 + 0.6*math.Abs(u-u0)/r), true
	}
	return rgb{0.06, 0.06, 0.06}, true
}

// car returns a saloon, an estate or a small van, seen from behind or in front.
func (s *street) car(x float64) object {
	paint := s.pick(rgb{0.1, 0.1, 0.12}, rgb{0.75, 0.75, 0.77}, rgb{0.9, 0.9, 0.9}, rgb{0.55, 0.1, 0.1},
		rgb{0.12, 0.2, 0.45}, rgb{0.35, 0.36, 0.38}, rgb{0.2, 0.32, 0.25}).times(s.lit(x))
	glass := s.pick(rgb{0.08, 0.1, 0.12}, rgb{0.25, 0.3, 0.35})
	lamps := rgb{0.95, 0.12, 0.1}
	if x < 0 {
		lamps = rgb{1.2, 1.15, 0.9}
	}
	width, height, length := s.between(1.7, 2), s.between(1.4, 1.8), s.between(3.8, 4.6)
	belt := height * s.between(0.55, 0.62)
	hood, boot := s.between(0.2, 0.35)*length, s.between(0, 0.2)*length
	face := func(u, v float64) (rgb, uint8, bool) {
		a := math.Abs(u) / (width / 2)
		roof := clamp((v-belt)/(height-belt), 0, 1)
		switch {
		case v < 0.28:
			return rgb{0.06, 0.06, 0.06}, Car, a > 0.62
		case v > belt:
			narrow := 0.95 - 0.25*roof*roof
			if a < narrow-0.12 && in(roof, 0.1, 0.82) {
				return glass.times(0.7 + 0.8*roof), Car, true
			}
			return paint.times(0.8 + 0.4*roof), Car, a < narrow
		case a > 0.62 && in(v, belt-0.3, belt-0.08):
			return lamps, Car, true
		case a < 0.3 && in(v, 0.45, 0.57):
			return rgb{0.9, 0.9, 0.85}, Car, true
		case v < 0.42:
			return paint.times(0.45), Car, true
		}
		return paint.times(0.7 + 0.4*v/belt), Car, true
	}
	flank := func(u, v float64) (rgb, uint8, bool) {
		for _, at := range [...]float64{0.19, 0.8} {
			if c, ok := wheel(u, v, at*length, 0.34); ok {
				return c, Car, true
			}
		}
		if v < 0.25 {
			return rgb{}, 0, false
		}
		if v < belt {
			c := paint.times(0.65 + 0.45*v/belt)
			if math.Abs(u-0.5*length) < 0.02 {
				c = c.times(0.5)
			}
			return c, Car, true
		}
		roof := (v - belt) / (height - belt)
		lo, hi := boot+0.5*roof, length-hood-0.9*roof
		if !in(u, lo, hi) {
			return rgb{}, 0, false
		}
		pillar := math.Abs(u-0.5*length) < 0.06
		if in(roof, 0.1, 0.8) && in(u, lo+0.15, hi-0.15) && !pillar {
			return glass.times(0.8 + 0.6*roof), Car, true
		}
		return paint, Car, true
	}
	return s.vehicle(box{width, height, length, face, flank}, 0.25)
}

// truck returns a cab with a tall cargo box or tarpaulin behind it.
func (s *street) truck(x float64) object {
	cargo := s.pick(rgb{0.88, 0.88, 0.86}, rgb{0.6, 0.62, 0.64}, rgb{0.3, 0.4, 0.55}, rgb{0.7, 0.6, 0.4}, rgb{0.35, 0.5, 0.35}).times(s.lit(x))
	cab := s.pick(rgb{0.8, 0.15, 0.1}, rgb{0.9, 0.9, 0.9}, rgb{0.15, 0.25, 0.6}, rgb{0.9, 0.6, 0.1}).times(s.lit(x))
	width, height, length := s.between(2.3, 2.6), s.between(2.8, 3.5), s.between(6, 8.5)
	rib := s.between(0.4, 0.9)
	oncoming := x < 0
	logo := s.pick(rgb{0.8, 0.2, 0.1}, rgb{0.1, 0.3, 0.6}, rgb{0.2, 0.5, 0.2})
	face := func(u, v float64) (rgb, uint8, bool) {
		a := math.Abs(u) / (width / 2)
		switch {
		case v < 0.45:
			return rgb{0.05, 0.05, 0.05}, Truck, a > 0.5
		case v < 0.9:
			if a > 0.75 {
				return rgb{0.95, 0.3, 0.1}, Truck, true
			}
			return rgb{0.15, 0.15, 0.15}, Truck, true
		case oncoming && v < 2.5:
			if in(v, 1.55, 2.35) && a < 0.88 {
				return rgb{0.12, 0.15, 0.18}.times(0.5 + 0.6*v), Truck, true
			}
			if in(v, 1, 1.45) && a < 0.6 && frac(v, 0.15) < 0.5 {
				return rgb{0.1, 0.1, 0.1}, Truck, true
			}
			return cab, Truck, true
		case a < 0.03 || a > 0.93 || v > height-0.12:
			return cargo.times(0.5), Truck, true
		case in(a, 0.4, 0.46):
			return cargo.times(0.7), Truck, true
		}
		return cargo.times(0.85 + 0.1*v/height), Truck, true
	}
	flank := func(u, v float64) (rgb, uint8, bool) {
		for _, at := range [...]float64{0.16, 0.3, 0.86} {
			if c, ok := wheel(u, v, at*length, 0.5); ok {
				return c, Truck, true
			}
		}
		front := length - 1.9
		switch {
		case v < 0.55:
			return rgb{}, 0, false
		case u > front:
			if v > 2.6 {
				return rgb{}, 0, false
			}
			if in(v, 1.6, 2.35) && in(u, front+0.6, length-0.25) {
				return rgb{0.12, 0.15, 0.18}, Truck, true
			}
			return cab.times(0.7 + 0.15*v), Truck, true
		case v < 0.95:
			return rgb{0.12, 0.12, 0.12}, Truck, true
		case in(v, 1.6, 2.4) && in(u, 0.25*front, 0.7*front):
			return logo, Truck, true
		}
		return cargo.times(0.72 + 0.3*frac(u, rib)), Truck, true
	}
	return s.vehicle(box{width, height, length, face, flank}, 0.3)
}

// bus returns a bus in one bright colour with a band of large windows.
func (s *street) bus(x float64) object {
	body := s.pick(rgb{0.85, 0.12, 0.1}, rgb{0.95, 0.75, 0.1}, rgb{0.15, 0.55, 0.3}, rgb{0.9, 0.45, 0.1}, rgb{0.2, 0.45, 0.8}).times(s.lit(x))
	glass := s.pick(rgb{0.12, 0.14, 0.17}, rgb{0.3, 0.36, 0.42})
	width, height, length := s.between(2.4, 2.7), s.between(2.8, 3.3), s.between(7.5, 11)
	bay := s.between(1.3, 1.9)
	face := func(u, v float64) (rgb, uint8, bool) {
		a := math.Abs(u) / (width / 2)
		top := height - v
		switch {
		case v < 0.35:
			return rgb{0.06, 0.06, 0.06}, Bus, a > 0.6
		case a > 1-0.15*clamp(1-2*top, 0, 1):
			return rgb{}, 0, false
		case in(top, 0.15, 0.5) && a < 0.7:
			return rgb{1.2, 0.7, 0.1}.times(0.3 + 0.9*hash(int(u*9), int(v*9), s.salt)), Bus, true
		case top > 0.5 && v > 1.15 && a < 0.9:
			return glass.times(0.6 + 0.4*v), Bus, true
		case in(v, 0.55, 0.85) && in(a, 0.65, 0.9):
			return rgb{1.2, 1.1, 0.9}, Bus, true
		}
		return body, Bus, true
	}
	flank := func(u, v float64) (rgb, uint8, bool) {
		for _, at := range [...]float64{0.2, 0.78} {
			if c, ok := wheel(u, v, at*length, 0.48); ok {
				return c, Bus, true
			}
		}
		if v < 0.32 {
			return rgb{}, 0, false
		}
		door := in(u, 0.42*length, 0.42*length+1.2)
		if (in(v, 1.25, height-0.55) || door && v < height-0.55) && frac(u, bay) > 0.09 {
			return glass.times(0.7 + 0.5*noise(u, v, s.salt)), Bus, true
		}
		return body.times(0.75 + 0.1*v), Bus, true
	}
	return s.vehicle(box{width, height, length, face, flank}, 0.3)
}

// train returns a tram on rails. It is pale, with a coloured band and a dark rounded
// front.
func (s *street) train(x float64) object {
	pale := s.pick(rgb{0.8, 0.8, 0.78}, rgb{0.66, 0.68, 0.7}, rgb{0.88, 0.85, 0.75}).times(s.lit(x))
	band := s.pick(rgb{0.7, 0.1, 0.12}, rgb{0.1, 0.25, 0.55}, rgb{0.05, 0.45, 0.4}, rgb{0.45, 0.15, 0.45}).times(s.lit(x))
	width, height, length := s.between(2.4, 2.6), s.between(3.4, 3.9), s.between(16, 28)
	pane := s.between(0.9, 1.2)
	face := func(u, v float64) (rgb, uint8, bool) {
		a := math.Abs(u) / (width / 2)
		top := height - v
		switch {
		case a > 1-0.15*math.Pow(clamp(1-top/0.6, 0, 1), 2):
			return rgb{}, 0, false
		case v < 0.4:
			return rgb{0.14, 0.14, 0.15}, Train, a < 0.9
		case v < 1.2:
			if in(v, 0.7, 0.95) && in(a, 0.5, 0.8) {
				return rgb{1.3, 1.25, 1}, Train, true
			}
			return band, Train, true
		case v < height-0.6 && a < 0.84:
			return rgb{0.1, 0.11, 0.13}.times(0.6 + 0.5*v), Train, true
		}
		return pale, Train, true
	}
	flank := func(u, v float64) (rgb, uint8, bool) {
		car := frac(u, 8)
		switch {
		case v < 0.4:
			return rgb{0.14, 0.14, 0.15}, Train, true
		case car < 0.04: // the bellows between two cars
			return rgb{0.1, 0.1, 0.1}, Train, v < height-0.3
		case v < 1.2:
			return band.times(0.8 + 0.2*v), Train, true
		case in(v, 1.6, 2.6):
			if frac(u, pane) > 0.25 {
				return rgb{0.14, 0.17, 0.2}.times(0.8 + 0.8*noise(u, v, s.salt)), Train, true
			}
		case v > height-0.35:
			return rgb{0.4, 0.4, 0.42}, Train, true
		}
		return pale.times(0.75 + 0.08*v), Train, true
	}
	return s.vehicle(box{width, height, length, face, flank}, 0.35)
}
