// SPDX-License-Identifier: Apache-2.0

package workload

import "github.com/gotriovit/gotriovit/triovit"

// The roles of the paper by which timing models tell operations apart. What reads
// a workload needs no further word of the network's description.
const (
	NoRole   = triovit.NoRole
	AggPW    = triovit.AggPW
	KTV      = triovit.KTV
	Divisor  = triovit.Divisor
	Dividend = triovit.Dividend
)
