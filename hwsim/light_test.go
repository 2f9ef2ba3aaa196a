// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
)

// TestLight: no package of the simulated accelerator links a tensor library, HTTP,
// weights or a data set.
func TestLight(t *testing.T) { linked.Light(t, "./...") }
