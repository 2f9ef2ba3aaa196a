// SPDX-License-Identifier: Apache-2.0

// Package browser drives Chromium for tests, by the scripts of this module in Node.js.
//
// A test without Node.js, Chromium or playwright-core is skipped with a message, or fails if
// TRIOVIT_REQUIRE_BROWSER=1.
package browser

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// requireEnv is the variable that makes a missing browser a failure.
const requireEnv = "TRIOVIT_REQUIRE_BROWSER"

// Missing ends a test for which something is missing. The remedy is the command that
// installs it.
func Missing(tb testing.TB, what, remedy string) {
	tb.Helper()
	if os.Getenv(requireEnv) == "1" {
		tb.Fatalf("%s is missing, and %s=1: %s", what, requireEnv, remedy)
	}
	tb.Skipf("%s is missing: %s", what, remedy)
}

// Root returns the folder of this module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// A Browser has the paths of Chromium and of the program that drives it.
type Browser struct{ Node, Chromium string }

// Find finds the programs, or ends the test.
func Find(tb testing.TB) Browser {
	tb.Helper()
	if _, err := os.Stat(filepath.Join(Root(), "node_modules", "playwright-core")); err != nil {
		Missing(tb, "playwright-core", "npm ci --ignore-scripts")
	}
	var b Browser
	var err error
	if b.Node, err = exec.LookPath("node"); err != nil {
		Missing(tb, "node", "apt-get install nodejs")
	}
	if b.Chromium, err = exec.LookPath("chromium"); err != nil {
		Missing(tb, "chromium", "apt-get install chromium")
	}
	return b
}

// Run runs a script of the folder scripts on a job, which it reads as JSON, and decodes the
// JSON that it prints into seen.
func (b Browser) Run(tb testing.TB, script string, job, seen any) {
	tb.Helper()
	input, err := json.Marshal(job)
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(Root(), "scripts", script)
	if _, err := os.Stat(path); err != nil { // go test counts it as an input of the test
		tb.Fatal(err)
	}
	cmd := exec.Command(b.Node, path)
	var out, trouble bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &trouble
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%v: %s", err, trouble.Bytes())
	}
	if err := json.Unmarshal(out.Bytes(), seen); err != nil {
		tb.Fatalf("%v in %s", err, out.Bytes())
	}
}
