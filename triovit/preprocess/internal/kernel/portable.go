// SPDX-License-Identifier: Apache-2.0

package kernel

import "encoding/binary"

var portable = Set{Transpose: transpose, Weigh: weigh, Sum: sum, Interpolate: interpolate, Colours: colours}

func clamp(x int32) byte { return byte(min(max(x, 0), 255)) }

func transpose(y []byte, ldy int, x []byte, ldx, rows, n int) {
	for r := 0; r < rows; r += 8 {
		for j := 0; j < n; j += 8 {
			if rows-r >= 8 && n-j >= 8 {
				transpose8(y[j*ldy+r:], ldy, x[r*ldx+j:], ldx)
				continue
			}
			for r := r; r < min(r+8, rows); r++ {
				for j := j; j < min(j+8, n); j++ {
					y[j*ldy+r] = x[r*ldx+j]
				}
			}
		}
	}
}

// transpose8 transposes 8 rows of 8 bytes: blocks of 8x8, 4x4 and 2x2 bytes exchange the
// upper right with the lower left quarter.
func transpose8(y []byte, ldy int, x []byte, ldx int) {
	row := func(r int) uint64 { return binary.LittleEndian.Uint64(x[r*ldx:]) }
	a, b, c, d, e, f, g, h := row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)
	a, e = exchange(a, e, 32, 1<<32-1)
	b, f = exchange(b, f, 32, 1<<32-1)
	c, g = exchange(c, g, 32, 1<<32-1)
	d, h = exchange(d, h, 32, 1<<32-1)
	a, c = exchange(a, c, 16, 0x0000ffff0000ffff)
	b, d = exchange(b, d, 16, 0x0000ffff0000ffff)
	e, g = exchange(e, g, 16, 0x0000ffff0000ffff)
	f, h = exchange(f, h, 16, 0x0000ffff0000ffff)
	a, b = exchange(a, b, 8, 0x00ff00ff00ff00ff)
	c, d = exchange(c, d, 8, 0x00ff00ff00ff00ff)
	e, f = exchange(e, f, 8, 0x00ff00ff00ff00ff)
	g, h = exchange(g, h, 8, 0x00ff00ff00ff00ff)
	for j, column := range [8]uint64{a, b, c, d, e, f, g, h} {
		binary.LittleEndian.PutUint64(y[j*ldy:], column)
	}
}

// exchange exchanges the masked bits of b with those of a that lie shift bits above.
func exchange(a, b uint64, shift uint, mask uint64) (uint64, uint64) {
	t := (a>>shift ^ b) & mask
	return a ^ t<<shift, b ^ t
}

func weigh(y, x []byte, stride int, w []int32) {
	const round = 1 << (Precision - 1)
	i := 0
	for ; i+4 <= len(y); i += 4 { // four sums at once stay in registers
		a, b, c, d, from := int32(round), int32(round), int32(round), int32(round), i
		for _, w := range w {
			x := (*[4]byte)(x[from:])
			a += int32(x[0]) * w
			b += int32(x[1]) * w
			c += int32(x[2]) * w
			d += int32(x[3]) * w
			from += stride
		}
		y := (*[4]byte)(y[i:])
		y[0], y[1], y[2], y[3] = clamp(a>>Precision), clamp(b>>Precision), clamp(c>>Precision), clamp(d>>Precision)
	}
	for ; i < len(y); i++ {
		sum := int32(round)
		for k, w := range w {
			sum += int32(x[k*stride+i]) * w
		}
		y[i] = clamp(sum >> Precision)
	}
}

func sum(s []uint16, near, far []byte) {
	near, far = near[:len(s)], far[:len(s)]
	for i := range s {
		s[i] = 3*uint16(near[i]) + uint16(far[i])
	}
}

func interpolate(y []byte, s []uint16, even, odd uint16) {
	n := len(y) / 2
	left, middle, right := s[:n], s[1:][:n], s[2:][:n]
	for i := range n {
		three := 3 * middle[i]
		y[2*i] = byte((three + left[i] + even) >> 4)
		y[2*i+1] = byte((three + right[i] + odd) >> 4)
	}
}

func colours(rgb, y, cb, cr []byte) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	for i, luma := range y {
		l, u, v := int32(luma), int32(cb[i])-128, int32(cr[i])-128
		pixel := (*[3]byte)(rgb[3*i:])
		pixel[0] = clamp(l + (RedFromCr*v+half)>>16)
		pixel[1] = clamp(l + (half-GreenFromCb*u-GreenFromCr*v)>>16)
		pixel[2] = clamp(l + (BlueFromCb*u+half)>>16)
	}
}
