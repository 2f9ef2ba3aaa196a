// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	"github.com/dop251/goja"

	"github.com/gotriovit/gotriovit/internal/cache"
)

// A renderer is Apache ECharts loaded into a JavaScript engine written in Go.
// It draws one figure at a time.
type renderer struct {
	mu   sync.Mutex
	vm   *goja.Runtime
	draw goja.Callable
}

// svgVersion is the version of this package's part in a drawing: drawScript, measure and
// renumber. A change of these three needs a new version, or [drawn] would take older
// drawings from the cache.
const svgVersion = "2"

// sharedScript reads the runtime once in a process.
var sharedScript = sync.OnceValues(readRuntime)

// sharedKey is the hash of the runtime.
var sharedKey = sync.OnceValues(func() (string, error) {
	script, err := sharedScript()
	return cache.Key(string(script)), err
})

// drawn returns the drawing of an option at a size in pixels, from the cache or, once, by
// the renderer. A cache that keeps nothing costs time alone.
func drawn(c *cache.Cache, option []byte, width, height int) ([]byte, error) {
	script, err := sharedKey()
	if err != nil {
		return nil, err
	}
	key := cache.Key("svg", svgVersion, script, string(option), strconv.Itoa(width), strconv.Itoa(height))
	if svg, ok := c.Get(key); ok {
		return svg, nil
	}
	r, err := sharedRenderer()
	if err != nil {
		return nil, err
	}
	svg, err := r.svg(option, width, height)
	if err != nil {
		return nil, err
	}
	_ = c.Put(context.Background(), key, svg)
	return svg, nil
}

// sharedRenderer loads the runtime once in a process: parsing its megabyte of
// script takes longer than drawing several figures.
var sharedRenderer = sync.OnceValues(func() (*renderer, error) {
	script, err := sharedScript()
	if err != nil {
		return nil, err
	}
	return newRenderer(script)
})

// drawScript draws an option, given as JSON, by server-side rendering. The
// timers do nothing: nothing is animated, and there is no event loop. Without a
// browser texts are as wide as [measure] says.
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
	if err := vm.Set("measure", measure); err != nil {
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
	r.mu.Lock()
	defer r.mu.Unlock()
	value, err := r.draw(goja.Undefined(), r.vm.ToValue(string(option)), r.vm.ToValue(width), r.vm.ToValue(height))
	if err != nil {
		return nil, fmt.Errorf("charts: ECharts refused the option: %w", err)
	}
	return renumber(value.String()), nil
}
