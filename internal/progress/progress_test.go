// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// run drives a bar with one step per tick in simulated time and returns what
// it wrote.
func run(t *testing.T, steps, total int, tick time.Duration) string {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		bar := newBar(&out, time.Now, "evaluate", total)
		for range steps {
			time.Sleep(tick)
			bar.Add(1)
		}
		bar.Done()
		bar.Done() // again, as a deferred call after an explicit one
	})
	return out.String()
}

func TestShortStageShowsNothing(t *testing.T) {
	if out := run(t, 100, 100, 19*time.Millisecond); out != "" {
		t.Errorf("stage of 1.9 s wrote %q", out)
	}
}

func TestLongStage(t *testing.T) {
	out := run(t, 1000, 1000, 10*time.Millisecond) // 10 s
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

// wiped says whether nothing is left on the one line that was drawn.
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

// TestSeenFromTwoSecondsOn: also where no step ends then.
func TestSeenFromTwoSecondsOn(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps int // each of a second, before the long one
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

// TestStageWithinAStage: the outer one alone is seen; behind it the next one is.
func TestStageWithinAStage(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		var line sync.Mutex
		stage := func(name string, steps int, step func()) {
			bar := newStage(&line, &out, name, steps)
			defer bar.Done()
			for range steps {
				time.Sleep(time.Second)
				step()
				bar.Add(1)
			}
			bar.Done() // twice: it gives away nobody else's line
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

func TestSilent(t *testing.T) {
	t.Setenv("TRIOVIT_PROGRESS", "0")
	if !silent() {
		t.Error("TRIOVIT_PROGRESS=0 is ignored")
	}
	t.Setenv("TRIOVIT_PROGRESS", "")
	if silent() == testing.Verbose() {
		t.Errorf("silent is %v in a test with verbose=%v", silent(), testing.Verbose())
	}
}
