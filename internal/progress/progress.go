// SPDX-License-Identifier: Apache-2.0

// Package progress shows how far a long stage is and when it will be done.
//
// A stage that ends within two seconds shows nothing. A longer one draws one
// line on standard error, then and at most twice a second, each time over the last
// by a carriage return, which a terminal and a notebook cell both understand, and
// wipes it when the stage ends:
//
//	bar := progress.New("evaluate", images)
//	defer bar.Done()
//	for range images { ...; bar.Add(1) }
//
// Of stages within stages the outermost draws, so that a function shows its
// progress whether it is called once or by another that counts its calls.
//
// A notebook cell shows standard error as a failure, so there the line goes to
// standard output. TRIOVIT_PROGRESS=0 silences it, and so do tests without -v.
package progress

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/janpfeifer/gonb/gonbui/protocol"
)

const (
	delay    = 2 * time.Second        // a shorter stage shows nothing
	interval = 500 * time.Millisecond // between two updates
	width    = 119                    // of the longest line that is drawn
	cells    = 24                     // of the bar in it
)

// Bar is the progress of one stage. Its methods may be called from several
// goroutines. It is drawn here, since the usual libraries link an HTTP server or
// terminal control, and whoever simulates an accelerator links this package.
type Bar struct {
	label string
	total int // steps, 0 where their number is unknown
	now   func() time.Time
	start time.Time
	out   *late
	first *time.Timer // draws the line, whether or not a step ends then
	free  func()      // gives the line to the next stage

	mu      sync.Mutex
	done    int       // steps
	drawn   time.Time // when the line was made last
	longest int       // letters of a line so far
}

// New starts a stage of total steps, or of an unknown number if total is not
// positive.
func New(label string, total int) *Bar {
	out := io.Writer(os.Stderr)
	switch {
	case silent():
		out = io.Discard
	case os.Getenv(protocol.GONB_PIPE_ENV) != "":
		out = os.Stdout
	}
	return newStage(&line, out, label, total)
}

// line is the one that the program has for progress: a stage takes it or, where
// another has it, draws nothing.
var line sync.Mutex

func newStage(line *sync.Mutex, w io.Writer, label string, total int) *Bar {
	if !line.TryLock() {
		return newBar(io.Discard, time.Now, label, total)
	}
	b := newBar(w, time.Now, label, total)
	b.free = sync.OnceFunc(line.Unlock)
	return b
}

func newBar(w io.Writer, now func() time.Time, label string, total int) *Bar {
	out := &late{w: w, now: now, from: now().Add(delay), last: []byte("\r" + label + " ...")}
	return &Bar{label: label, total: max(total, 0), now: now, start: now(), out: out, first: time.AfterFunc(delay, out.show), free: func() {}}
}

// Add reports n more steps done.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	now := b.now()
	if b.done != b.total && now.Sub(b.drawn) < interval {
		return
	}
	b.drawn = now
	line := b.line(now.Sub(b.start))
	b.longest = max(b.longest, utf8.RuneCountInString(line))
	fmt.Fprintf(b.out, "\r%-*s", b.longest, line) // over all of a longer one
}

// line tells the steps done, the time that they took and the time that the others
// will take at the same pace.
func (b *Bar) line(took time.Duration) string {
	if b.total == 0 || b.done == 0 {
		return fmt.Sprintf("%s ... (%d) [%v]", b.label, b.done, took.Truncate(time.Second))
	}
	share := min(float64(b.done)/float64(b.total), 1)
	full := int(cells * share)
	left := time.Duration(float64(took) * (1 - share) / share)
	return fmt.Sprintf("%s %3.0f%% |%s%s| (%d/%d) [%v:%v]", b.label, 100*share, strings.Repeat("█", full), strings.Repeat(" ", cells-full),
		b.done, b.total, took.Truncate(time.Second), left.Truncate(time.Second))
}

// Fprintln writes a line to w, in the place of the bar, which comes back below it.
func (b *Bar) Fprintln(w io.Writer, line string) {
	b.out.wipe(false)
	fmt.Fprintln(w, line)
}

// Done wipes the line. Call it when the stage ends, completed or not.
func (b *Bar) Done() {
	b.first.Stop()
	b.out.wipe(true)
	b.free()
}

// silent reports whether nothing is to be shown.
func silent() bool {
	verbose := flag.Lookup("test.v") // defined in test binaries only
	return os.Getenv("TRIOVIT_PROGRESS") == "0" || verbose != nil && verbose.Value.String() == "false"
}

// late holds back what is written before a moment, of which the last is shown then.
type late struct {
	w    io.Writer
	now  func() time.Time
	from time.Time

	mu            sync.Mutex
	last          []byte
	wrote, closed bool
}

func (l *late) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return len(p), nil
	case l.now().Before(l.from):
		l.last = bytes.Clone(p)
		return len(p), nil
	}
	l.wrote = true
	return l.w.Write(p)
}

// show writes what was held back, unless something was written since.
func (l *late) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.wrote && !l.closed {
		l.wrote = true
		l.w.Write(l.last)
	}
}

// wipe removes what was drawn, until something is drawn again or for good.
func (l *late) wipe(forGood bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrote {
		io.WriteString(l.w, "\r"+strings.Repeat(" ", width)+"\r")
	}
	l.wrote, l.closed = false, l.closed || forGood
}
