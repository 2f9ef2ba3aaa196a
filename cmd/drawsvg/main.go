// SPDX-License-Identifier: Apache-2.0

// The program drawsvg draws one figure for a program of package charts that does not link
// the renderer, such as a notebook's cell. It reads the request from standard input and
// writes the SVG to standard output.
package main

import (
	"fmt"
	"os"

	"github.com/gotriovit/gotriovit/charts/renderer"
)

func main() {
	if err := renderer.Serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
