// SPDX-License-Identifier: Apache-2.0

package ablate

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// pair returns a depthwise convolution that streams into a pointwise one.
func pair(h, w, c, cin, cout, kernel int, role efficientvit.Role) *workload.Workload {
	dw := workload.Operation{Name: "dw", Unit: workload.Engines, Form: workload.Depthwise,
		H: h, W: w, Cin: 1, Cout: c, Groups: c, Kernel: kernel, Stride: 1, Feeds: "pw"}
	pw := workload.Operation{Name: "pw", Role: role, Unit: workload.Engines, Form: workload.Convolution,
		H: h, W: w, Cin: cin, Cout: cout, Groups: c / cin, Kernel: 1, Stride: 1, Behind: "dw"}
	return &workload.Workload{Name: "pair", Ops: []workload.Operation{dw, pw}}
}

// TestByHand: each ablation, computed by hand on one copy of 8×8 + 8×8.
func TestByHand(t *testing.T) {
	tests := []struct {
		name string
		w    *workload.Workload
		// whole, inter-layer, MAT only, MAT only with windows, one multiplication
		cycles [5]float64
	}{
		{"pointwise behind", pair(4, 10, 16, 16, 24, 3, efficientvit.PW2), [5]float64{
			242,       // the count of package hwsim's own test
			144 + 160, // ⌈10/8⌉·4·⌈16/8⌉·9 and ⌈24/16⌉·⌈16/8⌉·40
			360 + 160, // ⌈16/16⌉·40·9
			80 + 160,  // ⌈16/16⌉·⌈9/8⌉·40
			242}},
		{"aggregation", pair(14, 14, 48, 16, 48, 5, efficientvit.AggPW), [5]float64{
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
			s, err := Each(test.w, c, hwsim.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			got := [5]float64{s.Whole.ClosedForm.Cycles}
			for i, name := range []string{"inter-layer pipeline", "R-MAC's depthwise mode", "depthwise mode, windows on MAT", "packing of DSPs"} {
				got[i+1] = find(t, s, name).ClosedForm.Cycles
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

// find returns the ablation with the given name.
func find(t *testing.T, s *Study, name string) Ablation {
	t.Helper()
	i := slices.IndexFunc(s.Ablations, func(a Ablation) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("no ablation %q", name)
	}
	return s.Ablations[i]
}

// TestModelsAgree: without streams, on one copy with memory that never waits, the
// event-driven model takes the closed form's cycles.
func TestModelsAgree(t *testing.T) {
	c := arch.ZCU102()
	c.Copies = 1
	c.Buffers.Input.PortBytes, c.Buffers.Weight.PortBytes, c.Buffers.Output.PortBytes = 1<<16, 1<<16, 1<<16
	c.OffChip = arch.OffChip{MBPerS: 1e7}
	const ends = 4 // cycles for the first transfers and the last
	w := pair(4, 10, 16, 16, 24, 3, efficientvit.PW2)
	s, err := Each(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"inter-layer pipeline", "R-MAC's depthwise mode", "depthwise mode, windows on MAT", "packing of DSPs"} {
		a := find(t, s, name)
		if extra := a.EventDriven.Cycles - a.ClosedForm.Cycles; extra < 0 || extra > ends {
			t.Errorf("without %s: closed form %v cycles, event-driven %v", name, a.ClosedForm.Cycles, a.EventDriven.Cycles)
		}
	}
}

// rates returns the numbers of an estimate that ablations show.
func rates(e hwsim.Estimate) [3]float64 { return [3]float64{e.Cycles, e.FPS, e.GOPS} }

// TestOneMultiplication: a DSP with one multiplication does half the work of one with
// two, but it adds up its products.
func TestOneMultiplication(t *testing.T) {
	s, err := Each(pair(4, 10, 16, 16, 24, 3, efficientvit.PW2), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	a := find(t, s, "packing of DSPs")
	if a.DSPs-s.Whole.DSPs != 1024 || a.LUTs >= s.Whole.LUTs || rates(a.ClosedForm) != rates(s.Whole.ClosedForm) || rates(a.EventDriven) != rates(s.Whole.EventDriven) {
		t.Errorf("%+v, the whole is %+v", a, s.Whole)
	}
}

// TestLineBuffersArePriced: R-MAC saves line buffers. Its own adders and choices take
// fewer LUTs than these. Wider maps need longer line buffers, while R-MAC's mode takes
// the same LUTs.
func TestLineBuffersArePriced(t *testing.T) {
	c := arch.ZCU102()
	second := c
	second.Depthwise = arch.ChannelParallel
	before := 0
	for _, test := range []struct {
		name  string
		lines int // a count by hand, of 256 lanes, two rows of the widest map and the choice of positions
	}{
		{"b1-r224", 256 * (2*112/8 + 64)},
		{"seg-b0-cityscapes", 256 * (2*1024/8 + 64)}, // the map behind the stem has half of 2048 pixels
	} {
		w := hwtest.Network(t, test.name)
		a, err := MATOnlyWindows(w, c, hwsim.Whole)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.LUTs - second.LUTs(); got != test.lines || got <= before {
			t.Errorf("%s: line buffers of %d LUTs, want %d", test.name, got, test.lines)
		}
		before = a.LUTs - second.LUTs()
		if mode := c.LUTs() - second.LUTs(); mode >= before {
			t.Errorf("%s: R-MAC's mode takes %d LUTs, line buffers %d", test.name, mode, before)
		}
	}
}

// TestSameOperations: a rewritten workload does the same work, so its count of operations
// stays the same.
func TestSameOperations(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	s, err := Each(w, arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	want := s.Whole.ClosedForm.GOPS / s.Whole.ClosedForm.FPS
	for _, a := range s.Ablations {
		for _, e := range []hwsim.Estimate{a.ClosedForm, a.EventDriven} {
			if got := e.GOPS / e.FPS; e.Unknown == "" && math.Abs(got/want-1) > 1e-12 {
				t.Errorf("without %s: %v GOP per picture, want %v", a.Name, got, want)
			}
		}
	}
}

// TestUnknown: a number that a model cannot give is unknown in the values and on the
// page.
func TestUnknown(t *testing.T) {
	s, err := Each(pair(4, 10, 16, 16, 24, 3, efficientvit.PW2), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]func(Ablation) hwsim.Estimate{
		"intra-layer pipeline": func(a Ablation) hwsim.Estimate { return a.ClosedForm },
		"both pipelines":       func(a Ablation) hwsim.Estimate { return a.ClosedForm },
		"log2 divisors":        func(a Ablation) hwsim.Estimate { return a.ClosedForm },
	} {
		if e := of(find(t, s, name)); !math.IsNaN(e.Cycles) || !math.IsNaN(e.FPS) || !math.IsNaN(e.GOPS) || e.Unknown == "" {
			t.Errorf("%s: %+v, want unknown", name, e)
		}
		if !strings.Contains(s.String(), "unknown without "+name) {
			t.Errorf("the page does not say that %s is unknown:\n%s", name, s)
		}
	}
}

// TestChoicesPay: without one of the paper's choices the network takes more cycles.
func TestChoicesPay(t *testing.T) {
	s, err := Each(hwtest.Network(t, "b1-r224"), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"inter-layer pipeline", "intra-layer pipeline", "both pipelines", "R-MAC's depthwise mode", "log2 divisors"} {
		if a := find(t, s, name); a.EventDriven.Cycles <= s.Whole.EventDriven.Cycles {
			t.Errorf("without %s %v cycles, with it %v", name, a.EventDriven.Cycles, s.Whole.EventDriven.Cycles)
		}
	}
}

// TestChoicesPayByTheClosedForm: on any network and array, a design without streams or
// without R-MAC's mode takes more cycles by the closed form.
func TestChoicesPayByTheClosedForm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"b0-r224", "b1-r224", "b2-r224"}).Draw(rt, "network")
		side := 32 * rapid.IntRange(4, 16).Draw(rt, "side/32")
		w := hwtest.Network(rt, name, efficientvit.InputSize(side, side))
		c := arch.ZCU102()
		size := arch.Engine{Lanes: rapid.SampledFrom([]int{4, 8, 16}).Draw(rt, "lanes"), MACs: rapid.SampledFrom([]int{4, 8, 16}).Draw(rt, "MACs")}
		c.MAT, c.RMAC = size, size
		whole := closedForm(w, c, hwsim.Whole)
		mat := c
		mat.Depthwise = arch.ChannelParallel
		for what, e := range map[string]hwsim.Estimate{"streams": closedForm(unstreamed(w), c, hwsim.Whole), "mode": closedForm(w, mat, hwsim.Whole)} {
			if !(e.Cycles >= whole.Cycles) {
				rt.Errorf("without %s %+v, with it %+v", what, e, whole)
			}
		}
	})
}

// TestRefusals: a design that one model refuses is unknown by that model. A design that
// both refuse is an error.
func TestRefusals(t *testing.T) {
	c := arch.ZCU102()
	c.RMAC.MACs = 4
	a, err := Whole(pair(4, 10, 16, 16, 24, 3, efficientvit.PW2), c, hwsim.Backbone)
	if err != nil || !strings.Contains(a.ClosedForm.Unknown, "rmac.macs 4 is below mat.macs 8") || a.EventDriven.Unknown != "" {
		t.Errorf("%+v, error %v", a, err)
	}
	for name, without := range map[string]func(*workload.Workload, arch.Config, hwsim.Scope) (Ablation, error){
		"inter-layer pipeline": WithoutInterLayer, "intra-layer pipeline": WithoutIntraLayer, "log2 divisors": RealDividers,
	} {
		if _, err := without(&workload.Workload{Name: "empty"}, arch.ZCU102(), hwsim.Backbone); err == nil || !strings.Contains(err.Error(), `ablation "`+name+`"`) || strings.Contains(err.Error(), "closed form: closed form") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	}
}

// TestStudyReport: the page ends with the assumptions. In JSON every row has both models.
// A number that a model cannot give is null.
func TestStudyReport(t *testing.T) {
	s, err := Each(hwtest.Network(t, "b0-r224"), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	if page := s.String(); !strings.HasSuffix(page, s.Config.Assumptions().String()) {
		t.Errorf("the page does not end with the assumptions:\n%s", page)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	type estimate struct {
		Cycles  *float64
		Unknown string
	}
	var got struct {
		Assumptions arch.Assumptions
		Rows        []struct {
			Without     string
			ClosedForm  estimate `json:"closed_form"`
			EventDriven estimate `json:"event_driven"`
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Config.Assumptions(), got.Assumptions); diff != "" || len(got.Rows) != 1+len(s.Ablations) {
		t.Fatalf("%d rows; assumptions (-study +JSON):\n%s", len(got.Rows), diff)
	}
	for i, a := range append([]Ablation{s.Whole}, s.Ablations...) {
		row := got.Rows[i]
		for _, e := range []struct {
			got  estimate
			want hwsim.Estimate
		}{{row.ClosedForm, a.ClosedForm}, {row.EventDriven, a.EventDriven}} {
			if (e.got.Cycles == nil) != (e.want.Unknown != "") || e.got.Unknown != e.want.Unknown || e.got.Cycles != nil && *e.got.Cycles != e.want.Cycles {
				t.Errorf("without %s: %+v, want %+v", row.Without, e.got, e.want)
			}
		}
	}
}
