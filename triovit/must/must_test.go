// SPDX-License-Identifier: Apache-2.0

package must

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestValuePasses(t *testing.T) {
	if got := M1(7, nil); got != 7 {
		t.Errorf("got %d", got)
	}
	if a, b := M2(7, "x", nil); a != 7 || b != "x" {
		t.Errorf("got %d, %s", a, b)
	}
}

// TestErrorEndsTheProgram runs itself with an error to end on.
func TestErrorEndsTheProgram(t *testing.T) {
	if os.Getenv("MUST_FAIL") != "" {
		M1(0, errors.New("no such picture: street.png"))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestErrorEndsTheProgram$")
	cmd.Env = append(os.Environ(), "MUST_FAIL=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || string(out) != "error: no such picture: street.png\n" {
		t.Errorf("%v, output %q", err, out)
	}
}
