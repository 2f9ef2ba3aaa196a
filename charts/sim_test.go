// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/ablate"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/explore"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/peer"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"pgregory.net/rapid"
)

// The goldens of these figures are drawn from fixtures, so that they change with
// the drawing and not with the simulator.
func init() {
	drawings["sim_cycles"] = cyclesFixture()
	drawings["sim_stalls"] = stallsFixture()
	drawings["sim_stalls_brief"] = func() stallsData { d := stallsFixture(); d.Brief = true; return d }()
	drawings["sim_schedule"] = scheduleFixture()
	drawings["sim_ablations"] = ablationsFixture()
	drawings["sim_roofline"] = rooflineFixture()
	drawings["sim_platforms"] = platformsFixture()
	drawings["sim_front"] = frontFixture()
	drawings["sim_front_narrow"] = narrowFixture()
	drawings["sim_peer"] = peerFixture()
}

func cyclesFixture() cyclesData {
	return cyclesData{
		Workload: "two blocks", Config: "an accelerator", Model: "closed form", Note: "Memory takes no time.", FPS: 801.25,
		Roles: []cyclesRole{{"PW1", 600, 1}, {"DW + PW2", 500, 0.5}, {"stem", 100, 0.375}},
		Blocks: []cyclesBlock{
			{"stem", []float64{0, 0, 100}}, {"stages.0", []float64{200, 100, 0}}, {"stages.1", []float64{400, 400, 0}},
		},
	}
}

func stallsFixture() stallsData {
	return stallsData{
		Workload: "two blocks", Config: "an accelerator", Options: "both pipelines", FPS: 640,
		Causes: []stallsCause{{"busy", "multiply-accumulates", 900}, {"imbalance", "another copy has more", 200}, {"no work", "no operation for the engine", 100}},
		Blocks: []cyclesBlock{{"stages.0", []float64{500, 0, 100}}, {"stages.1", []float64{400, 200, 0}}},
	}
}

func scheduleFixture() scheduleData {
	return scheduleData{
		Workload: "one block", Config: "an accelerator", Options: "both pipelines",
		Panels: []schedulePanel{{Block: "stages.0", Label: "stage 1", Cycles: 1000, Tasks: []scheduleTask{
			{matLane, "PW1", 0, 400}, {rmacLane, "PW1", 0, 400},
			{matLane, "PW2", 400, 500}, {matLane, "PW2", 500, 1000},
			{rmacLane, "DW", 400, 650}, {rmacLane, "PW2", 700, 1000},
			{loadLane, "PW2", 10, 60}, {loadLane, "", 500, 700},
		}}},
	}
}

func ablationsFixture() ablationsData {
	nan := math.NaN()
	return ablationsData{
		Workload: "network", Config: "an accelerator", Whole: ablationsRow{"nothing", 1024, 5000, 1000, 1200},
		Rows: []ablationsRow{
			{"a pipeline", 1024, 5000, 1050, 1230}, {"a mode", 1024, 4000, 1400, 1500}, {"packing", 2048, 3000, 1000, 1200},
			{"line buffers", 1024, 6000, 1010, nan}, {"log2 divisors", 1024, 5500, nan, 1260},
		},
	}
}

func rooflineFixture() rooflineData {
	return rooflineData{"two blocks", "an accelerator", "both pipelines", event.Roofline{
		PeakGOPS: 800, GBPerS: 20,
		Steps: []event.RooflinePoint{
			{Name: "backbone.stem", Label: "stem", Cycles: 10000, Operations: 4e6, Bytes: 1e6, GOPS: 80},
			{Name: "a.pw", Label: "PW1", Cycles: 10000, Operations: 4e7, Bytes: 2e5, GOPS: 760},
			{Name: "b.pw", Label: "PW1", Cycles: 10000, Operations: 4e7, Bytes: 2e5, GOPS: 760},
			{Name: "a.ktv", Label: "KTV", Cycles: 500, Operations: 1e6, GOPS: 400},
		},
		Run: event.RooflinePoint{Name: "two blocks", Cycles: 30750, Operations: 8.5e7, Bytes: 1.4e6, GOPS: 553},
	}}
}

func platformsFixture() platformsData {
	return platformsData{
		Computed: []platformsRow{{"design", "B1", 830.94, "C/I"}, {"design", "B2", 839.94, "C/I"}},
		Printed: []platformsRow{
			{"GPU", "DeiT", 4297.9, "I"}, {"board", "B1", 41.9, "I"}, {"board 2", "B1", 703, "I"}, {"CPU", "B2", math.NaN(), "U"},
		},
		Notes: []string{"two bars are not known"},
	}
}

func frontFixture() frontData {
	d := frontData{Workload: "network", Model: "closed form", Note: "memory takes no time", Cost: explore.DSPs, Fields: []string{"mat.lanes", "copies"}}
	for i, p := range []frontPoint{
		{DSPs: 256, FPS: 200, Front: true}, {DSPs: 512, FPS: 390, Front: true}, {DSPs: 512, FPS: 300},
		{DSPs: 1024, FPS: 799, Front: true, Mark: "the paper's"}, {DSPs: 1024, FPS: 500}, {DSPs: 2048, FPS: 1500, Front: true},
	} {
		p.Values, p.GOPS, p.MJ = []any{4, i}, p.FPS, math.NaN()
		d.Points = append(d.Points, p)
	}
	return d
}

// narrowFixture has points near one another, the marked one at the left, and a long
// note.
func narrowFixture() frontData {
	d := frontFixture()
	d.Note = strings.Repeat("of what is left out there is much to say, ", 4) + "and more"
	for i := range d.Points {
		d.Points[i].DSPs, d.Points[i].FPS, d.Points[i].Front, d.Points[i].Mark = 1100+i*50, 700+float64(i), true, ""
	}
	d.Points[0].Mark = "the paper's"
	return d
}

// energies lays the energies of the points beside their FPS.
func energies(d *frontData) {
	d.Cost, d.Unrankable, d.Why = explore.Energy, 2, "a buffer is not in the table"
	for i, mj := range []float64{1, 2, 2.5, 3, 4, 6} {
		d.Points[i].MJ = mj
	}
}

func peerFixture() peerData {
	return peerData{
		Workload: "network", Array: "64×32 array", Accelerator: "an accelerator",
		Roles: []peerRole{{"PW1", 90000, 110000, 110000}, {"DW + PW2", 80000, 900000, 4e6}, {"KTV", 2000, 1500, 40000}},
		RMAC:  28392,
		Depthwise: []peerCount{
			{"as another counts", 134458, true}, {"one group at a time", 4070474, false}, {"groups side by side", 971792, false},
		},
	}
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

// TestSimulatorFigures draws what the simulator says about the paper's network
// and holds titles and tables against its own reports.
func TestSimulatorFigures(t *testing.T) {
	w, config := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	result, err := closed.Charge(w, config, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cycles", func(t *testing.T) {
		f, err := Cycles(result)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if want := "PW1 and DW + PW2 take 68 % of the 250,343 cycles"; f.Title() != want {
			t.Errorf("title is %q, want %q", f.Title(), want)
		}
		if got, want := sum(figuretest.Column[float64](t, f, "cycles")), float64(result.Undivided)/16; math.Abs(got-want) > 1e-6 {
			t.Errorf("the table has %v cycles, the result %v", got, want)
		}
		if blocks := slices.Compact(figuretest.Column[string](t, f, "block")); len(blocks) != 23 || blocks[0] != "stem" || blocks[22] != "stages.3.op_list.4.local_module" {
			t.Errorf("the blocks are %q", blocks)
		}
	})
	t.Run("stalls", func(t *testing.T) {
		run, err := event.Simulate(w, config, event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: 2})
		if err != nil {
			t.Fatal(err)
		}
		f, err := Stalls(run)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if want := "Busy in 82 % of "; !strings.HasPrefix(f.Title(), want) {
			t.Errorf("title is %q, want it to begin with %q", f.Title(), want)
		}
		cycles := figuretest.Column[float64](t, f, "cycles")
		if got, want := sum(cycles), float64(run.Cycles)/2; math.Abs(got-want) > 1e-6*want {
			t.Errorf("the table has %v cycles, a picture of the run %v", got, want)
		}
		busy := 0.0
		for i, cause := range figuretest.Column[string](t, f, "cause") {
			if cause == busyCause {
				busy += cycles[i]
			}
		}
		// The same multiply-accumulates as in the roofline, rounded down in each step.
		if want := float64(run.MAT.MACs+run.RMAC.MACs) / 2 / float64(config.Multipliers()); math.Abs(busy-want) > float64(len(run.Steps)) {
			t.Errorf("the table has %v busy cycles, the multiply-accumulates fill %v", busy, want)
		}
	})
	t.Run("schedule", func(t *testing.T) {
		run := func(p hwsim.Pipelines) *event.Run {
			r, err := event.Simulate(w, config, event.Options{Scope: hwsim.Backbone, Pipelines: p, Events: true})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		const block = "stages.3.op_list.1.local_module"
		apart := func(p hwsim.Pipelines) float64 {
			panel, err := schedule(run(p), block)
			if err != nil {
				t.Fatal(err)
			}
			_, apart := panel.shares()
			return apart
		}
		if with, without := apart(hwsim.BothPipelines), apart(hwsim.NoPipelines); with <= 0 || without != 0 {
			t.Errorf("the engines work on different operations for %v cycles with pipelines and %v without", with, without)
		}
		f, err := Schedule(run(hwsim.BothPipelines), "backbone."+block, "stages.3.op_list.1.context_module")
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		ops := figuretest.Column[string](t, f, "operation")
		for _, op := range []string{"PW1", "DW", "PW2", "qkv", "aggregation DW", "aggregation PW", "KᵀV", "divisor", "dividend", "proj"} {
			if !slices.Contains(ops, op) {
				t.Errorf("no task is of %s", op)
			}
		}
		var option struct {
			Series []struct {
				Name, Color string
				XAxisIndex  int
				LineStyle   struct{ Width float64 }
			}
		}
		if err := json.Unmarshal(f.Option(), &option); err != nil {
			t.Fatal(err)
		}
		names := make(map[string]bool)
		grey := plot.Themes["light"][plot.Shade]
		for _, s := range option.Series {
			if s.LineStyle.Width < 10 {
				continue // the text is a caption
			}
			if want := plot.Themes["light"][plot.LabelColor(s.Name)]; s.Color != want || (s.Color == grey) != (s.Name == "") {
				t.Errorf("%q has the colour %s, want %s; grey is other blocks'", s.Name, s.Color, want)
			}
			names[s.Name] = true
		}
		if len(names) < 11 {
			t.Errorf("bars of %d names, want those of ten roles and of other blocks", len(names))
		}
		step := run(hwsim.BothPipelines)
		if f, err = Schedule(step, "stages.3.op_list.1.context_module.main.ktv.0"); err != nil {
			t.Fatal(err)
		}
		if option := string(f.Option()); !strings.Contains(option, `"(a) stage 4, MSA 1, KᵀV + dividend + divisor: two operations`) {
			t.Errorf("the panel of a step has no title of labels: %s", option)
		}
		i := slices.IndexFunc(step.Steps, func(s event.Step) bool {
			return strings.HasSuffix(s.Name, "stages.3.op_list.1.context_module.main.ktv.0")
		})
		if last, want := slices.Max(figuretest.Column[float64](t, f, "end")), float64(step.Steps[i].Cycles); last > want || last < want/2 {
			t.Errorf("the step's tasks end at %v, it takes %v cycles", last, want)
		}
		lanes := make(map[string]string) // the first lane of each operation
		for i, op := range figuretest.Column[string](t, f, "operation") {
			if _, ok := lanes[op]; !ok {
				lanes[op] = figuretest.Column[string](t, f, "lane")[i]
			}
		}
		if want := map[string]string{"KᵀV": "R-MAC", "divisor": "MAT", "dividend": "MAT"}; !cmp.Equal(lanes, want) {
			t.Errorf("operations begin on the lanes %v, want %v", lanes, want)
		}
		if _, err := Schedule(run(hwsim.BothPipelines), "nowhere"); err == nil || !strings.Contains(err.Error(), `no block or step "nowhere"`) {
			t.Errorf("error %v for a block that is not there", err)
		}
		quiet, err := event.Simulate(w, config, event.Options{Scope: hwsim.Backbone})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Schedule(quiet, block); err == nil || !strings.Contains(err.Error(), "set the option Events") {
			t.Errorf("error %v for a run without events", err)
		}
	})
	t.Run("ablations", func(t *testing.T) {
		study, err := ablate.Each(w, config, hwsim.Backbone)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Ablations(study)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if want := "Without depthwise mode, windows on MAT: ×0.972 the cycles, for 8,960 LUTs more"; f.Title() != want {
			t.Errorf("title is %q, want %q", f.Title(), want)
		}
		var want []float64
		for _, a := range study.Ablations {
			want = append(want, a.EventDriven.Cycles, a.ClosedForm.Cycles)
		}
		if diff := cmp.Diff(want, figuretest.Column[float64](t, f, "cycles"), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("cycles (-study +table):\n%s", diff)
		}
	})
	t.Run("roofline", func(t *testing.T) {
		run, err := event.Simulate(w, config, event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: 2})
		if err != nil {
			t.Fatal(err)
		}
		f, err := Roofline(run)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if want := " of 819 GOPS are attained"; !strings.HasSuffix(f.Title(), want) {
			t.Errorf("title is %q, want %q at its end", f.Title(), want)
		}
		cycles, operations := figuretest.Column[float64](t, f, "cycles"), figuretest.Column[float64](t, f, "operations")
		if got, want := sum(cycles), float64(run.Cycles-run.Drain); got != want {
			t.Errorf("the table has %v cycles, the steps of the run %v", got, want)
		}
		if got, want := sum(operations), 2*float64(run.MACs); got != want {
			t.Errorf("the table has %v operations, the run %v", got, want)
		}
		for i, gops := range figuretest.Column[float64](t, f, "GOPS") {
			if want := operations[i] / (cycles[i] / 200e6) / 1e9; math.Abs(gops/want-1) > 1e-9 {
				t.Errorf("row %d has %v GOPS, its operations and cycles at 200 MHz %v", i, gops, want)
			}
		}
		for i, perByte := range figuretest.Column[float64](t, f, "operations per byte") {
			bound := figuretest.Column[string](t, f, "bound")[i]
			if (bound == "bandwidth") != (perByte*19.2 < 819.2) {
				t.Errorf("%v operations per byte are bound by %s", perByte, bound)
			}
		}
	})
	t.Run("platforms", func(t *testing.T) {
		r, err := event.Simulate(w, config, event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
		if err != nil {
			t.Fatal(err)
		}
		f, err := Platforms(result.Estimate(), r.Estimate(nil))
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if want := "EfficientViT-B1-R224: 702 to 831 GOPS are computed, 41.9 to 703 GOPS printed for processors"; f.Title() != want {
			t.Errorf("title is %q, want %q", f.Title(), want)
		}
		for i, source := range figuretest.Column[string](t, f, "source") {
			if mark := figuretest.Column[string](t, f, "mark")[i]; (source == "computed") != strings.HasPrefix(mark, "C") {
				t.Errorf("a %s number has the mark %q", source, mark)
			}
		}
	})
	t.Run("front", func(t *testing.T) {
		survey, err := explore.Sweep(context.Background(), explore.Space{
			Base:      config,
			Axes:      []explore.Axis{explore.Over("mat.lanes", 4, 8, 16), explore.Over("copies", 8, 16)},
			Workloads: []*workload.Workload{w}, Model: closed.Model(hwsim.Backbone),
		})
		if err != nil {
			t.Fatal(err)
		}
		f, err := Front(survey, w.Name, explore.DSPs, config)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		var fronts, marks int
		for i, front := range figuretest.Column[bool](t, f, "front") {
			if front {
				fronts++
			}
			if figuretest.Column[string](t, f, "marked")[i] != "" {
				marks++
				if fps := figuretest.Column[float64](t, f, "FPS")[i]; fps != result.FPS() {
					t.Errorf("the marked point has %v FPS, the configuration %v", fps, result.FPS())
				}
			}
		}
		front, err := survey.Front(w.Name)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(front.Points); fronts != want || marks != 1 {
			t.Errorf("%d points are on the front, want %d; %d are marked, want 1", fronts, want, marks)
		}
		if _, err := Front(survey, "b1-r224", explore.DSPs); err == nil || !strings.Contains(err.Error(), `no points of workload "b1-r224": have those of ["efficientvit-b1-r224"]`) {
			t.Errorf("error %v for a workload that is not the survey's", err)
		}
		if _, err := Front(survey, w.Name, explore.Energy); err == nil || !strings.Contains(err.Error(), `axis "mat.lanes": energy per picture cannot rank its points`) {
			t.Errorf("error %v for energies of more engines", err)
		}
		if _, err := Front(survey, w.Name, explore.FPS); err == nil || !strings.Contains(err.Error(), "FPS against FPS") {
			t.Errorf("error %v for FPS against themselves", err)
		}
		config.Copies = 3
		if _, err := Front(survey, w.Name, explore.DSPs, config); err == nil || !strings.Contains(err.Error(), "none of the survey's 6 points") {
			t.Errorf("error %v for a configuration that was not tried", err)
		}
	})
	t.Run("peer", func(t *testing.T) {
		c, err := peer.Compare(w, peer.Array64x32(), arch.ZCU102())
		if err != nil {
			t.Fatal(err)
		}
		f, err := Peer(c)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if want := "R-MAC runs the depthwise convolutions in 28,392 cycles; a 64×32 array takes ×17 to ×143"; f.Title() != want {
			t.Errorf("title is %q, want %q", f.Title(), want)
		}
		got := map[string]float64{}
		for _, row := range f.Table().Rows {
			if row[0] == "role" {
				got[row[2].(string)] += row[3].(float64)
			}
		}
		one, side := c.Timing(peer.OneGroup), c.Timing(peer.SideBySide)
		want := map[string]float64{
			"MAT + R-MAC":                c.Convolutions() + c.Products(),
			"array, groups side by side": float64(side.Cycles() + side.ProductCycles()),
			"array, one group at a time": float64(one.Cycles() + one.ProductCycles()),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cycles over all roles (-want +got):\n%s", diff)
		}
	})
	t.Run("a ViT without depthwise convolutions", func(t *testing.T) {
		deit, err := workload.DeiT("deit-tiny")
		if err != nil {
			t.Fatal(err)
		}
		c, err := peer.Compare(deit, peer.Array64x32(), arch.ZCU102())
		if err != nil {
			t.Fatal(err)
		}
		f, err := Peer(c)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if !strings.HasPrefix(f.Title(), "Without depthwise convolutions a 64×32 array takes ×") {
			t.Errorf("title is %q", f.Title())
		}
		if f, err = Cycles(c.Accelerator); err != nil {
			t.Fatal(err)
		} else if want := "MLP 1 and MLP 2 take"; !strings.HasPrefix(f.Title(), want) {
			t.Errorf("title is %q, want %q in it", f.Title(), want)
		}
	})
}

func TestSimulatorTitles(t *testing.T) {
	ablations := func(edit func(*ablationsData)) ablationsData { d := ablationsFixture(); edit(&d); return d }
	roofline := func(edit func(*rooflineData)) rooflineData { d := rooflineFixture(); edit(&d); return d }
	platforms := func(edit func(*platformsData)) platformsData { d := platformsFixture(); edit(&d); return d }
	front := func(edit func(*frontData)) frontData { d := frontFixture(); edit(&d); return d }
	one := cyclesData{Roles: []cyclesRole{{"PW", 10, 1}}, Blocks: []cyclesBlock{{"a", []float64{10}}}}
	for name, test := range map[string]struct {
		data drawable
		want string
	}{
		"one role":         {one, "PW takes 100 % of the 10 cycles"},
		"two roles":        {cyclesFixture(), "PW1 and DW + PW2 take 92 % of the 1,200 cycles"},
		"stalls":           {stallsFixture(), "Busy in 75 % of 1,200 cycles; the most of the rest is imbalance, 17 %"},
		"no stalls":        {stallsData{Causes: []stallsCause{{"busy", "", 10}}, Blocks: []cyclesBlock{{"a", []float64{10}}}}, "Always busy in 10 cycles"},
		"schedule":         {scheduleFixture(), "The engines run two operations at once in 25 % of the cycles, one together in 70 %"},
		"no tasks":         {scheduleData{Panels: []schedulePanel{{Block: "b", Cycles: 1}}}, "The engines run two operations at once in none of the cycles"},
		"ablations":        {ablationsFixture(), "Without a mode a picture takes 1.250 times the cycles"},
		"a rival":          {ablations(func(d *ablationsData) { d.Rows[3].EventDriven = 1150 }), "Without line buffers: ×0.958 the cycles, for 1,000 LUTs more"},
		"worthless":        {ablations(func(d *ablationsData) { d.Rows = d.Rows[2:3] }), "No choice is worth cycles by the event-driven model"},
		"roofline":         {rooflineFixture(), "Off-chip bandwidth is the lower roof in 33 % of the cycles; 553 of 800 GOPS are attained"},
		"one step":         {roofline(func(d *rooflineData) { d.Roofline.Steps = d.Roofline.Steps[1:2] }), "Off-chip bandwidth is the lower roof in none of the cycles"},
		"no design":        {platforms(func(d *platformsData) { d.Computed = nil }), "41.9 to 4,300 GOPS are printed for processors"},
		"other network":    {platforms(func(d *platformsData) { d.Computed = d.Computed[1:] }), "B2: 840 GOPS are computed, no GOPS printed for processors"},
		"two models":       {platforms(func(d *platformsData) { d.Computed[1] = platformsRow{"design", "B1", 702, "C/I"} }), "B1: 702 to 831 GOPS are computed, 41.9 to 703 GOPS printed"},
		"one processor":    {platforms(func(d *platformsData) { d.Printed = d.Printed[2:] }), "703 GOPS printed for processors"},
		"marked on front":  {frontFixture(), "the paper's: none of 6 designs has its 799 FPS on fewer than 1,024 DSPs"},
		"nothing marked":   {front(func(d *frontData) { d.Points[3].Mark = "" }), "4 of 6 designs are not beaten, from 200 FPS on 256 DSPs to 1,500 FPS on 2,048 DSPs"},
		"marked is beaten": {front(func(d *frontData) { d.Points[3].Mark, d.Points[4].Mark = "", "mine" }), "1 design beats mine, with 799 FPS on 1,024 DSPs"},
		"energy on front":  {front(energies), "the paper's: none of 6 designs with no more DSPs has its 799 FPS at less than 3 mJ"},
		"energy is beaten": {front(func(d *frontData) { energies(d); d.Points[3].Mark, d.Points[4].Mark = "", "mine" }), "1 design with no more DSPs beats mine, with 799 FPS at 3 mJ"},
		"block RAMs": {front(func(d *frontData) {
			d.Cost = explore.BRAMs
			for i := range d.Points {
				d.Points[i].BRAMs = d.Points[i].DSPs
			}
		}), "none of 6 designs with no more DSPs has its 799 FPS with fewer than 1,024 block RAMs"},
		"one point": {front(func(d *frontData) { d.Points = d.Points[:1] }), "1 of 1 designs"},
	} {
		t.Run(name, func(t *testing.T) {
			f := draw(t, test.data)
			if !strings.Contains(f.Title(), test.want) {
				t.Errorf("title is %q, want %q in it", f.Title(), test.want)
			}
			needRuntime(t)
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			if got := figuretest.Texts(t, svg); !strings.Contains(got, f.Title()) || strings.Contains(got, "NaN") {
				t.Errorf("the SVG's texts are:\n%s", got)
			}
		})
	}
}

func TestSimulatorRefusals(t *testing.T) {
	cycles := func(edit func(*cyclesData)) cyclesData { d := cyclesFixture(); edit(&d); return d }
	ablations := func(edit func(*ablationsData)) ablationsData { d := ablationsFixture(); edit(&d); return d }
	roofline := func(edit func(*rooflineData)) rooflineData { d := rooflineFixture(); edit(&d); return d }
	platforms := func(edit func(*platformsData)) platformsData { d := platformsFixture(); edit(&d); return d }
	front := func(edit func(*frontData)) frontData { d := frontFixture(); edit(&d); return d }
	nan := math.NaN()
	for name, test := range map[string]struct {
		data drawable
		want string
	}{
		"no roles":         {cyclesData{Workload: "w"}, "cycles of w: 0 roles and 0 blocks"},
		"lost cycles":      {cycles(func(d *cyclesData) { d.Roles[0].Cycles = 601 }), `role "PW1" has 601 cycles, its blocks 600`},
		"NaN cycles":       {cycles(func(d *cyclesData) { d.Roles[0].Cycles = nan }), `role "PW1" has NaN cycles`},
		"values per block": {cycles(func(d *cyclesData) { d.Blocks[1].Cycles = nil }), `block "stages.0" has 0 values, one for each of 3 roles`},
		"lost stalls":      {stallsData{Workload: "w", Causes: []stallsCause{{"busy", "", 10}}, Blocks: []cyclesBlock{{"a", []float64{9}}}}, `stalls of w: cause "busy" has 10 cycles, its blocks 9`},
		"no blocks":        {scheduleData{Workload: "w"}, "schedule of w: no blocks"},
		"no time":          {scheduleData{Workload: "w", Panels: []schedulePanel{{Block: "b"}}}, "schedule of w: b takes 0 cycles"},
		"task too long":    {scheduleData{Panels: []schedulePanel{{Block: "b", Cycles: 9, Tasks: []scheduleTask{{matLane, "o", 0, 10}}}}}, `"o" of b on lane 0 from 0 to 10`},
		"no ablations":     {ablationsData{Workload: "w"}, "ablations of w: no rows"},
		"no cycles":        {ablations(func(d *ablationsData) { d.Rows[0].ClosedForm = 0 }), "without a pipeline there are 0 cycles on 1024 DSPs"},
		"no bandwidth":     {roofline(func(d *rooflineData) { d.Roofline.GBPerS = 0 }), "roofs of 800 GOPS and 0 GB/s"},
		"NaN GOPS":         {roofline(func(d *rooflineData) { d.Roofline.Steps[0].GOPS = nan }), "stem has 4000000 operations, 1000000 bytes, 10000 cycles and NaN GOPS"},
		"nothing to draw":  {roofline(func(d *rooflineData) { d.Roofline.Steps = nil }), "roofline of two blocks: no step multiplies"},
		"no printed rows":  {platforms(func(d *platformsData) { d.Printed = nil }), "no printed rows"},
		"no mark":          {platforms(func(d *platformsData) { d.Printed[0].Mark = "" }), "DeiT of GPU has no mark"},
		"computed printed": {platforms(func(d *platformsData) { d.Printed[0].Mark = "C" }), `DeiT of GPU has the mark "C": C belongs in Computed`},
		"printed computed": {platforms(func(d *platformsData) { d.Computed[0].Mark = "V" }), `B1 of design has the mark "V"`},
		"zero GOPS":        {platforms(func(d *platformsData) { d.Printed[0].GOPS = 0 }), "has 0 GOPS, must be positive"},
		"no cost":          {frontData{Workload: "w"}, "front of w: FPS against FPS: allowed are DSPs, BRAMs and energy per picture"},
		"no points":        {frontData{Workload: "w", Cost: explore.DSPs}, "front of w: no points"},
		"values per point": {front(func(d *frontData) { d.Fields = nil }), "point 0 has 2 values, one for each of 0 fields"},
		"energy unknown":   {front(func(d *frontData) { d.Cost = explore.Energy }), "point 0 has 200 FPS at NaN mJ"},
		"all unknown":      {frontData{Workload: "w", Cost: explore.Energy, Unrankable: 7, Why: "no table"}, "front of w: 7 points, and the energy per picture of none is known: no table"},
		"zero FPS":         {front(func(d *frontData) { d.Points[1].FPS = 0 }), "point 1 has 0 FPS on 512 DSPs"},
		"no peer roles":    {peerData{Workload: "w"}, "peer of w: no roles"},
		"role not run":     {peerData{Roles: []peerRole{{"PW1", 1, 0, 1}}}, `role "PW1" has 0 cycles`},
		"no R-MAC":         {peerData{Roles: []peerRole{{"PW1", 1, 1, 1}}, RMAC: nan, Depthwise: []peerCount{{"c", 1, false}}}, `depthwise "c" has 1 cycles and R-MAC NaN`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.data.Figure()
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, want %q in it, on one line", err, test.want)
			}
		})
	}
}

// TestFrontDrawsNoPointTwice: a survey of many points stays a small drawing, in
// which every point of the front is left.
func TestFrontDrawsNoPointTwice(t *testing.T) {
	d := frontFixture()
	for range 5000 {
		d.Points = append(d.Points, d.Points[2])
	}
	f := draw(t, d)
	if n := len(f.Table().Rows); n != 5006 {
		t.Errorf("the table has %d rows, want all 5006", n)
	}
	var option struct {
		Series []struct {
			Name string
			Data []json.RawMessage
		}
	}
	if err := json.Unmarshal(f.Option(), &option); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{4, 2} {
		if got := len(option.Series[i].Data); got != want {
			t.Errorf("series %q has %d points, want %d", option.Series[i].Name, got, want)
		}
	}
}

// TestEveryTaskIsNamed: inside its bar, or above it where no other name is.
func TestEveryTaskIsNamed(t *testing.T) {
	p := schedulePanel{Cycles: 1000, Tasks: []scheduleTask{
		{matLane, "long", 0, 500}, {rmacLane, "long", 0, 500},
		{matLane, "one", 500, 510}, {rmacLane, "one", 500, 510},
		{matLane, "two", 510, 520}, {rmacLane, "two", 510, 520},
		{matLane, "rest", 520, 1000},
	}}
	want := []scheduleLabel{
		{"long", matLane, 0, false}, {"rest", matLane, 520, false}, {"long", rmacLane, 0, false},
		{"one", matLane, 505, true}, {"two", rmacLane, 515, true},
	}
	if diff := cmp.Diff(want, p.labels(1), cmp.AllowUnexported(scheduleLabel{})); diff != "" {
		t.Error(diff)
	}
}

// TestRooflineJoinsEqualSteps: two steps at one place are one mark, as large as
// both.
func TestRooflineJoinsEqualSteps(t *testing.T) {
	got := rooflineFixture().marks("PW1")
	joined := rooflineFixture().Roofline.Steps[1]
	joined.Cycles = 20000
	if diff := cmp.Diff([]rooflineMark{{joined, 2}}, got, cmp.AllowUnexported(rooflineMark{})); diff != "" {
		t.Error(diff)
	}
}

func TestSpanHoldsItsEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(0.01, 1e6).Draw(t, "lo")
		hi := lo * rapid.Float64Range(1, 1e5).Draw(t, "ratio")
		a := span("x", lo, hi)
		if math.Log2(lo) < a.Lo || math.Log2(hi) > a.Hi || len(a.Ticks) < 2 || len(a.Ticks) > 13 {
			t.Fatalf("axis from %v to %v with %d ticks", a.Lo, a.Hi, len(a.Ticks))
		}
	})
}
