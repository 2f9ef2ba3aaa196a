// SPDX-License-Identifier: Apache-2.0

package charts

import "fmt"

// Choose is the control over a list of values, as they are printed, which starts at one of
// them.
func Choose[T any](name string, values []T, at int) Control {
	c := Control{Name: name, At: at}
	for _, v := range values {
		c.Positions = append(c.Positions, fmt.Sprint(v))
	}
	return c
}
