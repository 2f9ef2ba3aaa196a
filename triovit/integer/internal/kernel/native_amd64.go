// SPDX-License-Identifier: Apache-2.0

package kernel

// native returns the sets that this processor has beside the portable one.
func native() (sets []*Set) {
	for _, s := range []*Set{vnni(), avxvnni(), avx2()} {
		if s != nil {
			sets = append(sets, s)
		}
	}
	return sets
}
