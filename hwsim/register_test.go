// SPDX-License-Identifier: Apache-2.0

package hwsim_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
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
func compute(t *rapid.T, c arch.Config, ops ...workload.Operation) *hwsim.Run {
	r, err := hwsim.Simulate(&workload.Workload{Name: "drawn", Ops: ops}, c, hwsim.Options{Scope: hwsim.Backbone,
		Pipelines: hwsim.BothPipelines, FreeMemory: true, FreeAuxiliary: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The engines stepped register by register, with operands, take as many cycles
// and share the work in the same way.
func TestRegisterLevelTakesAsManyCycles(t *testing.T) {
	size := rapid.IntRange(1, 14)
	ones := func(m register.Matrices[int8]) register.Matrices[int8] {
		for i := range m.Data {
			m.Data[i] = 1
		}
		return m
	}
	engine := func(name string, form workload.Form) workload.Operation {
		return workload.Operation{Name: name, Unit: workload.Engines, Form: form}
	}
	tests := map[string]func(t *rapid.T, c arch.Config) (*hwsim.Run, register.Trace, error){
		"convolution": func(t *rapid.T, c arch.Config) (*hwsim.Run, register.Trace, error) {
			o := engine("conv", workload.Convolution)
			o.H, o.W, o.Cin, o.Cout = size.Draw(t, "h"), size.Draw(t, "w"), size.Draw(t, "cin"), 2*size.Draw(t, "half of cout")
			o.Kernel, o.Stride, o.Groups = rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride"), 1
			_, trace, err := register.Convolution(c, register.NewMap[int8](o.H*o.Stride, o.W*o.Stride, o.Cin), register.NewFilters(o.Cout, o.Kernel, o.Cin), o.Stride)
			return compute(t, c, o), trace, err
		},
		"depthwise": func(t *rapid.T, c arch.Config) (*hwsim.Run, register.Trace, error) {
			o := engine("dw", workload.Depthwise)
			o.H, o.W, o.Cin, o.Cout = size.Draw(t, "h"), size.Draw(t, "w"), 1, 2*size.Draw(t, "half of the channels")
			o.Groups = o.Cout
			o.Kernel, o.Stride = rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride")
			_, trace, err := register.Depthwise(c, register.NewMap[int8](o.H*o.Stride, o.W*o.Stride, o.Cout), register.NewFilters(o.Cout, o.Kernel, 1), o.Stride)
			return compute(t, c, o), trace, err
		},
		"product": func(t *rapid.T, c arch.Config) (*hwsim.Run, register.Trace, error) {
			o := engine("product", workload.Product)
			o.Heads, o.Rows, o.Inner, o.Cols = size.Draw(t, "heads"), size.Draw(t, "rows"), size.Draw(t, "inner"), size.Draw(t, "columns")
			_, trace, err := register.Product(c, register.NewMatrices[int8](o.Heads, o.Rows, o.Inner), register.NewMatrices[int8](o.Heads, o.Inner, o.Cols))
			return compute(t, c, o), trace, err
		},
		"intra-layer": func(t *rapid.T, c arch.Config) (*hwsim.Run, register.Trace, error) {
			heads, tokens, dim := size.Draw(t, "heads"), 2*size.Draw(t, "half of the tokens"), 2*size.Draw(t, "half of the channels")
			ktv, divisor, dividend := engine("ktv", workload.Product), engine("divisor", workload.Product), engine("dividend", workload.Product)
			ktv.Role, ktv.Heads, ktv.Rows, ktv.Inner, ktv.Cols = triovit.KTV, heads, dim, tokens, dim
			divisor.Role, divisor.Heads, divisor.Rows, divisor.Inner, divisor.Cols = triovit.Divisor, heads, tokens, dim, 1
			dividend.Role, dividend.Heads, dividend.Rows, dividend.Inner, dividend.Cols = triovit.Dividend, heads, tokens, dim, dim
			q := ones(register.NewMatrices[int8](heads, tokens, dim))
			_, trace, err := register.IntraLayer(c, q, q, q, 0, 0)
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
