// SPDX-License-Identifier: Apache-2.0

// Command testsummary runs go test with the given arguments and ends with what
// go test leaves out: how many tests passed, failed and were skipped, and the
// names of the skipped ones with their reasons.
//
// A run that skips half of its tests looks as green as one that runs them all.
// Here much depends on reference data beside the checkout, so the count of
// skips is part of the result:
//
//	$ go run ./cmd/testsummary ./...
//	ok  	github.com/gotriovit/gotriovit/calib	1.204s
//	ok  	github.com/gotriovit/gotriovit/triovit/weights	0.318s
//
//	skipped: 1
//	    triovit/weights TestOfficial: shared data data/weights/x.pt is absent
//	ok  	github.com/gotriovit/gotriovit	2 packages, 41 passed, 1 skipped
//
// Output of tests that pass is dropped, output of tests that fail is printed
// with their package, and the exit status is go test's own.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	status, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// run runs go test -json with args, writes what a reader wants of it to w and
// returns go test's exit status.
func run(args []string, w io.Writer) (status int, err error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	total, readErr := summarize(events, w)
	// Whatever is left has to be read, or go test would wait for a reader.
	if _, err := io.Copy(io.Discard, events); err != nil {
		readErr = errors.Join(readErr, err)
	}
	waitErr := cmd.Wait()
	if readErr != nil {
		return 0, readErr
	}
	if exit := (*exec.ExitError)(nil); waitErr != nil && !errors.As(waitErr, &exit) {
		return 0, waitErr
	}
	status = cmd.ProcessState.ExitCode()
	total.print(w, status == 0)
	return status, nil
}
