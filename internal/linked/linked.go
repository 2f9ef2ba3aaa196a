// SPDX-License-Identifier: Apache-2.0

// Package linked tests that packages stay light. A light package, such as one that
// describes a network, holds a grid or computes with integers, can be linked into a
// small program, another simulator or a notebook's cell. The package's own tests check three
// rules. The root of triovit and the packages below it, except forward, link no tensor
// library. Packages in internal/ import no other part of this module. Of the packages that
// are no programs, only charts/renderer links a JavaScript interpreter.
package linked

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// heavy lists the prefixes of import paths that a light package must not link, with the
// reason.
var heavy = []struct{ path, why string }{
	{"github.com/gomlx/", tensorLibrary},
	{"net/http", "HTTP"},
	{"github.com/dop251/goja", interpreter},
	{"github.com/gotriovit/gotriovit/triovit/forward", tensorLibrary},
	{"github.com/gotriovit/gotriovit/triovit/weights", "weights"},
	{"github.com/gotriovit/gotriovit/triovit/builtin", "weights"},
	{"github.com/gotriovit/gotriovit/triovit/hub", "HTTP"},
	{"github.com/gotriovit/gotriovit/triovit/dataset", "data sets"},
}

// formats lists packages that are below a heavy path but hold only the types of a file
// format.
var formats = []string{"github.com/gomlx/compute-onnx/support/protos"}

const (
	tensorLibrary = "a tensor library"
	interpreter   = "a JavaScript interpreter"
)

// Light fails the test if one of the packages links a tensor library, HTTP, weights, a
// data set or a JavaScript interpreter, itself or through another package. The patterns name the packages as go
// list accepts them. Without a pattern, Light checks the package in the test's folder.
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

// excess returns the heavy import paths, each with its reason.
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
