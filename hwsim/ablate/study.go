// SPDX-License-Identifier: Apache-2.0

package ablate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/table"
)

// A Study is a design and each of its ablations.
type Study struct {
	Workload  string
	Config    arch.Config
	Scope     hwsim.Scope
	Whole     Ablation
	Ablations []Ablation
}

// Each makes every ablation.
func Each(w *workload.Workload, c arch.Config, scope hwsim.Scope) (*Study, error) {
	scope = cmp.Or(scope, hwsim.Backbone)
	s := &Study{Workload: w.Name, Config: c, Scope: scope}
	designs := []func(*workload.Workload, arch.Config, hwsim.Scope) (Ablation, error){
		WithoutInterLayer, WithoutIntraLayer, WithoutPipelines, MATOnly, MATOnlyWindows, OneMultiplication, RealDividers,
	}
	bar := progress.New("ablate "+w.Name, 1+len(designs))
	defer bar.Done()
	var err error
	if s.Whole, err = Whole(w, c, scope); err != nil {
		return nil, err
	}
	bar.Add(1)
	for _, without := range designs {
		a, err := without(w, c, scope)
		if err != nil {
			return nil, err
		}
		s.Ablations = append(s.Ablations, a)
		bar.Add(1)
	}
	return s, nil
}

// String returns the study's table and the assumptions of its configuration.
func (s *Study) String() string { return s.Table().String() + s.Config.Assumptions().String() }

// Table has a row per design, with both models side by side: the cycles, and their ratio
// to the whole design's. Below it stand the reasons where a model has no result.
func (s *Study) Table() table.Table {
	var b table.Writer
	fmt.Fprintf(&b, "%s, %s, on %s\n", s.Workload, s.Scope, s.Config)
	var why []string
	b.Table("without\tDSPs\tLUTs\tclosed form, cycles\t×\tevent-driven, cycles\t×", func(line func(string, ...any)) {
		for _, a := range slices.Concat([]Ablation{s.Whole}, s.Ablations) {
			format, args := "%s\t%d\t%d", []any{a.Name, a.DSPs, a.LUTs}
			for _, e := range [][2]hwsim.Estimate{{a.ClosedForm, s.Whole.ClosedForm}, {a.EventDriven, s.Whole.EventDriven}} {
				if own := e[0]; own.Unknown == "" {
					format, args = format+"\t%.0f\t%.3f", append(args, own.Cycles, own.Cycles/e[1].Cycles)
				} else {
					format += "\tunknown\t"
					why = append(why, fmt.Sprintf("unknown without %s: %s\n", a.Name, own.Unknown))
				}
			}
			line(format+"\t", args...)
		}
	})
	b.WriteString(strings.Join(why, ""))
	b.WriteString("closed form: memory and auxiliary units take no time\n")
	return b.One()
}

// MarshalJSON writes the numbers of the page, the whole design first. A missing result is
// null, with a reason.
func (s *Study) MarshalJSON() ([]byte, error) {
	type estimate struct {
		Cycles  jsonfloat.Float `json:"cycles"`
		FPS     jsonfloat.Float `json:"fps"`
		GOPS    jsonfloat.Float `json:"gops"`
		Unknown string          `json:"unknown,omitempty"`
	}
	type row struct {
		Without     string   `json:"without"`
		DSPs        int      `json:"dsps"`
		LUTs        int      `json:"luts"`
		ClosedForm  estimate `json:"closed_form"`
		EventDriven estimate `json:"event_driven"`
	}
	of := func(e hwsim.Estimate) estimate {
		return estimate{jsonfloat.Float(e.Cycles), jsonfloat.Float(e.FPS), jsonfloat.Float(e.GOPS), e.Unknown}
	}
	var rows []row
	for _, a := range slices.Concat([]Ablation{s.Whole}, s.Ablations) {
		rows = append(rows, row{a.Name, a.DSPs, a.LUTs, of(a.ClosedForm), of(a.EventDriven)})
	}
	return json.Marshal(struct {
		Workload      string           `json:"workload"`
		Scope         hwsim.Scope      `json:"scope"`
		Configuration arch.Config      `json:"configuration"`
		Assumptions   arch.Assumptions `json:"assumptions"`
		Rows          []row            `json:"rows"`
	}{s.Workload, s.Scope, s.Config, s.Config.Assumptions(), rows})
}
