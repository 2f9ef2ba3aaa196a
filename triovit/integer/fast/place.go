// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// A place is the location of a tensor in a state. A row is the elements along the last
// axis.
type place struct {
	rows, channels int
	// narrow marks a tensor stored in bytes: each byte is a code plus the offset. Other
	// integers are words of 32 bits.
	narrow bool
	offset int32
	// base is the index of the first element in the state's bytes or words. stride is the
	// distance in elements from a row to the next one.
	base, stride int

	from, to int    // index of the step that makes the place, -1 where no step does, and of the step that reads it last
	within   *place // the place of which this is a part
	first    int    // the place's first channel in the other place
	logits   bool   // the place is words in the caller's memory
}

func placeOf(t integer.Tensor) place {
	p := place{rows: t.Shape[0] * t.Shape[1], channels: t.Shape[2], stride: t.Shape[2], from: -1}
	p.offset, p.narrow = offsetOf(t.Range)
	return p
}

// offsetOf returns the offset that makes bytes of an interval's integers, such as 128 for
// signed codes, and whether there is one.
func offsetOf(r integer.Interval) (offset int32, ok bool) {
	switch {
	case r.Hi-r.Lo > 255:
		return 0, false
	case r.Lo >= -128 && r.Hi <= 127:
		return 128, true
	case r.Lo >= 0 && r.Hi <= 255:
		return 0, true
	}
	return int32(-r.Lo), r.Lo >= -1<<30 && r.Lo <= 1<<30
}

// whole reports whether the rows follow one another without gaps.
func (p *place) whole() bool { return p.stride == p.channels }

// bytesFrom returns the bytes from the given row on, with the slack behind them.
func (p *place) bytesFrom(s *state, row int) []byte {
	return s.bytes[p.base+row*p.stride : p.base+(p.rows-1)*p.stride+p.channels+kernel.Slack]
}

// wordsFrom returns the words from the given row on.
func (p *place) wordsFrom(s *state, row int) []int32 {
	words := s.logits
	if !p.logits {
		words = s.words[p.base:]
	}
	return words[row*p.channels : p.rows*p.channels]
}

// read copies the tensor's integers.
func (p *place) read(s *state, y []int32) {
	if !p.narrow {
		copy(y, p.wordsFrom(s, 0))
		return
	}
	for r := range p.rows {
		for i, b := range p.bytesFrom(s, r)[:p.channels] {
			y[r*p.channels+i] = int32(b) - p.offset
		}
	}
}

// write stores integers that lie in the tensor's interval.
func (p *place) write(s *state, x []int32) {
	if !p.narrow {
		copy(p.wordsFrom(s, 0), x)
		return
	}
	for r := range p.rows {
		y := p.bytesFrom(s, r)
		for i, v := range x[r*p.channels:][:p.channels] {
			y[i] = byte(v + p.offset)
		}
	}
}
