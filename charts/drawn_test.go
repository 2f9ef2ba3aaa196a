// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
	_ "github.com/gotriovit/gotriovit/charts/renderer"
	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
)

// TestMain keeps the tests' drawings out of the user's cache, and older ones out of the tests.
func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }

// TestDrawnOnce: a second drawing of an option comes from the cache, to the byte; another
// size is another drawing, and a damaged entry is drawn anew.
func TestDrawnOnce(t *testing.T) {
	c := cache.Open(t.TempDir())
	option := []byte(`{"title":{"text":"once"}}`)
	entries := func() []string {
		list, err := filepath.Glob(filepath.Join(c.Dir(), "*.entry"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	draw := func(width int) []byte {
		svg, err := drawn(c, option, width, 100)
		if err != nil {
			t.Fatal(err)
		}
		return svg
	}
	first := draw(200)
	if again := draw(200); !bytes.Equal(first, again) || len(entries()) != 1 {
		t.Errorf("drawn twice: %d entries", len(entries()))
	}
	if other := draw(300); bytes.Equal(first, other) || len(entries()) != 2 {
		t.Errorf("another size is no other drawing: %d entries", len(entries()))
	}
	for _, path := range entries() {
		if err := os.Truncate(path, 50); err != nil {
			t.Fatal(err)
		}
	}
	if again := draw(200); !bytes.Equal(first, again) {
		t.Error("a damaged entry was taken")
	}
}

// TestNoRenderer: outside of a notebook a program that links no renderer is told to.
func TestNoRenderer(t *testing.T) {
	needRuntime(t)
	own := drawing.Own()
	drawing.Register(nil)
	defer drawing.Register(own)
	option := []byte(`{"title":{"text":"not drawn before"}}`)
	if _, err := drawn(cache.Open(t.TempDir()), option, 200, 100); err == nil || !strings.Contains(err.Error(), `import _ "github.com/gotriovit/gotriovit/charts/renderer"`) {
		t.Errorf("error %v", err)
	}
}

// TestDrawnByProgram: the separate program draws as the program's own renderer does, to the
// byte, and its error reaches the caller.
func TestDrawnByProgram(t *testing.T) {
	needRuntime(t)
	script, err := readRuntime()
	if err != nil {
		t.Fatal(err)
	}
	q := drawing.Request{Script: script, Option: draw(t, ladderFixture()).option, Width: 900, Height: 500}
	want, err := drawing.Own()(q)
	if err != nil {
		t.Fatal(err)
	}
	got, err := drawnByProgram(q)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the two drawings differ")
	}
	q.Option = []byte("{")
	if _, err := drawnByProgram(q); err == nil || !strings.Contains(err.Error(), "ECharts refused the option") {
		t.Errorf("error %v does not say that ECharts refused the option", err)
	}
}
