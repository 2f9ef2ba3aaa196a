// SPDX-License-Identifier: Apache-2.0

package renderer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
)

func TestNotECharts(t *testing.T) {
	if _, err := new(shared).draw(drawing.Request{Script: []byte("var echarts = }")}); err == nil {
		t.Error("a script that does not parse is accepted")
	}
}

// TestNewScript: a renderer whose script changed is made anew.
func TestNewScript(t *testing.T) {
	const stub = `var echarts = {setPlatformAPI: function() {}, init: function() { return {
		setOption: function() {}, renderToSVGString: function() { return "DRAWN" }, dispose: function() {}} }};`
	s := new(shared)
	for _, want := range []string{"<a/>", "<b/>"} {
		got, err := s.draw(drawing.Request{Script: []byte(strings.Replace(stub, "DRAWN", want, 1)), Option: []byte("{}")})
		if err != nil || string(got) != want {
			t.Errorf("drawn %q, want %q (error %v)", got, want, err)
		}
	}
}

func TestRequestCut(t *testing.T) {
	if err := Serve(strings.NewReader("no request"), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "read what to draw") {
		t.Errorf("error %v does not say that the request is damaged", err)
	}
}

// BenchmarkDrawing compiles ECharts and draws, as the program drawsvg does.
func BenchmarkDrawing(b *testing.B) {
	script, err := os.ReadFile(filepath.Join("..", "..", "build", "echarts", "echarts.min.js"))
	if err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		if _, err := new(shared).draw(drawing.Request{Script: script, Option: []byte(`{"title":{"text":"once"}}`), Width: 200, Height: 100}); err != nil {
			b.Fatal(err)
		}
	}
}
