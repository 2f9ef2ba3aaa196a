// SPDX-License-Identifier: Apache-2.0

package charts

import "github.com/gotriovit/gotriovit/charts/internal/plot"

// A sketch also draws the parts of accelerators and networks.
type sketch struct{ plot.Sketch }
