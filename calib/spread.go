// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Spread measures how well the channels of a tensor share one grid.
type Spread struct {
	Stats *TensorStats
	// Feeds are the roles of the convolutions that read the tensor, in network order.
	Feeds []efficientvit.Role
	// Steps is the range of the median channel in steps of the tensor's symmetric grid.
	Steps float64
	// Widest and Narrowest are the ranges of the widest and of the narrowest channel.
	Widest, Narrowest float64
}

// Spreads returns the inputs of a network's convolutions, sorted by the steps that the
// median channel has on a symmetric grid of the given bits, the fewest first.
func (p *Profile) Spreads(net *efficientvit.Network, bits int) ([]Spread, error) {
	if err := checkBits("a grid", bits); err != nil {
		return nil, err
	}
	var all []Spread
	feeds := map[string][]efficientvit.Role{}
	for i := range net.Ops {
		op := &net.Ops[i]
		if op.Kind != efficientvit.Conv {
			continue
		}
		name := tensorBefore(net, op)
		known := feeds[name]
		if !slices.Contains(known, op.Role) {
			feeds[name] = append(known, op.Role)
		}
		if known != nil {
			continue
		}
		s, err := p.Tensor(name)
		if err != nil {
			return nil, err
		}
		ranges := make([]float64, len(s.Min))
		for c := range ranges {
			ranges[c] = float64(s.Max[c]) - float64(s.Min[c])
		}
		slices.Sort(ranges)
		grid := gridOf(float64(slices.Min(s.Min)), float64(slices.Max(s.Max)), bits, true, false)
		all = append(all, Spread{Stats: s, Steps: ranges[len(ranges)/2] / float64(grid.Scale), Widest: ranges[len(ranges)-1], Narrowest: ranges[0]})
	}
	for i := range all {
		all[i].Feeds = feeds[all[i].Stats.Name]
	}
	slices.SortStableFunc(all, func(a, b Spread) int { return cmp.Compare(a.Steps, b.Steps) })
	return all, nil
}

// SpreadTable is the first n spreads as a table.
func SpreadTable(all []Spread, n int) table.Table {
	var s table.Writer
	s.Words("steps of the median channel\twidest / narrowest channel\tfeeds\ttensor", func(row func(string, ...any)) {
		for _, x := range all[:min(n, len(all))] {
			row("%.1f\t%.3g / %.3g\t%s\t%s", x.Steps, x.Widest, x.Narrowest, rolesOf(x.Feeds), x.Stats.Name)
		}
	})
	return s.One()
}

// rolesOf lists roles in words.
func rolesOf(roles []efficientvit.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.String()
	}
	return strings.Join(names, ", ")
}
