// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/janpfeifer/gonb/gonbui/protocol"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/trust"
)

func init() {
	drawings["sim_bridge"] = bridgeFixture()
	drawings["sim_sensitivity"] = sensitivityFixture()
	drawings["sim_shares"] = sharesFixture()
	drawings["sim_depths"] = depthsFixture()
	drawings["sim_units"] = unitsFixture()
}

var anAccelerator = arch.Config{Name: "an accelerator"}

func bridgeFixture() bridgeData {
	return bridgeData{trust.Bridge{Workload: "network", Config: anAccelerator, ClosedForm: 1000.25, EventDriven: 1300,
		Terms: []trust.Term{{Cause: trust.Imbalance, Cycles: 280.75}, {Cause: trust.IntraLayer, Cycles: -11}, {Cause: trust.Units}, {Cause: trust.Memory, Cycles: 30}}}}
}

func sensitivityFixture() sensitivityData {
	assumed := func(field, value string) arch.Assumption { return arch.Assumption{Field: field, Value: value} }
	trial := func(value string, cycles float64) trust.Trial { return trust.Trial{Value: value, Cycles: cycles} }
	return sensitivityData{trust.Sensitivity{Workload: "network", Config: anAccelerator, Cycles: 1000, Swings: []trust.Swing{
		{Assumption: assumed("buffers.a.kib", "4"), Half: trust.Trial{Value: "2", Cycles: math.NaN(), Refusal: "too small"}, Double: trial("8", 1000)},
		{Assumption: assumed("port", "128"), Half: trial("64", 9000), Double: trial("256", 990)},
		{Assumption: assumed("latency", "10"), Half: trial("5", 995), Double: trial("20", 1010)},
		{Assumption: assumed("pool", "16"), Half: trial("8", 1000), Double: trial("32", 1000)},
	}, Words: arch.Assumptions{assumed("share", "pixels")}}}
}

func sharesFixture() sharesData {
	variant := func(name string, pixels, channels, batch, two, all float64) trust.ShareVariant {
		return trust.ShareVariant{Name: name, Cycles: map[arch.Share]float64{arch.Pixels: pixels, arch.Channels: channels, arch.Batch: batch}, OnePicture: two, Best: all}
	}
	return sharesData{trust.Shares{Workload: "network", Config: anAccelerator, Batch: 16, Variants: []trust.ShareVariant{
		variant(trust.AsAssumed, 1200, 9000, 1500, 1190, 1100), variant(trust.WidePort, 1190, 2500, 1300, 1050, 1040), variant(trust.FreeMemory, 1180, 2400, 1000, 1030, 1000),
	}}}
}

func depthsFixture() depthsData {
	return depthsData{"network", "an accelerator", []trust.Depth{{Depth: 0, Cycles: 1000}, {Depth: 1, Cycles: 1010, Fill: 10}, {Depth: 4, Cycles: 1040, Fill: 40}}}
}

func unitsFixture() unitsData {
	return unitsData{"network", "an accelerator", "requantizers", 2, arch.Device{DSPs: 2520},
		[]trust.UnitCount{{PerCopy: 1, Cycles: 1500, DSPs: 1100, LUTs: 9}, {PerCopy: 2, Cycles: 1010, DSPs: 1200, LUTs: 10}, {PerCopy: 4, Cycles: 1000, DSPs: 1400, LUTs: 12}}}
}

// TestTrustFigures draws what package trust computes of the paper's network.
func TestTrustFigures(t *testing.T) {
	w, c := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	for _, test := range []struct {
		name   string
		figure func() (*Figure, error)
		title  string
		rows   int
	}{
		{"bridge", func() (*Figure, error) {
			b, err := trust.NewBridge(w, c, hwsim.Backbone)
			if err != nil {
				return nil, err
			}
			return Bridge(b)
		}, "Of the 46,106 cycles between the two models 43,870 are imbalance", 9},
		{"sensitivity", func() (*Figure, error) {
			s, err := trust.NewSensitivity(w, c, event.Options{})
			if err != nil {
				return nil, err
			}
			return Tornado(s)
		}, "8 of 24 assumed numbers move the cycles: half of buffers.weight.port_bytes costs 84 %", 48},
		{"shares", func() (*Figure, error) {
			s, err := trust.NewShares(w, c, hwsim.Backbone)
			if err != nil {
				return nil, err
			}
			return Shares(s)
		}, "Pixels or channels by layer: 256,783 cycles instead of 296,449, with a weight port for all copies", 15},
		{"depths", func() (*Figure, error) {
			list, err := trust.Depths(w, c, event.Options{}, 8)
			if err != nil {
				return nil, err
			}
			return Depths(w.Name, c, list)
		}, "8 stages cost 3.2 % of the cycles if every task fills them anew", 9},
		{"units", func() (*Figure, error) {
			list, err := trust.Counts(w, c, event.Options{}, "auxiliary.requantize", 8, c.Auxiliary.Requantize, 64)
			if err != nil {
				return nil, err
			}
			return UnitCounts(w.Name, c, "requantizers", c.Auxiliary.Requantize, list)
		}, "21 requantizers a copy take 688 DSPs less than 64, and cost none of the cycles", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := test.figure()
			if err != nil {
				t.Fatal(err)
			}
			textsAreInside(t, f)
			if f.Title() != test.title || len(f.Table().Rows) != test.rows {
				t.Errorf("title %q with %d rows, want %q with %d", f.Title(), len(f.Table().Rows), test.title, test.rows)
			}
		})
	}
}

// TestTrustFindings: sentences that the paper's network does not make.
func TestTrustFindings(t *testing.T) {
	bridge, sensitivity, shares := bridgeFixture(), sensitivityFixture(), sharesFixture()
	bridge.ClosedForm, bridge.Terms = 1300, nil
	sensitivity.Swings = sensitivity.Swings[:1]
	sensitivity.Swings[0].Half.Cycles = 900
	shares.Variants = shares.Variants[:1]
	for name, test := range map[string]struct {
		data interface{ Figure() (*Figure, error) }
		want string
	}{
		"no difference":  {bridge, "Both models count 1300 cycles"},
		"less is faster": {sensitivity, "1 of 1 assumed numbers move the cycles: half of buffers.a.kib saves 10 %"},
		"one variant":    {shares, "Pixels or channels by layer: 1,190 cycles instead of 1,200"},
	} {
		if f := draw(t, test.data); f.Title() != test.want {
			t.Errorf("%s: %q, want %q", name, f.Title(), test.want)
		}
	}
}

// TestTrustFiguresRefuse what cannot be drawn.
func TestTrustFiguresRefuse(t *testing.T) {
	bridge, sensitivity, shares, depths, units := bridgeFixture(), sensitivityFixture(), sharesFixture(), depthsFixture(), unitsFixture()
	bridge.EventDriven = 1302
	sensitivity.Swings = sensitivity.Swings[3:]
	shares.Variants[1].Best = math.NaN()
	depths.Depths[2].Depth = 1
	units.Chosen = 3
	for name, test := range map[string]struct {
		data interface{ Figure() (*Figure, error) }
		want string
	}{
		"terms that do not add up": {bridge, "its 4 terms lead to 1300 cycles, to the 1302 of"},
		"nothing moves":            {sensitivity, "0 of 1 assumptions move its 1000 cycles"},
		"cycles unknown":           {shares, "NaN cycles weight port for all copies"},
		"no variants":              {sharesData{}, "no variants"},
		"depths out of order":      {depths, "depth 1 takes 1040 cycles"},
		"one depth":                {depthsData{}, "0, need at least two"},
		"chosen is not counted":    {units, "with the chosen 3 among them"},
	} {
		if _, err := test.data.Figure(); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// TestFolded: what is shown is closed at first, whole, and no markup of its own.
func TestFolded(t *testing.T) {
	got, err := foldedBundle("27 values <assumed>", "a & b\nc")
	if err != nil {
		t.Fatal(err)
	}
	want := map[protocol.MIMEType]any{
		protocol.MIMETextHTML:  `<details><summary>27 values &lt;assumed&gt;</summary><pre style="white-space:pre-wrap;word-break:normal;overflow-wrap:normal">a &amp; b` + "\n" + `c</pre></details>`,
		protocol.MIMETextPlain: "27 values <assumed>\na & b\nc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
