// SPDX-License-Identifier: Apache-2.0

package register

import "github.com/gotriovit/gotriovit/triovit/integer"

// emit takes a finished accumulator to the units behind it.
type emit func(pixel, channel int, sum int32)

// into stores the outputs in a map.
func into(y integer.Value) emit {
	return func(pixel, channel int, sum int32) { y.Data[pixel*y.Shape[2]+channel] = sum }
}

// A layer is channel-parallel work: a convolution whose output channels are computed in
// tiles of as many as there are lanes.
type layer struct {
	x             plane
	w             filters
	stride        int
	height, width int // size of the outputs
	emit          emit
	// arrived reports whether the inputs of an output pixel are ready; nil if all are from
	// the beginning.
	arrived func(pixel int) bool
	// complete is called when the last output is computed; it may be nil.
	complete func()

	tiles []tile
	made  []int // finished channels of each tile at each pixel, [tiles, pixels]
	begin int   // all tiles before this one are finished
	open  int   // a tile at a pixel with some finished channels, or -1
	left  int   // number of outputs that are not finished
}

// A tile is a range of output channels of one group.
type tile struct{ group, from, to int }

// newLayer divides the output channels of each group into tiles. Lanes share their input
// channels, so that no tile reaches into the next group.
func newLayer(x plane, w filters, stride int, out [3]int, lanes int, emit emit) *layer {
	l := &layer{x: x, w: w, stride: stride, height: out[0], width: out[1], emit: emit, open: -1}
	l.left = l.pixels() * out[2]
	groups := x.Shape[2] / w.cin
	size := out[2] / groups
	for g := range groups {
		for from := 0; from < size; from += lanes {
			l.tiles = append(l.tiles, tile{g, g*size + from, g*size + min(from+lanes, size)})
		}
	}
	l.made = make([]int, len(l.tiles)*l.pixels())
	return l
}

// A pass computes one output pixel for some channels of one group, one channel on each
// lane.
type pass struct {
	layer          *layer
	index          int // index of the tile at the pixel
	pixel, group   int
	from, channels int
}

// next returns the first pass with ready inputs: the rest of a begun tile, then tile by
// tile, and within a tile pixel by pixel.
func (l *layer) next(lanes int) (pass, bool) {
	if l.open >= 0 {
		return l.pass(l.open, lanes), true
	}
	for i := l.begin; i < len(l.made); i++ {
		switch {
		case l.made[i] > 0:
			if i == l.begin {
				l.begin++
			}
		case l.arrived == nil || l.arrived(i%l.pixels()):
			return l.pass(i, lanes), true
		}
	}
	return pass{}, false
}

func (l *layer) pass(i, lanes int) pass {
	t := l.tiles[i/l.pixels()]
	from := t.from + l.made[i]
	return pass{layer: l, index: i, pixel: i % l.pixels(), group: t.group, from: from, channels: min(lanes, t.to-from)}
}

func (l *layer) pixels() int { return l.height * l.width }

// finish emits the sums of a pass.
func (l *layer) finish(p pass, lanes []lane) {
	for i := range p.channels {
		l.emit(p.pixel, p.from+i, lanes[i].sum())
	}
	l.made[p.index] += p.channels
	l.open = -1
	if p.from+p.channels < l.tiles[p.index/l.pixels()].to {
		l.open = p.index
	}
	l.left -= p.channels
	if l.left == 0 && l.complete != nil {
		l.complete()
	}
}

// A sequencer is the control of channel-parallel work: lanes get the same input channels
// and different filters. Kernel positions and input channels follow one another in time,
// then passes, in the order of the queue.
type sequencer struct {
	lanes   []lane
	macs    int // largest number of MACs of each lane
	queue   []*layer
	now     pass
	running bool
	at      counter // kernel row, kernel column, slice of input channels
	macsNow int64   // number of MACs enabled in the pass so far
}

func (s *sequencer) finished() bool {
	for _, l := range s.queue {
		if l.left > 0 {
			return false
		}
	}
	return true
}

// step runs one cycle, or returns false where no pass is ready.
func (s *sequencer) step() bool {
	if !s.running && !s.start() {
		return false
	}
	p, l := &s.now, s.now.layer
	ky, kx, from := s.at.at[0], s.at.at[1], s.at.at[2]*s.macs
	to := min(from+s.macs, l.w.cin)
	x := l.input(p, ky, kx)
	for i, lane := range s.lanes[:p.channels] {
		if s.at.first(0) {
			lane.begin(l.w.bias[p.from+i])
		}
		w := l.w.position(p.from+i, ky, kx)
		lane.dot(Products{X: x[from:to], W: w[from:to], Pixel: p.pixel, Channel: p.from + i})
	}
	s.macsNow += int64(p.channels * (to - from))
	if !s.at.step() {
		l.finish(*p, s.lanes)
		s.running = false
	}
	return true
}

func (s *sequencer) start() bool {
	for _, l := range s.queue {
		if s.now, s.running = l.next(len(s.lanes)); s.running {
			s.at = newCounter(l.w.kernel, l.w.kernel, (l.w.cin+s.macs-1)/s.macs)
			s.macsNow = 0
			return true
		}
	}
	return false
}

// begun returns the multiply-accumulates of the pass that has not ended.
func (s *sequencer) begun() int64 {
	if !s.running {
		return 0
	}
	return s.macsNow
}

// input returns the input channels of the pass's group at a position of the kernel.
func (l *layer) input(p *pass, ky, kx int) []int32 {
	row := p.pixel/l.width*l.stride + ky - l.w.kernel/2
	column := p.pixel%l.width*l.stride + kx - l.w.kernel/2
	return l.x.pixel(row, column)[p.group*l.w.cin:][:l.w.cin]
}
