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

	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/schollz/progressbar/v3"
)

const (
	delay    = 2 * time.Second        // a shorter stage shows nothing
	interval = 500 * time.Millisecond // between two updates
	width    = 119                    // of the longest line that is drawn
)

// Bar is the progress of one stage. Its methods may be called from several
// goroutines.
type Bar struct {
	bar   *progressbar.ProgressBar
	out   *late
	first *time.Timer // draws the line, whether or not a step ends then
	free  func()      // gives the line to the next stage
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
	if total <= 0 {
		total = -1
	}
	out := &late{w: w, now: now, from: now().Add(delay), last: []byte("\r" + label + " ...")}
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetDescription(label),
		progressbar.OptionThrottle(interval),
		progressbar.OptionSpinnerCustom([]string{"..."}),
		progressbar.OptionSetSpinnerChangeInterval(0), // redraw in Add only, start no goroutine
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(24),
	)
	bar.StartWithoutRender() // else time counts from the first step's end, and the first ETA is 0
	return &Bar{out: out, bar: bar, first: time.AfterFunc(delay, out.show), free: func() {}}
}

// Add reports n more steps done.
func (b *Bar) Add(n int) {
	b.bar.Add(n) // its error is that of a stage longer than announced: nothing to report
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
