// SPDX-License-Identifier: Apache-2.0

package hwtest

import (
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Conv returns a convolution of h×w outputs with a k×k kernel.
func Conv(h, w, cin, cout, k int) workload.Operation {
	o := workload.Conv("conv", h, w, cin, cout, k)
	o.Label = "PW"
	return o
}

// Depthwise returns a depthwise convolution of h×w outputs and c channels.
func Depthwise(h, w, c, k int) workload.Operation {
	o := workload.DW("dw", h, w, c, k)
	o.Label = "DW"
	return o
}

// Pair returns a depthwise convolution of c channels and the pointwise one that it
// streams into.
func Pair(h, w, c, cout, k int) []workload.Operation {
	return workload.Of("pair", Depthwise(h, w, c, k), Conv(h, w, c, cout, 1)).Ops
}

// Product returns a matrix product per head, [rows, inner] by [inner, cols].
func Product(heads, rows, inner, cols int) workload.Operation {
	return workload.Operation{Name: "product", Label: "KTV", Unit: workload.Engines, Form: workload.Product,
		Heads: heads, Rows: rows, Inner: inner, Cols: cols}
}

// Engines returns the paper's configuration with other engines.
func Engines(mat, rmac arch.Engine) arch.Config {
	c := arch.ZCU102()
	c.MAT, c.RMAC = mat, rmac
	return c
}

// Attention returns KᵀV, dividends and divisors of some heads.
func Attention(heads, tokens, dim int) []workload.Operation {
	ktv, dividend, divisor := Product(heads, dim, tokens, dim), Product(heads, tokens, dim, dim), Product(heads, tokens, dim, 1)
	ktv.Name, dividend.Name, divisor.Name = "ktv", "dividend", "divisor"
	ktv.Role, dividend.Role, divisor.Role = efficientvit.KTV, efficientvit.Dividend, efficientvit.Divisor
	return []workload.Operation{ktv, dividend, divisor}
}

// DrawEngines draws sizes that the closed form can express.
func DrawEngines(t *rapid.T) arch.Config {
	size := rapid.IntRange(1, 40)
	mat := arch.Engine{Lanes: size.Draw(t, "MAT lanes"), MACs: size.Draw(t, "MAT MACs")}
	c := Engines(mat, arch.Engine{Lanes: size.Draw(t, "R-MAC lanes"), MACs: mat.MACs + rapid.IntRange(0, 20).Draw(t, "more R-MAC MACs")})
	c.Copies = rapid.IntRange(1, 64).Draw(t, "copies")
	return c
}

// DrawOps draws one operation, or a pair.
func DrawOps(t *rapid.T) []workload.Operation {
	side, channels := rapid.IntRange(1, 60), rapid.IntRange(1, 300)
	kernel := rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel")
	h, w := side.Draw(t, "height"), side.Draw(t, "width")
	in, out := channels.Draw(t, "channels in"), channels.Draw(t, "channels out")
	switch rapid.SampledFrom([]string{"conv", "depthwise", "pair", "product"}).Draw(t, "form") {
	case "conv":
		return []workload.Operation{Conv(h, w, in, out, kernel)}
	case "depthwise":
		return []workload.Operation{Depthwise(h, w, in, kernel)}
	case "pair":
		return Pair(h, w, in, out, kernel)
	}
	return []workload.Operation{Product(2*side.Draw(t, "half of the heads"), h*w, in, out)}
}
