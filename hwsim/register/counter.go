// SPDX-License-Identifier: Apache-2.0

package register

// A counter is a chain of counters, the last one fastest: a controller computes its
// addresses from it.
type counter struct{ size, at []int }

func newCounter(size ...int) counter { return counter{size, make([]int, len(size))} }

// first reports whether the counters from the i-th on are at their beginning.
func (c *counter) first(i int) bool {
	for _, at := range c.at[i:] {
		if at != 0 {
			return false
		}
	}
	return true
}

// last reports whether the counters from the i-th on are at their end.
func (c *counter) last(i int) bool {
	for ; i < len(c.at); i++ {
		if c.at[i] != c.size[i]-1 {
			return false
		}
	}
	return true
}

// step advances the chain by one. It returns false where the whole chain restarts.
func (c *counter) step() bool {
	for i := len(c.at) - 1; i >= 0; i-- {
		if c.at[i]++; c.at[i] < c.size[i] {
			return true
		}
		c.at[i] = 0
	}
	return false
}
