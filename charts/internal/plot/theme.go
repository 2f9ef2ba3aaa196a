// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// ThemeEnv names the variable that chooses the theme of every new figure.
const ThemeEnv = "TRIOVIT_THEME"

// A Theme gives every colour that a figure names its value, "#RRGGBB". A figure has an
// opaque background, so that one of either theme is readable on any page.
type Theme map[string]string

// The names of the colours. An option holds them until [charts.NewFigure] puts a theme's
// values in their places.
const (
	Ink    = "@ink"    // colour of texts and thin lines
	Faint  = "@faint"  // colour of axes, of remarks, and of numbers that are not computed here
	Shade  = "@shade"  // colour of marks that belong to nothing with a name
	rule   = "@rule"   // colour of grid lines across a panel
	frame  = "@frame"  // colour of the ground of parts that belong together
	Ground = "@ground" // colour of the background

	Blue       = "@blue"
	Vermillion = "@vermillion"
	Green      = "@green"
	Brown      = "@brown"
	Lime       = "@lime"
	Mauve      = "@mauve"
	Yellow     = "@yellow"
	Wine       = "@wine"
	Indigo     = "@indigo"
	Mint       = "@mint"
	Sky        = "@sky"
	Purple     = "@purple"
)

// hues are the colours that tell things apart: any two of them, and each of them and
// the background, differ for readers with any colour vision, which TestHues measures.
var hues = [...]string{Blue, Vermillion, Green, Brown, Lime, Mauve, Yellow, Wine, Indigo, Mint, Sky, Purple}

// Themes are all themes by name; the empty name is the light one's.
var Themes = map[string]Theme{
	"light": {
		Ink: "#222222", Faint: "#666666", Shade: "#BBBBBB", rule: "#E3E3E3", frame: "#EEEEEE", Ground: "#FFFFFF",
		Blue: "#016AF4", Vermillion: "#D26614", Green: "#12845B", Brown: "#703105", Lime: "#D7E074", Mauve: "#C3A0BC",
		Yellow: "#E8DF13", Wine: "#532444", Indigo: "#2C1F91", Mint: "#A4D099", Sky: "#68AFFF", Purple: "#87589C",
	},
	"dark": {
		Ink: "#E6E6E6", Faint: "#A8A8A8", Shade: "#5E5E5E", rule: "#383838", frame: "#2A2A2A", Ground: "#1A1A1A",
		Blue: "#1959FF", Vermillion: "#D39C04", Green: "#05EEA2", Brown: "#906201", Lime: "#B1FE7F", Mauve: "#747ADF",
		Yellow: "#FFEE00", Wine: "#BF3952", Indigo: "#3F6F94", Mint: "#82FFF6", Sky: "#8DC5FD", Purple: "#3BAD9C",
	},
}

// ChosenTheme returns the theme that the environment names.
func ChosenTheme() (Theme, error) {
	name := os.Getenv(ThemeEnv)
	if name == "" {
		name = "light"
	}
	t, ok := Themes[name]
	if !ok {
		return nil, fmt.Errorf("%s is %.40q: allowed are light and dark", ThemeEnv, name)
	}
	return t, nil
}

// OnColor returns the name of the text colour, of two, that is more readable on a colour.
func OnColor(color string) string { return "@on " + color }

// Value returns the theme's value of a colour's name, and any other text unchanged.
func (t Theme) Value(text string) string {
	if below, ok := strings.CutPrefix(text, "@on "); ok {
		lit := luminance(t.Value(below))
		texts := []string{t[Ink], t[Ground]}
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
