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

func TestUnmarshal(t *testing.T) {
	var got []Float
	if err := json.Unmarshal([]byte("[1.5,-0,null]"), &got); err != nil || got[0] != 1.5 || !math.Signbit(float64(got[1])) || !math.IsNaN(float64(got[2])) {
		t.Errorf("%v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`["many"]`), &got); err == nil {
		t.Error("a text is read as a number")
	}
}
