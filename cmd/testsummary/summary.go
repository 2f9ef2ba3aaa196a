// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const module = "github.com/gotriovit/gotriovit"

// An event is one line of the output of go test -json (cmd/test2json). Before the tests
// come the lines of the builds (go help buildjson).
type event struct {
	Action     string
	Package    string
	ImportPath string // the import path of a build event
	Test       string // the test's name, empty for an event of the whole package
	Output     string
}

// A summary counts the tests of a run. Subtests do not count: a table test counts once,
// however many rows it has.
type summary struct {
	packages, failedPackages int
	passed, failed           int
	skipped                  []skip
}

// A skip is one skipped test or subtest, with its reason.
type skip struct {
	pkg, test, reason string
}

// summarize reads the events of go test -json to the end and returns the counts. While it
// reads it writes the line of each package and the output of failed tests to w.
func summarize(r io.Reader, w io.Writer) (summary, error) {
	var total summary
	output := map[[2]string]*strings.Builder{} // the printed text, by package and test
	of := func(e event) *strings.Builder {
		key := [2]string{e.Package, e.Test}
		if output[key] == nil {
			output[key] = new(strings.Builder)
		}
		return output[key]
	}
	for decoder := json.NewDecoder(r); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return total, nil
		} else if err != nil {
			return total, fmt.Errorf("reading the events of go test -json: %w", err)
		}
		switch e.Action {
		case "build-output":
			io.WriteString(w, e.Output)
		case "output":
			of(e).WriteString(e.Output)
		case "pass", "fail", "skip":
			text := of(e).String()
			delete(output, [2]string{e.Package, e.Test})
			if e.Test == "" {
				total.packages++
				if e.Action == "fail" {
					total.failedPackages++
				}
				// PASS and FAIL are dropped: the line after them says the same.
				text = strings.TrimPrefix(text, "PASS\n")
				io.WriteString(w, strings.TrimPrefix(text, "FAIL\n"))
				continue
			}
			total.count(e, text)
			if e.Action == "fail" {
				fmt.Fprintf(w, "in %s:\n%s", e.Package, withoutProgress(text))
			}
		}
	}
}

// count adds one test that ended.
func (s *summary) count(e event, text string) {
	subtest := strings.Contains(e.Test, "/")
	switch {
	case e.Action == "skip":
		s.skipped = append(s.skipped, skip{short(e.Package), e.Test, reason(text)})
	case subtest:
	case e.Action == "pass":
		s.passed++
	case e.Action == "fail":
		s.failed++
	}
}

// print writes the skipped tests, and one line in the form of go test's line of a
// package.
func (s *summary) print(w io.Writer, ok bool) {
	fmt.Fprintf(w, "\nskipped: %d\n", len(s.skipped))
	for _, k := range s.skipped {
		fmt.Fprintf(w, "    %s %s: %s\n", k.pkg, k.test, k.reason)
	}
	result := "ok  "
	if !ok {
		result = "FAIL"
	}
	fmt.Fprintf(w, "%s\t%s\t%d packages", result, module, s.packages)
	if s.failedPackages > 0 {
		// The number of failed packages is a fact of its own: a package may not even build.
		fmt.Fprintf(w, " (%d failed)", s.failedPackages)
	}
	fmt.Fprintf(w, ", %d passed, ", s.passed)
	if s.failed > 0 {
		fmt.Fprintf(w, "%d failed, ", s.failed)
	}
	fmt.Fprintf(w, "%d skipped\n", len(s.skipped))
}

// short returns a package's path inside the module.
func short(pkg string) string {
	return strings.TrimPrefix(pkg, module+"/")
}

var progress = regexp.MustCompile(`(?m)^=== .*\n`)

// withoutProgress removes the lines "=== RUN", "=== PAUSE", "=== CONT" and "=== NAME".
// Only go test -v prints them, and -json implies -v.
func withoutProgress(text string) string {
	return progress.ReplaceAllString(text, "")
}

var logged = regexp.MustCompile(`^ *[\w.-]+\.go:\d+: `)

// reason returns the message of t.Skip in the output of a skipped test.
func reason(text string) string {
	for line := range strings.Lines(text) {
		if at := logged.FindString(line); at != "" {
			return strings.TrimSpace(line[len(at):])
		}
	}
	return "no reason given"
}
