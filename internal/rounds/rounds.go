// SPDX-License-Identifier: Apache-2.0

// Package rounds is the Go side of scripts/bench.py, which compares programs in interleaved
// rounds. Each program answers the name of a case with the milliseconds of one batch:
//
//	err := rounds.Serve(os.Stdin, os.Stdout, func(name string) (run func() error, err error) { ... })
package rounds

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"
)

// Serve reads the name of a case per line and answers with the milliseconds of one batch.
// The function prepare is called once for each name, and its result runs once before the
// first measured time. A nil result marks a case that the program lacks, for which the
// answer is "-".
func Serve(in io.Reader, out io.Writer, prepare func(name string) (run func() error, err error)) error {
	ready := map[string]func() error{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		name := lines.Text()
		run, ok := ready[name]
		if !ok {
			var err error
			if run, err = prepare(name); err != nil {
				return err
			}
			if run != nil { // the first run compiles and allocates
				if err := run(); err != nil {
					return err
				}
			}
			ready[name] = run
		}
		answer := "-"
		if run != nil {
			start := time.Now()
			if err := run(); err != nil {
				return err
			}
			answer = fmt.Sprintf("%.3f", float64(time.Since(start))/float64(time.Millisecond))
		}
		if _, err := fmt.Fprintln(out, answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// Divided returns a function that divides a batch of n pictures into parts, which run at
// the same time. Each part has the pictures from the first number up to the second.
func Divided(n, parts int, do func(from, to int) error) func() error {
	return func() error {
		errs := make([]error, parts)
		var all sync.WaitGroup
		for i := range parts {
			all.Go(func() { errs[i] = do(i*n/parts, (i+1)*n/parts) })
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
}
