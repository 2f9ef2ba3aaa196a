// SPDX-License-Identifier: Apache-2.0

// Package must is for notebook cells, which have no caller to return an error to: it ends
// the cell with the error on one line, without a stack.
//
//	setup := must.M1(triovit.FromEnvironment(ctx))
//
// Programs and packages handle their errors instead.
package must

import (
	"fmt"
	"os"
)

// M ends the program with status 1 and the error on standard error, if there
// is one.
func M(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// M1 is [M] for a call that also returns a value. It returns the value.
func M1[T any](v T, err error) T {
	M(err)
	return v
}

// M2 is [M] for a call that also returns two values. It returns the values.
func M2[T, U any](v T, w U, err error) (T, U) {
	M(err)
	return v, w
}
