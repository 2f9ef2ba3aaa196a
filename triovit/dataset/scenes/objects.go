// SPDX-License-Identifier: Apache-2.0

package scenes

import (
	"math"
	"sort"
)

// object is a thing in the street. Its function paint draws it.
type object struct {
	x, z  float64 // nearest point on the ground, in metres
	reach float64 // half of the visible width, in metres
	paint func(x, z float64)
}

// objects fills the street, one kind of object at a time. Each object gets a place
// where it is visible and overlaps no other one by much. Then the objects are drawn
// from far to near.
func (s *street) objects() {
	var placed []object
	put := func(p float64, most int, where func() (x, z float64), make func(x float64) object) {
		for range most {
			if !s.chance(p) {
				continue
			}
			for range 12 {
				x, z := where()
				o := make(x)
				o.x, o.z = x, z
				if s.visible(o, placed) {
					placed = append(placed, o)
					break
				}
			}
		}
	}
	lane := func() (x, z float64) { return s.either() * s.half * s.between(0.35, 0.75), s.between(9, 20) }
	walk := func() (x, z float64) { return s.either() * (s.half + s.between(0.7, 2.2)), s.between(7, 14) }
	kerb := func() (x, z float64) { return s.either() * (s.half + s.between(0.1, 0.6)), s.between(6.5, 11) }
	road := func() (x, z float64) { return s.between(-0.9, 0.9) * s.half, s.between(6.5, 13) }

	put(0.42, 1, lane, s.train)
	put(0.42, 1, lane, s.bus)
	put(0.42, 1, lane, s.truck)
	put(0.55, 1, road, s.cycle(Motorcycle))
	put(0.55, 1, road, s.cycle(Bicycle))
	put(0.3, 1, walk, s.cycle(Bicycle))
	put(0.7, 2, lane, s.car)
	put(0.65, 2, kerb, s.mast)
	put(0.5, 1, kerb, s.mast)
	put(0.5, 3, walk, s.pedestrian)
	put(0.15, 1, road, s.pedestrian)
	put(0.3, 2, walk, s.tree)

	sort.SliceStable(placed, func(i, j int) bool { return placed[i].z > placed[j].z })
	for _, o := range placed {
		o.paint(o.x, o.z)
	}
}

func (s *street) either() float64 {
	if s.chance(0.5) {
		return -1
	}
	return 1
}

// visible reports whether o is in the picture and overlaps each of the placed objects,
// from side to side, by at most 30 % of the smaller one.
func (s *street) visible(o object, placed []object) bool {
	a0, a1 := s.column(o.x-o.reach, o.z), s.column(o.x+o.reach, o.z)
	if a0 < -0.3*(a1-a0) || a1 > float64(s.w)+0.3*(a1-a0) {
		return false
	}
	for _, p := range placed {
		b0, b1 := s.column(p.x-p.reach, p.z), s.column(p.x+p.reach, p.z)
		if min(a1, b1)-max(a0, b0) > 0.3*min(a1-a0, b1-b0) {
			return false
		}
	}
	return true
}

// lit returns the brightness of surfaces on the side of the street at x.
func (s *street) lit(x float64) float64 {
	if x < 0 {
		return s.left.light
	}
	return s.right.light
}

// mast returns a pole that carries a traffic light, a sign, both or nothing.
func (s *street) mast(x float64) object {
	metal := s.pick(rgb{0.45, 0.46, 0.48}, rgb{0.2, 0.25, 0.22}, rgb{0.6, 0.58, 0.54}, rgb{0.38, 0.28, 0.2}).times(s.lit(x))
	thick := s.between(0.34, 0.5)
	height := s.between(5, 9)
	hasLight, hasSign := s.chance(0.55), s.chance(0.6)
	lightAt, signAt := s.between(2.7, 3.2), s.between(2.2, 2.9)
	beside := s.either()
	lamp, plate := s.trafficLight(), s.trafficSign()
	salt := s.rng.Uint32()
	pole := func(u, v float64) (rgb, uint8, bool) {
		round := 1 - 1.5*math.Abs(u/thick-0.15)
		return metal.times((0.5 + 0.7*round) * (0.9 + 0.2*noise(3*u, 3*v, salt))), Pole, true
	}
	return object{reach: 0.8, paint: func(x, z float64) {
		s.shadow(x, z, 0.7, 0.5, 0.4)
		s.facing(x, z, -thick/2, thick/2, 0, height, pole)
		if hasSign {
			s.facing(x, z, -0.8, 0.8, signAt-0.8, signAt+0.8, about(0, signAt, plate))
		}
		if hasLight {
			u := 0.0
			if hasSign {
				u = beside * 1.1
			}
			s.facing(x, z, u-0.45, u+0.45, lightAt-1, lightAt+1, about(u, lightAt, lamp))
		}
	}}
}

// about returns a shader with its origin moved to (u0, v0).
func about(u0, v0 float64, sh shader) shader {
	return func(u, v float64) (rgb, uint8, bool) { return sh(u-u0, v-v0) }
}

// trafficLight returns a dark box with three lamps, 0.8 by 1.8 m around its centre.
func (s *street) trafficLight() shader {
	box := s.pick(rgb{0.08, 0.08, 0.08}, rgb{0.1, 0.14, 0.1}, rgb{0.2, 0.18, 0.05})
	on := s.rng.IntN(3)
	lamps := [3]rgb{{1.3, 0.15, 0.1}, {1.3, 0.85, 0.1}, {0.1, 1.2, 0.5}}
	return func(u, v float64) (rgb, uint8, bool) {
		if math.Abs(u) > 0.4 || math.Abs(v) > 0.9 {
			return rgb{}, 0, false
		}
		i := int(clamp((0.9-v)/0.6, 0, 2))
		dv := v - (0.6 - 0.6*float64(i))
		if u*u+dv*dv < 0.25*0.25 {
			if i == on {
				return lamps[i], TrafficLight, true
			}
			return lamps[i].times(0.18), TrafficLight, true
		}
		return box, TrafficLight, true
	}
}

// trafficSign returns a disc, a triangle, a square or a direction board, up to 1.5 m
// wide around its centre.
func (s *street) trafficSign() shader {
	kind := s.rng.IntN(5)
	board := s.pick(rgb{0.1, 0.25, 0.75}, rgb{0.05, 0.45, 0.25}, rgb{0.9, 0.75, 0.1})
	red, white := rgb{0.85, 0.1, 0.1}, rgb{0.95, 0.95, 0.95}
	glyph := s.rng.Uint32()
	return func(u, v float64) (rgb, uint8, bool) {
		r := math.Hypot(u, v)
		ink := hash(int(math.Floor(u/0.22)), int(math.Floor(v/0.22)), glyph) < 0.4
		var c rgb
		ok := true
		switch kind {
		case 0: // a sign of prohibition
			ok, c = r < 0.65, white
			if r > 0.45 {
				c = red
			} else if r < 0.35 && ink {
				c = rgb{0.1, 0.1, 0.1}
			}
		case 1: // a warning sign
			edge := min((v+0.55)/1, (0.75-v-1.75*math.Abs(u))/2)
			ok, c = edge > 0, white
			if edge < 0.16 {
				c = red
			}
		case 2: // a mandatory sign
			ok, c = r < 0.65, rgb{0.1, 0.3, 0.8}
			if r < 0.45 && ink {
				c = white
			}
		case 3: // a stop sign
			ok, c = max(math.Abs(u), math.Abs(v), 0.72*(math.Abs(u)+math.Abs(v))) < 0.62, red
			if math.Abs(v) < 0.15 && math.Abs(u) < 0.45 {
				c = white
			}
		default: // a direction board
			ok, c = math.Abs(u) < 0.75 && math.Abs(v) < 0.55, board
			if max(math.Abs(u)/0.75, math.Abs(v)/0.55) > 0.88 || ink && math.Abs(v) < 0.35 {
				c = white
			}
		}
		return c, TrafficSign, ok
	}
}

// tree returns a tree on the sidewalk or the lawn. Its trunk has the class vegetation
// too, as in Cityscapes.
func (s *street) tree(x float64) object {
	light := s.lit(x)
	leaf := s.pick(rgb{0.16, 0.32, 0.1}, rgb{0.28, 0.42, 0.12}, rgb{0.12, 0.26, 0.14}, rgb{0.5, 0.36, 0.1}).times(light)
	bark := s.pick(rgb{0.3, 0.22, 0.15}, rgb{0.35, 0.32, 0.28}).times(light)
	crown, wide, trunk := s.between(3.2, 4.5), s.between(1.3, 2.2), s.between(0.3, 0.45)
	salt := s.rng.Uint32()
	return object{reach: 1, paint: func(x, z float64) {
		s.shadow(x, z, 1.5, 1, 0.5)
		s.facing(x, z, -3, 3, 0, 8, func(u, v float64) (rgb, uint8, bool) {
			r := math.Hypot(u/wide, (v-crown)/1.9)
			if r < 0.75+0.5*cloud(1.5*u, 1.5*v, salt) {
				lump := cloud(1.5*u, 1.5*v, salt+2)
				speck := noise(8*u, 8*v, salt+4)
				return leaf.times((0.3 + 1.1*lump) * (0.6 + 0.9*speck)), Vegetation, true
			}
			return bark.times(0.7 + 0.6*noise(12*u, 2*v, salt)), Vegetation, math.Abs(u) < trunk/2 && v < crown
		})
	}}
}
