// SPDX-License-Identifier: Apache-2.0

package scenes

import "math"

// facade returns a house front with rows of windows, sometimes with a shop below.
func (s *street) facade(light float64) shader {
	plaster := s.pick(rgb{0.75, 0.7, 0.6}, rgb{0.8, 0.78, 0.75}, rgb{0.6, 0.42, 0.35}, rgb{0.7, 0.6, 0.42},
		rgb{0.5, 0.5, 0.52}, rgb{0.62, 0.66, 0.7}).times(light)
	glass := s.pick(rgb{0.15, 0.18, 0.22}, rgb{0.35, 0.42, 0.5}, rgb{0.1, 0.1, 0.1})
	frame := plaster.times(s.between(0.7, 1.3))
	width, storey := s.between(1.8, 3.2), s.between(2.6, 3.6)
	wide, high := s.between(0.35, 0.7), s.between(0.4, 0.65)
	shop := s.chance(0.35)
	salt := s.rng.Uint32()
	return func(u, v float64) (rgb, uint8, bool) {
		c := plaster.times(0.88 + 0.24*cloud(u, v, salt))
		a, b := frac(u, width), frac(v, storey)
		if shop && v < storey {
			if in(b, 0.1, 0.7) && in(a, 0.08, 0.92) {
				c = glass.times(0.8 + 0.8*noise(u, v, salt+2))
			}
			return c, Building, true
		}
		da, db := math.Abs(a-0.5)/wide, math.Abs(b-0.55)/high
		switch {
		case da < 0.5 && db < 0.5:
			lit := hash(int(math.Floor(u/width)), int(math.Floor(v/storey)), salt)
			c = glass.times(0.6 + 1.2*lit).times(0.85 + 0.3*b)
			if da < 0.05 || db < 0.04 {
				c = frame
			}
		case da < 0.62 && db < 0.6:
			c = frame
		case b < 0.05:
			c = c.times(0.8)
		}
		return c, Building, true
	}
}

// foliage returns a mass of leaves with a ragged upper edge.
func (s *street) foliage(light, height float64) shader {
	leaf := s.pick(rgb{0.16, 0.3, 0.1}, rgb{0.25, 0.38, 0.12}, rgb{0.12, 0.25, 0.14}, rgb{0.42, 0.36, 0.12}).times(light)
	salt := s.rng.Uint32()
	return func(u, v float64) (rgb, uint8, bool) {
		if v > height*(0.75+0.5*cloud(0.8*u, 0.5, salt)) {
			return rgb{}, 0, false
		}
		lump := cloud(1.2*u, 1.2*v, salt+2)
		speck := noise(7*u, 7*v, salt+4)
		return leaf.times((0.3 + 1.1*lump) * (0.6 + 0.9*speck)), Vegetation, true
	}
}

// wall returns brick, concrete panels or rough stone, with a cap.
func (s *street) wall(light, height float64) shader {
	kind := s.rng.IntN(3)
	body := [...]rgb{{0.55, 0.28, 0.2}, {0.62, 0.6, 0.58}, {0.5, 0.45, 0.38}}[kind]
	body = s.pick(body).times(light)
	course := s.between(0.25, 0.4)
	salt := s.rng.Uint32()
	return func(u, v float64) (rgb, uint8, bool) {
		c := body.times(0.8 + 0.4*cloud(2*u, 2*v, salt))
		switch kind {
		case 0, 2:
			row := math.Floor(v / course)
			shift := 0.5 * course * math.Mod(row, 2)
			brick := hash(int(math.Floor((u+shift)/(2*course))), int(row), salt)
			c = c.times(0.75 + 0.5*brick)
			if frac(v, course) < 0.15 || frac(u+shift, 2*course) < 0.08 {
				c = mix(c, rgb{0.7, 0.68, 0.65}, 0.5)
			}
		case 1:
			if frac(u, 2.5) < 0.04 {
				c = c.times(0.6)
			}
			c = c.times(1 - 0.3*noise(3*u, 0.3*v, salt+1)*(v/height))
		}
		if v > height-0.2 {
			c = c.times(1.3)
		}
		return c, Wall, true
	}
}

// fence returns bars, boards with gaps or a steel barrier. The background between them
// has the class of the fence too, as in Cityscapes.
func (s *street) fence(light, height float64) shader {
	bar := s.pick(rgb{0.15, 0.16, 0.18}, rgb{0.85, 0.85, 0.82}, rgb{0.5, 0.35, 0.2}, rgb{0.5, 0.55, 0.58}).times(light)
	behind := s.pick(rgb{0.3, 0.35, 0.2}, rgb{0.5, 0.5, 0.48}, rgb{0.2, 0.22, 0.18})
	pitch, duty := s.between(0.35, 0.8), s.between(0.3, 0.6)
	rails := s.between(0.4, 0.7)
	lying := s.chance(0.3)
	salt := s.rng.Uint32()
	return func(u, v float64) (rgb, uint8, bool) {
		across, up := u, v
		if lying {
			across, up = v, u/3
		}
		if frac(across, pitch) < duty || frac(up, rails*height) < 0.12 || v > height-0.12 {
			return bar.times(0.8 + 0.4*frac(across, pitch)), Fence, true
		}
		return behind.times(0.6 + 0.7*cloud(2*u, 2*v, salt)), Fence, true
	}
}
