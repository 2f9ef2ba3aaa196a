// SPDX-License-Identifier: Apache-2.0

package register

// A spatial is the control of R-MAC's depthwise mode: the lanes hold neighbouring output
// pixels of a row, the MACs of a lane hold channels, and kernel positions follow one
// another in time. Further channels of the same pixels come next, so that a pixel is soon
// complete, then the next pixels.
type spatial struct {
	lanes  []*rmacLane
	macs   int // number of MACs of each lane
	x      plane
	w      filters
	stride int
	at     counter // row, pixels of the row, channels, kernel row, kernel column
	width  int     // width of a row of outputs
	ended  bool
	emit   emit // the function that takes the channels of a pixel, in order
}

func (m *machine) depthwise(x plane, w filters, stride int, out [3]int, emit emit) *spatial {
	return &spatial{
		lanes: m.rmac, macs: m.macs.rmac, x: x, w: w, stride: stride, width: out[1], emit: emit,
		at: newCounter(out[0], (out[1]+len(m.rmac)-1)/len(m.rmac), (out[2]+m.macs.rmac-1)/m.macs.rmac, w.kernel, w.kernel),
	}
}

func (s *spatial) finished() bool { return s.ended }

// step runs one cycle, or returns false when everything is computed.
func (s *spatial) step() bool {
	if s.ended {
		return false
	}
	row, column := s.at.at[0], s.at.at[1]*len(s.lanes)
	from := s.at.at[2] * s.macs
	to := min(from+s.macs, len(s.w.bias))
	ky, kx := s.at.at[3], s.at.at[4]
	w := make([]int32, to-from)
	for c := range w {
		w[c] = s.w.position(from+c, ky, kx)[0]
	}
	first, last := s.at.first(3), s.at.last(3)
	for i, l := range s.lanes[:min(len(s.lanes), s.width-column)] {
		x := s.x.pixel(row*s.stride+ky-s.w.kernel/2, (column+i)*s.stride+kx-s.w.kernel/2)
		if first {
			l.load(s.w.bias[from:to])
		}
		pixel := row*s.width + column + i
		l.accumulate(Products{X: x[from:to], W: w, Pixel: pixel, Channel: from, Depthwise: true})
		if last {
			for c := from; c < to; c++ {
				s.emit(pixel, c, l.registers[c-from])
			}
		}
	}
	s.ended = !s.at.step()
	return true
}
