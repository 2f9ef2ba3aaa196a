// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Short names of functions that the tests of hwsim share.
var (
	network     = hwtest.Network
	conv        = hwtest.Conv
	depthwise   = hwtest.Depthwise
	pair        = hwtest.Pair
	product     = hwtest.Product
	engineSizes = hwtest.Engines
	drawEngines = hwtest.DrawEngines
	drawOps     = hwtest.DrawOps
)

// TestAuthorsNumbers: the numbers of the authors' script for the paper's configuration.
func TestAuthorsNumbers(t *testing.T) {
	tests := []struct {
		name              string
		undivided, cycles int64
		paperMACs         int64 // printed MACs, 0 where they are not at hand
		gops, full, fps   float64
		utilization       float64 // utilization in percent, to one digit
	}{
		{"b1-r224", 4005490, 250343, 489366528, 781.9, 792.3, 798.9, 95.4},
		{"b1-r256", 5186226, 324139, 0, 788.8, 799.3, 617.0, 96.3},
		{"b1-r288", 6729490, 420593, 0, 769.3, 779.6, 475.5, 93.9},
		{"b2-r224", 12192147, 762009, 1506785280, 791.0, 804.8, 262.5, 96.6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := Charge(network(t, test.name), arch.ZCU102(), hwsim.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			if r.Undivided != test.undivided || r.Cycles != test.cycles {
				t.Errorf("%d cycles, %d divided, want %d and %d", r.Undivided, r.Cycles, test.undivided, test.cycles)
			}
			if test.paperMACs != 0 && r.PaperMACs != test.paperMACs {
				t.Errorf("%d MACs by the authors' count, want %d", r.PaperMACs, test.paperMACs)
			}
			for _, number := range []struct {
				what      string
				got, want float64
			}{
				{"GOPS", r.GOPS(), test.gops},
				{"GOPS with every operation", r.AllGOPS(), test.full},
				{"FPS", r.FPS(), test.fps},
				{"utilization in percent", 100 * r.Utilization(), test.utilization},
			} {
				if math.Round(10*number.got)/10 != number.want {
					t.Errorf("%v %s, want %v", number.got, number.what, number.want)
				}
			}
		})
	}
}

// TestSetUpTwice: with set-ups charged twice the result is nearer to the published number
// than by the formula.
func TestSetUpTwice(t *testing.T) {
	r, err := Charge(network(t, "b1-r224"), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	cycles, gops := r.SetUpTwice()
	if cycles != 250852.75 || math.Round(10*gops)/10 != 780.3 {
		t.Errorf("%v cycles, %v GOPS, want 250852.75 and 780.3", cycles, gops)
	}
}

// byWidths sums the authors' formulas over the widths and depths of a backbone, like the
// authors' script. It uses no operations. So it shares only the arithmetic of the rule
// with the model.
func byWidths(widths, depths [5]int, d, side int) int64 {
	up := func(a, b int) int { return (a + b - 1) / b }
	sum := 0
	conv := func(cout, cin, e, k int) { sum += up(cout, 16) * up(cin, 8) * e * e * k * k }
	pair := func(c, cin, cout, k, e int) {
		tdw := up(e, 8) * up(c, 8) * e * k * k
		g := min(16, cout)
		pixels := (tdw - up(c, 8)*k*k) / up(cin, 8) * 8
		done := pixels / (16 * e * e) * g
		sum += tdw
		if done >= cout {
			return
		}
		sum += up(g, 16) * up(cin, 8) * max(0, e*e-(pixels-done*e*e)/g)
		if left := cout - done - g; left > 0 {
			sum += up(left, 16) * up(cin, 8) * e * e
		}
	}
	e := up(side, 2)
	conv(widths[0], 3, e, 3)
	for range depths[0] {
		pair(widths[0], widths[0], widths[0], 3, e)
	}
	for s := 1; s < 5; s++ {
		in, c := widths[s-1], widths[s]
		conv(4*in, in, e, 1)
		e = up(e, 2)
		pair(4*in, 4*in, c, 3, e)
		blocks := depths[s]
		if s < 3 {
			blocks-- // the first block is the one with the stride
		}
		for range blocks {
			if s > 2 {
				conv(3*c, c, e, 1)
				pair(3*c, d, c, 5, e)
				sum += c / d * up(d, 8) * up(e*e, 8) * d
				sum += c / d * up(d, 8) * up(d, 8) * e * e
				conv(c, 2*c, e, 1)
			}
			conv(4*c, c, e, 1)
			pair(4*c, 4*c, c, 3, e)
		}
	}
	return int64(sum)
}

func TestFromOperationsAsFromWidths(t *testing.T) {
	backbones := map[string]struct {
		widths, depths [5]int
		d              int
	}{
		"b0": {[5]int{8, 16, 32, 64, 128}, [5]int{1, 2, 2, 2, 2}, 16},
		"b1": {[5]int{16, 32, 64, 128, 256}, [5]int{1, 2, 3, 3, 4}, 16},
		"b2": {[5]int{24, 48, 96, 192, 384}, [5]int{1, 3, 4, 4, 6}, 32},
		"b3": {[5]int{32, 64, 128, 256, 512}, [5]int{1, 4, 6, 6, 9}, 32},
	}
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"b0", "b1", "b2", "b3"}).Draw(rt, "backbone")
		side := rapid.IntRange(32, 640).Draw(rt, "side")
		b := backbones[name]
		r, err := Charge(network(t, name+"-r224", efficientvit.InputSize(side, side)), arch.ZCU102(), hwsim.Backbone)
		if err != nil {
			rt.Fatal(err)
		}
		if want := byWidths(b.widths, b.depths, b.d, side); r.Undivided != want {
			rt.Errorf("%d cycles, want %d", r.Undivided, want)
		}
	})
}

// TestRules: each rule, computed by hand.
func TestRules(t *testing.T) {
	paper := arch.ZCU102()
	// MAT 8 lanes of 8, R-MAC 4 lanes of 16.
	unequal := engineSizes(arch.Engine{Lanes: 8, MACs: 8}, arch.Engine{Lanes: 4, MACs: 16})
	agg := pair(14, 14, 48, 48, 5)
	agg[1].Cin, agg[1].Groups, agg[1].Role = 16, 3, efficientvit.AggPW
	tests := []struct {
		name   string
		ops    []workload.Operation
		config arch.Config
		cycles int64
		rule   Rule
	}{
		// ⌈24/16⌉·⌈10/8⌉·(5·7)·9
		{"convolution", []workload.Operation{conv(5, 7, 10, 24, 3)}, paper, 2 * 2 * 35 * 9, BothEngines},
		// ⌈24/12⌉·⌈10/8⌉·(5·7)·9
		{"convolution, unequal", []workload.Operation{conv(5, 7, 10, 24, 3)}, unequal, 2 * 2 * 35 * 9, BothEngines},
		// ⌈10/8⌉·4·⌈20/8⌉·9: a row of 10 takes two steps, a column of 4 four
		{"depthwise, not square", []workload.Operation{depthwise(4, 10, 20, 3)}, paper, 2 * 4 * 3 * 9, RMACAlone},
		// ⌈10/4⌉·4·⌈20/16⌉·9
		{"depthwise, unequal", []workload.Operation{depthwise(4, 10, 20, 3)}, unequal, 3 * 4 * 2 * 9, RMACAlone},
		// T_dw = 2·4·2·9 = 144, set-up 18; pixels = ⌊126/2⌋·8 = 504, done = 0;
		// rest = 40 - ⌊504/16⌋ = 9, two steps each; then 8 channels left: 2·40
		{"pair", pair(4, 10, 16, 24, 3), paper, 144 + 2*9 + 2*40, InterLayer},
		// T_dw = 3·4·1·9 = 108, set-up 9; pixels = ⌊99/2⌋·8 = 392, done = 0;
		// rest = 40 - ⌊392/12⌋ = 8, two steps each; then 12 channels left: 2·40
		{"pair, unequal", pair(4, 10, 16, 24, 3), unequal, 108 + 2*8 + 2*40, InterLayer},
		// pixels = 504 cover all 8·40 outputs before R-MAC ends
		{"pair that ends with its depthwise", pair(4, 10, 16, 8, 3), paper, 144, InterLayer},
		// T_dw = 2·6·14·25 = 4200, set-up 150; pixels = ⌊4050/2⌋·8 = 16200;
		// done = ⌊16200/3136⌋·16 = 80, beyond the 48/3 = 16 that are charged
		{"aggregation", agg, paper, 4200, InterLayer},
		// ⌈6/2⌉·16·⌈16/8⌉·⌈50/8⌉
		{"product", []workload.Operation{product(6, 16, 50, 16)}, paper, 3 * 16 * 2 * 7, HalvedHeads},
		{"product, odd heads", []workload.Operation{product(5, 16, 50, 16)}, paper, 3 * 16 * 2 * 7, HalvedHeads},
		// R-MAC: ⌈16/4⌉·⌈50/16⌉ = 16 steps a row, MAT 2·7 = 14: R-MAC ends last
		{"product, unequal", []workload.Operation{product(6, 16, 50, 16)}, unequal, 3 * 16 * 16, HalvedHeads},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := Charge(&workload.Workload{Name: test.name, Ops: test.ops}, test.config, hwsim.Backbone)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Ops) != 1 || r.Ops[0].Cycles != test.cycles || r.Ops[0].Rule != test.rule {
				t.Errorf("%+v, want %d cycles by the rule %q", r.Ops, test.cycles, test.rule)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	one := []workload.Operation{conv(5, 7, 8, 16, 1)}
	grouped := conv(5, 7, 8, 16, 1)
	grouped.Groups = 2
	slow := engineSizes(arch.Engine{Lanes: 8, MACs: 8}, arch.Engine{Lanes: 8, MACs: 4})
	slow.Name = "slow"
	broken := arch.ZCU102()
	broken.Name, broken.Copies = "broken", 0
	narrow := arch.ZCU102()
	narrow.Name, narrow.MultiplierBits = "narrow", 4
	tests := []struct {
		name   string
		ops    []workload.Operation
		config arch.Config
		scope  hwsim.Scope
		want   string
	}{
		{"slower R-MAC", one, slow, hwsim.Backbone, `closed form: configuration "slow": rmac.macs 4 is below mat.macs 8: the formulas let both engines work in step on one operation`},
		{"narrow multipliers", one, narrow, hwsim.Backbone, `closed form: configuration "narrow": multiplier_bits 4: the formulas know weights of 8 bits`},
		{"configuration", one, broken, hwsim.Backbone, `closed form: configuration "broken": copies: 0 must be a whole number from 1 to 4096`},
		{"grouped", []workload.Operation{grouped}, arch.ZCU102(), hwsim.Backbone, `closed form: workload "w": convolution "conv": 2 groups: the formulas know grouped convolutions only behind a depthwise one`},
		{"scope", one, arch.ZCU102(), "all", `closed form: no scope "all": have "backbone" and "whole"`},
		{"workload", nil, arch.ZCU102(), hwsim.Backbone, `closed form: workload "w": operations: there must be at least 1`},
		{"no engine", []workload.Operation{{Name: "x", Unit: workload.Adder, Form: workload.Elementwise, Elements: 8}}, arch.ZCU102(), hwsim.Whole,
			`closed form: workload "w": no operation of the whole runs on the engines`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Charge(&workload.Workload{Name: "w", Ops: test.ops}, test.config, test.scope)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestBounds: no operation is faster than all multipliers together. A stream is never
// slower than its two operations one after the other.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, ops := drawEngines(rt), drawOps(rt)
		run := func(ops []workload.Operation) *Result {
			r, err := Charge(&workload.Workload{Name: "drawn", Ops: ops}, c, hwsim.Backbone)
			if err != nil {
				rt.Fatal(err)
			}
			return r
		}
		r := run(ops)
		if r.Undivided*int64(c.MAT.Multipliers()+c.RMAC.Multipliers()) < r.MACs || r.Utilization() > 1 {
			rt.Errorf("%d MACs in %d cycles: utilization %v", r.MACs, r.Undivided, r.Utilization())
		}
		if len(ops) == 1 {
			return
		}
		ops[0].Feeds, ops[1].Behind = "", ""
		apart := run(ops)
		if r.Undivided > apart.Undivided || r.Undivided < apart.Ops[0].Cycles {
			rt.Errorf("streamed %d cycles, one after the other %d, of which the depthwise one %d", r.Undivided, apart.Undivided, apart.Ops[0].Cycles)
		}
	})
}

// TestLargerEnginesAreNotSlower: one more lane, or one more MAC per lane, makes no single
// operation slower. Streamed pairs are left out, for the reason in
// TestMoreLanesCanBeSlower.
func TestLargerEnginesAreNotSlower(t *testing.T) {
	larger := map[string]func(*arch.Config){
		"MAT lanes":   func(c *arch.Config) { c.MAT.Lanes++ },
		"R-MAC lanes": func(c *arch.Config) { c.RMAC.Lanes++ },
		"R-MAC MACs":  func(c *arch.Config) { c.RMAC.MACs++ },
		"all MACs":    func(c *arch.Config) { c.MAT.MACs++; c.RMAC.MACs++ },
	}
	rapid.Check(t, func(rt *rapid.T) {
		c, ops := drawEngines(rt), drawOps(rt)[:1]
		ops[0].Feeds = ""
		w := &workload.Workload{Name: "drawn", Ops: ops}
		before, err := Charge(w, c, hwsim.Backbone)
		if err != nil {
			rt.Fatal(err)
		}
		for what, change := range larger {
			more := c
			change(&more)
			after, err := Charge(w, more, hwsim.Backbone)
			if err != nil {
				rt.Fatal(err)
			}
			if after.Undivided > before.Undivided {
				rt.Errorf("%s + 1: %d cycles, before %d", what, after.Undivided, before.Undivided)
			}
		}
	})
}

// TestMoreLanesCanBeSlower: a ninth lane of R-MAC makes a pair slower. A row of 7 pixels
// fits 8 lanes already. 32 channels are two full groups of 16 lanes. With 17 lanes they
// are two groups with idle lanes, for which MAT alone works longer.
func TestMoreLanesCanBeSlower(t *testing.T) {
	w := &workload.Workload{Name: "pair", Ops: pair(7, 7, 16, 32, 3)}
	for _, test := range []struct {
		lanes  int
		cycles int64
	}{{8, 268}, {9, 272}} {
		c := arch.ZCU102()
		c.RMAC.Lanes = test.lanes
		r, err := Charge(w, c, hwsim.Backbone)
		if err != nil {
			t.Fatal(err)
		}
		if r.Undivided != test.cycles {
			t.Errorf("%d lanes: %d cycles, want %d", test.lanes, r.Undivided, test.cycles)
		}
	}
}

// TestCopiesAndConservation: copies divide the sum once and change nothing else. The
// charged and the omitted operations add up to the workload.
func TestCopiesAndConservation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(efficientvit.VariantNames()).Draw(rt, "variant")
		scope := rapid.SampledFrom([]hwsim.Scope{hwsim.Backbone, hwsim.Whole}).Draw(rt, "scope")
		c := drawEngines(rt)
		w := network(t, name)
		r, err := Charge(w, c, scope)
		if err != nil {
			rt.Fatal(err)
		}
		if exact := float64(r.Undivided) / float64(c.Copies); math.Abs(exact-float64(r.Cycles)) > 0.5 {
			rt.Errorf("%d cycles, exactly %v", r.Cycles, exact)
		}
		more := c
		more.Copies *= 2
		twice, err := Charge(w, more, scope)
		if err != nil {
			rt.Fatal(err)
		}
		if twice.Undivided != r.Undivided || math.Abs(twice.FPS()/r.FPS()-2) > 1e-9 {
			rt.Errorf("twice the copies: %d cycles undivided, before %d; %v FPS, before %v", twice.Undivided, r.Undivided, twice.FPS(), r.FPS())
		}
		var macs, cycles int64
		names := make(map[string]int)
		for _, o := range r.Ops {
			macs += o.MACs
			names[o.Name]++
			if o.Streamed != "" {
				names[o.Streamed]++
			}
		}
		for _, o := range r.Omitted {
			macs += o.MACs
			names[o.Name]++
		}
		for _, o := range w.Ops {
			if names[o.Name] != 1 {
				rt.Errorf("%s is accounted for %d times", o.Name, names[o.Name])
			}
		}
		if macs != w.MACs() {
			rt.Errorf("%d MACs charged or omitted, the workload has %d", macs, w.MACs())
		}
		for _, parts := range [][]Part{r.ByRole(), r.ByBlock()} {
			cycles = 0
			for _, p := range parts {
				cycles += p.Cycles
			}
			if cycles != r.Undivided {
				rt.Errorf("parts of %d cycles, the result has %d", cycles, r.Undivided)
			}
		}
	})
}

// TestWholeChargesTheHead: the scope Whole is the backbone and the head, with every MAC.
func TestWholeChargesTheHead(t *testing.T) {
	w := network(t, "seg-b0-cityscapes")
	backbone, err := Charge(w, arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Charge(w, arch.ZCU102(), hwsim.Whole)
	if err != nil {
		t.Fatal(err)
	}
	if whole.MACs != w.MACs() {
		t.Errorf("%d MACs, the workload has %d", whole.MACs, w.MACs())
	}
	var head int64
	for _, o := range whole.Ops {
		if strings.HasPrefix(o.Name, "head.") {
			head += o.Cycles
		}
	}
	if head == 0 || whole.Undivided != backbone.Undivided+head {
		t.Errorf("whole %d cycles, backbone %d, head %d", whole.Undivided, backbone.Undivided, head)
	}
}

// TestByRole: the cycles by role that the paper's facts give for B1-R224.
func TestByRole(t *testing.T) {
	r, err := Charge(network(t, "b1-r224"), arch.ZCU102(), hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"PW1 35 %", "DW + PW2 33 %", "qkv 13 %", "proj 9 %", "aggregation DW + aggregation PW 4 %", "stem 3 %",
		"DSConv DW + DSConv PW 1 %", "KTV 1 %", "dividend 1 %",
	}
	for i, p := range r.ByRole() {
		if got := fmt.Sprintf("%s %.0f %%", p.Label, 100*p.Share); i >= len(want) || got != want[i] {
			t.Errorf("part %d: %s, want %v", i, got, want)
		}
	}
}

func BenchmarkClosedForm(b *testing.B) {
	w := network(b, "b1-r224")
	c := arch.ZCU102()
	for b.Loop() {
		if _, err := Charge(w, c, hwsim.Backbone); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPrepared: a sweep over configurations checks the workload once.
func BenchmarkPrepared(b *testing.B) {
	p, err := prepare(network(b, "b1-r224"), hwsim.Backbone)
	if err != nil {
		b.Fatal(err)
	}
	c := arch.ZCU102()
	for b.Loop() {
		if _, err := p.on(c); err != nil {
			b.Fatal(err)
		}
	}
}
