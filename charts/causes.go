// SPDX-License-Identifier: Apache-2.0

package charts

import "github.com/gotriovit/gotriovit/charts/internal/plot"

// causeColors are the colours of the causes that cycles go to, by the event-driven model's
// names.
var causeColors = map[string]string{
	busyCause: plot.Green, "imbalance": plot.Vermillion, "no work": plot.Mauve, "rounding of lanes": plot.Sky, "rounding of MACs": plot.Indigo,
	"stream": plot.Yellow, "partner": plot.Wine, "channels": plot.Lime, "weight load": plot.Brown, "input load": plot.Mint, "pipeline fill": plot.Purple,
}

// causeColor returns the colour of a cause, [plot.Shade] for one that is rare.
func causeColor(name string) string {
	if c, ok := causeColors[name]; ok {
		return c
	}
	return plot.Shade
}
