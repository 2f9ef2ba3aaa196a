// SPDX-License-Identifier: Apache-2.0

package register

// A spatial is the control of R-MAC's depthwise mode: the lanes hold
// neighbouring output pixels of a row, the MACs of a lane hold channels, and the
// kernel's positions follow one another in time. Then come the other channels of
// the same pixels, so that a pixel is soon complete, then the next pixels.
type spatial struct {
	lanes  []*rmacLane
	macs   int // of each lane
	x      Map[int8]
	w      Filters
	stride int
	at     counter // row, pixels of it, channels, kernel row, kernel column
	width  int     // of a row of outputs
	ended  bool
	emit   emit // gets the channels of a pixel in their order
}

func (m *machine) depthwise(x Map[int8], w Filters, stride int, emit emit) *spatial {
	height, width := strided(x.H, stride), strided(x.W, stride)
	return &spatial{
		lanes: m.rmac, macs: m.macs.rmac, x: x, w: w, stride: stride, width: width, emit: emit,
		at: newCounter(height, (width+len(m.rmac)-1)/len(m.rmac), (x.C+m.macs.rmac-1)/m.macs.rmac, w.Kernel, w.Kernel),
	}
}

func (s *spatial) finished() bool { return s.ended }

// step makes one cycle, or returns false where all is made.
func (s *spatial) step() bool {
	if s.ended {
		return false
	}
	row, column := s.at.at[0], s.at.at[1]*len(s.lanes)
	from := s.at.at[2] * s.macs
	to := min(from+s.macs, s.x.C)
	ky, kx := s.at.at[3], s.at.at[4]
	w := make([]int8, to-from)
	for c := range w {
		w[c] = s.w.position(from+c, ky, kx)[0]
	}
	zeros := make([]int8, to-from)
	first, last := s.at.first(3), s.at.last(3)
	for i, l := range s.lanes[:min(len(s.lanes), s.width-column)] {
		x := zeros
		if channels := s.x.pixel(row*s.stride+ky-s.w.Kernel/2, (column+i)*s.stride+kx-s.w.Kernel/2); channels != nil {
			x = channels[from:to]
		}
		l.accumulate(x, w, first)
		if last {
			for c := from; c < to; c++ {
				s.emit(row*s.width+column+i, c, l.registers[c-from])
			}
		}
	}
	s.ended = !s.at.step()
	return true
}

// strided returns the outputs along a side: every stride-th input is one.
func strided(side, stride int) int { return (side + stride - 1) / stride }
