// SPDX-License-Identifier: Apache-2.0

// Package jsonfloat writes and reads numbers that may be unknown. In JSON such a number
// is null.
package jsonfloat

import (
	"encoding/json"
	"math"
)

// A Float is a number. JSON holds null in its place if it is NaN or infinite.
type Float float64

// MarshalJSON returns the number, or null if it is NaN or infinite.
func (f Float) MarshalJSON() ([]byte, error) {
	if x := float64(f); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return json.Marshal(x)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads the number. It reads null as NaN.
func (f *Float) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*f = Float(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(f))
}
