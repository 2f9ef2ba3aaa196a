// SPDX-License-Identifier: Apache-2.0

// Package linked is the test of packages that must stay light: whoever
// describes a network, holds a grid or computes with integers can be linked
// into a small program or another simulator. Its own tests hold that the root of triovit
// and everything below it but forward link no tensor library, and that internal/ is
// ground: nothing in it imports another part of this module.
package linked

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// heavy are the beginnings of import paths that a light package does not link,
// with the reason.
var heavy = []struct{ path, why string }{
	{"github.com/gomlx/", tensorLibrary},
	{"net/http", "HTTP"},
	{"github.com/gotriovit/gotriovit/triovit/forward", tensorLibrary},
	{"github.com/gotriovit/gotriovit/triovit/weights", "weights"},
	{"github.com/gotriovit/gotriovit/triovit/builtin", "weights"},
	{"github.com/gotriovit/gotriovit/triovit/hub", "HTTP"},
	{"github.com/gotriovit/gotriovit/triovit/dataset", "data sets"},
}

// formats are packages of a heavy path that hold the types of a file format alone.
var formats = []string{"github.com/gomlx/compute-onnx/support/protos"}

const tensorLibrary = "a tensor library"

// Light fails the test where one of the packages links, itself or through another, a
// tensor library, HTTP, weights or a data set. Patterns name packages as go list
// has them; without one it is the package in the test's folder.
func Light(t testing.TB, patterns ...string) {
	t.Helper()
	for _, path := range excess(list(t, append([]string{"-deps"}, patterns...)...)) {
		t.Errorf("links %s", path)
	}
}

// list returns the import paths that go list prints.
func list(t testing.TB, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// excess returns the heavy ones of the import paths, each with its reason.
func excess(paths []string) []string {
	var found []string
	for _, path := range paths {
		for _, h := range heavy {
			if (path == h.path || strings.HasPrefix(path, strings.TrimSuffix(h.path, "/")+"/")) && !slices.Contains(formats, path) {
				found = append(found, path+": "+h.why)
			}
		}
	}
	return found
}
