// SPDX-License-Identifier: Apache-2.0

// Package progress shows the progress and the remaining time of a long stage.
//
// A stage that ends within two seconds shows nothing. A longer stage draws one line on
// standard error, and redraws it at most twice a second by a carriage return, which a
// terminal and a notebook cell both understand. It wipes the line when the stage ends:
//
//	bar := progress.New("evaluate", images)
//	defer bar.Done()
//	for range images { ...; bar.Add(1) }
//
// Of nested stages the outermost draws, so that a function shows its progress whether it
// is called once or by another that counts its calls. The line also shows the reason for
// which an inner stage waits ([Waiting]). A warning about a result is a separate line,
// which stays ([Warn]).
//
// A notebook cell shows standard error as a failure, so there everything goes to
// standard output. TRIOVIT_PROGRESS=0 silences the bars, and tests without -v
// silence the warnings too.
package progress

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/janpfeifer/gonb/gonbui/protocol"
)

const (
	delay    = 2 * time.Second        // a shorter stage shows nothing
	patience = time.Second            // a shorter wait of a stage within shows nothing
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
	waits   []string  // reasons for which stages within this one wait
	done    int       // steps
	drawn   time.Time // when the line was made last
	longest int       // letters of a line so far
}

// New starts a stage of total steps, or of an unknown number if total is not
// positive.
func New(label string, total int) *Bar { return program.start(bars(), label, total) }

// Waiting shows why a stage waits, in the line of the stage that draws or, where
// none does, in a line of its own, until over is called. It asks for the reason when
// the wait has become long enough to be shown.
func Waiting(reason func() string) (over func()) { return program.waiting(bars(), reason) }

// Warn writes a warning as a line that stays, above the bar where there is one. A
// warning that the program wrote already is not repeated.
func Warn(warning string) { program.warn(warnings(), warning) }

// bars returns where bars are drawn.
func bars() io.Writer {
	if os.Getenv("TRIOVIT_PROGRESS") == "0" {
		return io.Discard
	}
	return warnings()
}

// warnings returns where warnings go.
func warnings() io.Writer {
	switch verbose := flag.Lookup("test.v"); { // defined in test binaries only
	case verbose != nil && verbose.Value.String() == "false":
		return io.Discard
	case os.Getenv(protocol.GONB_PIPE_ENV) != "":
		return os.Stdout
	}
	return os.Stderr
}

// program is the one line that the program has for progress, and what it warned of.
var program screen

// A screen has one line, which a stage takes. Where another stage has it, a stage
// draws nothing.
type screen struct {
	mu    sync.Mutex
	stage *Bar            // the one that draws, or nil
	said  map[string]bool // warnings
}

func (s *screen) start(w io.Writer, label string, total int) *Bar {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage != nil {
		return newBar(io.Discard, time.Now, label, total)
	}
	b := newBar(w, time.Now, label, total)
	b.free = func() { s.free(b) }
	s.stage = b
	return b
}

// free gives the line to the next stage, unless it has it already.
func (s *screen) free(b *Bar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == b {
		s.stage = nil
	}
}

func (s *screen) drawing() *Bar {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stage
}

func (s *screen) waiting(w io.Writer, reason func() string) (over func()) {
	var mu sync.Mutex
	ended, undo := false, func() {}
	shown := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			undo = s.show(w, reason())
		}
	})
	return func() {
		shown.Stop()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		undo()
	}
}

// show shows why a stage waits until undo is called.
func (s *screen) show(w io.Writer, reason string) (undo func()) {
	b := s.drawing()
	if b == nil {
		return s.start(w, reason, 0).Done
	}
	b.wait(reason)
	return func() { b.goOn(reason) }
}

func (s *screen) warn(w io.Writer, warning string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said[warning] {
		return
	}
	if s.said == nil {
		s.said = map[string]bool{}
	}
	s.said[warning] = true
	if s.stage != nil {
		s.stage.Fprintln(w, warning)
	} else {
		fmt.Fprintln(w, warning)
	}
}

func newBar(w io.Writer, now func() time.Time, label string, total int) *Bar {
	out := &late{w: w, now: now, from: now().Add(delay), last: []byte("\r" + cut(label+" ..."))}
	return &Bar{label: label, total: max(total, 0), now: now, start: now(), out: out, first: time.AfterFunc(delay, out.show), free: func() {}}
}

// Add reports n more steps done.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	if now := b.now(); b.done == b.total || now.Sub(b.drawn) >= interval {
		b.draw(now)
	}
}

// wait shows why a stage within this one waits, until it goes on.
func (b *Bar) wait(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = append(b.waits, reason)
	b.draw(b.now())
}

func (b *Bar) goOn(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.waits, reason)
	b.waits = slices.Delete(b.waits, at, at+1)
	b.draw(b.now())
}

// draw draws the line over the last one.
func (b *Bar) draw(now time.Time) {
	b.drawn = now
	line := cut(b.line(now.Sub(b.start)))
	b.longest = max(b.longest, utf8.RuneCountInString(line))
	fmt.Fprintf(b.out, "\r%-*s", b.longest, line) // over all of a longer one
}

// cut ends a line where wiping it ends.
func cut(line string) string {
	letters := []rune(line)
	return string(letters[:min(len(letters), width)])
}

// line tells the steps done, the time that they took and the time that the others
// will take at the same pace, or why they do not go on.
func (b *Bar) line(took time.Duration) string {
	if n := len(b.waits); n > 0 {
		return fmt.Sprintf("%s ... (%d) [%v]: %s", b.label, b.done, took.Truncate(time.Second), b.waits[n-1])
	}
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
