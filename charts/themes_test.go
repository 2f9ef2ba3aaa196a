// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
)

// TestThemes draws all figures in the dark theme: no name of a colour and no colour of
// the light theme is left.
func TestThemes(t *testing.T) {
	light := draw(t, ladderFixture())
	t.Setenv(plot.ThemeEnv, "dark")
	for name, d := range drawings {
		t.Run(name, func(t *testing.T) { figuretest.InTheme(t, "dark", draw(t, d)) })
	}
	if draw(t, ladderFixture()).ID() == light.ID() {
		t.Error("both themes have one figure")
	}
	t.Setenv(plot.ThemeEnv, "sepia")
	if _, err := ladderFixture().Figure(); err == nil || !strings.Contains(err.Error(), `TRIOVIT_THEME is "sepia": allowed are light and dark`) {
		t.Errorf("error %v for a theme that is not there", err)
	}
}
