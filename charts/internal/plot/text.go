// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/drawing"
)

// TextWidth returns the width of a text in a font of a size, both in pixels.
func TextWidth(text string, size float64, bold bool) float64 {
	return drawing.TextWidth(text, size, bold)
}

// ShortName returns a network's name without the prefix that all variants share.
// Describe of package efficientvit accepts this form too.
func ShortName(network string) string { return strings.TrimPrefix(network, "efficientvit-") }

// Wrap breaks a text between words into lines of at most a width. Size of the font and
// width are in pixels.
func Wrap(text string, size, width float64) string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && TextWidth(lines[last]+" "+word, size, false) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return strings.Join(lines, "\n")
}
