// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"math"
	"slices"
)

// Pareto returns the items that no other dominates, in their order. In every objective
// more is better; negate an objective to be minimized. An item dominates another if it is
// at least as good in every objective and better in one. So equal items are kept or
// dropped together. An item with an objective that is NaN is left out.
func Pareto[T any](items []T, objectives ...func(T) float64) []T {
	type candidate struct {
		index  int
		scores []float64
	}
	var front []candidate
	for i, item := range items {
		scores := make([]float64, len(objectives))
		for j, objective := range objectives {
			scores[j] = objective(item)
		}
		if slices.ContainsFunc(scores, math.IsNaN) ||
			slices.ContainsFunc(front, func(f candidate) bool { return dominates(f.scores, scores) }) {
			continue
		}
		front = slices.DeleteFunc(front, func(f candidate) bool { return dominates(scores, f.scores) })
		front = append(front, candidate{i, scores})
	}
	kept := make([]T, len(front))
	for i, f := range front {
		kept[i] = items[f.index]
	}
	return kept
}

func dominates(a, b []float64) bool {
	better := false
	for i := range a {
		if a[i] < b[i] {
			return false
		}
		better = better || a[i] > b[i]
	}
	return better
}
