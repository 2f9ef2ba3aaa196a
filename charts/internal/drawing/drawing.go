// SPDX-License-Identifier: Apache-2.0

// Package drawing holds what package charts and the renderer of its figures share. A
// JavaScript interpreter is a large part of a program, and a notebook's cell is linked anew
// each time, so package charts does not link the interpreter. A program that imports
// charts/renderer draws in its own process. A cell without it starts cmd/drawsvg.
package drawing

// Version is the version of this module's part in a drawing: the widths of letters here,
// and the script and the numbering of ids in charts/renderer. A change of these needs a new
// version, or older drawings would be taken from the cache.
const Version = "2"

// A Request is one drawing: an ECharts option as JSON, the size in pixels, and the script
// of Apache ECharts.
type Request struct {
	Script, Option []byte
	Width, Height  int
}

// A Renderer draws a request as SVG.
type Renderer func(Request) ([]byte, error)

// own is set before main begins and is not changed later. It is a variable because an import
// is the only choice that a program makes at link time.
var own Renderer

// Register makes a renderer the program's own. Package charts/renderer calls it when the
// program starts.
func Register(r Renderer) { own = r }

// Own returns the program's own renderer, nil if the program has none.
func Own() Renderer { return own }
