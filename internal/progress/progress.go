// SPDX-License-Identifier: Apache-2.0

// Package progress shows the progress and the remaining time of a long stage.
//
// A stage that ends within two seconds shows nothing. A longer stage draws one line on
// standard error. It redraws the line at most twice a second with a carriage return,
// which a terminal and a notebook cell both support. It wipes the line when the stage
// ends:
//
//	bar := progress.New("evaluate", images)
//	defer bar.Done()
//	for range images { ...; bar.Add(1) }
//
// If stages are nested, only the outermost one draws. A function therefore shows its
// progress if it is called once, and its caller shows it if the caller counts calls.
// The line also shows the reason for which an inner stage waits ([Waiting]). A warning
// about a result is a separate line, which is not wiped ([Warn]).
//
// A notebook cell shows standard error as a failure, so in a notebook all lines go to
// standard output. TRIOVIT_PROGRESS=0 hides the bars. Tests without -v hide the
// warnings too.
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
	patience = time.Second            // a shorter wait of an inner stage shows nothing
	interval = 500 * time.Millisecond // time between two updates
	width    = 119                    // characters of the longest line that is drawn
	cells    = 24                     // characters of the bar in the line
)

// Bar is the progress of one stage. Its methods may be called from several goroutines.
// The package draws the bar itself, because the usual libraries link an HTTP server or
// terminal control, and simulators of an accelerator link this package.
type Bar struct {
	label string
	total int // number of steps, 0 if it is unknown
	now   func() time.Time
	start time.Time
	out   *late
	first *time.Timer // the timer that draws the line after delay, even if no step ends then
	free  func()      // the function that lets the next stage draw the line

	mu      sync.Mutex
	waits   []string  // reasons for which inner stages wait
	done    int       // number of steps that are done
	drawn   time.Time // time of the last drawing
	longest int       // characters of the longest line so far
}

// New starts a stage of total steps. The number of steps is unknown if total is not
// positive.
func New(label string, total int) *Bar { return program.start(bars(), label, total) }

// Waiting shows why a stage waits, until over is called. The reason appears in the line
// of the stage that draws, or in a line of its own if no stage draws. Waiting calls
// reason only if the wait becomes long enough to be shown.
func Waiting(reason func() string) (over func()) { return program.waiting(bars(), reason) }

// Warn writes a warning as a line that is not wiped, above the bar if there is one. A
// warning that the program has written already is not repeated.
func Warn(warning string) { program.warn(warnings(), warning) }

// bars returns the writer of bars.
func bars() io.Writer {
	if os.Getenv("TRIOVIT_PROGRESS") == "0" {
		return io.Discard
	}
	return warnings()
}

// warnings returns the writer of warnings.
func warnings() io.Writer {
	switch verbose := flag.Lookup("test.v"); { // the flag is defined in test binaries only
	case verbose != nil && verbose.Value.String() == "false":
		return io.Discard
	case os.Getenv(protocol.GONB_PIPE_ENV) != "":
		return os.Stdout
	}
	return os.Stderr
}

// program is the program's only line for progress, with the warnings that the program
// has written.
var program screen

// A screen has one line, which one stage takes. A stage draws nothing while another
// stage has the line.
type screen struct {
	mu    sync.Mutex
	stage *Bar            // the stage that draws, or nil
	said  map[string]bool // warnings that were written
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

// free lets the next stage take the line, if b still has it.
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

// show shows the reason of a wait until undo is called.
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

// Add adds n steps to those done.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	if now := b.now(); b.done == b.total || now.Sub(b.drawn) >= interval {
		b.draw(now)
	}
}

// wait shows the reason why an inner stage waits. goOn removes it.
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

// draw draws the line over the previous one.
func (b *Bar) draw(now time.Time) {
	b.drawn = now
	line := cut(b.line(now.Sub(b.start)))
	b.longest = max(b.longest, utf8.RuneCountInString(line))
	fmt.Fprintf(b.out, "\r%-*s", b.longest, line) // spaces cover a longer previous line
}

// cut shortens a line to the characters that wipe removes.
func cut(line string) string {
	letters := []rune(line)
	return string(letters[:min(len(letters), width)])
}

// line returns the text of the line: the steps done, the time they took and the time
// that the others will take at the same pace. While an inner stage waits, the text has
// the reason instead of the pace.
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

// Fprintln writes a line to w in the place of the bar. The bar is drawn again below it.
func (b *Bar) Fprintln(w io.Writer, line string) {
	b.out.wipe(false)
	fmt.Fprintln(w, line)
}

// Done wipes the line. It must be called when the stage ends, completed or not.
func (b *Bar) Done() {
	b.first.Stop()
	b.out.wipe(true)
	b.free()
}

// late is a writer that holds back the text written before a time. At that time show
// writes the last text.
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

// show writes the text held back, unless something was written since.
func (l *late) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.wrote && !l.closed {
		l.wrote = true
		l.w.Write(l.last)
	}
}

// wipe wipes the line. If forGood is set, nothing is drawn again.
func (l *late) wipe(forGood bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrote {
		io.WriteString(l.w, "\r"+strings.Repeat(" ", width)+"\r")
	}
	l.wrote, l.closed = false, l.closed || forGood
}
