// SPDX-License-Identifier: Apache-2.0

package hwsim

import "github.com/gotriovit/gotriovit/hwsim/workload"

// An Omission is an operation that a timing model charges nothing for.
type Omission struct {
	// Name and Label are the operation's.
	Name  string        `json:"name"`
	Label string        `json:"label"`
	Unit  workload.Unit `json:"unit"`
	// MACs and Elements say how large it is.
	MACs     int64  `json:"macs"`
	Elements int64  `json:"elements"`
	Why      string `json:"why"`
}

// NoUnit is why an operation of the host is omitted from the scope.
const NoUnit = "the accelerator has no unit for it"
