// SPDX-License-Identifier: Apache-2.0

package linked

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestExcess: a path is heavy itself or below a heavy one, not where it merely
// begins like one.
func TestExcess(t *testing.T) {
	got := excess([]string{"fmt", "net/url", "net/http", "net/http/internal", "net/httpx", "github.com/gomlx/gomlx/core/graph",
		"github.com/gotriovit/gotriovit/triovit/weights", "github.com/gotriovit/gotriovit/triovit/weightsx"})
	want := []string{"net/http: HTTP", "net/http/internal: HTTP", "github.com/gomlx/gomlx/core/graph: a tensor library",
		"github.com/gotriovit/gotriovit/triovit/weights: weights"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestHeavyPaths: each path is one that some package of this module links, so
// that none is misspelt.
func TestHeavyPaths(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heavy {
		if !strings.Contains("\n"+string(out), "\n"+h.path) {
			t.Errorf("no package links %s", h.path)
		}
	}
}

// TestLight: this very package is light, for testing needs no network.
func TestLight(t *testing.T) { Light(t) }
