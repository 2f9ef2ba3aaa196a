// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"strings"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
)

// TestProcessor: the bars' areas are the products, side by side from the first step to the
// last, and the classes' times add up to the whole.
func TestProcessor(t *testing.T) {
	op := func(name string, o integer.Operation) *integer.Op { return &integer.Op{Name: name, Operation: o} }
	p := &fast.Profile{Network: "efficientvit-b1", Kernels: "portable", Cores: 2, Peak: 1e9, Steps: []fast.Step{
		{Op: op("input", &integer.Input{}), Time: time.Millisecond},
		{Op: op("conv", &integer.Conv{Kernel: 1, Groups: 1, Bias: make([]int32, 8)}), MACs: 3e6, Time: 4 * time.Millisecond},
		{Op: op("depth", &integer.Conv{Kernel: 3, Groups: 8, Bias: make([]int32, 8)}), MACs: 1e6, Time: 5 * time.Millisecond},
	}}
	f, err := Processor(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"depthwise convolutions and what follows them take 50 %", "of 10 ms", "40 % of the peak"} {
		if !strings.Contains(f.Title(), want) {
			t.Errorf("the title %q does not say %q", f.Title(), want)
		}
	}
	option := string(f.Option())
	for name, want := range map[string]string{
		"conv":  `"value":[1,0]`, // begins where the input ends
		"depth": `"value":[5,20]`,
		"class": "4 ms · 40 % · products at 75 % of the peak",
	} {
		if !strings.Contains(option, want) {
			t.Errorf("%s: the option does not hold %s", name, want)
		}
	}
	if rows := f.Table().Rows; len(rows) != len(p.Steps)+1 {
		t.Errorf("%d rows for %d steps and their sum", len(rows), len(p.Steps))
	}
	for name, bad := range map[string]*fast.Profile{"no step": {Peak: 1}, "no peak": {Steps: p.Steps}, "no time": {Peak: 1, Steps: make([]fast.Step, 1)}} {
		if _, err := Processor(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
