// SPDX-License-Identifier: Apache-2.0

// Package linked is the test of packages that must stay light: whoever
// describes a network, holds a grid or computes with integers can be linked
// into a small program or another simulator. Its own tests hold that internal/ is
// ground: nothing in it imports another part of this module.
package linked

import (
	"os/exec"
	"strings"
	"testing"
)

// heavy are the beginnings of import paths that a light package does not link,
// with the reason.
var heavy = []struct{ path, why string }{
	{"github.com/gomlx/", "a tensor library"},
	{"net/http", "HTTP"},
	{"github.com/gotriovit/gotriovit/triovit/forward", "a tensor library"},
	{"github.com/gotriovit/gotriovit/triovit/weights", "weights"},
	{"github.com/gotriovit/gotriovit/triovit/builtin", "weights"},
	{"github.com/gotriovit/gotriovit/triovit/hub", "HTTP"},
	{"github.com/gotriovit/gotriovit/triovit/dataset", "data sets"},
}

// Light fails the test where one of the packages links, itself or through another, a
// tensor library, HTTP, weights or a data set. Patterns name packages as go list
// has them; without one it is the package in the test's folder.
func Light(t testing.TB, patterns ...string) {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps"}, patterns...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	found := excess(strings.Fields(string(out)))
	for _, path := range found {
		t.Errorf("links %s", path)
	}
}

// excess returns the heavy ones of the import paths, each with its reason.
func excess(paths []string) []string {
	var found []string
	for _, path := range paths {
		for _, h := range heavy {
			if path == h.path || strings.HasPrefix(path, strings.TrimSuffix(h.path, "/")+"/") {
				found = append(found, path+": "+h.why)
			}
		}
	}
	return found
}
