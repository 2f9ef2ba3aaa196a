// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"slices"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

const (
	// tileRows and tileBlocks bound the accumulators that are computed before they are
	// requantized: 24 KB of accumulators, for a nearest cache of 32 or 48 KB.
	tileRows   = 96
	tileBlocks = 4
)

// A conv is a convolution of bytes with the operations behind it.
type conv struct {
	*integer.Conv
	kernels *kernel.Set
	x       *place
	h, w    int // height and width of x
	rows    int // number of rows of the result
	columns int
	group   int // number of channels of a group of x
	// Where a position has few filters, a block holds the filters of several columns side
	// by side: fold is the number of these columns. Together they read width columns of
	// the map, and the next block's begin step columns further.
	fold, width, step int

	blocks  blocks
	steps   int          // number of steps of the weights
	direct  kernel.Patch // the patch of the map, for windows inside of it
	copied  kernel.Patch // the patch of the copy with its border, for the other windows
	weights []int8       // the packed weights
	bias    []int32
	border  []byte // the code of the border, for each channel of x
	endings []*ending
}

// conv plans a convolution of bytes.
func (p *planner) conv(i int, op *integer.Conv) bool {
	at := p.in(i, 0)
	x := &p.places[at]
	shape, out := p.tensors[at].Shape, p.tensors[i].Shape
	c := &conv{Conv: op, kernels: p.kernels, x: x, h: shape[0], w: shape[1], rows: out[0], columns: out[1], group: shape[2] / op.Groups}
	if !x.narrow {
		return false
	}
	for _, pad := range op.Border(x.channels) {
		code := pad + x.offset
		if op.Kernel > 1 && code != int32(byte(code)) {
			return false
		}
		c.border = append(c.border, byte(code))
	}
	if c.pointwise() {
		c.h, c.rows, c.w, c.columns = 1, 1, c.h*c.w, c.rows*c.columns
	}
	deep := op.Groups == x.channels && out[2] == x.channels
	c.fold = 1
	if n := kernel.Lanes / out[2]; (op.Groups == 1 && op.Stride <= op.Kernel || deep && op.Stride == 1) && n*out[2] == kernel.Lanes && c.columns%n == 0 && x.whole() {
		c.fold = n
	}
	c.columns /= c.fold
	c.width, c.step = op.Kernel+op.Stride*(c.fold-1), op.Stride*c.fold
	if deep {
		c.blocks = blocksOf(1, out[2]*c.fold)
		c.packTaps()
	} else {
		c.blocks = blocksOf(op.Groups, out[2]/op.Groups*c.fold)
		c.pack()
	}
	c.blocks.fold = c.fold
	var made, reads []int
	var choice int
	c.endings, made, reads, choice = p.endingsOf(i, c.blocks, accumulators{Interval: p.tensors[i].Range}, unbiased(op, x.channels, p.tensors[at].Range))
	if choice == 1 {
		for at := range c.bias {
			if f := c.blocks.channel(at/kernel.Lanes, at%kernel.Lanes); f >= 0 {
				c.bias[at] -= op.Bias[f%len(op.Bias)]
			}
		}
	}
	reads = append(reads, at)
	ends := c.rows * c.columns * c.fold * out[2] * len(c.endings) * 2
	if deep {
		p.depthwise(c, ends, reads, made)
		return true
	}
	tiles := (c.columns + tileRows - 1) / tileRows
	sets := c.blocks.groups * c.sets()
	p.sizes.acc = max(p.sizes.acc, tileRows*tileBlocks*kernel.Lanes)
	if !c.pointwise() {
		p.sizes.rows = max(p.sizes.rows, tileRows*4*c.steps+kernel.Slack)
	}
	work := ends + c.rows*c.columns*c.steps*c.blocks.groups*c.blocks.each
	p.step(work, sets*c.rows*tiles, reads, made, func(s *state, w *scratch, from, to int) {
		for at := from; at < to; at++ {
			first := at % tiles * tileRows
			c.tile(s, w, at/tiles/c.rows, at/tiles%c.rows, first, min(first+tileRows, c.columns))
		}
	})
	return true
}

// unbiased returns the accumulators of a convolution without its biases, for codes of an
// interval. A filter of a channel that is nearly always 0 has a bias of up to 32 bits, which
// leave no room for the shift to the left that the scales of the other filters need.
func unbiased(op *integer.Conv, channels int, x integer.Interval) accumulators {
	if op.Kernel > 1 { // a window may hold the border
		for _, pad := range op.Border(channels) {
			x = integer.Interval{Lo: min(x.Lo, int64(pad)), Hi: max(x.Hi, int64(pad))}
		}
	}
	all := accumulators{constants: op.Bias}
	n := len(op.Weights) / len(op.Bias)
	for f := range op.Bias {
		sum := integer.FilterSum(op.Weights[f*n:][:n], 0, x)
		all.Lo, all.Hi = min(all.Lo, sum.Lo), max(all.Hi, sum.Hi)
	}
	return all
}

// pointwise reports whether the map is multiplied without patches.
func (c *conv) pointwise() bool { return c.Kernel == 1 && c.Stride == 1 }

// sets returns the number of sets, of at most tileBlocks blocks, in which a group is
// computed.
func (c *conv) sets() int { return (c.blocks.each + tileBlocks - 1) / tileBlocks }

// pack packs the weights for [kernel.Set.Multiply]. A patch has one line for each row of
// the kernel.
func (c *conv) pack() {
	area := c.Kernel * c.Kernel
	c.direct = kernel.Patch{Row: c.step * c.x.channels, Line: c.w * c.x.channels, Lines: c.Kernel, Steps: (c.width*c.group + 3) / 4}
	c.steps = c.direct.Lines * c.direct.Steps
	c.copied = c.direct
	c.copied.Line, c.copied.Row = 4*c.direct.Steps, 4*c.steps
	n := c.blocks.groups * c.blocks.each
	c.weights, c.bias = make([]int8, n*c.steps*4*kernel.Lanes), make([]int32, n*kernel.Lanes)
	for b := range n {
		for o := range kernel.Lanes {
			f := c.blocks.channel(b, o)
			if f < 0 {
				continue
			}
			column := f / len(c.Bias) // index among the columns of the block
			f %= len(c.Bias)
			filter := c.Weights[f*c.group*area:][:c.group*area]
			bias := c.Bias[f]
			for at, v := range filter {
				k := (column*c.Stride+at%c.Kernel)*c.group + at/area // index in the line of the weight's row
				step := at%area/c.Kernel*c.direct.Steps + k/4
				c.weights[((b*c.steps+step)*kernel.Lanes+o)*4+k%4] = v
				bias -= int32(v) * c.x.offset
			}
			c.bias[b*kernel.Lanes+o] = bias
		}
	}
}

// packTaps packs the weights for [kernel.Set.Taps]: a tap is four rows of a column of
// the kernel.
func (c *conv) packTaps() {
	k := c.Kernel
	fours := (k + 3) / 4
	c.steps = fours * k
	c.weights, c.bias = make([]int8, c.blocks.each*c.steps*4*kernel.Lanes), make([]int32, c.blocks.each*kernel.Lanes)
	for b := range c.blocks.each {
		for o := range kernel.Lanes {
			f := c.blocks.channel(b, o)
			if f < 0 {
				continue
			}
			f %= len(c.Bias)
			bias := c.Bias[f]
			for at, v := range c.Weights[f*k*k:][:k*k] {
				ky, kx := at/k, at%k
				tap := ky/4*k + kx
				c.weights[((b*c.steps+tap)*kernel.Lanes+o)*4+ky%4] = v
				bias -= int32(v) * c.x.offset
			}
			c.bias[b*kernel.Lanes+o] = bias
		}
	}
}

// tile computes a set of blocks in some columns of a row of the result. Columns whose
// patches lie inside of the map are read from the map, the others from copies.
func (c *conv) tile(s *state, w *scratch, set, row, from, to int) {
	group := set / c.sets()
	first := group*c.blocks.each + set%c.sets()*tileBlocks
	n := min(tileBlocks, (group+1)*c.blocks.each-first)
	inside, end := c.inside(row)
	for from < to {
		if from >= inside && from < end {
			until := min(end, to)
			at := row*c.Stride*c.w + from*c.step - c.Kernel/2*(c.w+1)
			c.multiply(s, w, c.x.bytesFrom(s, at)[group*c.group:], &c.direct, first, n, row*c.columns+from, until-from)
			from = until
			continue
		}
		until := to
		if from < inside {
			until = min(inside, to)
		}
		for column := from; column < until; column++ {
			c.copy(s, w.rows[(column-from)*c.copied.Row:], row, column, group)
		}
		c.multiply(s, w, w.rows, &c.copied, first, n, row*c.columns+from, until-from)
		from = until
	}
}

// inside returns the half-open range of columns, in a row of the result, whose patches lie
// inside of the map.
func (c *conv) inside(row int) (first, end int) {
	half := c.Kernel / 2
	top := row*c.Stride - half
	if c.Groups > 1 && c.Kernel > 1 || top < 0 || top+c.Kernel > c.h {
		return c.columns, c.columns
	}
	first = (half + c.step - 1) / c.step
	return first, max(first, (c.w+half-c.width)/c.step+1)
}

// multiply computes n blocks, beginning with first, in some rows of the result, and
// applies their endings.
func (c *conv) multiply(s *state, w *scratch, a []byte, p *kernel.Patch, first, n, row, rows int) {
	c.kernels.Multiply(w.acc, a, p, rows, c.weights[first*c.steps*4*kernel.Lanes:], c.bias[first*kernel.Lanes:], n)
	channel := c.blocks.channel(first, 0)
	channels := c.blocks.channel(first+n-1, 0) + c.blocks.lanes(first+n-1) - channel
	for _, e := range c.endings {
		for b := range n {
			e.apply(c.kernels, s, w.acc[b*rows*kernel.Lanes:], first+b, row, rows)
		}
		e.finish(c.kernels, s, row, rows, channel, channels)
	}
}

// copy copies the input window of a group at a position of the result.
func (c *conv) copy(s *state, y []byte, row, column, group int) {
	for ky := range c.Kernel {
		line := y[ky*c.copied.Line:]
		for kx := range c.width {
			from := c.border
			h, w := row*c.Stride+ky-c.Kernel/2, column*c.step+kx-c.Kernel/2
			if h >= 0 && h < c.h && w >= 0 && w < c.w {
				from = c.x.bytesFrom(s, h*c.w+w)
			}
			line = line[copy(line[:c.group], from[group*c.group:]):]
		}
	}
}

// depthwise plans a convolution of each channel alone, row by row.
func (p *planner) depthwise(c *conv, work int, reads, made []int) {
	k, half := c.Kernel, c.Kernel/2
	channels := c.x.channels
	line := (c.w+2*half)*channels*4 + kernel.Slack
	var offsets []int
	for four := range (k + 3) / 4 {
		for kx := range k {
			offsets = append(offsets, four*line+kx*channels*4)
		}
	}
	p.sizes.interleaved = max(p.sizes.interleaved, (k+3)/4*line+kernel.Slack)
	p.sizes.acc = max(p.sizes.acc, c.columns*kernel.Lanes)
	above := append(slices.Repeat(c.border, c.w), make([]byte, kernel.Slack)...)
	beside := make([]byte, 0, half*channels*4)
	for range half {
		for _, b := range c.border {
			beside = append(beside, b, b, b, b)
		}
	}
	p.step(work+c.rows*c.columns*c.fold*channels*(4+c.steps)/4, c.rows, reads, made, func(s *state, w *scratch, from, to int) {
		for row := from; row < to; row++ {
			for four := range (k + 3) / 4 {
				var x [4][]byte
				for j := range x {
					at := row*c.Stride + 4*four + j - half
					if 4*four+j >= k || at < 0 || at >= c.h {
						x[j] = above
					} else {
						x[j] = c.x.bytesFrom(s, at*c.w)
					}
				}
				y := w.interleaved[four*line:]
				copy(y, beside)
				c.kernels.Interleave(y[len(beside):], x[0], x[1], x[2], x[3], c.w*channels)
				copy(y[len(beside)+c.w*channels*4:], beside)
			}
			for b := range c.blocks.each {
				c.kernels.Taps(w.acc, w.interleaved[b*4*kernel.Lanes:], c.columns, c.step*channels*4, offsets, c.weights[b*c.steps*4*kernel.Lanes:], c.bias[b*kernel.Lanes:])
				for _, e := range c.endings {
					e.apply(c.kernels, s, w.acc, b, row*c.columns, c.columns)
				}
			}
			for _, e := range c.endings {
				e.finish(c.kernels, s, row*c.columns, c.columns, 0, channels*c.fold)
			}
		}
	})
}
