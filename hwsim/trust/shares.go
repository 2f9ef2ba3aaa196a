// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Shares are the cycles of a picture for each way to divide the layers among the copies.
type Shares struct {
	Workload string
	Config   arch.Config
	// Batch is the number of pictures, one for each copy.
	Batch    int
	Variants []ShareVariant
}

// A ShareVariant is the result with one kind of memory.
type ShareVariant struct {
	// Name describes the memory.
	Name string
	// Cycles are the cycles of one picture where all layers have the same share.
	Cycles map[arch.Share]float64
	// OnePicture takes the better of pixels and channels for every layer, Best the best of
	// all shares. A layer keeps the waits of the run in which all layers had its share.
	OnePicture, Best float64
	// Layers counts the layers for which each share is the best. Of equally good shares
	// the first of [arch.Shares] counts.
	Layers map[arch.Share]int
}

// The variants.
const (
	AsAssumed  = "as assumed"
	WidePort   = "weight port for all copies"
	FreeMemory = "free memory and units"
)

// NewShares runs a batch of one picture per copy with each share.
func NewShares(w *workload.Workload, c arch.Config, scope hwsim.Scope) (*Shares, error) {
	s := &Shares{Workload: w.Name, Config: c, Batch: c.Copies}
	wide := c
	wide.Buffers.Weight.PortBytes *= c.Copies
	for _, v := range []struct {
		name   string
		config arch.Config
		free   bool
	}{{AsAssumed, c, false}, {WidePort, wide, false}, {FreeMemory, c, true}} {
		variant := ShareVariant{Name: v.name, Cycles: make(map[arch.Share]float64), Layers: make(map[arch.Share]int)}
		runs := make(map[arch.Share]*event.Run)
		for _, share := range arch.Shares() {
			v.config.CopiesShare = share
			r, err := event.Simulate(w, v.config, event.Options{Scope: scope, Batch: s.Batch, FreeMemory: v.free, FreeAuxiliary: v.free})
			if err != nil {
				return nil, err
			}
			runs[share] = r
			variant.Cycles[share] = float64(r.Cycles) / float64(s.Batch)
		}
		best := func(shares ...arch.Share) (cycles float64, layers map[arch.Share]int) {
			layers = make(map[arch.Share]int)
			var sum int64
			for i := range runs[shares[0]].Steps {
				first := shares[0]
				for _, share := range shares[1:] {
					if runs[share].Steps[i].Cycles < runs[first].Steps[i].Cycles {
						first = share
					}
				}
				sum += runs[first].Steps[i].Cycles
				layers[first]++
			}
			return float64(sum) / float64(s.Batch), layers
		}
		variant.OnePicture, _ = best(arch.Pixels, arch.Channels)
		variant.Best, variant.Layers = best(arch.Shares()...)
		s.Variants = append(s.Variants, variant)
	}
	return s, nil
}
