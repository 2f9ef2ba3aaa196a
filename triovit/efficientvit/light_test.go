// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
)

// TestLight: the package links no tensor library, no HTTP, no weights and no data set.
func TestLight(t *testing.T) { linked.Light(t) }
