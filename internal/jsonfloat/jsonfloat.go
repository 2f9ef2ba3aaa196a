// SPDX-License-Identifier: Apache-2.0

// Package jsonfloat writes and reads numbers that may be unknown: JSON writes such a
// number as null.
package jsonfloat

import (
	"encoding/json"
	"math"
)

// A Float is written as null where it is NaN or infinite.
type Float float64

// MarshalJSON writes the number or null.
func (f Float) MarshalJSON() ([]byte, error) {
	if x := float64(f); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return json.Marshal(x)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads the number, NaN where it is null.
func (f *Float) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*f = Float(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(f))
}
