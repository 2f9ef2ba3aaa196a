// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"github.com/gotriovit/gotriovit/calib"
)

// A tally sums the signal and the rounding noise of one tensor over pictures.
type tally struct {
	Values   int64
	Min, Max float32 // range of the exact network's values
	Signal   float64 // the sum Σx²
	Isolated float64 // the sum Σ(Q(x)-x)²
	All      float64 // the sum Σ(Q(x̂)-x)², where x̂ is the quantized network's value
	// Counts are those of x̂.
	Counts calib.Counts
}

// add counts a tensor of the exact and of the quantized network, before and behind the
// grid.
func (t *tally) add(q calib.Quantizer, divisor bool, exact, rounded []float32) {
	t.sight(exact)
	for i, x := range exact {
		t.Isolated += square(q.Fake(x), x)
		t.All += square(q.Fake(rounded[i]), x)
	}
	t.Counts.Add(q, divisor, rounded)
}

// addOutputs counts a convolution's outputs in both networks.
func (t *tally) addOutputs(exact, rounded []float32) {
	t.sight(exact)
	for i, x := range exact {
		t.All += square(rounded[i], x)
		if rounded[i]-rounded[i] != 0 {
			t.Counts.NotFinite++
		}
	}
}

// sight adds to the range and the signal of the exact values.
func (t *tally) sight(exact []float32) {
	for _, x := range exact {
		if t.Values == 0 {
			t.Min, t.Max = x, x
		}
		t.Values++
		t.Min, t.Max = min(t.Min, x), max(t.Max, x)
		t.Signal += float64(x) * float64(x)
	}
}

// plus adds the sums over other pictures.
func (t *tally) plus(o *tally) {
	if t.Values == 0 {
		t.Min, t.Max = o.Min, o.Max
	}
	t.Values += o.Values
	t.Min, t.Max = min(t.Min, o.Min), max(t.Max, o.Max)
	t.Signal, t.Isolated, t.All = t.Signal+o.Signal, t.Isolated+o.Isolated, t.All+o.All
	t.Counts.Plus(&o.Counts)
}

func square(x, y float32) float64 {
	d := float64(x) - float64(y)
	return d * d
}
