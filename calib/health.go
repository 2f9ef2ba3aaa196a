// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// SaturationLimit is the share of saturated values above which a diagnosis warns of a
// tensor. SevereSaturation is the share above which [Warnings] warns. It is larger because
// on pictures outside the calibration, or behind other noise, a few values of a sound
// network saturate.
const (
	SaturationLimit  = 0.001
	SevereSaturation = 0.1
)

// healthVersion changes when the same network and pictures would be counted otherwise.
const healthVersion = 2

// A Health counts the values of one tensor that its grid saturates or rounds to 0.
type Health struct {
	// Tensor names the tensor, Grid its grid ([Quantized.GridName]).
	Tensor, Grid string
	// Class is the class of the point that rounds the tensor. Feeds has the role and name
	// of each operation that reads the rounded tensor.
	Class string
	Feeds []string
	Counts
}

// Counts are sums over the values of one tensor.
type Counts struct {
	// Seen is the number of values.
	Seen int64
	// Saturated counts values more than half a step beyond the grid's ends, where they are
	// clamped. On a log2 grid it counts values whose code would be below the first or
	// above the last.
	Saturated int64
	// Zeros counts the divisors that become the integer 0. NotFinite counts the values
	// that are NaN or infinite.
	Zeros, NotFinite int64
	// Used has a bit for each code that occurs, from the lowest code on. It is empty for a
	// caller's own quantizer that does not number its codes.
	Used []uint64
}

// CheckHealth runs a quantized network on pictures and returns the [Health] of each
// rounded tensor, in the order of the network. It takes as long as scoring these pictures,
// and a few pictures suffice. The counts are cached.
func CheckHealth(ctx context.Context, q *Quantized, data dataset.Dataset) ([]Health, error) {
	if err := dataset.NotEmpty(data); err != nil {
		return nil, err
	}
	all, err := cache.Do(ctx, cache.Open(""), "health", healthVersion, []string{q.ID(), q.Model.Hash(), data.Fingerprint(), preprocess.Version}, func() ([]Health, error) { return q.health(ctx, data) })
	if err != nil {
		return nil, fmt.Errorf("health of %s on %s: %w", q.Model.Net.Name, data.Name(), err)
	}
	return all, nil
}

func (q *Quantized) health(ctx context.Context, data dataset.Dataset) ([]Health, error) {
	net := q.Network()
	var all []Health
	at := map[string]int{}
	for i := range net.Ops {
		for _, p := range net.Ops[i].Points {
			if name := q.GridName(&net.Ops[i], p.Operand); q.rounded[operand{net.Ops[i].Name, p.Operand}] {
				if _, known := at[name]; !known {
					at[name] = len(all)
					all = append(all, Health{Tensor: net.Ops[i].Inputs[p.Operand], Grid: name, Class: p.Class.String()})
				}
				h := &all[at[name]]
				h.Feeds = append(h.Feeds, net.Ops[i].Role.String()+" "+net.Ops[i].Name)
			}
		}
	}
	made := map[string]int{} // index of the tensor in the outputs, by its name
	for i := range net.Ops {
		if name := net.Ops[i].Name; slices.ContainsFunc(all, func(h Health) bool { return h.Tensor == name }) {
			made[name] = len(made)
		}
	}
	exec, err := forward.NewWithOutputs(q.Model.Model, func(in []*graph.Node, hooks forward.Hooks) []*graph.Node {
		var outputs []*graph.Node
		hooks.Operand = q.fake
		hooks.Result = func(op *efficientvit.Op, y *graph.Node) *graph.Node {
			if _, rounded := made[op.Name]; rounded {
				outputs = append(outputs, y)
			}
			return y
		}
		forward.Build(net, in, hooks)
		return outputs
	})
	if err != nil {
		return nil, err
	}
	batch := triovit.BatchSize(net)
	bar := progress.New("check the health of "+net.Name, data.Len())
	defer bar.Done()
	for first := 0; first < data.Len(); first += batch {
		n := min(batch, data.Len()-first)
		pictures, _, err := triovit.LoadBatch(ctx, net, data, first, n)
		if err != nil {
			return nil, err
		}
		outputs, err := exec.Run(pictures)
		if err != nil {
			return nil, err
		}
		for i := range all {
			h := &all[i]
			h.Add(q.quantizers[h.Grid], h.Class == efficientvit.DivisorOperand.String(), outputs[made[h.Tensor]])
		}
		bar.Add(n)
	}
	return all, nil
}

// Add counts values that a grid rounds. With divisors it also counts those that become 0.
func (c *Counts) Add(q Quantizer, divisors bool, values []float32) {
	v := ViewOf(q)
	if c.Used == nil {
		c.Used = make([]uint64, (v.Codes+63)/64)
	}
	c.Seen += int64(len(values))
	for _, x := range values {
		if x-x != 0 {
			c.NotFinite++
			continue
		}
		if v.Beyond(x) {
			c.Saturated++
		}
		if divisors && v.Zero(x) {
			c.Zeros++
		}
		if v.Codes > 0 {
			code := v.Code(x)
			c.Used[code/64] |= 1 << (code % 64)
		}
	}
}

// Plus adds the counts of other values on the same grid.
func (c *Counts) Plus(o *Counts) {
	if c.Used == nil {
		c.Used = make([]uint64, len(o.Used))
	}
	c.Seen, c.Saturated, c.Zeros, c.NotFinite = c.Seen+o.Seen, c.Saturated+o.Saturated, c.Zeros+o.Zeros, c.NotFinite+o.NotFinite
	for i, w := range o.Used {
		c.Used[i] |= w
	}
}

// Codes returns how many codes occur.
func (c *Counts) Codes() int {
	n := 0
	for _, w := range c.Used {
		n += bits.OnesCount64(w)
	}
	return n
}

// Warnings returns one line each for divisors that become 0, for a share of saturated
// values above the limit, and for values that are not finite.
func (h *Health) Warnings(limit float64) []string {
	var all []string
	feeds := strings.Join(h.Feeds, ", ")
	if h.Zeros > 0 {
		all = append(all, fmt.Sprintf("%s, read by %s: %d of %d divisors become integer 0", h.Grid, feeds, h.Zeros, h.Seen))
	}
	if float64(h.Saturated) > limit*float64(h.Seen) {
		all = append(all, fmt.Sprintf("%s (%s), read by %s: %d of %d values saturate", h.Grid, h.Class, feeds, h.Saturated, h.Seen))
	}
	if h.NotFinite > 0 {
		all = append(all, fmt.Sprintf("%s (%s), read by %s: %d values are not finite", h.Grid, h.Class, feeds, h.NotFinite))
	}
	return all
}

// Warnings checks the health on a few pictures, evenly spread over the data set, and
// returns the warnings of all tensors. Its limit for saturated values is
// [SevereSaturation].
func Warnings(ctx context.Context, q *Quantized, data dataset.Dataset) ([]string, error) {
	few, err := dataset.Spread(data, 4)
	if err != nil {
		return nil, err
	}
	all, err := CheckHealth(ctx, q, few)
	var warnings []string
	for i := range all {
		warnings = append(warnings, all[i].Warnings(SevereSaturation)...)
	}
	return warnings, err
}
