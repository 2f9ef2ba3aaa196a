// SPDX-License-Identifier: Apache-2.0

package quant

import "github.com/gotriovit/gotriovit/charts/internal/plot"

// A sketch also draws the sheets of a tensor's channels.
type sketch struct{ plot.Sketch }
