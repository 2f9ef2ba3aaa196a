// SPDX-License-Identifier: Apache-2.0

package ablate

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
)

// pair is a depthwise convolution that streams into a pointwise one.
func pair(h, w, c, cin, cout, kernel int, role triovit.Role) *workload.Workload {
	dw := workload.Operation{Name: "dw", Unit: workload.Engines, Form: workload.Depthwise,
		H: h, W: w, Cin: 1, Cout: c, Groups: c, Kernel: kernel, Stride: 1, Feeds: "pw"}
	pw := workload.Operation{Name: "pw", Role: role, Unit: workload.Engines, Form: workload.Convolution,
		H: h, W: w, Cin: cin, Cout: cout, Groups: c / cin, Kernel: 1, Stride: 1, Behind: "dw"}
	return &workload.Workload{Name: "pair", Ops: []workload.Operation{dw, pw}}
}

// Each ablation, worked out by hand on one copy of 8×8 + 8×8.
func TestByHand(t *testing.T) {
	tests := []struct {
		name string
		w    *workload.Workload
		// whole, inter-layer, MAT only, MAT only with windows, one multiplication
		cycles [5]float64
	}{
		{"pointwise behind", pair(4, 10, 16, 16, 24, 3, triovit.PW2), [5]float64{
			242,       // as package hwsim's own test has it
			144 + 160, // ⌈10/8⌉·4·⌈16/8⌉·9 and ⌈24/16⌉·⌈16/8⌉·40
			360 + 160, // ⌈16/16⌉·40·9
			80 + 160,  // ⌈16/16⌉·⌈9/8⌉·40
			242}},
		{"aggregation", pair(14, 14, 48, 16, 48, 5, triovit.AggPW), [5]float64{
			4200,
			4200 + 392,  // ⌈14/8⌉·14·⌈48/8⌉·25 and, for 48/3 channels, ⌈16/16⌉·⌈16/8⌉·196
			14700 + 392, // ⌈48/16⌉·196·25
			2352 + 392,  // ⌈48/16⌉·⌈25/8⌉·196
			4200}},
	}
	c := arch.ZCU102()
	c.Copies = 1
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(test.w.Ops)
			s, err := Run(test.w, c, hwsim.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			got := [5]float64{s.Whole.Cycles}
			for i := range 4 {
				got[i+1] = s.Ablations[i].Cycles
			}
			if got != test.cycles {
				t.Errorf("cycles %v, want %v", got, test.cycles)
			}
			if diff := cmp.Diff(before, test.w.Ops); diff != "" {
				t.Errorf("the workload was changed:\n%s", diff)
			}
		})
	}
}

// A DSP of one multiplication is worth half of one that makes two.
func TestOneMultiplication(t *testing.T) {
	w, c := pair(4, 10, 16, 16, 24, 3, triovit.PW2), arch.ZCU102()
	s, err := Run(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	a, err := OneMultiplication(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	if a.DSPs != 2048 || a.FPS != s.Whole.FPS || a.FPSPerDSP() != s.Whole.FPSPerDSP()/2 {
		t.Errorf("%+v, the whole is %+v", a, s.Whole)
	}
}

// What the closed form cannot tell is unknown in the values and on the page.
func TestUnknown(t *testing.T) {
	s, err := Run(pair(4, 10, 16, 16, 24, 3, triovit.PW2), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"intra-layer pipeline", "log2 divisors"} {
		i := slices.IndexFunc(s.Ablations, func(a Ablation) bool { return a.Name == name })
		if a := s.Ablations[i]; !math.IsNaN(a.Cycles) || !math.IsNaN(a.FPSPerDSP()) || a.Unknown == "" {
			t.Errorf("%+v, want unknown", a)
		}
		if !strings.Contains(s.String(), "unknown without "+name) {
			t.Errorf("the page does not say that %s is unknown:\n%s", name, s)
		}
	}
}

// On any network and array, cutting the streams or R-MAC's mode costs cycles.
func TestChoicesPay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"b0-r224", "b1-r224", "b2-r224"}).Draw(rt, "network")
		side := 32 * rapid.IntRange(4, 16).Draw(rt, "side/32")
		net, err := triovit.Describe(name, triovit.InputSize(side, side))
		if err != nil {
			rt.Fatal(err)
		}
		w, err := workload.FromNetwork(net)
		if err != nil {
			rt.Fatal(err)
		}
		c := arch.ZCU102()
		size := arch.Engine{Lanes: rapid.SampledFrom([]int{4, 8, 16}).Draw(rt, "lanes"), MACs: rapid.SampledFrom([]int{4, 8, 16}).Draw(rt, "MACs")}
		c.MAT, c.RMAC = size, size
		s, err := Run(w, c, hwsim.Whole)
		if err != nil {
			rt.Fatal(err)
		}
		for _, a := range s.Ablations[:2] {
			if a.Cycles < s.Whole.Cycles {
				rt.Errorf("without %s %v cycles, with it %v", a.Name, a.Cycles, s.Whole.Cycles)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	c := arch.ZCU102()
	c.RMAC.MACs = 4
	if _, err := Run(pair(4, 10, 16, 16, 24, 3, triovit.PW2), c, hwsim.Backbone); err == nil || !strings.Contains(err.Error(), "rmac.macs 4 is below mat.macs 8") {
		t.Errorf("error %v", err)
	}
	if _, err := WithoutInterLayer(&workload.Workload{Name: "empty"}, arch.ZCU102(), hwsim.Backbone); err == nil || !strings.Contains(err.Error(), `ablation "inter-layer pipeline"`) {
		t.Errorf("error %v", err)
	}
}
