// SPDX-License-Identifier: Apache-2.0

// Package renderer draws ECharts options as SVG. Apache ECharts itself draws them, run by
// the JavaScript interpreter goja. A program that imports this package draws its figures in
// its own process; package charts says how the others do.
package renderer

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io"
	"regexp"
	"sync"

	"github.com/dop251/goja"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
)

func init() { drawing.Register(new(shared).draw) }

// shared keeps the renderer of the latest script: compiling ECharts takes longer than
// drawing several figures.
type shared struct {
	mu     sync.Mutex
	script []byte
	r      *renderer
}

func (s *shared) draw(q drawing.Request) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.r == nil || !bytes.Equal(s.script, q.Script) {
		r, err := newRenderer(q.Script)
		if err != nil {
			return nil, err
		}
		s.script, s.r = q.Script, r
	}
	return s.r.svg(q.Option, q.Width, q.Height)
}

// Serve reads one request from r, a [drawing.Request] in the encoding of gob, and writes
// its drawing to w.
func Serve(r io.Reader, w io.Writer) error {
	var q drawing.Request
	if err := gob.NewDecoder(r).Decode(&q); err != nil {
		return fmt.Errorf("charts: read what to draw: %w", err)
	}
	svg, err := new(shared).draw(q)
	if err != nil {
		return err
	}
	_, err = w.Write(svg)
	return err
}

// A renderer is Apache ECharts loaded into a JavaScript interpreter written in Go.
type renderer struct {
	vm   *goja.Runtime
	draw goja.Callable
}

// drawScript draws an option, given as JSON, by server-side rendering. The
// timers do nothing: nothing is animated, and there is no event loop. Without a
// browser texts are as wide as [drawing.Measure] says.
const drawScript = `
var setTimeout = function() { return 0 }, clearTimeout = function() {};
echarts.setPlatformAPI({measureText: function(text, font) { return {width: measure(text, font || "")} }});
(function(option, width, height) {
	var chart = echarts.init(null, null, {renderer: "svg", ssr: true, width: width, height: height});
	try {
		chart.setOption(JSON.parse(option));
		return chart.renderToSVGString();
	} finally {
		chart.dispose();
	}
})`

func newRenderer(script []byte) (*renderer, error) {
	vm := goja.New()
	if _, err := vm.RunScript("echarts.min.js", string(script)); err != nil {
		return nil, fmt.Errorf("charts: load the ECharts runtime: %w", err)
	}
	if err := vm.Set("measure", drawing.Measure); err != nil {
		return nil, fmt.Errorf("charts: load the ECharts runtime: %w", err)
	}
	value, err := vm.RunScript("draw.js", drawScript)
	if err != nil {
		return nil, fmt.Errorf("charts: load the ECharts runtime: %w", err)
	}
	draw, ok := goja.AssertFunction(value)
	if !ok {
		return nil, fmt.Errorf("charts: load the ECharts runtime: draw.js is no function")
	}
	return &renderer{vm: vm, draw: draw}, nil
}

// svgID matches an id that ECharts made up: its numbers count the drawings and
// the styles of the whole process.
var svgID = regexp.MustCompile(`([."#])(zr\d+-c(?:ls-)?\d+)`)

// renumber numbers the ids of one SVG in their order, so that equal figures are
// equal bytes.
func renumber(svg string) []byte {
	numbers := map[string]int{}
	return svgID.ReplaceAllFunc([]byte(svg), func(match []byte) []byte {
		id := string(match[1:])
		if _, ok := numbers[id]; !ok {
			numbers[id] = len(numbers)
		}
		return fmt.Appendf(nil, "%cz%d", match[0], numbers[id])
	})
}

// svg draws an option at a size in pixels.
func (r *renderer) svg(option []byte, width, height int) ([]byte, error) {
	value, err := r.draw(goja.Undefined(), r.vm.ToValue(string(option)), r.vm.ToValue(width), r.vm.ToValue(height))
	if err != nil {
		return nil, fmt.Errorf("charts: ECharts refused the option: %w", err)
	}
	return renumber(value.String()), nil
}
