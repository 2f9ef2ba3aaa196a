// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
)

// TestLight: a grid links no tensor library, no HTTP, no weights, no data set.
func TestLight(t *testing.T) { linked.Light(t) }
