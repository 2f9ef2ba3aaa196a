// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// tiny returns one copy with two lanes of two MACs in each engine.
func tiny() arch.Config {
	return hwtest.Engines(arch.Engine{Lanes: 2, MACs: 2}, arch.Engine{Lanes: 2, MACs: 2})
}

// TestSteps: the cycles by hand and by all models, and the products of each cycle.
func TestSteps(t *testing.T) {
	strided := workload.DW("DW", 2, 2, 2, 3)
	strided.Stride = 2
	for _, test := range []struct {
		w                 *workload.Workload
		cycles, registers int64
		macs              int
	}{
		{workload.Of("pointwise", workload.Conv("PW1", 1, 3, 4, 6, 1)), 12, 12, 4 * 6 * 3}, // ⌈6/4⌉·⌈4/2⌉·3
		{workload.Of("kernel", workload.Conv("Conv", 2, 2, 3, 5, 3)), 2 * 2 * 4 * 9, 2 * 2 * 4 * 9, 3 * 5 * 4 * 9},
		{workload.Of("depthwise", workload.DW("DW", 2, 2, 2, 3)), 18, 18, 2 * 4 * 9}, // ⌈2/2⌉·2·⌈2/2⌉·9
		{workload.Of("strided", strided), 18, 18, 2 * 4 * 9},
		// MAT makes the first two pixels while R-MAC makes the others. The last two pixels come
		// when R-MAC ends. Neither of the other models counts this wait.
		{workload.Of("stream", workload.DW("DW", 2, 2, 2, 3), workload.Conv("PW2", 2, 2, 2, 4, 1)), 18, 18 + 2, 2*4*9 + 2*4*4},
	} {
		t.Run(test.w.Name, func(t *testing.T) {
			s, err := NewSteps(test.w, tiny())
			if err != nil {
				t.Fatal(err)
			}
			if s.ClosedForm != test.cycles || s.EventDriven != test.cycles || int64(len(s.Cycles)) != test.registers || !s.Equal {
				t.Errorf("%d by the closed form, %d event-driven, %d of registers, equal integers %t; want %d and %d", s.ClosedForm, s.EventDriven, len(s.Cycles), s.Equal, test.cycles, test.registers)
			}
			macs := 0
			for _, now := range s.Cycles {
				for _, lanes := range [][]register.Products{now.MATProducts, now.RMACProducts} {
					for _, p := range lanes {
						macs += len(p.X)
					}
				}
			}
			if macs != test.macs {
				t.Errorf("%d products, want %d", macs, test.macs)
			}
		})
	}
}

func TestStepsRefuse(t *testing.T) {
	for want, w := range map[string]*workload.Workload{
		"0 operations":                workload.Of("none"),
		"2 operations":                workload.Of("two", workload.Conv("a", 1, 1, 1, 1, 1), workload.Conv("b", 1, 1, 1, 1, 1)),
		"product is a matrix product": workload.Of("product", hwtest.Product(1, 1, 1, 1)),
		"a tensor of [0 1 1]":         workload.Of("nothing", workload.Conv("a", 0, 1, 1, 1, 1)),
	} {
		if _, err := NewSteps(w, tiny()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
