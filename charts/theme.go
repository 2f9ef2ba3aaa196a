// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// themeEnv names the variable that chooses the theme of every new figure.
const themeEnv = "TRIOVIT_THEME"

// A theme gives every colour that a figure names its value, "#RRGGBB". A figure has an
// opaque background, so that one of either theme is readable on any page.
type theme map[string]string

// The names of the colours. An option holds them until [newFigure] puts a theme's
// values in their places.
const (
	ink    = "@ink"    // colour of texts and thin lines
	faint  = "@faint"  // colour of axes, of remarks, and of numbers that are not computed here
	shade  = "@shade"  // colour of marks that belong to nothing with a name
	rule   = "@rule"   // colour of grid lines across a panel
	frame  = "@frame"  // colour of the ground of parts that belong together
	ground = "@ground" // colour of the background

	blue       = "@blue"
	vermillion = "@vermillion"
	green      = "@green"
	brown      = "@brown"
	lime       = "@lime"
	mauve      = "@mauve"
	yellow     = "@yellow"
	wine       = "@wine"
	indigo     = "@indigo"
	mint       = "@mint"
	sky        = "@sky"
	purple     = "@purple"
)

// hues are the colours that tell things apart: any two of them, and each of them and
// the background, differ for readers with any colour vision, which TestHues measures.
var hues = [...]string{blue, vermillion, green, brown, lime, mauve, yellow, wine, indigo, mint, sky, purple}

// themes are all themes by name; the empty name is the light one's.
var themes = map[string]theme{
	"light": {
		ink: "#222222", faint: "#666666", shade: "#BBBBBB", rule: "#E3E3E3", frame: "#EEEEEE", ground: "#FFFFFF",
		blue: "#016AF4", vermillion: "#D26614", green: "#12845B", brown: "#703105", lime: "#D7E074", mauve: "#C3A0BC",
		yellow: "#E8DF13", wine: "#532444", indigo: "#2C1F91", mint: "#A4D099", sky: "#68AFFF", purple: "#87589C",
	},
	"dark": {
		ink: "#E6E6E6", faint: "#A8A8A8", shade: "#5E5E5E", rule: "#383838", frame: "#2A2A2A", ground: "#1A1A1A",
		blue: "#1959FF", vermillion: "#D39C04", green: "#05EEA2", brown: "#906201", lime: "#B1FE7F", mauve: "#747ADF",
		yellow: "#FFEE00", wine: "#BF3952", indigo: "#3F6F94", mint: "#82FFF6", sky: "#8DC5FD", purple: "#3BAD9C",
	},
}

// chosenTheme returns the theme that the environment names.
func chosenTheme() (theme, error) {
	name := os.Getenv(themeEnv)
	if name == "" {
		name = "light"
	}
	t, ok := themes[name]
	if !ok {
		return nil, fmt.Errorf("%s is %.40q: allowed are light and dark", themeEnv, name)
	}
	return t, nil
}

// onColor returns the name of the text colour, of two, that is more readable on a colour.
func onColor(color string) string { return "@on " + color }

// value returns the theme's value of a colour's name, and any other text unchanged.
func (t theme) value(text string) string {
	if below, ok := strings.CutPrefix(text, "@on "); ok {
		lit := luminance(t.value(below))
		texts := []string{t[ink], t[ground]}
		return slices.MaxFunc(texts, func(a, b string) int {
			return int(1e6 * (contrast(luminance(a), lit) - contrast(luminance(b), lit)))
		})
	}
	if v, ok := t[text]; ok {
		return v
	}
	return text
}

// linear returns the linear red, green and blue of "#RRGGBB", from 0 to 1.
func linear(color string) (rgb [3]float64) {
	for i := range rgb {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			continue // the text is no colour of a theme
		}
		if v := float64(n) / 255; v <= 0.04045 {
			rgb[i] = v / 12.92
		} else {
			rgb[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return rgb
}

// luminance is that of WCAG 2, section "relative luminance", from 0 to 1.
func luminance(color string) float64 {
	c := linear(color)
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}

// contrast is WCAG's ratio of two luminances, from 1 to 21.
func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
