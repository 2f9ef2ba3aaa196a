// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/trust"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// stepFixture is a depthwise convolution that streams into a pointwise one.
func stepFixture() *trust.Steps {
	c := arch.ZCU102()
	c.MAT, c.RMAC = arch.Engine{Lanes: 2, MACs: 2}, arch.Engine{Lanes: 2, MACs: 2}
	s, err := trust.NewSteps(workload.Of("DW, then PW2", workload.DW("DW", 2, 2, 2, 3), workload.Conv("PW2", 2, 2, 2, 4, 1)), c)
	if err != nil {
		panic(err)
	}
	return s
}

func init() {
	drawings["sim_step"] = stepData{*stepFixture(), 10}
}

func TestStep(t *testing.T) {
	s := stepFixture()
	for cycle, want := range map[int]string{
		1:  "Cycle 1 of 20: MAT waits, R-MAC keeps a channel in each MAC",
		11: "Cycle 11 of 20: MAT sums input channels, R-MAC keeps a channel in each MAC",
		20: "Cycle 20 of 20: MAT sums input channels, R-MAC sums input channels",
	} {
		f, err := Step(s, cycle)
		if err != nil {
			t.Fatal(err)
		}
		textsAreInside(t, f)
		if f.Title() != want || len(f.Table().Rows) != 8 {
			t.Errorf("%q with %d rows, want %q with 8", f.Title(), len(f.Table().Rows), want)
		}
		needRuntime(t)
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Cycles[cycle-1].RMACProducts {
			if p.Depthwise && !strings.Contains(figuretest.Texts(t, svg), "channels 1 to 2") {
				t.Errorf("cycle %d names no channels of R-MAC:\n%s", cycle, figuretest.Texts(t, svg))
			}
		}
	}
	if c := Clock(s, 11); len(c.Positions) != 20 || c.Positions[c.At] != "11" {
		t.Errorf("a clock of %v at %d", c.Positions, c.At)
	}
	if c := Choose("copies", []int{4, 16}, 1); c.Name != "copies" || c.Positions[c.At] != "16" {
		t.Errorf("a choice of %v at %d", c.Positions, c.At)
	}
	wide := *s
	wide.Config.MAT.Lanes = 5
	for want, get := range map[string]func() (*Figure, error){
		"cycle 21 of DW, then PW2, which has 20": func() (*Figure, error) { return Step(s, 21) },
		"cycle 0 of DW":                          func() (*Figure, error) { return Step(s, 0) },
		"5 lanes or MACs, up to 4":               func() (*Figure, error) { return Step(&wide, 1) },
	} {
		if _, err := get(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
