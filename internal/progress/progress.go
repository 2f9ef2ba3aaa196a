// SPDX-License-Identifier: Apache-2.0

// Package progress shows how far a long stage is and when it will be done.
//
// A stage that ends within two seconds shows nothing. A longer one draws one
// line on standard error at most twice a second, each time over the last by a
// carriage return, which a terminal and a notebook cell both understand, and
// wipes it when the stage ends:
//
//	bar := progress.New("evaluate", images)
//	defer bar.Done()
//	for range images { ...; bar.Add(1) }
//
// A notebook cell shows standard error as a failure, so there the line goes to
// standard output. TRIOVIT_PROGRESS=0 silences it, and so do tests without -v.
package progress

import (
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
	bar *progressbar.ProgressBar
	out *late
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
	return newBar(out, time.Now, label, total)
}

func newBar(w io.Writer, now func() time.Time, label string, total int) *Bar {
	if total <= 0 {
		total = -1
	}
	out := &late{w: w, now: now, from: now().Add(delay)}
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
	return &Bar{out: out, bar: bar}
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
func (b *Bar) Done() { b.out.wipe(true) }

// silent reports whether nothing is to be shown.
func silent() bool {
	verbose := flag.Lookup("test.v") // defined in test binaries only
	return os.Getenv("TRIOVIT_PROGRESS") == "0" || verbose != nil && verbose.Value.String() == "false"
}

// late drops what is written before a moment.
type late struct {
	w    io.Writer
	now  func() time.Time
	from time.Time

	mu            sync.Mutex
	wrote, closed bool
}

func (l *late) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.now().Before(l.from) {
		return len(p), nil
	}
	l.wrote = true
	return l.w.Write(p)
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
