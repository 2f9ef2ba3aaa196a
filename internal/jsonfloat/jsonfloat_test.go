// SPDX-License-Identifier: Apache-2.0

package jsonfloat

import (
	"encoding/json"
	"math"
	"testing"
)

func TestMarshal(t *testing.T) {
	b, err := json.Marshal([]Float{1.5, 0, -1e300, Float(math.NaN()), Float(math.Inf(1)), Float(math.Inf(-1))})
	if want := "[1.5,0,-1e+300,null,null,null]"; err != nil || string(b) != want {
		t.Errorf("%s, %v; want %s", b, err, want)
	}
}
