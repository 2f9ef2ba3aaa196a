// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"strings"
)

// DeiT's sizes at 224 × 224 (Touvron et al., "Training data-efficient image
// transformers", ICML 2021, Table 1).
const (
	deitPatch   = 16
	deitSide    = 224 / deitPatch
	deitTokens  = deitSide*deitSide + 1 // the class token is one more
	deitDepth   = 12
	deitHead    = 64 // number of channels of a head
	deitClasses = 1000
)

// deits has the widths, and the operation counts, which are inferred from Fig. 10: they
// reproduce its throughputs to the printed digit.
var deits = []struct {
	name       string
	width      int
	printedGOP float64
}{
	{"deit-tiny", 192, 2.6},
	{"deit-small", 384, 9.2},
	{"deit-base", 768, 35.2},
}

// DeiT returns the operations of a standard ViT at 224 × 224: "deit-tiny", "deit-small" or
// "deit-base". Softmax, GELU and LayerNorm are work of the host: the accelerator has no
// unit for them.
func DeiT(name string) (*Workload, error) {
	var names []string
	for _, d := range deits {
		if d.name == name {
			w := deit(d.name, d.width)
			w.PrintedGOP = d.printedGOP
			return w, w.Validate()
		}
		names = append(names, d.name)
	}
	return nil, fmt.Errorf("no standard ViT %q: have %s", name, strings.Join(names, ", "))
}

func deit(name string, width int) *Workload {
	w := &Workload{Name: name}
	add := func(label, block string, o Operation) {
		o.Label, o.Block = label, block
		o.Name = strings.ReplaceAll(label, " ", "_")
		if block != "" {
			o.Name = block + "." + o.Name
		}
		w.Ops = append(w.Ops, o)
		if o.Unit == Engines {
			w.Ops = append(w.Ops, Operation{Name: o.Name + ".requantize", Label: label, Block: block, Head: o.Head,
				Unit: Requantize, Form: Elementwise, Elements: o.Outputs()})
		}
	}
	on := func(u Unit, elements int) Operation {
		return Operation{Unit: u, Form: Elementwise, Elements: int64(elements)}
	}
	tokens := func(in, out int) Operation { return linear("", deitTokens, in, out) }
	heads := width / deitHead

	add("patch embedding", "", Operation{Unit: Engines, Form: Convolution, H: deitSide, W: deitSide,
		Cin: 3, Cout: width, Groups: 1, Kernel: deitPatch, Stride: deitPatch})
	add("position add", "", on(Adder, deitTokens*width))
	for i := range deitDepth {
		block := fmt.Sprintf("blocks.%d", i)
		add("LayerNorm 1", block, on(Host, deitTokens*width))
		add("qkv", block, tokens(width, 3*width))
		add("QKT", block, Operation{Unit: Engines, Form: Product, Heads: heads, Rows: deitTokens, Inner: deitHead, Cols: deitTokens})
		add("softmax", block, on(Host, heads*deitTokens*deitTokens))
		add("AV", block, Operation{Unit: Engines, Form: Product, Heads: heads, Rows: deitTokens, Inner: deitTokens, Cols: deitHead})
		add("proj", block, tokens(width, width))
		add("residual add 1", block, on(Adder, deitTokens*width))
		add("LayerNorm 2", block, on(Host, deitTokens*width))
		add("MLP 1", block, tokens(width, 4*width))
		add("GELU", block, on(Host, deitTokens*4*width))
		add("MLP 2", block, tokens(4*width, width))
		add("residual add 2", block, on(Adder, deitTokens*width))
	}
	add("LayerNorm", "", on(Host, deitTokens*width))
	classifier := linear("", 1, width, deitClasses)
	classifier.Head = true
	add("classifier", "", classifier)
	return w
}
