// SPDX-License-Identifier: Apache-2.0

package scenes

import (
	"math"
	"math/rand/v2"
)

// rgb is a colour. Each component is nominally 0 to 1.
type rgb [3]float64

func (c rgb) times(f float64) rgb { return rgb{c[0] * f, c[1] * f, c[2] * f} }

// mix returns the colour a at t = 0, b at t = 1 and their mixture between.
func mix(a, b rgb, t float64) rgb {
	return rgb{a[0] + (b[0]-a[0])*t, a[1] + (b[1]-a[1])*t, a[2] + (b[2]-a[2])*t}
}

func clamp(x, lo, hi float64) float64 { return max(lo, min(hi, x)) }

// in reports whether lo <= x < hi.
func in(x, lo, hi float64) bool { return lo <= x && x < hi }

// frac returns the position of x within cells of the given size, 0 to 1.
func frac(x, size float64) float64 {
	q := x / size
	return q - math.Floor(q)
}

// hash returns a number from 0 to 1 for a point of a lattice.
func hash(x, y int, salt uint32) float64 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77 ^ salt
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return float64(h) / (1 << 32)
}

// noise returns value noise on a lattice of size 1, 0 to 1.
func noise(x, y float64, salt uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	x, y = x-fx, y-fy
	x, y = x*x*(3-2*x), y*y*(3-2*y)
	top := hash(ix, iy, salt)*(1-x) + hash(ix+1, iy, salt)*x
	bottom := hash(ix, iy+1, salt)*(1-x) + hash(ix+1, iy+1, salt)*x
	return top*(1-y) + bottom*y
}

// cloud returns two octaves of value noise, 0 to 1.
func cloud(x, y float64, salt uint32) float64 {
	return (2*noise(x, y, salt) + noise(2.3*x, 2.3*y, salt+1)) / 3
}

// shader returns the colour and class of a surface at the point u metres along it and v
// metres above the ground. ok is false if the surface has a hole there.
type shader func(u, v float64) (c rgb, class uint8, ok bool)

// canvas is the film of the pinhole camera. It holds linear light and classes.
type canvas struct {
	w, h  int
	light []rgb   // the light of each pixel, [h, w]
	class []uint8 // the class of each pixel, [h, w]

	focal  float64 // focal length in pixels
	cx, cy float64 // vanishing point of the street, in pixels
	eye    float64 // height of the camera above the ground, in metres

	haze     rgb     // colour of the air
	hazeness float64 // extinction per metre
}

// clarity returns the share of light that passes through z metres of air.
func (c *canvas) clarity(z float64) float64 { return math.Exp(-z * c.hazeness) }

// set paints a pixel with a colour that is seen with the given clarity, and sets its
// class.
func (c *canvas) set(x, y int, col rgb, clarity float64, class uint8) {
	i := y*c.w + x
	c.light[i] = mix(c.haze, col, clarity)
	c.class[i] = class
}

// column and row return the pixel position of a point x metres to the right, v metres
// above the ground and z metres ahead.
func (c *canvas) column(x, z float64) float64 { return c.cx + c.focal*x/z }
func (c *canvas) row(v, z float64) float64    { return c.cy + c.focal*(c.eye-v)/z }

// span returns the pixels whose centres lie in [a, b), cut to [0, n).
func span(a, b float64, n int) (lo, hi int) {
	lo, hi = int(math.Ceil(a-0.5)), int(math.Ceil(b-0.5))
	return max(lo, 0), min(hi, n)
}

// facing draws a surface that stands z metres ahead and faces the camera. It extends
// from u0 to u1 and from v0 to v1, in metres; u = 0 is x metres to the right.
func (c *canvas) facing(x, z, u0, u1, v0, v1 float64, sh shader) {
	px0, px1 := span(c.column(x+u0, z), c.column(x+u1, z), c.w)
	py0, py1 := span(c.row(v1, z), c.row(v0, z), c.h)
	clarity := c.clarity(z)
	for py := py0; py < py1; py++ {
		v := c.eye - (float64(py)+0.5-c.cy)*z/c.focal
		for px := px0; px < px1; px++ {
			u := (float64(px)+0.5-c.cx)*z/c.focal - x
			if col, class, ok := sh(u, v); ok {
				c.set(px, py, col, clarity, class)
			}
		}
	}
}

// along draws a surface that stands x metres to the right (left if negative), parallel
// to the street. It extends from z0 to z1 metres ahead and is v1 metres high. Its u is
// the distance from z0, in metres.
func (c *canvas) along(x, z0, z1, v1 float64, sh shader) {
	a, b := c.column(x, z0), c.column(x, z1)
	px0, px1 := span(min(a, b), max(a, b), c.w)
	for px := px0; px < px1; px++ {
		z := c.focal * x / (float64(px) + 0.5 - c.cx)
		py0, py1 := span(c.row(v1, z), c.row(0, z), c.h)
		clarity := c.clarity(z)
		for py := py0; py < py1; py++ {
			v := c.eye - (float64(py)+0.5-c.cy)*z/c.focal
			if col, class, ok := sh(z-z0, v); ok {
				c.set(px, py, col, clarity, class)
			}
		}
	}
}

// shadow darkens the ground around the point (x, z). The half axes rx and rz are in
// metres.
func (c *canvas) shadow(x, z, rx, rz, strength float64) {
	py0, py1 := span(c.row(0, z+rz), c.row(0, max(z-rz, 1)), c.h)
	for py := py0; py < py1; py++ {
		pz := c.focal * c.eye / (float64(py) + 0.5 - c.cy)
		px0, px1 := span(c.column(x-rx, pz), c.column(x+rx, pz), c.w)
		for px := px0; px < px1; px++ {
			dx := ((float64(px)+0.5-c.cx)*pz/c.focal - x) / rx
			dz := (pz - z) / rz
			if d := dx*dx + dz*dz; d < 1 {
				i := py*c.w + px
				c.light[i] = c.light[i].times(1 - strength*(1-d*d))
			}
		}
	}
}

// photograph turns light into pixels with exposure, tint, contrast, vignette, blur and
// sensor noise.
func (c *canvas) photograph(rng *rand.Rand) Scene {
	exposure := 0.7 + 0.55*rng.Float64()
	if rng.Float64() < 0.15 { // the scene is at dusk
		exposure *= 0.5
	}
	gamma := 0.85 + 0.4*rng.Float64()
	var gain rgb
	for i := range gain {
		gain[i] = exposure * (0.92 + 0.16*rng.Float64())
	}
	vignette := 0.3 * rng.Float64()
	blur := 0.04 + 0.14*rng.Float64()
	sigma := 0.005 + 0.02*rng.Float64()

	// The tone curve is a table, because computing a power for every sample would take
	// as long as the drawing.
	var curve [1025]float64
	for i := range curve {
		curve[i] = math.Pow(float64(i)/1024, gamma)
	}

	s := Scene{W: c.w, H: c.h, Pix: make([]uint8, c.w*c.h*3), Label: c.class}
	for y := range c.h {
		up, down := max(y-1, 0)*c.w, min(y+1, c.h-1)*c.w
		dy := 2*float64(y)/float64(c.h) - 1
		for x := range c.w {
			left, right := max(x-1, 0), min(x+1, c.w-1)
			dx := 2*float64(x)/float64(c.w) - 1
			fall := 1 - vignette*(dx*dx+dy*dy)/2
			bits := rng.Uint64()
			for k := range 3 {
				l := (1-4*blur)*c.light[y*c.w+x][k] + blur*(c.light[y*c.w+left][k]+
					c.light[y*c.w+right][k]+c.light[up+x][k]+c.light[down+x][k])
				l = curve[int(clamp(l*gain[k]*fall, 0, 1)*1024+0.5)]
				// The sum of two uniform bytes is close enough to a Gaussian;
				// 104 is its standard deviation.
				grain := float64(int(bits&255)+int(bits>>8&255)-255) / 104
				bits >>= 16
				s.Pix[(y*c.w+x)*3+k] = uint8(clamp(l+sigma*grain, 0, 1)*255 + 0.5)
			}
		}
	}
	return s
}
