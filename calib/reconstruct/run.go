// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// version changes when the same inputs would be reconstructed otherwise.
const version = 4

// A Result is a reconstructed network with the record of its blocks.
type Result struct {
	Quantized *calib.Quantized
	Options   Options
	Blocks    []Block
	// Duration is the time of this call, short where blocks were cached.
	Duration time.Duration
}

// A Block records the reconstruction of one block.
type Block struct {
	Name string
	// Pass is empty where roundings and steps were learned at once.
	Pass string
	// Loss has up to about fifty means of the error during the iterations, relative to
	// the error of the first roundings. Before and After are the errors of the outputs
	// with the recipe's roundings and with the hard learned ones, as shares of the
	// outputs' energy.
	Loss          []float64
	Before, After float64
	// Rounding is a histogram of the learned roundings from 0 (down) to 1 (up) before they
	// became hard. Flipped of Weights roundings left the nearest code.
	Rounding         [Bins]int
	Weights, Flipped int
	// Steps are the ratios of learned steps to the recipe's, by tensor.
	Steps map[string]float64
	// Took is the time that the block's iterations took when they ran.
	Took time.Duration
}

// Table is a table of the blocks.
func (r *Result) Table() table.Table {
	var s table.Writer
	s.Words("block\terror before\tafter\troundings changed\tsteps by", func(row func(string, ...any)) {
		for i := range r.Blocks {
			b := &r.Blocks[i]
			lo, hi := b.StepRange()
			row("%s\t%.3g\t%.3g\t%d of %d\t×%.2f to ×%.2f", strings.TrimSpace(b.Name+" "+b.Pass), b.Before, b.After, b.Flipped, b.Weights, lo, hi)
		}
	})
	if took := r.Took(); took > 0 {
		fmt.Fprintf(&s, "learning took %s; twice as many iterations take about %s\n", took.Round(time.Second), (2 * took).Round(time.Second))
	}
	return s.One()
}

// String is the text of [Result.Table], which ends with a line break.
func (r *Result) String() string { return r.Table().String() }

// Took returns the time that the iterations of all blocks took when they ran.
func (r *Result) Took() (sum time.Duration) {
	for i := range r.Blocks {
		sum += r.Blocks[i].Took
	}
	return sum
}

// Run reconstructs a quantized network on its calibration pictures. An error names the
// block. If the context ends, its error is returned.
func Run(ctx context.Context, q *calib.Quantized, data dataset.Dataset, o Options) (*Result, error) {
	begun := time.Now()
	o = o.Filled()
	r, err := run(ctx, q, data, o)
	if err != nil {
		return nil, fmt.Errorf("reconstruct %s on %s: %w", q.Model.Net.Name, data.Name(), err)
	}
	r.Duration = time.Since(begun)
	return r, nil
}

func run(ctx context.Context, q *calib.Quantized, data dataset.Dataset, o Options) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if q.ShiftWeights.Share > 0 {
		return nil, fmt.Errorf("%s: learned roundings do not keep to powers of two", q.ShiftWeights)
	}
	net, err := o.network(q)
	if err != nil {
		return nil, err
	}
	pictures, err := pictures(ctx, q.Exact().Net, data, o)
	if err != nil {
		return nil, err
	}
	n := len(pictures) / efficientvit.Size(net.Input().Shape)
	blocks, passes := net.Blocks(), o.passes()
	learned := calib.Learned{Grids: map[string]grid.Uniform{}, Weights: map[string][]float32{}, Soft: map[string]bool{}, Filters: map[string][]grid.Uniform{}, Biases: map[string][]float32{}}
	result := &Result{Options: o}
	iterations := 0
	for _, p := range passes {
		iterations += p.iterations * len(blocks)
	}
	bar := progress.New("reconstruct "+net.Name, iterations)
	defer bar.Done()
	// Blocks read q's exported fields, which may have changed since q got its ID.
	read := cache.Key(q.Model.Hash(), q.Exact().Hash(), fmt.Sprint(q.WeightGrids))
	key := []string{q.ID(), read, data.Fingerprint(), preprocess.Version, o.String(), strconv.Itoa(o.Crop), fmt.Sprint(net.Input().Shape)}
	for number, p := range passes {
		exact := map[string][]float32{net.Input().Name: pictures}
		noisy := map[string][]float32{net.Input().Name: pictures}
		done := map[string]bool{}
		for i, r := range blocks {
			b, err := newBlock(q, net, r, p, &learned, done, o)
			if err != nil {
				return nil, err
			}
			in := samples{n: n}
			for _, op := range b.net.Inputs() {
				in.exact, in.noisy = append(in.exact, exact[op.Name]), append(in.noisy, noisy[op.Name])
			}
			if p.exact {
				in.noisy = in.exact
			}
			ticked := 0
			if b.learns() {
				f, err := cache.Do(ctx, cache.Open(""), "reconstruct", version, append(slices.Clone(key), p.name, r.Name), func() (*found, error) {
					return b.learn(ctx, in, o.Seed+uint64(number*len(blocks)+i), func(n int) { ticked += n; bar.Add(n) })
				})
				if err != nil {
					return nil, fmt.Errorf("block %s: %w", r.Name, err)
				}
				result.Blocks = append(result.Blocks, b.take(f, &learned))
			}
			bar.Add(p.iterations - ticked)
			if err := b.forward(in, exact, noisy, &learned); err != nil {
				return nil, fmt.Errorf("block %s: %w", r.Name, err)
			}
			for name := range exact { // a tensor that no later block reads is dropped
				if !slices.ContainsFunc(net.Ops[r.To:], func(op efficientvit.Op) bool { return slices.Contains(op.Inputs, name) }) {
					delete(exact, name)
					delete(noisy, name)
				}
			}
		}
	}
	result.Quantized, err = q.With(learned, o.String())
	return result, err
}

// network returns the network to learn on: of crops where the options have crops.
func (o Options) network(q *calib.Quantized) (*efficientvit.Network, error) {
	net := q.Exact().Net
	if o.Crop == 0 {
		return net, nil
	}
	return net.At(o.Crop, o.Crop)
}

// pictures returns the normalized pictures, or crops of them at drawn places, darkened.
func pictures(ctx context.Context, net *efficientvit.Network, data dataset.Dataset, o Options) ([]float32, error) {
	if err := dataset.NotEmpty(data); err != nil {
		return nil, err
	}
	whole, _, err := triovit.LoadBatch(ctx, net, data, 0, data.Len())
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	h, w := net.Input().Shape[0], net.Input().Shape[1]
	if o.Crop > 0 {
		if o.Crop > h || o.Crop > w {
			return nil, fmt.Errorf("crops of %d pixels from pictures of %d×%d", o.Crop, h, w)
		}
		crops := make([]float32, 0, o.Crops*o.Crop*o.Crop*3)
		for i := range o.Crops {
			picture := whole[i%data.Len()*h*w*3:][:h*w*3]
			top, left := rng.IntN(h-o.Crop+1), rng.IntN(w-o.Crop+1)
			for row := range o.Crop {
				crops = append(crops, picture[((top+row)*w+left)*3:][:o.Crop*3]...)
			}
		}
		whole, h, w = crops, o.Crop, o.Crop
	}
	if o.Exposure < 1 {
		for picture := range slices.Chunk(whole, h*w*3) {
			darken(picture, math.Pow(o.Exposure, rng.Float64()))
		}
	}
	return whole, nil
}

// darken multiplies the light of a normalized picture.
func darken(picture []float32, factor float64) {
	n := preprocess.ImageNetNormalization()
	var dark [3]float32 // the normalized value of a black pixel
	for c := range dark {
		dark[c] = -n.Mean[c] / n.Std[c]
	}
	for i, v := range picture {
		picture[i] = dark[i%3] + float32(factor)*(v-dark[i%3])
	}
}

// take puts the learned weights and steps into the block and into learned.
func (b *block) take(f *found, learned *calib.Learned) Block {
	told := Block{Name: b.name, Pass: b.pass.name, Loss: f.Loss, Before: f.Before, After: f.After, Rounding: f.Rounding, Flipped: f.Flipped, Steps: map[string]float64{}, Took: f.Took}
	for _, w := range b.filters {
		w.start(f.Weights[w.op.Name])
		learned.Weights[w.op.Name] = f.Weights[w.op.Name]
		if w.soft {
			learned.Soft[w.op.Name] = true
		}
		if b.pass.round {
			told.Weights += len(f.Weights[w.op.Name])
		}
	}
	for tensor, scale := range f.Scales {
		recipe := b.q.Quantizers()[tensor].(grid.Uniform)
		told.Steps[tensor] = float64(scale) / float64(recipe.Scale)
		recipe.Scale = scale
		learned.Grids[tensor], b.grids[tensor] = recipe, recipe
	}
	return told
}

// forward computes the block's outputs for all pictures: exact, and where the pass reads
// them also with the learned roundings. Unless the options leave it out, the
// latter are compensated.
func (b *block) forward(in samples, exact, noisy map[string][]float32, learned *calib.Learned) error {
	if !b.options.Uncompensated {
		if err := b.compensate(in, learned); err != nil {
			return err
		}
	}
	err := b.runs(in, in.n, func(out *outcome) {
		for i, op := range b.net.Outputs() {
			exact[op.Name] = append(exact[op.Name], out.exact[i]...)
			if !b.pass.exact {
				noisy[op.Name] = append(noisy[op.Name], out.rounded[i]...)
			}
		}
	})
	b.exec.Finalize()
	return err
}

// StepRange returns the least and the largest of the factors of Steps, 1 where there
// are none.
func (b *Block) StepRange() (lo, hi float64) {
	factors := slices.Sorted(maps.Values(b.Steps))
	if len(factors) == 0 {
		return 1, 1
	}
	return factors[0], factors[len(factors)-1]
}
