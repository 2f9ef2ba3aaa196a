// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"strings"
	"testing"
)

func TestBackend(t *testing.T) {
	for _, c := range []struct{ name, asked, plugin, want, err string }{
		{"nothing asked for", "", "", Go, ""},
		{"Go", "go", "", Go, ""},
		{"an unknown one", "abacus", "", "", "TRIOVIT_BACKEND=abacus is unknown: go and xla are allowed"},
		{"no plug-in", "xla", "", "", "make xla"},
		{"XLA", "xla", "somewhere", XLA, "built without XLA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TRIOVIT_BACKEND", c.asked)
			t.Setenv(Plugin, c.plugin)
			got, err := Backend()
			if c.want == XLA && HasXLA {
				c.err = ""
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
		})
	}
}
