// SPDX-License-Identifier: Apache-2.0

package event

import (
	"maps"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// PriceWidths returns a function that prices widths of weights in cycles of the
// accelerator: the cycles of the workload with the named operations' weights in the given
// bits, and the other weights as in the options. Activations have the accelerator's 8
// bits, whatever a recipe gives them. A search for widths under a budget of cycles calls
// it.
func PriceWidths(w *workload.Workload, c arch.Config, o Options) func(bits map[string]int) (float64, error) {
	return func(bits map[string]int) (float64, error) {
		o := o
		o.WeightBitsOf = maps.Clone(o.WeightBitsOf)
		if o.WeightBitsOf == nil {
			o.WeightBitsOf = map[string]int{}
		}
		maps.Copy(o.WeightBitsOf, bits)
		r, err := Simulate(w, c, o)
		if err != nil {
			return 0, err
		}
		return float64(r.Cycles), nil
	}
}
