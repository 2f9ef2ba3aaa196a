// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"github.com/janpfeifer/gonb/gonbui"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
	"github.com/gotriovit/gotriovit/internal/cache"
)

// sharedScript reads the runtime once in a process.
var sharedScript = sync.OnceValues(readRuntime)

// sharedKey is the hash of the runtime.
var sharedKey = sync.OnceValues(func() (string, error) {
	script, err := sharedScript()
	return cache.Key(string(script)), err
})

// drawn returns the drawing of an option at a size in pixels, from the cache or, once, by
// a renderer. A cache that keeps nothing costs time alone.
func drawn(c *cache.Cache, option []byte, width, height int) ([]byte, error) {
	script, err := sharedKey()
	if err != nil {
		return nil, err
	}
	key := cache.Key("svg", drawing.Version, script, string(option), strconv.Itoa(width), strconv.Itoa(height))
	if svg, ok := c.Get(key); ok {
		return svg, nil
	}
	q := drawing.Request{Option: option, Width: width, Height: height}
	if q.Script, err = sharedScript(); err != nil {
		return nil, err
	}
	draw := drawing.Own()
	switch {
	case draw != nil:
	case gonbui.IsNotebook:
		draw = drawnByProgram
	default:
		return nil, errors.New(`charts: draw a figure: the program links no renderer: import _ "github.com/gotriovit/gotriovit/charts/renderer"`)
	}
	svg, err := draw(q)
	if err != nil {
		return nil, err
	}
	_ = c.Put(context.Background(), key, svg)
	return svg, nil
}

// drawnByProgram runs cmd/drawsvg of this module's source, for this machine whatever the
// notebook compiles for. Go keeps the compiled program in its build cache.
func drawnByProgram(q drawing.Request) ([]byte, error) {
	_, source, _, _ := runtime.Caller(0)
	var request, svg, problem bytes.Buffer
	if err := gob.NewEncoder(&request).Encode(q); err != nil {
		return nil, fmt.Errorf("charts: draw a figure: %w", err)
	}
	program := exec.Command("go", "run", "-mod=readonly", "./cmd/drawsvg")
	program.Dir, program.Stdin, program.Stdout, program.Stderr = filepath.Dir(filepath.Dir(source)), &request, &svg, &problem
	program.Env = append(os.Environ(), "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if err := program.Run(); err != nil {
		return nil, fmt.Errorf("charts: draw a figure: go run ./cmd/drawsvg in %s: %w\n%s", program.Dir, err, problem.Bytes())
	}
	return svg.Bytes(), nil
}
