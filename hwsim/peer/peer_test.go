// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/shared"
)

const golden = "scalesim_v3_b1_224_ws64x32.csv"

// TestAsSCALESim: every layer of EfficientViT-B1 takes the cycles that SCALE-Sim v3
// reports.
func TestAsSCALESim(t *testing.T) {
	file, err := os.Open("testdata/" + golden)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:] // the first row has the names of the columns
	w := hwtest.Network(t, "b1-r224")
	r, err := Array64x32().Time(w, SCALESim)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Layers) != 73 || len(rows) != 73 {
		t.Fatalf("%d layers, %d of SCALE-Sim, want 73", len(r.Layers), len(rows))
	}
	ops := make(map[string]*workload.Operation)
	for i := range w.Ops {
		ops[w.Ops[i].Name] = &w.Ops[i]
	}
	for i, row := range rows {
		l := &r.Layers[i]
		var n []int // kernel, channels, filters, stride, side, cycles
		for _, cell := range row[3:] {
			v, err := strconv.Atoi(cell)
			if err != nil {
				t.Fatal(err)
			}
			n = append(n, v)
		}
		o := ops[l.Name]
		if got, want := []int{o.Kernel, o.Cin, o.Cout, o.Stride}, n[:4]; !cmp.Equal(got, want) {
			t.Fatalf("%s: kernel, channels, filters and stride are %v, of SCALE-Sim's %s %v", l.Name, got, row[0], want)
		}
		if l.Outputs != int64(n[4]*n[4]) || l.Cycles != int64(n[5]) {
			t.Errorf("%s (%s): %d outputs and %d cycles, want %d² and %d", row[0], l.Name, l.Outputs, l.Cycles, n[4], n[5])
		}
	}
	if r.Cycles() != 780874 {
		t.Errorf("%d cycles, want 780874", r.Cycles())
	}
}

// TestGoldenCopy: the file in testdata equals the reference's.
func TestGoldenCopy(t *testing.T) {
	want, err := os.ReadFile(shared.Path(t, "golden/"+golden))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("testdata/" + golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("testdata/%s differs from the reference", golden)
	}
}

func convolution(h, w, cin, cout, groups, kernel, stride int) workload.Operation {
	o := workload.Operation{Name: "layer", Unit: workload.Engines, Form: workload.Convolution,
		H: h, W: w, Cin: cin, Cout: cout, Groups: groups, Kernel: kernel, Stride: stride}
	if cin == 1 && groups == cout {
		o.Form = workload.Depthwise
	}
	return o
}

// TestCountings: each counting by hand. A fold on 64×32 costs 158 + outputs cycles.
func TestCountings(t *testing.T) {
	product := workload.Operation{Name: "layer", Unit: workload.Engines, Form: workload.Product, Heads: 5, Rows: 49, Inner: 16, Cols: 16}
	tests := []struct {
		name  string
		op    workload.Operation
		folds map[Counting]int64
	}{
		{"one fold", convolution(7, 7, 64, 32, 1, 1, 1), map[Counting]int64{SCALESim: 1, OneGroup: 1, SideBySide: 1}},
		{"a term and a channel too many", convolution(7, 7, 65, 33, 1, 1, 1), map[Counting]int64{SCALESim: 4, OneGroup: 4, SideBySide: 4}},
		// ⌈64/7⌉ = 10 folds of up to 7·9 = 63 rows.
		{"depthwise 3×3", convolution(7, 7, 1, 64, 64, 3, 1), map[Counting]int64{SCALESim: 2, OneGroup: 64, SideBySide: 10}},
		// A fold has room for two channels of 25 rows.
		{"depthwise 5×5", convolution(7, 7, 1, 33, 33, 5, 1), map[Counting]int64{SCALESim: 2, OneGroup: 33, SideBySide: 17}},
		// A channel has 81 rows: two folds each.
		{"depthwise 9×9", convolution(7, 7, 1, 3, 3, 9, 1), map[Counting]int64{SCALESim: 2, OneGroup: 6, SideBySide: 6}},
		// Groups of 16 by 16: the columns have room for two.
		{"grouped", convolution(7, 7, 16, 384, 24, 1, 1), map[Counting]int64{SCALESim: 12, OneGroup: 24, SideBySide: 12}},
		{"heads", product, map[Counting]int64{OneGroup: 5, SideBySide: 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &workload.Workload{Name: test.name, Ops: []workload.Operation{test.op}}
			for counting, folds := range test.folds {
				r, err := Array64x32().Time(w, counting)
				if err != nil {
					t.Fatal(err)
				}
				l := r.Layers[0]
				if l.Folds != folds || l.Outputs != 49 || l.Cycles != folds*(158+49)-1 {
					t.Errorf("%s: %d folds of %d outputs, %d cycles; want %d folds of 49", counting, l.Folds, l.Outputs, l.Cycles, folds)
				}
				if o := r.Overlapped().Layers[0]; o.Cycles != folds*49 || r.Layers[0].Cycles != l.Cycles {
					t.Errorf("%s: %d cycles overlapped, want %d", counting, o.Cycles, folds*49)
				}
			}
		})
	}
}

// TestSCALESimSides: with a stride SCALE-Sim counts one more output on each side, unless
// the input is cut into patches.
func TestSCALESimSides(t *testing.T) {
	tests := []struct {
		name    string
		op      workload.Operation
		outputs int64
	}{
		{"stem", convolution(112, 112, 3, 16, 1, 3, 2), 113 * 113},
		{"not square", convolution(28, 56, 3, 16, 1, 3, 2), 29 * 57},
		{"stride 1", convolution(28, 28, 3, 16, 1, 3, 1), 28 * 28},
		{"patches", convolution(14, 14, 3, 192, 1, 16, 16), 14 * 14},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &workload.Workload{Name: test.name, Ops: []workload.Operation{test.op}}
			r, err := Array64x32().Time(w, SCALESim)
			if err != nil {
				t.Fatal(err)
			}
			if r.Layers[0].Outputs != test.outputs {
				t.Errorf("%d outputs, want %d", r.Layers[0].Outputs, test.outputs)
			}
		})
	}
}

// place fills arrays with the weights of a grouped layer, group by group as blocks on the
// diagonal. It returns the number of arrays.
func place(a Array, groups, terms, channels int) int64 {
	if terms > a.Rows || channels > a.Cols { // a group alone needs several
		var arrays int64
		for range groups {
			for t := 0; t < terms; t += a.Rows {
				for c := 0; c < channels; c += a.Cols {
					arrays++
				}
			}
		}
		return arrays
	}
	var arrays int64
	row, col := a.Rows, a.Cols // the last array is full
	for range groups {
		if row+terms > a.Rows || col+channels > a.Cols {
			arrays++
			row, col = 0, 0
		}
		row += terms
		col += channels
	}
	return arrays
}

func TestFoldsAsPlaced(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := Array{Rows: rapid.IntRange(1, 80).Draw(rt, "rows"), Cols: rapid.IntRange(1, 40).Draw(rt, "cols")}
		groups := rapid.IntRange(1, 40).Draw(rt, "groups")
		cin := rapid.IntRange(1, 20).Draw(rt, "cin")
		each := rapid.IntRange(1, 20).Draw(rt, "channels of a group")
		kernel := rapid.SampledFrom([]int{1, 3, 5}).Draw(rt, "kernel")
		o := convolution(rapid.IntRange(1, 9).Draw(rt, "h"), rapid.IntRange(1, 9).Draw(rt, "w"), cin, groups*each, groups, kernel, 1)
		w := &workload.Workload{Name: "random", Ops: []workload.Operation{o}}
		runs := make(map[Counting]Layer)
		for _, counting := range Countings() {
			r, err := a.Time(w, counting)
			if err != nil {
				rt.Fatal(err)
			}
			runs[counting] = r.Layers[0]
		}
		terms := kernel * kernel * cin
		if got, want := runs[SideBySide].Folds, place(a, groups, terms, each); got != want {
			rt.Errorf("side by side: %d folds, placed in %d", got, want)
		}
		if got, want := runs[OneGroup].Folds, int64(groups)*place(a, 1, terms, each); got != want {
			rt.Errorf("one group at a time: %d folds, placed in %d", got, want)
		}
		one, side := runs[OneGroup], runs[SideBySide]
		if side.Cycles > one.Cycles {
			rt.Errorf("side by side %d cycles, one group at a time %d", side.Cycles, one.Cycles)
		}
		if capacity := side.Folds * side.Outputs * int64(a.Multipliers()); capacity < side.MACs {
			rt.Errorf("%d MACs in folds that hold %d", side.MACs, capacity)
		}
		if groups == 1 && (one != side || one != runs[SCALESim]) {
			rt.Errorf("one group is counted differently: %+v", runs)
		}
	})
}

func TestRefusals(t *testing.T) {
	valid := &workload.Workload{Name: "valid", Ops: []workload.Operation{convolution(7, 7, 8, 8, 1, 1, 1)}}
	head := &workload.Workload{Name: "head", Ops: []workload.Operation{convolution(7, 7, 8, 8, 1, 1, 1)}}
	head.Ops[0].Head = true
	tests := []struct {
		name     string
		array    Array
		w        *workload.Workload
		counting Counting
		want     string
	}{
		{"no rows", Array{0, 32}, valid, OneGroup, "array of 0×32: both sides must be from 1 to 1024"},
		{"too wide", Array{64, 1025}, valid, OneGroup, "array of 64×1025"},
		{"counting", Array64x32(), valid, "by hand", `no counting "by hand"`},
		{"nothing", Array64x32(), &workload.Workload{Name: "nothing"}, OneGroup, `workload "nothing": operations: there must be at least 1`},
		{"head only", Array64x32(), head, OneGroup, `workload "head": no operation of the backbone`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.array.Time(test.w, test.counting); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestCompareSameMACs: both sides of a comparison run the same operations.
func TestCompareSameMACs(t *testing.T) {
	c, err := Compare(hwtest.Network(t, "b1-r224"), Array64x32(), arch.ZCU102())
	if err != nil {
		t.Fatal(err)
	}
	ours := c.Accelerator.MACs
	for _, o := range c.Accelerator.Omitted {
		if !strings.Contains(o.Why, "backbone") {
			ours -= o.MACs
		}
	}
	for _, r := range c.Timings[1:] {
		var macs int64
		for _, l := range r.Layers {
			macs += l.MACs
		}
		if macs != ours {
			t.Errorf("%s: %d MACs on the array, %d on the accelerator", r.Counting, macs, ours)
		}
	}
	if total := c.Convolutions() + c.Products(); total != float64(c.Accelerator.Undivided)/16 {
		t.Errorf("%v cycles of convolutions and products, want %d/16", total, c.Accelerator.Undivided)
	}
	// The sum over the network's depthwise convolutions of ⌈W/8⌉·H·⌈C/8⌉·k² (112², 16
	// channels; 56², 64 and 128; 28², 128, 256; ...), divided by 16 copies.
	dw := func(n, side, channels, k int) int { return n * ((side + 7) / 8) * side * channels / 8 * k * k }
	want := dw(1, 112, 16, 3) + dw(1, 56, 64, 3) + dw(1, 56, 128, 3) + dw(1, 28, 128, 3) + dw(2, 28, 256, 3) +
		dw(1, 14, 256, 3) + dw(3, 14, 384, 5) + dw(3, 14, 512, 3) + dw(1, 7, 512, 3) + dw(4, 7, 768, 5) + dw(4, 7, 1024, 3)
	if c.Depthwise != float64(want)/16 {
		t.Errorf("R-MAC alone: %v cycles, want %d/16", c.Depthwise, want)
	}
}

// TestCompareStandardViT: a standard ViT has no depthwise convolution.
func TestCompareStandardViT(t *testing.T) {
	w, err := workload.DeiT("deit-tiny")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compare(w, Array64x32(), arch.ZCU102())
	if err != nil {
		t.Fatal(err)
	}
	if c.Depthwise != 0 || c.Speedup(c.Timing(OneGroup)) != c.Speedup(c.Timing(SCALESim)) {
		t.Errorf("%v depthwise cycles, speed-ups %v and %v", c.Depthwise, c.Speedup(c.Timing(OneGroup)), c.Speedup(c.Timing(SCALESim)))
	}
}

// TestComparisonReport: the page ends with the assumptions of the accelerator's side.
// JSON has the same numbers. A layer that SCALE-Sim cannot enter is null.
func TestComparisonReport(t *testing.T) {
	for _, name := range []string{"b0-r224", "b1-r224"} {
		w := hwtest.Network(t, name)
		c, err := Compare(w, Array64x32(), arch.ZCU102())
		if err != nil {
			t.Fatal(err)
		}
		if page := c.String(); !strings.HasSuffix(page, c.Accelerator.Assumptions().String()) {
			t.Errorf("the page does not end with the assumptions:\n%s", page)
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Assumptions arch.Assumptions
			Rows        []struct {
				Counting         Counting
				Overlapped       bool     `json:"folds_overlapped"`
				Cycles           int64    `json:"convolution_cycles"`
				ProductCycles    *int64   `json:"product_cycles"`
				DepthwiseSpeedup *float64 `json:"depthwise_speedup"`
			}
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Accelerator.Assumptions(), got.Assumptions); diff != "" || len(got.Rows) != 2*len(Countings())-1 {
			t.Fatalf("%d rows; assumptions (-comparison +JSON):\n%s", len(got.Rows), diff)
		}
		for _, row := range got.Rows {
			r := c.Timing(row.Counting)
			if row.Overlapped {
				r = r.Overlapped()
			}
			if row.Cycles != r.Cycles() || (row.ProductCycles == nil) != (row.Counting == SCALESim) || (row.DepthwiseSpeedup == nil) != (c.Depthwise == 0) {
				t.Errorf("%s: %+v", name, row)
			}
		}
	}
}
