// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"time"
)

// A Timing is the duration of a calibration.
type Timing struct {
	// Observe is the time of the passes over the calibration pictures, in the run that
	// made them. Cached reports that an earlier run made at least one of them.
	Observe time.Duration
	Cached  bool
	// Quantize is the time of the transforms and the rounding, in this run.
	Quantize time.Duration
}

// Total is the time of the whole calibration.
func (t Timing) Total() time.Duration { return t.Observe + t.Quantize }

// String returns the total in seconds, or in minutes from one minute on, and marks a total
// of which an earlier run spent a part.
func (t Timing) String() string {
	text := fmt.Sprintf("%.1f s", t.Total().Seconds())
	if t.Total() >= time.Minute {
		text = fmt.Sprintf("%.1f min", t.Total().Minutes())
	}
	if t.Cached {
		text += " (observed by an earlier run)"
	}
	return text
}

// and returns the timing with another pass over the pictures.
func (t Timing) and(pass Timing) Timing {
	return Timing{t.Observe + pass.Observe, t.Cached || pass.Cached, t.Quantize + pass.Quantize}
}
