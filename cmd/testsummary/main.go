// SPDX-License-Identifier: Apache-2.0

// Command testsummary runs go test with the given arguments. At the end it prints facts
// that go test leaves out: how many tests passed, failed and were skipped, and the name
// of each skipped test with its reason.
//
// A run that skips half of its tests looks as green as one that runs them all. Many tests
// here need reference data beside the checkout, so the number of skipped tests belongs to
// the result:
//
//	$ go run ./cmd/testsummary ./...
//	ok  	github.com/gotriovit/gotriovit/calib	1.204s
//	ok  	github.com/gotriovit/gotriovit/triovit/weights	0.318s
//
//	skipped: 1
//	    triovit/weights TestOfficial: shared data data/weights/x.pt is absent
//	ok  	github.com/gotriovit/gotriovit	2 packages, 41 passed, 1 skipped
//
// The output of a test that passes is dropped. The output of a test that fails is printed
// with its package. The exit status is that of go test.
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

// run runs go test -json with args, writes the summary to w, and returns the exit status
// of go test.
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
	// The rest of the output must be read, or go test would wait for a reader.
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
