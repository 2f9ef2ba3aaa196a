// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A group holds the goroutines that help to run pictures. A helper takes parts of a step
// of another goroutine's picture. No picture waits for a helper that has not taken a part.
// A helper without work looks for it for some microseconds, then sleeps, and ends after a
// second, so that a group needs no closing.
type group struct {
	jobs chan *state

	mu      sync.Mutex
	busy    int    // number of cores reserved for pictures, their own goroutines included
	started []bool // the helpers that run
}

func newGroup(workers int) *group {
	return &group{jobs: make(chan *state, workers), started: make([]bool, workers-1)}
}

// cores returns the number of cores that divide a lone picture.
func (g *group) cores() int { return len(g.started) + 1 }

// enter reserves the cores that are not reserved for another picture, at least one, and
// returns their number. leave gives them back.
func (g *group) enter() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := max(1, g.cores()-g.busy)
	g.busy += n
	for h := range n - 1 {
		if !g.started[h] {
			g.started[h] = true
			go g.help(h)
		}
	}
	return n
}

func (g *group) leave(n int) {
	g.mu.Lock()
	g.busy -= n
	g.mu.Unlock()
}

// idle is how long a helper sleeps before it ends.
const idle = time.Second

// help runs parts of steps with the scratch of the given number.
func (g *group) help(number int) {
	timer := time.NewTimer(idle)
	for {
		timer.Reset(idle)
		select {
		case s := <-g.jobs:
			s.helpers.Add(1)
			s.help(&s.scratch[number+1], g.jobs)
			s.helpers.Add(-1)
		case <-timer.C:
			g.mu.Lock()
			g.started[number] = len(g.jobs) > 0
			stay := g.started[number]
			g.mu.Unlock()
			if !stay {
				return
			}
		}
	}
}

// A turn counts the parts of a state's current step that are not taken yet. Its ticket
// holds the number of the step, counted since the state was made, in the upper half, and
// the next part in the lower half.
type turn struct {
	ticket atomic.Uint64
	step   atomic.Pointer[planned]
	left   atomic.Int64 // number of parts that are not done
}

// take takes the next part, and returns nil without one. The current step does not change
// while a taken part runs: the next step begins when all parts are done.
func (t *turn) take() (*planned, int) {
	for {
		ticket := t.ticket.Load()
		step := t.step.Load()
		part := uint32(ticket) // the part is math.MaxUint32 where no part can be taken, a number that a 32-bit int cannot hold
		if step == nil || part >= uint32(step.parts) {
			return nil, 0
		}
		if t.ticket.CompareAndSwap(ticket, ticket+1) {
			return step, int(part)
		}
	}
}

// spins is how often a goroutine looks for work before it yields.
const spins = 1 << 8

// do runs a step with the available helpers, and returns when all its parts are done.
func (s *state) do(step *planned) {
	if step.parts == 1 {
		step.run(s, &s.scratch[0], 0)
		return
	}
	if s.helpers.Load() < int64(s.cores-1) {
		select {
		case s.group.jobs <- s:
		default: // the queue has as many calls as there are helpers
		}
	}
	t := &s.turn
	number := (t.ticket.Load()>>32 + 1) << 32
	t.ticket.Store(number | math.MaxUint32) // no part of the previous step can be taken as one of this step
	t.left.Store(int64(step.parts))
	t.step.Store(step)
	t.ticket.Store(number)
	for s.part(&s.scratch[0]) {
	}
	for i := 1; t.left.Load() > 0; i++ {
		if i%spins == 0 {
			runtime.Gosched()
		}
	}
}

// part takes and runs one part of the current step, and reports whether there was one.
func (s *state) part(w *scratch) bool {
	step, part := s.turn.take()
	if step == nil {
		return false
	}
	step.run(s, w, part)
	s.turn.left.Add(-1)
	return true
}

// help runs parts of steps while there are any.
func (s *state) help(w *scratch, jobs chan *state) {
	for i := 1; i < spins*spins/4; i++ {
		if s.part(w) {
			i = 1
		} else if i%spins == 0 {
			if len(jobs) > 0 {
				return
			}
			runtime.Gosched()
		}
	}
}
