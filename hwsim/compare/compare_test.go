// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/paper"
)

func design(t *testing.T, name string) hwsim.Estimate {
	t.Helper()
	w := hwtest.Network(t, name)
	return charge(t, w)
}

func charge(t *testing.T, w *workload.Workload) hwsim.Estimate {
	t.Helper()
	r, err := closed.Charge(w, arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	return r.Estimate()
}

func TestNumberString(t *testing.T) {
	tests := []struct {
		n    Number
		want string
	}{
		{Number{1566.3, paper.Inferred}, "1566.3 I"}, // the number has its printed digits
		{Number{0.04, paper.Verified}, "0.04 V"},
		{computed(1234.56), "1235 C"},
		{computed(798.912), "798.9 C"},
		{computed(3.0551), "3.06 C"},
		{computed(0.76356), "0.764 C"},
		{computed(3).over(Number{2, paper.Recalled}), "1.50 C/M"},
		{computed(3).over(computed(2)), "1.50 C"},
		{Number{1566.3, paper.Inferred}.over(Number{2.6, paper.Inferred}), "602.4 I/I"},
		{computed(3).over(unknown), "U"},
		{unknown.over(computed(3)), "U"},
		{none, ""},
	}
	for _, test := range tests {
		if got := test.n.String(); got != test.want {
			t.Errorf("%#v is written %q, want %q", test.n, got, test.want)
		}
	}
}

// tables returns every table for the designs.
func tables(designs ...hwsim.Estimate) map[string]*Table {
	return map[string]*Table{
		"accelerators": Accelerators(designs...), "platforms": Platforms(designs...),
		"speed-ups": Speedups(designs...), "ratios": Ratios(designs...),
	}
}

// TestPrintedAndComputedApart: no number of a printed row is computed, and every computed
// row has a computed number. A value is missing exactly if its mark says so.
func TestPrintedAndComputedApart(t *testing.T) {
	for name, table := range tables(design(t, "b1-r224"), design(t, "b1-r288"), design(t, "b2-r224")) {
		t.Run(name, func(t *testing.T) {
			if len(table.Computed) == 0 {
				t.Error("no computed row")
			}
			for _, rows := range [][]Row{table.Printed, table.Computed} {
				for _, row := range rows {
					if len(row.Numbers) != len(table.Columns) {
						t.Errorf("%s: %d numbers in %d columns", row.Name, len(row.Numbers), len(table.Columns))
					}
					for _, n := range row.Numbers {
						if math.IsNaN(n.Value) != (n.Mark == paper.Unknown || n.Mark == "") {
							t.Errorf("%s: %v with the mark %q", row.Name, n.Value, n.Mark)
						}
					}
				}
			}
			isComputed := func(n Number) bool { return strings.Contains(string(n.Mark), string(Computed)) }
			for _, row := range table.Printed {
				if slices.ContainsFunc(row.Numbers, isComputed) {
					t.Errorf("printed row %s has a computed number: %v", row.Name, row.Numbers)
				}
			}
			for _, row := range table.Computed {
				if name != "ratios" && !slices.ContainsFunc(row.Numbers, isComputed) {
					t.Errorf("computed row %s has none: %v", row.Name, row.Numbers)
				}
			}
		})
	}
}

// TestWithoutDesigns: without designs a table has the printed numbers only.
func TestWithoutDesigns(t *testing.T) {
	for name, table := range tables() {
		if len(table.Computed) != 0 || name != "speed-ups" && len(table.Printed) == 0 {
			t.Errorf("%s: %d printed and %d computed rows", name, len(table.Printed), len(table.Computed))
		}
	}
}

// TestHeadlines: the headline ratios are unknown as printed, and computed with each known
// operand.
func TestHeadlines(t *testing.T) {
	table := Ratios(design(t, "b1-r288"), design(t, "b2-r224"))
	find := func(rows []Row, claimed float64) []Number {
		var ratios []Number
		for _, row := range rows {
			if strings.HasPrefix(row.Name, "FPS") && row.Numbers[0].Value == claimed {
				ratios = append(ratios, row.Numbers[3])
			}
		}
		return ratios
	}
	tests := []struct {
		claimed  float64
		printed  []string // ratios by Table VIII, and by the companion's 780.2 GOPS
		computed string   // ratios of 475.5 and 262.5 FPS to 124, 89.7 and 34.4
	}{
		{3.6, []string{"U", "3.66 I/M"}, "3.83 C/M"},
		{5.0, []string{"U", "5.06 I/V"}, "5.30 C/V"},
		{7.3, []string{"U", "7.09 I/M"}, "7.63 C/M"},
		{14.6, []string{"U"}, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%v×", test.claimed), func(t *testing.T) {
			printed, computed := find(table.Printed, test.claimed), find(table.Computed, test.claimed)
			if got := fmt.Sprint(printed); got != fmt.Sprint(test.printed) {
				t.Errorf("printed: %v, want %v", got, test.printed)
			}
			if got := strings.Trim(fmt.Sprint(computed), "[]"); got != test.computed {
				t.Errorf("computed: %q, want %q", got, test.computed)
			}
		})
	}
}

// TestPlatformsCountAsTheFigure: Fig. 10 counts the network's rounded operations, not
// those of the accelerator.
func TestPlatformsCountAsTheFigure(t *testing.T) {
	d := design(t, "b1-r224")
	table := Platforms(d, design(t, "b0-r224")) // B0 is not in the figure
	if len(table.Computed) != 1 {
		t.Fatalf("%d computed rows, want that of B1", len(table.Computed))
	}
	i := slices.Index(table.Columns, "EfficientViT-B1-R224")
	if got, want := table.Computed[0].Numbers[i], 1.04*d.FPS; math.Abs(got.Value-want) > 1e-9 || got.Mark != "C/I" {
		t.Errorf("%v, want %v", got, want)
	}
	for j, n := range table.Computed[0].Numbers {
		if j != i && n.Mark != "" {
			t.Errorf("%v in the column of %s", n, table.Columns[j])
		}
	}
}

// TestSpeedup: 1.48 ms on a Jetson Orin are 676 pictures per second.
func TestSpeedup(t *testing.T) {
	d := design(t, "b1-r224")
	table := Speedups(d)
	i := slices.IndexFunc(table.Computed, func(row Row) bool { return strings.HasSuffix(row.Name, "Jetson Orin") })
	if got, want := table.Computed[i].Numbers[2].Value, d.FPS*1.48e-3; math.Abs(got/want-1) > 1e-3 {
		t.Errorf("speed-up %v, want %v", got, want)
	}
	if len(table.Computed) != 3 {
		t.Errorf("%d platforms run B1, want 3", len(table.Computed))
	}
}

// TestStandardViTs: the notes on a design that runs a standard ViT say that the host's
// time is left out. Its operations are those that package workload holds for the figure.
func TestStandardViTs(t *testing.T) {
	for _, name := range []string{"deit-tiny", "deit-small", "deit-base"} {
		w, err := workload.DeiT(name)
		if err != nil {
			t.Fatal(err)
		}
		if gop := paper.NetworkGOP(name); gop.Value != w.PrintedGOP {
			t.Errorf("%s: %v GOP, the workload has %v", name, gop.Value, w.PrintedGOP)
		}
		d := charge(t, w)
		for table, s := range tables(d) {
			if !strings.Contains(s.String(), "note: "+name+": operations that only a host can do take no time, 49 of them") {
				t.Errorf("the %s of %s hide the host's work:\n%s", table, name, s)
			}
		}
		if rows := Speedups(d).Computed; len(rows) != 4 {
			t.Errorf("%s: speed-ups over %d platforms, want 4", name, len(rows))
		}
	}
}

// TestNotesOfABackbone: a backbone leaves no work to a host. It cannot be compared with
// processors, which run the whole network.
func TestNotesOfABackbone(t *testing.T) {
	const less = "note: processors run the whole network"
	backbone, whole := design(t, "b1-r224"), design(t, "b1-r224")
	whole.Scope = hwsim.Whole
	for name, table := range tables(backbone) {
		besideProcessors := name == "platforms" || name == "speed-ups"
		if s := table.String(); strings.Contains(s, "a host can do") || strings.Contains(s, less) != besideProcessors {
			t.Errorf("the %s of a backbone:\n%s", name, s)
		}
		if s := tables(whole)[name].String(); strings.Contains(s, less) {
			t.Errorf("the %s of a whole network:\n%s", name, s)
		}
	}
}

// TestEventDriven: an event-driven design has the run's rates. Its claims stand beside
// those of the closed form.
func TestEventDriven(t *testing.T) {
	w := hwtest.Network(t, "b1-r224")
	options := event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: 2}
	r, err := event.Simulate(w, arch.ZCU102(), options)
	if err != nil {
		t.Fatal(err)
	}
	d := r.Estimate(nil)
	if d.FPS != r.FPS() || d.GOPS != r.GOPS() || d.Config != r.Config || d.Model != "event-driven, backbone, both pipelines, batch of 2" {
		t.Errorf("%+v", d)
	}
	models := make(map[string]int)
	for _, row := range Ratios(charge(t, w), d).Computed {
		for _, model := range []string{"closed form, backbone", d.Model} {
			if strings.HasSuffix(row.Name, ", "+model) {
				models[model]++
			}
		}
	}
	if models["closed form, backbone"] != 8 || models[d.Model] != 8 {
		t.Errorf("claims by model: %v, want all 8 by each", models)
	}
}

// TestEventEnergy: the energy of events is known or unknown, depending on the table. It
// is not a device's GOPS/W.
func TestEventEnergy(t *testing.T) {
	w := &workload.Workload{Name: "EfficientViT-B1-R224", Ops: []workload.Operation{{Name: "pw", Unit: workload.Engines, Form: workload.Convolution,
		H: 8, W: 8, Cin: 16, Cout: 16, Groups: 1, Kernel: 1, Stride: 1}}}
	r, err := event.Simulate(w, arch.ZCU102(), event.Options{Pipelines: hwsim.NoPipelines})
	if err != nil {
		t.Fatal(err)
	}
	macsOnly := &energy.Table{Name: "a table", Source: "this test", Multiply8: 3, Add32: 1, SRAM: []energy.SRAM{{KiB: 1 << 20}}}
	tests := []struct {
		name  string
		table *energy.Table
		want  string // GOPS/W of the counted events
		note  string
	}{
		{"known", macsOnly, "500.0 C", "by a table (this test), without leakage, clock, control and the host"}, // two operations for 4 pJ
		{"a buffer is not in the table", &energy.Table{Name: "a table", Source: "this test", Multiply8: 3, Add32: 1}, "U", "a table (this test) has no entry for input buffer byte"},
		{"no table", nil, "U", "no energy table is given"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := r.Estimate(test.table)
			table := Accelerators(d)
			numbers := table.Computed[0].Numbers
			if got := numbers[len(numbers)-1].String(); got != test.want {
				t.Errorf("GOPS/W of events %s, want %s", got, test.want)
			}
			if got := numbers[slices.Index(table.Columns, "GOPS/W")].String(); got != "U" {
				t.Errorf("GOPS/W of a device %s, want unknown", got)
			}
			if !strings.Contains(strings.Join(table.Notes, "\n"), "events of event-driven, backbone, no pipelines: "+test.note) {
				t.Errorf("no note %q:\n%s", test.note, table)
			}
			for _, row := range Ratios(d).Computed {
				if strings.HasPrefix(row.Name, "GOPS/W") && row.Numbers[3].String() != "U" {
					t.Errorf("%s: %s", row.Name, row.Numbers[3])
				}
			}
		})
	}
}

// TestTableReport: each accelerator of the designs is listed once with its assumptions.
// In JSON an unknown number is null, and a cell of another network is absent.
func TestTableReport(t *testing.T) {
	one, two := design(t, "b1-r224"), design(t, "b2-r224")
	two.Config.Copies = 8
	table := Platforms(one, one, two)
	if page, want := table.String(), fmt.Sprintf("computed on %s\n%scomputed on %s\n%s", one.Config, one.Config.Assumptions(), two.Config, two.Config.Assumptions()); !strings.HasSuffix(page, want) {
		t.Errorf("the page does not end with\n%s\n%s", want, page)
	}
	data, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Name    string
		Numbers map[string]struct{ Value *float64 }
	}
	var got struct {
		Printed, Computed []row
		Accelerators      []struct{ Assumptions arch.Assumptions }
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Printed) != len(table.Printed) || len(got.Computed) != 3 || len(got.Accelerators) != 2 || len(got.Accelerators[1].Assumptions) != len(two.Config.Assumptions()) {
		t.Fatalf("%s", data)
	}
	for i, r := range table.Printed {
		for j, n := range r.Numbers {
			cell, ok := got.Printed[i].Numbers[table.Columns[j]]
			if ok != (n.Mark != "") || ok && (cell.Value == nil) != math.IsNaN(n.Value) {
				t.Errorf("%s, %s: %v is written %v", r.Name, table.Columns[j], n, cell.Value)
			}
		}
	}
}

// TestResources: the parts add up, the paper's DSPs are those of the default
// configuration, and registers stay unknown.
func TestResources(t *testing.T) {
	half := arch.ZCU102()
	half.Name, half.Copies = "half the copies", 8
	table := Resources(arch.ZCU102(), half)
	parts := 7 + len(half.LUTParts())
	if len(table.Printed) != 1 || len(table.Computed) != 2*parts || len(table.Notes) != 2 {
		t.Fatalf("%d printed and %d computed rows, %d notes", len(table.Printed), len(table.Computed), len(table.Notes))
	}
	for i, c := range []arch.Config{arch.ZCU102(), half} {
		rows := table.Computed[i*parts : (i+1)*parts]
		for column, want := range []int{c.DSPs(), c.BRAMs(), c.LUTs()} {
			sum := 0.0
			for _, r := range rows[:parts-1] {
				if r.Numbers[column].Mark == Computed {
					sum += r.Numbers[column].Value
				}
			}
			if whole := rows[parts-1].Numbers[column].Value; sum != float64(want) || whole != float64(want) {
				t.Errorf("%s, %s: the parts have %v, the whole %v, want %d", c.Name, table.Columns[column], sum, whole, want)
			}
		}
	}
	for _, r := range slices.Concat(table.Printed, table.Computed) {
		if n := r.Numbers[3]; n.Mark != paper.Unknown {
			t.Errorf("%s: registers of %v", r.Name, n)
		}
	}
	if own := table.Printed[0].Numbers[0]; own.Value != float64(arch.ZCU102().EngineDSPs()) || own.Mark != paper.Inferred {
		t.Errorf("the paper's DSPs are %v", own)
	}
	var file strings.Builder
	if err := table.WriteCSV(&file); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"printed,Trio-ViT on ZCU102,,DSPs,1024,I\n", "printed,Trio-ViT on ZCU102,,LUTs,,U\n", "computed,\"half the copies, MAT and R-MAC\",,DSPs,512,C\n"} {
		if !strings.Contains(file.String(), line) {
			t.Errorf("the CSV lacks %q:\n%s", line, &file)
		}
	}
	if s := table.String(); !strings.Contains(s, "half the copies: engines, auxiliary units and buffers take 32.1 % of the DSPs") {
		t.Error(s)
	}
}

// TestPagesFit: every line of the text fits a terminal, and no word is broken. In HTML a
// name is one cell, which breaks into lines by itself.
func TestPagesFit(t *testing.T) {
	w := hwtest.Network(t, "b1-r288")
	r, err := event.Simulate(w, arch.ZCU102(), event.Options{})
	if err != nil {
		t.Fatal(err)
	}
	designs := []hwsim.Estimate{r.Estimate(energy.Derived45nm())}
	for name, table := range map[string]*Table{"accelerators": Accelerators(designs...), "ratios": Ratios(designs...), "speed-ups": Speedups(designs...)} {
		page := table.page(nameWidth).String()
		for line := range strings.Lines(page) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 120 {
				t.Errorf("%s: a line of %d characters: %s", name, n, line)
			}
		}
		for _, r := range slices.Concat(table.Printed, table.Computed) {
			if !strings.Contains(table.Page().HTML(), ">"+html.EscapeString(r.Name)+"</td>") {
				t.Errorf("%s: no cell has the name %q", name, r.Name)
			}
			for word := range strings.FieldsSeq(r.Name) {
				if !strings.Contains(page, word) {
					t.Errorf("%s: no word %q", name, word)
				}
			}
		}
		if strings.Contains(page, "assumption") || !strings.HasPrefix(table.String(), page) {
			t.Errorf("%s: the page is not the text without assumptions:\n%s", name, table)
		}
	}
}
