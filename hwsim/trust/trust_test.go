// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
)

// TestBridge: the terms of VALIDATION.md. For any design the terms add up.
func TestBridge(t *testing.T) {
	deep, second, batch := arch.ZCU102(), arch.ZCU102(), arch.ZCU102()
	deep.PipelineDepth, deep.Auxiliary.Requantize = 4, 8
	second.Depthwise = arch.Windowed
	batch.CopiesShare = arch.Batch
	for _, test := range []struct {
		name, network string
		c             arch.Config
		want          []float64 // rounded cycles
	}{
		{"b1-r224", "b1-r224", arch.ZCU102(), []float64{0, 131, 43870, 624, 0, 1481, 0}},
		{"b2-r224", "b2-r224", arch.ZCU102(), []float64{2223, 276, 133674, 2576, 0, 2168, 0}},
		{"few units and deep pipelines", "b1-r224", deep, nil},
		{"windows on MAT", "b1-r224", second, nil},
		{"one copy works", "b1-r224", batch, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := hwtest.Network(t, test.network)
			b, err := NewBridge(w, test.c, hwsim.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			charged, err := closed.Charge(w, test.c, hwsim.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			run, err := event.Simulate(w, test.c, event.Options{})
			if err != nil {
				t.Fatal(err)
			}
			at := b.ClosedForm
			var rounded []float64
			for _, term := range b.Terms {
				at += term.Cycles
				rounded = append(rounded, math.Round(term.Cycles))
			}
			if math.Round(b.ClosedForm) != float64(charged.Cycles) || b.EventDriven != run.Cycles || math.Abs(at-float64(run.Cycles)) > 1e-6*at {
				t.Errorf("from %v to %v, over %d: the models have %d and %d", b.ClosedForm, at, b.EventDriven, charged.Cycles, run.Cycles)
			}
			if test.want != nil && !slices.Equal(rounded, test.want) {
				t.Errorf("terms %v, want %v", rounded, test.want)
			}
			for _, term := range b.Terms {
				if waits := slices.Contains([]string{Imbalance, Units, Memory, Fill}, term.Cause); waits && term.Cycles < 0 {
					t.Errorf("%s saves %v cycles", term.Cause, term.Cycles)
				}
			}
		})
	}
	w := hwtest.Network(t, "b1-r224")
	refused := arch.ZCU102()
	refused.MultiplierBits = 4
	if _, err := NewBridge(w, refused, hwsim.Backbone); err == nil || !strings.Contains(err.Error(), "weights of 8 bits") {
		t.Errorf("error %v", err)
	}
}

// TestSensitivity: every assumption is tried, or is listed as a word. The cycles at half
// and at double are those of a run with the value. A value that the model refuses is
// unknown.
func TestSensitivity(t *testing.T) {
	w, c := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	s, err := NewSensitivity(w, c, event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var fields, want []string
	for _, swing := range s.Swings {
		fields = append(fields, swing.Field)
	}
	for _, a := range slices.Concat(s.Zeros, s.Words) {
		fields = append(fields, a.Field)
	}
	for _, a := range c.Assumptions() {
		want = append(want, a.Field)
	}
	slices.Sort(fields)
	slices.Sort(want)
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("assumptions (-all +tried):\n%s", diff)
	}
	swing := func(field string) Swing {
		return s.Swings[slices.IndexFunc(s.Swings, func(s Swing) bool { return s.Field == field })]
	}
	for field, values := range map[string][2]any{"auxiliary.requantize": {11, 42}, "off_chip.mb_per_s": {9600, 38400}, "auxiliary.log2": {1, 2}, "auxiliary.multiplier_bits": {9, 32}} {
		got := swing(field)
		for i, trial := range []Trial{got.Half, got.Double} {
			other, err := c.With(field, values[i])
			if err != nil {
				t.Fatal(err)
			}
			r, err := event.Simulate(w, other, event.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if trial.Cycles != float64(r.Cycles) {
				t.Errorf("%s = %v: %v cycles, a run %d", field, values[i], trial.Cycles, r.Cycles)
			}
		}
	}
	if first := s.Swings[0]; first.most(s.Cycles) < s.Swings[len(s.Swings)-1].most(s.Cycles) || s.Swings[len(s.Swings)-1].most(s.Cycles) != 0 {
		t.Errorf("the first is %+v, the last %+v", first, s.Swings[len(s.Swings)-1])
	}
	c.Buffers.Weight.KiB = 48
	small, err := NewSensitivity(w, c, event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if half := small.Swings[0].Half; small.Swings[0].Field != "buffers.weight.kib" || !math.IsNaN(half.Cycles) || !strings.Contains(half.Refusal, "buffers.weight.kib 24 is too small") {
		t.Errorf("the weights do not fit half of 48 KiB: %+v", small.Swings[0])
	}
}

// TestDepths: with each further stage a task takes one cycle more.
func TestDepths(t *testing.T) {
	w, c := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	_, turns, err := event.Trace(w, c, event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := Depths(w, c, event.Options{}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 5 || list[0].Cycles != 296449 || list[0].Fill != 0 {
		t.Fatalf("%+v", list)
	}
	for i, d := range list[1:] {
		if d.Depth != i+1 || d.Fill > int64(d.Depth)*int64(len(turns)) || d.Fill < int64(d.Depth)*int64(len(turns))*9/10 || d.Cycles <= list[i].Cycles {
			t.Errorf("%+v, before %+v; %d tasks", d, list[i], len(turns))
		}
	}
	if _, err := Depths(w, c, event.Options{}, 1<<10+1); err == nil || !strings.Contains(err.Error(), "pipeline_depth") {
		t.Errorf("error %v", err)
	}
}

// TestShares: the shares of VALIDATION.md. The best share of each layer takes no more
// cycles than any single share.
func TestShares(t *testing.T) {
	s, err := NewShares(hwtest.Network(t, "b1-r224"), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][3]float64{AsAssumed: {296449, 3769250, 359544}, FreeMemory: {294968, 613718, 250733}}
	layers := 0
	for _, v := range s.Variants {
		got := [3]float64{math.Floor(v.Cycles[arch.Pixels]), math.Floor(v.Cycles[arch.Channels]), math.Floor(v.Cycles[arch.Batch])}
		if known, ok := want[v.Name]; ok && got != known {
			t.Errorf("%s: %v, want %v", v.Name, got, known)
		}
		if v.OnePicture > min(v.Cycles[arch.Pixels], v.Cycles[arch.Channels]) || v.Best > min(v.OnePicture, v.Cycles[arch.Batch]) {
			t.Errorf("%s: the best of each layer, %v and %v, is more than %v", v.Name, v.OnePicture, v.Best, v.Cycles)
		}
		n := 0
		for _, l := range v.Layers {
			n += l
		}
		if layers = max(layers, n); n != layers {
			t.Errorf("%s: %d layers of %d", v.Name, n, layers)
		}
	}
	if wide, narrow := s.Variants[1].Cycles[arch.Channels], s.Variants[0].Cycles[arch.Channels]; wide >= narrow/2 {
		t.Errorf("channels with a wide weight port take %v cycles, with a narrow one %v", wide, narrow)
	}
}

// TestPresetFollowsDemand: the preset has exactly as many units as B1 needs, with any way
// to run depthwise convolutions.
func TestPresetFollowsDemand(t *testing.T) {
	w := hwtest.Network(t, "b1-r224")
	for _, field := range []string{"auxiliary.requantize", "auxiliary.activation", "auxiliary.add", "auxiliary.shifter"} {
		need := 0
		for _, d := range []arch.Depthwise{arch.Reconfigured, arch.ChannelParallel, arch.Windowed} {
			c := arch.ZCU102()
			c.Depthwise = d
			n, err := Fewest(w, c, event.Options{}, field)
			if err != nil {
				t.Fatal(err)
			}
			need = max(need, n)
		}
		if c, err := arch.ZCU102().With(field, need); err != nil || c != arch.ZCU102() {
			t.Errorf("%s: the fewest are %d: %+v", field, need, arch.ZCU102().Auxiliary)
		}
	}
}

// TestUnits: requantizers by hand, with 12955648 elements in 296449 cycles, and the
// slices of the whole design.
func TestUnits(t *testing.T) {
	w, c := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	list, err := NewDemands(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	d := list[0]
	if d.Field != "auxiliary.requantize" || d.Elements != 12955648 || math.Abs(d.PerCycle-43.7) > 0.05 || d.Fewest != 21 || d.Slices != 16*21 {
		t.Errorf("%+v", d)
	}
	counts, err := Counts(w, c, event.Options{}, d.Field, 20, 21, 64)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []UnitCount{{20, 296461, 1600, 0}, {21, 296449, 1616, 0}, {64, 296449, 2304, 0}} {
		counts[i].LUTs = 0
		if counts[i] != want {
			t.Errorf("%+v, want %+v", counts[i], want)
		}
	}
}
