// SPDX-License-Identifier: Apache-2.0

package workload

import "github.com/gotriovit/gotriovit/triovit/efficientvit"

// The roles of the paper by which timing models tell operations apart. What reads
// a workload needs no further word of the network's description.
const (
	NoRole   = efficientvit.NoRole
	AggPW    = efficientvit.AggPW
	KTV      = efficientvit.KTV
	Divisor  = efficientvit.Divisor
	Dividend = efficientvit.Dividend
)
