// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// TestRerank: the ranking by its definition, on a few copies. 18 copies and more take too
// many slices.
func TestRerank(t *testing.T) {
	w, paper := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	s := Space{Base: paper, Workloads: []*workload.Workload{w}, Model: closed.Model(hwsim.Backbone),
		Axes: []Axis{Over("copies", 12, 14, 15, 16, 18)}}
	v, err := Sweep(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	again := event.Model(event.Options{}, nil)
	r, err := v.Rerank(w, paper, 2, again)
	if err != nil {
		t.Fatal(err)
	}
	if r.Tried != 3 || len(r.Best) != 2 || r.Best[0].Config.Copies != 15 || r.Best[1].Config.Copies != 14 || r.Reference.Config != paper {
		t.Fatalf("%d tried, the best %+v", r.Tried, r.Best)
	}
	for _, p := range append(r.Best, r.Reference) {
		run, err := event.Simulate(w, p.Config, event.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Again.Cycles != float64(run.Cycles) {
			t.Errorf("%d copies: %v cycles, simulated are %d", p.Config.Copies, p.Again.Cycles, run.Cycles)
		}
	}
	for _, p := range r.Faster() {
		if p.Again.FPS <= r.Reference.Again.FPS {
			t.Errorf("%d copies are not faster", p.Config.Copies)
		}
	}
	r.Best[0].Again.FPS, r.Best[1].Again.FPS = r.Reference.Again.FPS+1, r.Reference.Again.FPS+2
	if f := r.Faster(); len(f) != 2 || f[0].Config.Copies != 14 {
		t.Errorf("faster are %+v", f)
	}
	other := paper
	other.Copies = 13
	if _, err := v.Rerank(w, other, 2, again); err == nil || !strings.Contains(err.Error(), "none of the survey's points") {
		t.Errorf("error %v", err)
	}
}

// TestEngines: the space of sizes contains the paper's configuration, and no
// configuration that does not fit the chip.
func TestEngines(t *testing.T) {
	w, paper, chip := hwtest.Network(t, "b1-r224"), arch.ZCU102(), arch.XCZU9EG()
	v, err := Sweep(t.Context(), Engines(paper, closed.Model(hwsim.Backbone), w))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range v.Points {
		found = found || p.Config == paper
		if c := p.Config; c.DSPs() > chip.DSPs || c.LUTs() > chip.LUTs || c.BRAMs() > chip.BRAMs {
			t.Errorf("%v does not fit the chip", p.Values)
		}
	}
	if !found || v.OverLimit == 0 || v.Tried != 7*3*7*3*10 {
		t.Errorf("the paper's found: %t, of %d, %d over the limit", found, v.Tried, v.OverLimit)
	}
}
