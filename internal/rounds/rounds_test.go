// SPDX-License-Identifier: Apache-2.0

package rounds

import (
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// TestServe: a case is prepared once, runs once more than it is asked for, and a case that
// the program lacks is answered with "-".
func TestServe(t *testing.T) {
	prepared, runs := 0, 0
	var out strings.Builder
	err := Serve(strings.NewReader("a\nnone\na\n"), &out, func(name string) (func() error, error) {
		prepared++
		if name == "none" {
			return nil, nil
		}
		return func() error { runs++; return nil }, nil
	})
	if err != nil || prepared != 2 || runs != 3 || !regexp.MustCompile(`^\d+\.\d{3}\n-\n\d+\.\d{3}\n$`).MatchString(out.String()) {
		t.Errorf("%v, prepared %d, runs %d, answers %q", err, prepared, runs, out.String())
	}
	broken := errors.New("broken")
	for name, prepare := range map[string]func(string) (func() error, error){
		"prepare": func(string) (func() error, error) { return nil, broken },
		"run":     func(string) (func() error, error) { return func() error { return broken }, nil },
	} {
		if err := Serve(strings.NewReader("a\n"), &out, prepare); err != broken {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestDivided: the parts have every picture once, and the error of one is the error of all.
func TestDivided(t *testing.T) {
	for parts := 1; parts <= 8; parts++ {
		var seen [8]atomic.Int64
		run := Divided(len(seen), parts, func(from, to int) error {
			for i := from; i < to; i++ {
				seen[i].Add(1)
			}
			return nil
		})
		if err := run(); err != nil {
			t.Error(err)
		}
		for i := range seen {
			if n := seen[i].Load(); n != 1 {
				t.Errorf("%d parts: picture %d runs %d times", parts, i, n)
			}
		}
	}
	broken := errors.New("broken")
	if err := Divided(4, 2, func(from, _ int) error {
		if from > 0 {
			return broken
		}
		return nil
	})(); err != broken {
		t.Errorf("error %v", err)
	}
}
