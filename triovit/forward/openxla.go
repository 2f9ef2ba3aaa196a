// SPDX-License-Identifier: Apache-2.0

//go:build xla

package forward

import "github.com/gotriovit/gotriovit/triovit/forward/xla"

var openXLA = xla.Open
