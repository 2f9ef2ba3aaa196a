// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Shares is what a picture takes with each way to divide the layers among the copies.
type Shares struct {
	Workload string
	Config   arch.Config
	// Batch is how many pictures were run: one for each copy.
	Batch    int
	Variants []ShareVariant
}

// A ShareVariant is the memory that the copies have.
type ShareVariant struct {
	// Name says what the memory is.
	Name string
	// Cycles are those of one picture where the copies share all layers alike.
	Cycles map[arch.Share]float64
	// OnePicture takes for every layer the better of pixels and channels, Best that of
	// all shares. A layer keeps the waits that it had among layers of its own share.
	OnePicture, Best float64
	// Layers counts the layers for which each share is the best, of those it is as good
	// as the first of [arch.Shares].
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
