// SPDX-License-Identifier: Apache-2.0

package event

import (
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
)

// never marks a piece whose release time is not known yet.
const never = -1

// A fifo is the space of a buffer that pieces enter and leave in order.
type fifo struct {
	capacity int64
	held     int64
	pieces   []piece
	oldest   int // index of the first piece that still counts
}

type piece struct{ bytes, released int64 }

// take makes room for a piece. It returns the piece's number and the cycle from which
// there is room. ok is false where the room depends on the piece itself: the buffer would
// have to hold f.held and the piece at the same time.
func (f *fifo) take(bytes int64) (id int, from int64, ok bool) {
	for f.held+bytes > f.capacity {
		if f.oldest == len(f.pieces) || f.pieces[f.oldest].released == never {
			return 0, 0, false
		}
		f.held -= f.pieces[f.oldest].bytes
		from = max(from, f.pieces[f.oldest].released)
		f.oldest++
	}
	f.held += bytes
	f.pieces = append(f.pieces, piece{bytes, never})
	return len(f.pieces) - 1, from, true
}

// A channel is the off-chip memory. It makes one transfer after another, in the order of
// the requests.
type channel struct {
	cyclesPerByte float64
	latency       int64
	free          int64 // the cycle in which the last transfer ends
	busy          int64 // cycles of all transfers
}

func newChannel(c *arch.Config) channel {
	return channel{cyclesPerByte: c.ClockMHz / c.OffChip.MBPerS, latency: int64(c.OffChip.LatencyCycles)}
}

// move transfers bytes, at the earliest from the given cycle on. It returns the cycles in
// which the transfer begins and ends. A load arrives a latency after the end.
func (c *channel) move(bytes, from int64) (begin, end int64) {
	cycles := float64(bytes) * c.cyclesPerByte
	if cycles > count.Limit {
		count.Overflow()
	}
	n := int64(cycles)
	if float64(n) < cycles {
		n++
	}
	begin = max(c.free, from)
	c.free = count.Add(begin, n)
	count.Inc(&c.busy, n)
	return begin, c.free
}
