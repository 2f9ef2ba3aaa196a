// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// oneCopy draws engines of one copy.
func oneCopy(t *rapid.T) arch.Config {
	size := rapid.IntRange(1, 12)
	c := arch.ZCU102()
	c.Copies = 1
	c.MAT = arch.Engine{Lanes: size.Draw(t, "MAT lanes"), MACs: size.Draw(t, "MAT MACs")}
	c.RMAC = arch.Engine{Lanes: size.Draw(t, "R-MAC lanes"), MACs: size.Draw(t, "R-MAC MACs")}
	return c
}

// compute runs operations without memory and auxiliary units.
func compute(t *rapid.T, c arch.Config, ops ...workload.Operation) *event.Run {
	r, err := event.Simulate(&workload.Workload{Name: "drawn", Ops: ops}, c, event.Options{Scope: hwsim.Backbone,
		Pipelines: hwsim.BothPipelines, FreeMemory: true, FreeAuxiliary: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// input returns zeros as the input of an operation: the largest map that gives its
// outputs with its stride.
func input(t *rapid.T, o workload.Operation, channels int) integer.Value {
	left := rapid.IntRange(0, o.Stride-1)
	return codes(0, o.H*o.Stride-left.Draw(t, "rows less"), o.W*o.Stride-left.Draw(t, "columns less"), channels)
}

// codes returns a tensor whose elements are all one code.
func codes(code int32, shape ...int) integer.Value {
	return integer.Value{Shape: [3]int(shape), Data: slices.Repeat([]int32{code}, shape[0]*shape[1]*shape[2])}
}

// filters returns the weights of a convolution, all zero.
func filters(o workload.Operation) *integer.Conv {
	return &integer.Conv{Kernel: o.Kernel, Stride: o.Stride, Groups: o.Groups, WeightBits: 8,
		Weights: make([]int8, o.Cout*o.Cin*o.Kernel*o.Kernel), Bias: make([]int32, o.Cout)}
}

// TestRegisterLevelTakesAsManyCycles: the engines that are stepped register by register
// take as many cycles as the event-driven model, and divide the work in the same way.
func TestRegisterLevelTakesAsManyCycles(t *testing.T) {
	size := rapid.IntRange(1, 27)
	copied := register.Units{&integer.Requantize{Affine: []integer.Affine{{Mantissa: 1}}, Codes: integer.Interval{Hi: 255}}}
	engine := func(name string, form workload.Form) workload.Operation {
		return workload.Operation{Name: name, Unit: workload.Engines, Form: form}
	}
	tests := map[string]func(t *rapid.T, c arch.Config) (*event.Run, register.Trace, error){
		"convolution": func(t *rapid.T, c arch.Config) (*event.Run, register.Trace, error) {
			o := engine("conv", workload.Convolution)
			o.H, o.W, o.Cin, o.Cout = size.Draw(t, "h"), size.Draw(t, "w"), size.Draw(t, "cin"), size.Draw(t, "cout")
			o.Kernel, o.Stride, o.Groups = rapid.SampledFrom([]int{1, 3, 5, 7}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride"), 1
			_, trace, err := register.Convolution(c, input(t, o, o.Cin), filters(o))
			return compute(t, c, o), trace, err
		},
		"depthwise": func(t *rapid.T, c arch.Config) (*event.Run, register.Trace, error) {
			o := engine("dw", workload.Depthwise)
			o.H, o.W, o.Cin, o.Cout = size.Draw(t, "h"), size.Draw(t, "w"), 1, size.Draw(t, "channels")
			o.Groups = o.Cout
			o.Kernel, o.Stride = rapid.SampledFrom([]int{1, 3, 5, 7}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride")
			_, trace, err := register.Depthwise(c, input(t, o, o.Cout), filters(o))
			return compute(t, c, o), trace, err
		},
		"product": func(t *rapid.T, c arch.Config) (*event.Run, register.Trace, error) {
			o := engine("product", workload.Product)
			o.Heads, o.Rows, o.Inner, o.Cols = size.Draw(t, "heads"), size.Draw(t, "rows"), size.Draw(t, "inner"), size.Draw(t, "columns")
			_, trace, err := register.Product(c, &integer.MatMul{}, codes(0, o.Rows, o.Heads, o.Inner), codes(0, o.Heads, o.Inner, o.Cols))
			return compute(t, c, o), trace, err
		},
		"intra-layer": func(t *rapid.T, c arch.Config) (*event.Run, register.Trace, error) {
			heads, tokens, dim := size.Draw(t, "heads"), size.Draw(t, "tokens"), size.Draw(t, "channels")
			ktv, divisor, dividend := engine("ktv", workload.Product), engine("divisor", workload.Product), engine("dividend", workload.Product)
			ktv.Role, ktv.Heads, ktv.Rows, ktv.Inner, ktv.Cols = efficientvit.KTV, heads, dim, tokens, dim
			divisor.Role, divisor.Heads, divisor.Rows, divisor.Inner, divisor.Cols = efficientvit.Divisor, heads, tokens, dim, 1
			dividend.Role, dividend.Heads, dividend.Rows, dividend.Inner, dividend.Cols = efficientvit.Dividend, heads, tokens, dim, dim
			q := codes(1, tokens, heads, dim)
			_, trace, err := register.IntraLayer(c, q, q, q, register.Attention{KTV: copied, SumK: copied, Divisor: register.Units{&integer.Log2{}}})
			return compute(t, c, ktv, dividend, divisor), trace, err
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				r, trace, err := test(rt, oneCopy(rt))
				if err != nil {
					rt.Fatal(err)
				}
				if r.Cycles != trace.Cycles || len(r.Steps) != 1 {
					rt.Errorf("%d cycles in %d steps, the registers take %d", r.Cycles, len(r.Steps), trace.Cycles)
				}
				if r.MAT.MACs != trace.MAT.MACs-trace.Discarded || r.RMAC.MACs != trace.RMAC.MACs {
					rt.Errorf("MACs of MAT and R-MAC %d and %d, of the registers %d and %d", r.MAT.MACs, r.RMAC.MACs, trace.MAT.MACs, trace.RMAC.MACs)
				}
			})
		})
	}
}

// A cause is a reason why a stream takes other cycles on the registers than in the
// event-driven model, which follows the closed form. Package register lists the causes.
type cause int

const (
	groups   cause = iota // no tile of output channels reaches into another group
	lastTile              // the last tile of channels is as narrow as it is
	passes                // MAT's lanes take one pixel at a time
	waiting               // a pixel has to have come
	causes
)

// scheduled counts the cycles of a stream pass by pass. It applies the causes that are less
// than with: none gives the closed form's cycles, all give those of the registers.
func scheduled(c arch.Config, dw, pw workload.Operation, with cause) int64 {
	up := func(a, b int) int { return (a + b - 1) / b }
	all := c.MAT.Lanes + c.RMAC.Lanes
	pixels, set := dw.H*dw.W, up(dw.Cout, c.RMAC.MACs)*dw.Kernel*dw.Kernel
	alone, both := up(pw.Cin, c.MAT.MACs), up(pw.Cin, min(c.MAT.MACs, c.RMAC.MACs))
	rowSets := up(dw.W, c.RMAC.Lanes)
	end := dw.H * rowSets * set
	come := func(pixel int) int {
		if with > waiting {
			return (pixel/dw.W*rowSets + pixel%dw.W/c.RMAC.Lanes + 1) * set
		}
		return set
	}
	parts, size := 1, pw.Cout
	if with > groups {
		parts, size = pw.Groups, pw.Cout/pw.Groups
	}
	var left []int // outputs of each tile at each pixel, tile by tile
	for range parts {
		for from := 0; from < size; from += all {
			width := min(all, size)
			if with > lastTile {
				width = min(all, size-from)
			}
			for range pixels {
				left = append(left, width)
			}
		}
	}
	open := -1
	next := func(now int) int {
		if open >= 0 {
			return open
		}
		for i, n := range left {
			if n > 0 && come(i%pixels) <= now {
				return i
			}
		}
		return -1
	}
	for now := set; now+alone <= end; {
		i := next(now)
		if i < 0 {
			now++
			continue
		}
		now += alone
		for free := c.MAT.Lanes; free > 0 && i >= 0; i = next(now - alone) {
			made := min(free, left[i])
			left[i] -= made
			free -= made
			open = i
			if left[i] == 0 {
				open = -1
			}
			if with > passes {
				break
			}
		}
	}
	cycles := end
	for _, n := range left {
		if n > 0 {
			cycles += both
		}
	}
	return int64(cycles)
}

// TestStreamDiffersByTheCauses: the two models differ by the cycles that the causes in
// the package comment of register add, one after the other.
func TestStreamDiffersByTheCauses(t *testing.T) {
	size := rapid.IntRange(1, 14)
	var seen [causes]int
	rapid.Check(t, func(rt *rapid.T) {
		c := oneCopy(rt)
		dw := workload.Operation{Name: "dw", Feeds: "pw", Unit: workload.Engines, Form: workload.Depthwise, Cin: 1,
			H: size.Draw(rt, "h"), W: size.Draw(rt, "w"), Kernel: rapid.SampledFrom([]int{1, 3, 5}).Draw(rt, "kernel"), Stride: rapid.IntRange(1, 2).Draw(rt, "stride")}
		pw := workload.Operation{Name: "pw", Behind: "dw", Unit: workload.Engines, Form: workload.Convolution, H: dw.H, W: dw.W, Kernel: 1, Stride: 1,
			Groups: rapid.IntRange(1, 3).Draw(rt, "groups"), Cin: size.Draw(rt, "channels of a group")}
		pw.Cout = pw.Groups * rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(25, 60)).Draw(rt, "outputs of a group")
		dw.Cout = pw.Groups * pw.Cin
		dw.Groups = dw.Cout
		r := compute(rt, c, dw, pw)
		x := input(rt, dw, dw.Cout)
		_, trace, err := register.InterLayer(c, x, filters(dw), nil, filters(pw))
		if err != nil {
			rt.Fatal(err)
		}
		added := make([]int64, causes)
		var sum int64
		for i := range added {
			added[i] = scheduled(c, dw, pw, cause(i+1)) - scheduled(c, dw, pw, cause(i))
			sum += added[i]
			if added[i] != 0 {
				seen[i]++
			}
		}
		if r.Cycles != scheduled(c, dw, pw, 0) || trace.Cycles-r.Cycles != sum {
			rt.Errorf("%d cycles, without causes %d; the registers take %d, the causes add %d", r.Cycles, scheduled(c, dw, pw, 0), trace.Cycles, added)
		}
	})
	// A narrow last tile seldom matters, since MAT alone has to reach it. Here R-MAC ends
	// after 200 cycles. MAT has made 4 outputs every 2 cycles since cycle 50, 300 in all: 37
	// of 3·16 pixels of 8 channels each, or 32 of them and 11 of the last 16 pixels of 4
	// channels each.
	c := arch.ZCU102()
	c.MAT.Lanes, c.RMAC.Lanes = 4, 4
	dw := workload.Operation{H: 4, W: 4, Cout: 16, Kernel: 5}
	pw := workload.Operation{Cin: 16, Cout: 20, Groups: 1}
	if before, after := scheduled(c, dw, pw, lastTile), scheduled(c, dw, pw, lastTile+1); before != 200+2*11 || after != 200+2*5 {
		t.Errorf("%d cycles without a narrow last tile, %d with it", before, after)
	}
	if seen[groups]*seen[passes]*seen[waiting] == 0 {
		t.Errorf("not every cause was drawn: %d", seen)
	}
}
