// SPDX-License-Identifier: Apache-2.0

package charts

import "fmt"

// Choose returns the control over a list of values, shown as they print, which starts at
// index at.
func Choose[T any](name string, values []T, at int) Control {
	c := Control{Name: name, At: at}
	for _, v := range values {
		c.Positions = append(c.Positions, fmt.Sprint(v))
	}
	return c
}
