// SPDX-License-Identifier: Apache-2.0

package workload

import "github.com/gotriovit/gotriovit/triovit/efficientvit"

// The roles of the paper by which timing models distinguish operations. A reader of a
// workload needs nothing else from package efficientvit.
const (
	NoRole   = efficientvit.NoRole
	AggPW    = efficientvit.AggPW
	KTV      = efficientvit.KTV
	Divisor  = efficientvit.Divisor
	Dividend = efficientvit.Dividend
)
