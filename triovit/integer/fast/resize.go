// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// upsample plans a resize of bytes in two steps: along the width, to words in blocks of
// channels, [H, blocks, W', Lanes], then along the height, with the operations behind.
func (p *planner) upsample(i int, op *integer.Upsample) bool {
	at := p.in(i, 0)
	x := &p.places[at]
	if !x.narrow || p.tensors[i].Sum.Bits() > 32 {
		return false
	}
	phases, _ := op.Bicubic() // Infer has refused factors without constants
	shape, out := p.tensors[at].Shape, p.tensors[i].Shape
	b := blocksOf(1, out[2])
	wide := &place{rows: shape[0], channels: b.each * out[1] * kernel.Lanes, from: -1}
	wide.stride = wide.channels
	p.extra = append(p.extra, wide)
	side := func(i, n int) int { return min(max(i, 0), n-1) }
	p.does(i)
	addend := -x.offset * (phases[0][0] + phases[0][1] + phases[0][2] + phases[0][3]) // the sum is equal for every phase
	p.step(shape[0]*wide.channels/4, shape[0], []int{at}, nil, func(s *state, _ *scratch, from, to int) {
		for row := from; row < to; row++ {
			y := wide.wordsFrom(s, row)
			for column := range out[1] {
				var pixels [4][]byte
				for k := range pixels {
					pixels[k] = x.bytesFrom(s, row*shape[1]+side(op.First(column)+k, shape[1]))
				}
				for block := range b.each {
					first := block * kernel.Lanes
					p.kernels.BlendBytes(y[(block*out[1]+column)*kernel.Lanes:][:b.lanes(block)], pixels[0][first:], pixels[1][first:], pixels[2][first:], pixels[3][first:], &phases[column%op.Factor], addend)
				}
			}
		}
	})
	wide.from = len(p.steps) - 1
	endings, made, reads := p.endings(i, b)
	p.sizes.acc = max(p.sizes.acc, wide.channels)
	p.step(out[0]*wide.channels, out[0], reads, made, func(s *state, w *scratch, from, to int) {
		for row := from; row < to; row++ {
			var rows [4][]int32
			for k := range rows {
				rows[k] = wide.wordsFrom(s, side(op.First(row)+k, shape[0]))
			}
			p.kernels.Blend(w.acc[:wide.channels], rows[0], rows[1], rows[2], rows[3], &phases[row%op.Factor], op.Drop)
			for _, e := range endings {
				for block := range b.each {
					e.apply(p.kernels, s, w.acc[block*out[1]*kernel.Lanes:], block, row*out[1], out[1])
				}
				e.finish(p.kernels, s, row*out[1], out[1], 0, out[2])
			}
		}
	})
	wide.to = len(p.steps) - 1
	return true
}

// pool plans the sum of bytes over a map, as a convolution with a kernel of ones that
// covers the map.
func (p *planner) pool(i int) bool {
	at := p.in(i, 0)
	x := &p.places[at]
	if !x.narrow || !x.whole() {
		return false
	}
	const width = 4 * kernel.Lanes // number of channels summed at a time
	fours := (x.rows + 3) / 4
	line := 4*width + kernel.Slack
	var offsets []int
	for four := range fours {
		offsets = append(offsets, four*line)
	}
	p.sizes.interleaved = max(p.sizes.interleaved, fours*line)
	p.sizes.acc = max(p.sizes.acc, width)
	ones := make([]int8, fours*4*kernel.Lanes)
	for j := range ones {
		ones[j] = 1
	}
	var bias [kernel.Lanes]int32
	for o := range bias {
		bias[o] = -int32(x.rows) * x.offset
	}
	none := make([]byte, width+kernel.Slack)
	b := blocksOf(1, x.channels)
	endings, made, reads := p.endings(i, b)
	p.step(x.rows*x.channels/2, (x.channels+width-1)/width, append(reads, at), made, func(s *state, w *scratch, from, to int) {
		for first := from * width; first < min(to*width, x.channels); first += width {
			n := min(width, x.channels-first)
			for four := range fours {
				var rows [4][]byte
				for j := range rows {
					rows[j] = none
					if r := 4*four + j; r < x.rows {
						rows[j] = x.bytesFrom(s, r)[first:]
					}
				}
				p.kernels.Interleave(w.interleaved[four*line:], rows[0], rows[1], rows[2], rows[3], n)
			}
			blocks := (n + kernel.Lanes - 1) / kernel.Lanes
			p.kernels.Taps(w.acc, w.interleaved, blocks, 4*kernel.Lanes, offsets, ones, bias[:])
			for _, e := range endings {
				for block := range blocks {
					e.apply(p.kernels, s, w.acc[block*kernel.Lanes:], first/kernel.Lanes+block, 0, 1)
				}
				e.finish(p.kernels, s, 0, 1, first, n)
			}
		}
	})
	return true
}
