// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

// For returns the options for a network and its calibration pictures. Where the pictures
// of a segmentation network are large, four crops of 192 pixels replace each: they fit
// into memory and teach as much about the roundings. Such crops are darkened down to 0.3
// of their light. The evidence is from left-out drives: Seg-B0, learned on two of CamVid's
// drives by day, loses 2.6 points of mIoU on the third, at dusk, and 3.5 from crops that
// are not darkened.
func (o Options) For(net *efficientvit.Network, data dataset.Dataset) Options {
	const side, each, exposure = 192, 4, 0.3
	if shape := net.Input().Shape; len(shape) == len(net.Output().Shape) && shape[0] > side && shape[1] > side {
		o.Crop, o.Crops, o.Exposure = cmp.Or(o.Crop, side), cmp.Or(o.Crops, each*data.Len()), cmp.Or(o.Exposure, exposure)
	}
	return o
}

// A Cost is the expected time of a reconstruction on this machine, within about a quarter.
type Cost struct {
	// Fixed is the time for compiling the blocks and for running them outside of their
	// iterations. Step is the time of one iteration of every block.
	Fixed, Step time.Duration
}

// Of returns the time for the given number of iterations of each block.
func (c Cost) Of(iterations int) time.Duration {
	return (c.Fixed + time.Duration(iterations)*c.Step).Round(time.Second)
}

// A probe learns the first probed of the largest blocks, for probeIterations
// iterations.
const probed, probeIterations = 3, 4

// Probe runs a few iterations of the largest blocks, and estimates from their time
// the cost of a reconstruction in which roundings and steps are learned at once. The
// estimate is cached for the same options on the same machine.
func Probe(ctx context.Context, q *calib.Quantized, data dataset.Dataset, o Options) (Cost, error) {
	o = o.Filled()
	c, err := probe(ctx, q, data, o)
	if err != nil {
		return c, fmt.Errorf("probe the reconstruction of %s: %w", q.Model.Net.Name, err)
	}
	return c, nil
}

func probe(ctx context.Context, q *calib.Quantized, data dataset.Dataset, o Options) (Cost, error) {
	if err := o.Check(); err != nil {
		return Cost{}, err
	}
	if err := dataset.NotEmpty(data); err != nil {
		return Cost{}, err
	}
	if o.Quirks.Apart > 0 {
		return Cost{}, fmt.Errorf("steps are learned apart, whose time is not foretold")
	}
	net, err := o.network(q)
	if err != nil {
		return Cost{}, err
	}
	n := data.Len()
	if o.Crop > 0 {
		n = o.Crops
	}
	o.Batch = min(o.Batch, n)
	host, err := os.Hostname()
	if err != nil {
		return Cost{}, err
	}
	kind := o // all options that an iteration's time may depend on
	kind.Steps, kind.Seed, kind.RoundRate, kind.StepRate = 0, 0, 0, 0
	key := []string{q.ID(), fmt.Sprint(net.Input().Shape), strconv.Itoa(n), fmt.Sprintf("%+v", kind), forward.Platform(), host, strconv.Itoa(runtime.GOMAXPROCS(0))}
	return cache.Do(ctx, cache.Open(""), "reconstruct probe", version, key, func() (Cost, error) {
		return measure(ctx, q, net, n, o)
	})
}

// measure times the blocks with the most elements in their tensors, and scales the time by
// the elements of all blocks. It learns from pictures of zeros, which take as long as
// others.
func measure(ctx context.Context, q *calib.Quantized, net *efficientvit.Network, n int, o Options) (Cost, error) {
	blocks := net.Blocks()
	elements := make([]float64, len(blocks))
	order := make([]int, len(blocks))
	all := 0.0
	for i, r := range blocks {
		order[i] = i
		for j := r.From; j < r.To; j++ {
			elements[i] += float64(efficientvit.Size(net.Ops[j].Shape))
		}
		all += elements[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(elements[b], elements[a]) })
	p := o.passes()[0]
	p.iterations = probeIterations
	var compiling, iteration time.Duration
	measured, blocksMeasured := 0.0, 0
	for _, i := range order {
		b, err := newBlock(q, net, blocks[i], p, &calib.Learned{}, map[string]bool{}, o)
		if err != nil {
			return Cost{}, err
		}
		if !b.learns() {
			continue
		}
		in := samples{n: o.Batch}
		for _, op := range b.net.Inputs() {
			in.exact = append(in.exact, make([]float32, o.Batch*efficientvit.Size(op.Shape)))
		}
		in.noisy = in.exact
		var ticks []time.Time
		begun := time.Now()
		if _, err := b.learn(ctx, in, o.Seed, func(int) { ticks = append(ticks, time.Now()) }); err != nil {
			return Cost{}, fmt.Errorf("block %s: %w", b.name, err)
		}
		b.exec.Finalize()
		compiling += ticks[0].Sub(begun)
		iteration += ticks[probeIterations-1].Sub(ticks[0]) / (probeIterations - 1)
		measured += elements[i]
		if blocksMeasured++; blocksMeasured == probed {
			break
		}
	}
	if blocksMeasured == 0 {
		return Cost{}, fmt.Errorf("nothing is learned of any block")
	}
	c := Cost{Step: time.Duration(float64(iteration) * all / measured)}
	// A run without gradients takes a third of an iteration. A block runs all pictures once,
	// once more to be compensated, and up to 8 batches before and after its iterations.
	passes := 1.0
	if !o.Uncompensated {
		passes++
	}
	batches := float64(n) / float64(o.Batch)
	runs := (passes*batches + 2*min(8, batches)) / 3
	c.Fixed = compiling*time.Duration(len(blocks))/time.Duration(blocksMeasured) + time.Duration(runs*float64(c.Step))
	return c, nil
}

// Budget returns the options with as many iterations as [Probe] expects to fit into the time
// limit, rounded to two digits. A time limit too short for ten iterations is an error.
func Budget(ctx context.Context, q *calib.Quantized, data dataset.Dataset, o Options, limit time.Duration) (Options, error) {
	c, err := Probe(ctx, q, data, o)
	if err != nil {
		return o, err
	}
	const least = 10
	iterations := float64(limit-c.Fixed) / float64(c.Step)
	if iterations < least {
		return o, fmt.Errorf("reconstruct %s within %s: %d iterations of each block take about %s", q.Model.Net.Name, limit, least, c.Of(least))
	}
	digit := math.Pow(10, math.Floor(math.Log10(iterations))-1)
	o.Steps = int(math.Floor(iterations/digit) * digit)
	return o, nil
}
