// SPDX-License-Identifier: Apache-2.0

package scenes

import (
	"math"
	"math/rand/v2"
)

// side describes one side of the street. Distances are from the middle of the street,
// in metres.
type side struct {
	sign    float64 // the side of the street, -1 for left and 1 for right
	walk    float64 // distance of the sidewalk's outer edge
	front   float64 // distance of walls, fences and hedges
	back    float64 // distance of buildings and trees
	lawn    bool    // the ground between walk and back is terrain instead of pavement
	noWalk  bool    // the sidewalk is terrain too
	light   float64 // brightness of surfaces; the sun is on one side
	backing []segment
	fencing []segment
}

// segment is a part of one surface along the street, from z0 to z1 metres ahead.
type segment struct {
	z0, z1 float64
	height float64
	sh     shader
}

// street is a scene during its drawing. All random properties of the street come from
// rng, in an order that does not depend on the size in pixels.
type street struct {
	canvas
	rng   *rand.Rand
	half  float64 // half the width of the road in metres
	left  side
	right side
	salt  uint32
}

func newStreet(rng *rand.Rand, w, h int) *street {
	s := &street{rng: rng}
	s.w, s.h = w, h
	s.light, s.class = make([]rgb, w*h), make([]uint8, w*h)
	s.salt = rng.Uint32()
	s.focal = s.between(1.5, 2) * float64(h)
	s.cx = float64(w)/2 + s.between(-0.35, 0.35)*float64(h)
	s.cy = s.between(0.38, 0.52) * float64(h)
	s.eye = s.between(1.4, 2)
	s.haze = mix(rgb{0.8, 0.85, 0.9}, rgb{0.75, 0.7, 0.65}, rng.Float64()).times(s.between(0.7, 1.1))
	s.hazeness = s.between(0.001, 0.012)
	s.half = s.between(3.2, 5)
	sun := s.between(-0.25, 0.25)
	s.left, s.right = s.newSide(-1, 1+sun), s.newSide(1, 1-sun)
	return s
}

func (s *street) between(lo, hi float64) float64 { return lo + (hi-lo)*s.rng.Float64() }
func (s *street) chance(p float64) bool          { return s.rng.Float64() < p }

// pick returns one of the colours with a random change of brightness and hue.
func (s *street) pick(colours ...rgb) rgb {
	c := colours[s.rng.IntN(len(colours))].times(s.between(0.75, 1.2))
	for i := range c {
		c[i] = clamp(c[i]+s.between(-0.05, 0.05), 0.01, 1.1)
	}
	return c
}

// stretches divides the distance from about 5 to 70 metres ahead into segments of lo to
// hi metres. build returns the height in metres and the surface of a segment. A height
// of zero is a gap.
func (s *street) stretches(lo, hi float64, build func() (float64, shader)) []segment {
	var segs []segment
	for z := s.between(4, 8); z < 70; {
		length := s.between(lo, hi)
		if height, sh := build(); height > 0 {
			segs = append(segs, segment{z, z + length, height, sh})
		}
		z += length
	}
	return segs
}

func (s *street) newSide(sign, light float64) side {
	d := side{sign: sign, light: light}
	d.walk = s.half + s.between(1.8, 3.5)
	d.front = d.walk + s.between(0, 0.8)
	d.lawn = s.chance(0.75)
	d.noWalk = s.chance(0.25)
	d.back = d.front + s.between(0.5, 1.5)
	if d.lawn {
		d.back += s.between(1, 5)
	}
	green := s.between(0.15, 0.6)
	d.backing = s.stretches(6, 15, func() (float64, shader) {
		switch {
		case s.chance(0.1):
			return 0, nil
		case s.chance(green):
			return s.between(3, 8), s.foliage(light, s.between(3, 8))
		default:
			return s.between(5, 16), s.facade(light)
		}
	})
	walls, fences := s.between(0, 1), s.between(0, 1)
	d.fencing = s.stretches(5, 12, func() (float64, shader) {
		switch r := s.between(0, 2.6); {
		case r < walls:
			height := s.between(1.4, 2.6)
			return height, s.wall(light, height)
		case r < walls+fences:
			height := s.between(1.2, 2.2)
			return height, s.fence(light, height)
		case r > 2.4:
			height := s.between(0.9, 1.8)
			return height + 0.4, s.foliage(light, height)
		}
		return 0, nil
	})
	return d
}

// sky paints a gradient with clouds and sometimes the sun's glare.
func (s *street) sky() {
	zenith := s.pick(rgb{0.3, 0.5, 0.85}, rgb{0.55, 0.65, 0.8}, rgb{0.7, 0.72, 0.75}, rgb{0.85, 0.88, 0.92})
	clouds := s.pick(rgb{0.95, 0.95, 0.95}, rgb{0.7, 0.7, 0.72})
	cover := s.between(-0.1, 0.9)
	sunX, sunY := s.between(0, 1)*float64(s.w), s.between(-0.2, 0.8)*s.cy
	glare := max(0, s.between(-0.5, 1))
	horizon, _ := span(s.cy, float64(s.h), s.h)
	for y := range horizon {
		t := clamp(float64(y)/s.cy, 0, 1)
		base := mix(zenith, s.haze, t*t)
		for x := range s.w {
			u, v := float64(x)/float64(s.h), float64(y)/float64(s.h)
			k := clamp(2.5*(cloud(4*u, 9*v, s.salt)+cover-0.95), 0, 0.9)
			c := mix(base, clouds, k)
			dx, dy := (float64(x)-sunX)/float64(s.h), (float64(y)-sunY)/float64(s.h)
			g := glare * math.Exp(-25*(dx*dx+dy*dy))
			s.set(x, y, mix(c, rgb{1.3, 1.25, 1.1}, g), 1, Sky)
		}
	}
}

// backdrop draws distant houses and trees at the end of the street.
func (s *street) backdrop() {
	x := -60.0
	for x < 60 {
		width := s.between(6, 18)
		z := s.between(45, 60)
		switch {
		case s.chance(0.45):
			height := s.between(4, 14)
			sh := s.facade(s.between(0.8, 1.1))
			s.facing(x, z, 0, width, 0, height, sh)
		case s.chance(0.8):
			height := s.between(3, 9)
			s.facing(x, z, 0, width, 0, height+1, s.foliage(s.between(0.7, 1), height))
		}
		x += width
	}
}

// ground paints the road, the sidewalks and the lawns below the horizon.
func (s *street) ground() {
	asphalt := s.pick(rgb{0.3, 0.3, 0.32}, rgb{0.4, 0.4, 0.4}, rgb{0.22, 0.22, 0.25}, rgb{0.45, 0.42, 0.4})
	paving := s.pick(rgb{0.6, 0.57, 0.53}, rgb{0.55, 0.55, 0.56}, rgb{0.62, 0.5, 0.45}, rgb{0.72, 0.7, 0.66})
	lawn := s.pick(rgb{0.38, 0.5, 0.2}, rgb{0.5, 0.52, 0.25}, rgb{0.5, 0.4, 0.27}, rgb{0.35, 0.55, 0.25})
	tile := s.between(0.5, 1.2)
	joint := s.between(0.75, 0.92)
	lines := rgb{0.9, 0.9, 0.85}.times(s.between(0.8, 1.1))
	centre, dash := s.between(-0.8, 0.8), s.between(3, 6)
	edge := s.chance(0.5)
	crossing := s.between(-15, 25)
	shade0, shade1 := s.between(0, 40), s.between(2, 14)
	shadeDepth := max(0, s.between(-0.2, 0.5))

	y0, _ := span(s.cy, float64(s.h), s.h)
	for y := y0; y < s.h; y++ {
		z := s.focal * s.eye / (float64(y) + 0.5 - s.cy)
		clarity := s.clarity(z)
		for px := range s.w {
			x := (float64(px) + 0.5 - s.cx) * z / s.focal
			d := &s.right
			if x < 0 {
				d = &s.left
			}
			a := math.Abs(x)
			var c rgb
			var class uint8
			switch {
			case a < s.half:
				class = Road
				c = asphalt.times(0.8 + 0.4*cloud(2*x, z, s.salt))
				worn := noise(5*x, 5*z, s.salt+3)
				mark := math.Abs(x-centre) < 0.09 && frac(z, dash) < 0.5 ||
					edge && in(a, s.half-0.35, s.half-0.2) ||
					in(z, crossing, crossing+2.5) && frac(x, 1) < 0.5
				if mark && worn < 0.8 {
					c = lines.times(0.8 + 0.3*worn)
				}
			case a < s.half+0.2 && !d.noWalk: // the kerb
				class, c = Sidewalk, paving.times(1.2)
			case a < d.walk && !d.noWalk || !d.lawn && a < d.back:
				class = Sidewalk
				c = paving.times(0.85 + 0.3*cloud(3*x, 3*z, s.salt+5))
				if frac(x, tile) < 0.1 || frac(z, tile) < 0.1 {
					c = c.times(joint)
				}
			default:
				class = Terrain
				blades := noise(9*x, 6*z, s.salt+7)
				c = mix(lawn, rgb{0.5, 0.42, 0.3}, 0.6*cloud(0.7*x, 0.7*z, s.salt+9)).times(0.65 + 0.6*blades)
			}
			if in(z+0.3*x, shade0, shade0+shade1) {
				c = c.times(1 - shadeDepth)
			}
			s.set(px, y, c, clarity, class)
		}
	}
}

// sides draws the surfaces on both sides of the street, the outer row first.
func (s *street) sides() {
	for _, d := range []*side{&s.left, &s.right} {
		for i := len(d.backing) - 1; i >= 0; i-- {
			g := d.backing[i]
			// The end wall of a house is visible beside a lower neighbour.
			s.along(d.sign*d.back, g.z0, g.z1, g.height, g.sh)
			s.facing(d.sign*d.back, g.z0, min(0, d.sign*6), max(0, d.sign*6), 0, g.height, g.sh)
		}
		for _, g := range d.fencing {
			s.along(d.sign*d.front, g.z0, g.z1, g.height, g.sh)
		}
	}
}

// bonnet draws the camera's own car at the lower edge of some pictures. It belongs to
// no class.
func (s *street) bonnet() {
	if !s.chance(0.25) {
		return
	}
	paint := s.pick(rgb{0.1, 0.1, 0.12}, rgb{0.6, 0.6, 0.62}, rgb{0.3, 0.1, 0.1})
	rise := s.between(0.04, 0.1)
	for y := range s.h {
		for x := range s.w {
			dx := 2*float64(x)/float64(s.w) - 1
			if d := 1 - float64(y)/float64(s.h) - rise*(1-dx*dx); d < 0 {
				s.set(x, y, paint.times(1+8*math.Abs(d)), 1, None)
			}
		}
	}
}
