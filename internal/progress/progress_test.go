// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// run calls a bar with one step per tick in simulated time. It returns the output of
// the bar.
func run(t *testing.T, steps, total int, tick time.Duration) string {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		bar := newBar(&out, time.Now, "evaluate", total)
		for range steps {
			time.Sleep(tick)
			bar.Add(1)
		}
		bar.Done()
		bar.Done() // a second call is allowed, since a deferred call may follow an explicit one
	})
	return out.String()
}

func TestShortStageShowsNothing(t *testing.T) {
	if out := run(t, 100, 100, 19*time.Millisecond); out != "" {
		t.Errorf("stage of 1.9 s wrote %q", out)
	}
}

func TestLongStage(t *testing.T) {
	out := run(t, 1000, 1000, 10*time.Millisecond) // the stage takes 10 s
	for _, want := range []string{"evaluate", "50%", "[5s:4s]", "100%", "1000/1000"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
	if !wiped(out) {
		t.Errorf("does not wipe its one line: %q", out)
	}
	if n := strings.Count(out, "evaluate"); n > 18 {
		t.Errorf("%d updates within 8 s, want at most two a second", n)
	}
}

// wiped reports whether the drawn line is empty at the end of the output.
func wiped(out string) bool {
	line := []rune{}
	for _, part := range strings.Split(out, "\r") {
		for i, r := range []rune(part) {
			line = append(line[:i], append([]rune{r}, line[min(i+1, len(line)):]...)...)
		}
	}
	return strings.TrimSpace(string(line)) == "" && !strings.Contains(out, "\n")
}

func TestInterruptedStageWipesItsLine(t *testing.T) {
	out := run(t, 5, 100, time.Second)
	if !strings.Contains(out, "5/100") || !wiped(out) {
		t.Errorf("got %q", out)
	}
}

func TestLineInPlaceOfTheBar(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		bar := newBar(&out, time.Now, "train", 100)
		time.Sleep(3 * time.Second)
		bar.Add(1)
		before := out.Len()
		bar.Fprintln(&out, "loss 0.5")
		if text := out.String()[before:]; !wiped(out.String()[:before] + strings.TrimSuffix(text, "loss 0.5\n")) {
			t.Errorf("the line follows %q", text)
		}
		bar.Done()
	})
	if got := out.String(); !strings.HasSuffix(got, "\rloss 0.5\n") {
		t.Errorf("something was drawn after the line: %q", got)
	}
}

func TestFirstStepHasAnETA(t *testing.T) {
	if out := run(t, 1, 10, 4*time.Second); !strings.Contains(out, "[4s:36s]") {
		t.Errorf("one of ten steps took 4 s, 36 are left: got %q", out)
	}
}

// TestSeenFromTwoSecondsOn: a bar is drawn after two seconds, even if no step ends
// then.
func TestSeenFromTwoSecondsOn(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps int // number of steps of one second each, before the long one
		want  string
	}{
		{"no step", 0, "evaluate ..."},
		{"one step", 1, "1/10"},
	} {
		var out bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			bar := newBar(&out, time.Now, "evaluate", 10)
			for range test.steps {
				time.Sleep(time.Second)
				bar.Add(1)
			}
			time.Sleep(delay)
			synctest.Wait()
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("%s: after two seconds %q, want %q", test.name, out.String(), test.want)
			}
			bar.Done()
		})
		if !wiped(out.String()) {
			t.Errorf("%s: does not wipe its line: %q", test.name, out.String())
		}
	}
}

// TestStageWithinAStage: only the outer stage is drawn. After it the next stage is
// drawn.
func TestStageWithinAStage(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		var s screen
		stage := func(name string, steps int, step func()) {
			bar := s.start(&out, name, steps)
			defer bar.Done()
			for range steps {
				time.Sleep(time.Second)
				step()
				bar.Add(1)
			}
			bar.Done() // the second call frees no other stage's line
		}
		stage("ladder", 3, func() { stage("evaluate", 3, func() {}) })
		stage("draw", 3, func() {})
	})
	if text := out.String(); !strings.Contains(text, "3/3") || strings.Contains(text, "evaluate") || !strings.Contains(text, "draw") || !wiped(text) {
		t.Errorf("got %q", text)
	}
}

func TestUnknownTotal(t *testing.T) {
	out := run(t, 5, 0, time.Second)
	if !strings.Contains(out, "evaluate") {
		t.Errorf("got %q", out)
	}
}

func TestConcurrentAdds(t *testing.T) {
	var out bytes.Buffer
	start, moment := time.Now(), time.Duration(0)
	bar := newBar(&out, func() time.Time { return start.Add(moment) }, "observe", 800)
	moment = time.Minute
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				bar.Add(1)
			}
		})
	}
	group.Wait()
	bar.Done()
	if !strings.Contains(out.String(), "800/800") {
		t.Errorf("last line: %q", out.String())
	}
}

// TestWaiting: the outermost stage's line shows the reason for which an inner stage
// waits, until the wait ends. A wait outside every stage has its own line. A short wait
// is not shown.
func TestWaiting(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		var s screen
		wait := func(who string) (over func()) {
			return s.waiting(&out, func() string { return "wait for process " + who })
		}
		bar := s.start(&out, "ladder", 5)
		time.Sleep(delay)
		bar.Add(1)
		short, first, second := wait("6"), wait("7"), wait("8")
		time.Sleep(patience / 2)
		short()
		time.Sleep(patience)
		first()
		if text := out.String(); !strings.HasSuffix(strings.TrimRight(text, " "), "ladder ... (1) [3s]: wait for process 8") {
			t.Errorf("with one of two waits over: %q", text)
		}
		second()
		last := out.String()[strings.LastIndex(out.String(), "\r"):]
		if !strings.Contains(last, "1/5") || strings.Contains(last, "wait") {
			t.Errorf("when it goes on: %q", last)
		}
		bar.Done()
		out.WriteString("#")
		over := wait("9")
		time.Sleep(patience + delay)
		synctest.Wait()
		over()
		next := s.start(&out, "evaluate", 1)
		time.Sleep(delay)
		synctest.Wait()
		next.Done()
	})
	inside, alone, _ := strings.Cut(out.String(), "#")
	if !wiped(inside) || !wiped(alone) || strings.Contains(inside, "process 6") || !strings.Contains(alone, "wait for process 9 ...") || !strings.Contains(alone, "evaluate") {
		t.Errorf("got %q and %q", inside, alone)
	}
}

// TestLongLine: a line is cut to the characters that wipe removes, with a step done and
// without.
func TestLongLine(t *testing.T) {
	for steps := range 2 {
		var out bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			bar := newBar(&out, time.Now, strings.Repeat("ä", 200), 2)
			time.Sleep(delay)
			synctest.Wait()
			bar.Add(steps)
			bar.Done()
		})
		if !strings.Contains(out.String(), "ä") || !wiped(out.String()) {
			t.Errorf("after %d steps a long line stays: %q", steps, out.String())
		}
	}
}

// TestWarn: a warning is a line above the bar and is written once.
func TestWarn(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		var s screen
		s.warn(&out, "a is not kept")
		bar := s.start(&out, "evaluate", 5)
		time.Sleep(delay)
		bar.Add(1)
		for range 2 {
			s.warn(&out, "a is not kept")
			s.warn(&out, "b is not kept")
		}
		bar.Add(1)
		bar.Done()
	})
	above, below, ok := strings.Cut(out.String(), "b is not kept\n")
	above, first := strings.CutPrefix(above, "a is not kept\n")
	if !ok || !first || !wiped(above) || !wiped(below) {
		t.Errorf("got %q", out.String())
	}
}

// TestSilent: TRIOVIT_PROGRESS=0 hides bars, and tests hide bars and warnings.
func TestSilent(t *testing.T) {
	visible := func(w io.Writer) bool { return w != io.Discard }
	t.Setenv("TRIOVIT_PROGRESS", "")
	if visible(bars()) != testing.Verbose() || visible(warnings()) != testing.Verbose() {
		t.Errorf("in a test with verbose=%v bars are visible: %v, warnings: %v", testing.Verbose(), visible(bars()), visible(warnings()))
	}
	t.Setenv("TRIOVIT_PROGRESS", "0")
	if visible(bars()) || visible(warnings()) != testing.Verbose() {
		t.Errorf("with TRIOVIT_PROGRESS=0 bars are visible: %v, warnings: %v", visible(bars()), visible(warnings()))
	}
}
