// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
)

// TestLight: a notebook's cell with a figure of the accelerator is linked in half the time
// of one with a tensor library.
func TestLight(t *testing.T) { linked.Light(t) }
