// SPDX-License-Identifier: Apache-2.0

package hwsim

import "github.com/gotriovit/gotriovit/hwsim/workload"

// An Omission is an operation for which a timing model charges nothing.
type Omission struct {
	// Name and Label are the operation's.
	Name  string        `json:"name"`
	Label string        `json:"label"`
	Unit  workload.Unit `json:"unit"`
	// MACs and Elements are the operation's size.
	MACs     int64  `json:"macs"`
	Elements int64  `json:"elements"`
	Why      string `json:"why"`
}

// NoUnit is the reason to omit an operation of the host.
const NoUnit = "the accelerator has no unit for it"
