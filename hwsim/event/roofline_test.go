// SPDX-License-Identifier: Apache-2.0

package event

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// TestRooflineHolds: for any network and any memory, the run lies under the roof, its
// steps add up to it, and bandwidth is its limit exactly if it lies left of the ridge.
func TestRooflineHolds(t *testing.T) {
	variants := []string{"b0-r224", "b1-r224", "b2-r224"}
	lists := make(map[string]*workload.Workload)
	for _, v := range variants {
		lists[v] = network(t, v)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := arch.ZCU102()
		c.OffChip.MBPerS = math.Exp(rapid.Float64Range(math.Log(50), math.Log(1e5)).Draw(t, "log MB/s"))
		run := simulate(t, lists[rapid.SampledFrom(variants).Draw(t, "variant")], c, Options{Scope: hwsim.Whole, Pipelines: hwsim.BothPipelines})
		l := run.Roofline()
		if roof := l.Roof(l.Run.Intensity()); l.Run.GOPS > roof*(1+1e-12) {
			t.Fatalf("%g GOPS above the roof of %g", l.Run.GOPS, roof)
		}
		if under := l.GBPerS*l.Run.Intensity() < l.PeakGOPS; under != (l.Bound(&l.Run) == "bandwidth") {
			t.Fatalf("bound by %s with %g operations per byte, ridge at %g", l.Bound(&l.Run), l.Run.Intensity(), l.Ridge())
		}
		var operations int64
		for i := range l.Steps {
			operations += l.Steps[i].Operations
			if l.Steps[i].GOPS > l.PeakGOPS*(1+1e-12) {
				t.Fatalf("%s: %g GOPS above the peak of %g", l.Steps[i].Name, l.Steps[i].GOPS, l.PeakGOPS)
			}
		}
		if operations != l.Run.Operations || operations != 2*run.MACs {
			t.Fatalf("%d operations in steps, %d in the run, %d multiply-accumulates", operations, l.Run.Operations, run.MACs)
		}
	})
}

func TestRooflineJSON(t *testing.T) {
	l := &Roofline{PeakGOPS: 800, GBPerS: 10, Run: RooflinePoint{Name: "w", Cycles: 4, Operations: 400, Bytes: 10, GOPS: 20},
		Steps: []RooflinePoint{{Name: "on the chip", Cycles: 4, Operations: 400, GOPS: 20}}}
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"gb_per_s":10,"peak_gops":800,"ridge":80,` +
		`"run":{"name":"w","cycles":4,"operations":400,"bytes":10,"operations_per_byte":40,"gops":20,"bound":"bandwidth"},` +
		`"steps":[{"name":"on the chip","cycles":4,"operations":400,"bytes":0,"operations_per_byte":null,"gops":20,"bound":"compute"}]}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}
