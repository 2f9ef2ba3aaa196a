// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"regexp"
	"strconv"
	"strings"
)

// letterWidths are the widths of letters as parts of the font's size. A letter that is not
// listed has 0.65. A bold letter is 1.1 times as wide. The widths are those of DejaVu Sans,
// the widest of the fonts that systems take for "sans-serif", so that a text that has room
// in it has room in every one.
var letterWidths = [...]struct {
	letters string
	width   float64
}{
	{"ijlIJ'", 0.29}, {" ,.·", 0.33}, {`/:;\|f-`, 0.37}, {"()[]tr!²ᵀ", 0.42}, {`sz?c"*_⁻`, 0.53}, {"FkvxyPTYaoeLES", 0.62},
	{"ABCDGHKNOQRUVXZ&", 0.76}, {"w#+<=>^~×−→↓≥∞M", 0.85}, {"m%W@…国", 1},
}

// TextWidth returns the width of a text in a font of a size, both in pixels.
func TextWidth(text string, size float64, bold bool) float64 {
	sum := 0.0
	for _, r := range text {
		width := 0.65
		for _, l := range letterWidths {
			if strings.ContainsRune(l.letters, r) {
				width = l.width
				break
			}
		}
		sum += width
	}
	if bold {
		sum *= 1.1
	}
	return sum * size
}

var fontSize = regexp.MustCompile(`([\d.]+)px`)

// Measure is [TextWidth] for a font as ECharts names it, such as "bold 16px sans-serif".
// ECharts takes the width of 国 as the height of a line.
func Measure(text, font string) float64 {
	size := 12.0 // the size that ECharts takes where the font names none
	if m := fontSize.FindStringSubmatch(font); m != nil {
		size, _ = strconv.ParseFloat(m[1], 64)
	}
	return TextWidth(text, size, strings.Contains(font, "bold"))
}
