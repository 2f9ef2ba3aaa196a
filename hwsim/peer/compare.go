// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/table"
)

// A Comparison is one workload on a plain array and on a Trio-ViT accelerator,
// in cycles of equal clocks and without memory.
type Comparison struct {
	// Timings are the array's, one per counting.
	Timings []*Timing
	// Accelerator is the result of the authors' closed form.
	Accelerator *closed.Result
	// Depthwise is the cycles of R-MAC for all depthwise convolutions if MAT waits
	// meanwhile.
	Depthwise float64
}

// Compare counts a workload's backbone in every way. The two sides are equal in
// size where the array has as many multipliers as the configuration.
func Compare(w *workload.Workload, a Array, c arch.Config) (*Comparison, error) {
	var cmp Comparison
	for _, counting := range Countings() {
		r, err := a.Time(w, counting)
		if err != nil {
			return nil, err
		}
		cmp.Timings = append(cmp.Timings, r)
	}
	var err error
	if cmp.Accelerator, err = closed.Charge(w, c, hwsim.Backbone); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	alone := &workload.Workload{Name: w.Name}
	for _, o := range w.Ops {
		if o.Form == workload.Depthwise && !o.Head {
			o.Feeds = ""
			alone.Ops = append(alone.Ops, o)
		}
	}
	if len(alone.Ops) == 0 {
		return &cmp, nil // the network has no depthwise convolutions, like a standard ViT
	}
	r, err := closed.Charge(alone, c, hwsim.Backbone)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	cmp.Depthwise = exact(r.Undivided, c)
	return &cmp, nil
}

func exact(undivided int64, c arch.Config) float64 { return float64(undivided) / float64(c.Copies) }

// Timing returns the array's timing by one counting.
func (c *Comparison) Timing(counting Counting) *Timing {
	return c.Timings[slices.IndexFunc(c.Timings, func(r *Timing) bool { return r.Counting == counting })]
}

// Products returns the accelerator's cycles for the attention's matrix products.
func (c *Comparison) Products() float64 {
	var sum int64
	for i := range c.Accelerator.Ops {
		if o := &c.Accelerator.Ops[i]; o.Rule == closed.HalvedHeads {
			sum += o.Cycles
		}
	}
	return exact(sum, c.Accelerator.Config)
}

// Convolutions returns the accelerator's cycles for everything but the matrix products.
func (c *Comparison) Convolutions() float64 {
	return exact(c.Accelerator.Undivided, c.Accelerator.Config) - c.Products()
}

// Speedup returns the ratio of the array's cycles for the convolutions to the
// accelerator's.
func (c *Comparison) Speedup(r *Timing) float64 { return float64(r.Cycles()) / c.Convolutions() }

// DepthwiseSpeedup returns the ratio of the array's cycles for the depthwise convolutions
// to R-MAC's alone: the gain by R-MAC's depthwise mode. It is NaN without depthwise
// convolutions.
func (c *Comparison) DepthwiseSpeedup(r *Timing) float64 {
	return float64(r.DepthwiseCycles()) / c.Depthwise
}

// A row is one way to run the workload on the array.
type row struct {
	counting   Counting
	overlapped bool
	run        *Timing
}

// rows returns every counting, and for those that compute the network's own layers also
// the timing with overlapped folds.
func (c *Comparison) rows() []row {
	var rows []row
	for _, r := range c.Timings {
		rows = append(rows, row{r.Counting, false, r})
	}
	for _, r := range c.Timings {
		if r.Counting != SCALESim {
			rows = append(rows, row{r.Counting, true, r.Overlapped()})
		}
	}
	return rows
}

// Table returns the comparison on a page, which ends with the assumptions on the
// accelerator's side.
func (c *Comparison) Table() table.Table {
	var s table.Writer
	a, config := c.Timings[0].Array, c.Accelerator.Config
	fmt.Fprintf(&s, "%s on a %d×%d array of %d multipliers and on %s\n", c.Accelerator.Workload, a.Rows, a.Cols, a.Multipliers(), config)
	s.WriteString("cycles without memory; × says how many times more than the accelerator\n")
	s.Table("\tconvolutions\t×\tof them depthwise\t×\tmatrix products\t", func(line func(string, ...any)) {
		for _, row := range c.rows() {
			name, products := string(row.counting), fmt.Sprint(row.run.ProductCycles())
			if row.overlapped {
				name += ", folds overlapped"
			}
			if row.counting == SCALESim {
				products = "not entered"
			}
			line("%s\t%d\t%.1f\t%d\t%.1f\t%s\t", name, row.run.Cycles(), c.Speedup(row.run), row.run.DepthwiseCycles(), c.DepthwiseSpeedup(row.run), products)
		}
		line("accelerator\t%.0f\t1.0\t%.0f\t1.0\t%.0f\t", c.Convolutions(), c.Depthwise, c.Products())
	})
	s.WriteString("accelerator's depthwise: R-MAC alone; its MAT works on the pointwise convolution behind meanwhile\n")
	s.WriteString(c.Accelerator.Assumptions().String())
	return s.One()
}

// String is the text of [Comparison.Table], which ends with a line break.
func (c *Comparison) String() string { return c.Table().String() }

// MarshalJSON writes the numbers of the page. A layer that cannot be entered in SCALE-Sim
// is null, and so is a speed-up where the workload has no depthwise convolutions.
func (c *Comparison) MarshalJSON() ([]byte, error) {
	type line struct {
		Counting         Counting        `json:"counting"`
		Overlapped       bool            `json:"folds_overlapped"`
		Cycles           int64           `json:"convolution_cycles"`
		Speedup          jsonfloat.Float `json:"speedup"`
		DepthwiseCycles  int64           `json:"depthwise_cycles"`
		DepthwiseSpeedup jsonfloat.Float `json:"depthwise_speedup"`
		ProductCycles    *int64          `json:"product_cycles"`
	}
	var lines []line
	for _, row := range c.rows() {
		l := line{row.counting, row.overlapped, row.run.Cycles(), jsonfloat.Float(c.Speedup(row.run)), row.run.DepthwiseCycles(), jsonfloat.Float(c.DepthwiseSpeedup(row.run)), nil}
		if products := row.run.ProductCycles(); row.counting != SCALESim {
			l.ProductCycles = &products
		}
		lines = append(lines, l)
	}
	a, r := c.Timings[0].Array, c.Accelerator
	return json.Marshal(struct {
		Workload      string             `json:"workload"`
		Scope         hwsim.Scope        `json:"scope"`
		Array         map[string]int     `json:"array"`
		Configuration arch.Config        `json:"configuration"`
		Assumptions   arch.Assumptions   `json:"assumptions"`
		Accelerator   map[string]float64 `json:"accelerator"`
		Rows          []line             `json:"rows"`
	}{r.Workload, r.Scope, map[string]int{"rows": a.Rows, "columns": a.Cols}, r.Config, r.Assumptions(),
		map[string]float64{"convolution_cycles": c.Convolutions(), "depthwise_cycles": c.Depthwise, "product_cycles": c.Products()}, lines})
}
