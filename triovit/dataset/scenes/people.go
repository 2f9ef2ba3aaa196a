// SPDX-License-Identifier: Apache-2.0

package scenes

import "math"

// segmentDistance returns the distance of (u, v) from the line segment from a to b.
func segmentDistance(u, v, au, av, bu, bv float64) float64 {
	du, dv := bu-au, bv-av
	t := clamp(((u-au)*du+(v-av)*dv)/(du*du+dv*dv+1e-12), 0, 1)
	return math.Hypot(u-au-t*du, v-av-t*dv)
}

// limb is a thick line of one colour.
type limb struct {
	au, av, bu, bv float64
	radius         float64
	colour         rgb
}

// figure returns a shader that draws limbs of one class. The first limb is on top.
func figure(limbs []limb, class uint8) shader {
	return func(u, v float64) (rgb, uint8, bool) {
		for _, l := range limbs {
			if d := segmentDistance(u, v, l.au, l.av, l.bu, l.bv); d < l.radius {
				return l.colour.times(1.1 - 0.4*d/l.radius), class, true
			}
		}
		return rgb{}, 0, false
	}
}

// wardrobe returns the colours of skin, upper body and legs.
func (s *street) wardrobe(light float64) (skin, top, legs rgb) {
	skin = s.pick(rgb{0.85, 0.65, 0.52}, rgb{0.6, 0.42, 0.3}, rgb{0.35, 0.24, 0.18})
	top = s.pick(rgb{0.7, 0.15, 0.15}, rgb{0.15, 0.2, 0.45}, rgb{0.85, 0.85, 0.82}, rgb{0.12, 0.12, 0.12},
		rgb{0.85, 0.7, 0.2}, rgb{0.25, 0.4, 0.3}, rgb{0.6, 0.35, 0.5})
	legs = s.pick(rgb{0.12, 0.14, 0.25}, rgb{0.1, 0.1, 0.1}, rgb{0.4, 0.33, 0.25}, rgb{0.3, 0.3, 0.32})
	return skin.times(light), top.times(light), legs.times(light)
}

// pedestrian returns a standing or walking person.
func (s *street) pedestrian(x float64) object {
	skin, top, legs := s.wardrobe(s.lit(x))
	hair := s.pick(rgb{0.1, 0.08, 0.06}, rgb{0.35, 0.22, 0.12}, rgb{0.6, 0.5, 0.3})
	stride, swing := s.between(0.05, 0.3), s.between(-0.15, 0.3)
	size := s.between(0.9, 1.15)
	sh := figure([]limb{
		{0, 1.78, 0, 1.8, 0.1, hair},
		{0, 1.66, 0, 1.7, 0.14, skin},
		{-0.22, 1.38, -0.28 - swing/2, 0.95, 0.1, top},
		{0.22, 1.38, 0.28 + swing/2, 0.95, 0.1, top},
		{-0.08, 1.35, -0.06, 0.95, 0.22, top},
		{0.08, 1.35, 0.06, 0.95, 0.22, top},
		{-0.09, 0.85, -stride, 0.08, 0.13, legs},
		{0.09, 0.85, stride, 0.08, 0.13, legs},
	}, Person)
	return object{reach: 0.45, paint: func(x, z float64) {
		s.shadow(x, z, 0.5, 0.4, 0.5)
		s.facing(x, z, -0.7*size, 0.7*size, 0, 1.95*size, func(u, v float64) (rgb, uint8, bool) { return sh(u/size, v/size) })
	}}
}

// cycle returns bicycles or motorcycles, seen from the side or at an angle. Most of
// them have a rider.
func (s *street) cycle(class uint8) func(x float64) object {
	return func(x float64) object {
		light := s.lit(x)
		machine := s.bicycle(light)
		lean := s.between(0.15, 0.3)
		if class == Motorcycle {
			machine = s.motorcycle(light)
			lean = s.between(0.05, 0.2)
		}
		skin, top, legs := s.wardrobe(light)
		helmet := s.pick(rgb{0.85, 0.15, 0.1}, rgb{0.9, 0.9, 0.9}, rgb{0.1, 0.1, 0.1}, rgb{0.9, 0.8, 0.1})
		rider := figure([]limb{
			{lean, 1.84, lean + 0.02, 1.88, 0.18, helmet},
			{lean + 0.04, 1.68, lean + 0.04, 1.72, 0.13, skin},
			{lean - 0.05, 1.42, 0.42, 1.08, 0.11, top},
			{lean - 0.08, 1.4, -0.12, 1.02, 0.25, top},
			{-0.1, 0.95, 0.26, 0.75, 0.15, legs},
			{0.26, 0.75, 0.1, 0.28, 0.12, legs},
		}, Rider)
		ridden := s.chance(0.72)
		turn := s.either() / s.between(0.7, 1)
		size := s.between(1, 1.2)
		return object{reach: 0.9, paint: func(x, z float64) {
			s.shadow(x, z, 0.9, 0.4, 0.6)
			s.facing(x, z, -1.4, 1.4, 0, 2.1*size, func(u, v float64) (rgb, uint8, bool) {
				u, v = u*turn/size, v/size
				if ridden {
					if c, id, ok := rider(u, v); ok {
						return c, id, ok
					}
				}
				return machine(u, v)
			})
		}}
	}
}

// bicycle returns two large spoked wheels and a thin frame. The discs of the wheels and
// the triangle of the frame have the class bicycle, as in Cityscapes.
func (s *street) bicycle(light float64) shader {
	tube := s.pick(rgb{0.75, 0.1, 0.1}, rgb{0.1, 0.3, 0.7}, rgb{0.1, 0.1, 0.1}, rgb{0.85, 0.85, 0.85}, rgb{0.2, 0.6, 0.3}).times(light)
	spokes := s.pick(rgb{0.6, 0.6, 0.6}, rgb{0.4, 0.4, 0.38})
	frame := figure([]limb{
		{-0.5, 0.38, -0.15, 0.85, 0.06, tube}, {-0.15, 0.85, 0.35, 0.85, 0.06, tube},
		{0, 0.38, 0.35, 0.85, 0.06, tube}, {-0.5, 0.38, 0, 0.38, 0.06, tube},
		{0.55, 0.38, 0.35, 1.02, 0.06, tube}, {0.3, 1.04, 0.48, 1.08, 0.06, rgb{0.1, 0.1, 0.1}},
		{-0.3, 0.95, -0.05, 0.95, 0.07, rgb{0.1, 0.1, 0.1}}, {-0.1, 0.6, 0.2, 0.6, 0.22, spokes.times(0.75)},
	}, Bicycle)
	return func(u, v float64) (rgb, uint8, bool) {
		if c, id, ok := frame(u, v); ok {
			return c, id, ok
		}
		for _, hub := range [...]float64{-0.52, 0.56} {
			d := math.Hypot(u-hub, v-0.38)
			switch {
			case d < 0.3:
				fan := math.Atan2(v-0.38, u-hub) * 6
				return spokes.times(0.75 + 0.35*math.Sin(fan)), Bicycle, true
			case d < 0.39:
				return rgb{0.07, 0.07, 0.07}, Bicycle, true
			}
		}
		return rgb{}, 0, false
	}
}

// motorcycle returns thick black tyres, a coloured tank and fairing, and a grey engine.
func (s *street) motorcycle(light float64) shader {
	paint := s.pick(rgb{0.8, 0.1, 0.1}, rgb{0.1, 0.2, 0.6}, rgb{0.1, 0.1, 0.1}, rgb{0.1, 0.5, 0.2}, rgb{0.95, 0.5, 0.1}).times(light)
	black, steel := rgb{0.06, 0.06, 0.06}, rgb{0.45, 0.45, 0.47}.times(light)
	hull := figure([]limb{
		{0.62, 0.95, 0.66, 0.9, 0.14, rgb{1.2, 1.15, 0.9}},
		{0.1, 0.88, 0.45, 0.92, 0.2, paint}, {0.5, 0.6, 0.55, 0.85, 0.16, paint},
		{-0.75, 0.86, -0.1, 0.82, 0.13, black}, {-0.85, 0.8, -0.6, 0.7, 0.13, paint},
		{-0.15, 0.5, 0.3, 0.48, 0.26, steel}, {-0.8, 0.32, 0, 0.3, 0.09, steel.times(1.5)},
		{0.72, 0.36, 0.45, 1.15, 0.07, steel}, {0.3, 1.14, 0.5, 1.16, 0.07, black},
	}, Motorcycle)
	return func(u, v float64) (rgb, uint8, bool) {
		if c, id, ok := hull(u, v); ok {
			return c, id, ok
		}
		for _, hub := range [...]float64{-0.68, 0.74} {
			if d := math.Hypot(u-hub, v-0.35); d < 0.16 {
				return steel, Motorcycle, true
			} else if d < 0.36 {
				return black, Motorcycle, true
			}
		}
		return rgb{}, 0, false
	}
}
