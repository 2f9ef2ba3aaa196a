// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Decibels is the ratio of a signal's energy to the energy of the rounding noise,
// 10·log10(Σx² / Σ(x̂−x)²). It is +Inf without noise. It is -Inf where the noise is not
// finite, or where there is noise and no signal.
type Decibels float64

// ratio returns the ratio of two energies.
func ratio(signal, noise float64) Decibels {
	switch {
	case noise == 0:
		return Decibels(math.Inf(1))
	case math.IsNaN(noise) || signal == 0:
		return Decibels(math.Inf(-1))
	}
	return Decibels(10 * math.Log10(signal/noise))
}

// String gives one decimal, "+Inf" or "-Inf".
func (d Decibels) String() string { return strconv.FormatFloat(float64(d), 'f', 1, 64) }

// MarshalJSON writes a number, or the string "+Inf" or "-Inf", for which JSON has no
// number.
func (d Decibels) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(d), 0) {
		return json.Marshal(d.String())
	}
	return json.Marshal(float64(d))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Decibels) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"+Inf"`:
		*d = Decibels(math.Inf(1))
	case `"-Inf"`:
		*d = Decibels(math.Inf(-1))
	default:
		if err := json.Unmarshal(data, (*float64)(d)); err != nil {
			return fmt.Errorf(`%.40s is no ratio in decibels: allowed are a number, "+Inf" and "-Inf"`, data)
		}
	}
	return nil
}
