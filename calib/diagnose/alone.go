// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// WeightScores hold the losses by the rounding of weights.
type WeightScores struct {
	// Sampled is the number of pictures that gave the scores.
	Sampled int
	// All scores the quantized network, Tensors the network in which everything except
	// weights is rounded.
	All, Tensors Decibels
	// Weights has, for each convolution with rounded weights, in the order of the network,
	// the SQNR of the logits where only these weights are rounded.
	Weights []Alone
}

// Alone is the score of one convolution's weights.
type Alone struct {
	Operation string
	SQNR      Decibels
}

// Weights scores the weights of each convolution of a quantized network on the given
// number of pictures, evenly spread over the data set; 0 means 16. Every score is cached,
// and [Run] shares the cache.
func Weights(ctx context.Context, q *calib.Quantized, data dataset.Dataset, pictures int) (*WeightScores, error) {
	s, err := weightScores(ctx, q, data, pictures)
	if err != nil {
		return nil, fmt.Errorf("score the weights of %s on %s: %w", q.Network().Name, data.Name(), err)
	}
	return s, nil
}

func weightScores(ctx context.Context, q *calib.Quantized, data dataset.Dataset, pictures int) (*WeightScores, error) {
	d, err := begin(q, data, Options{Pictures: pictures})
	if err != nil {
		return nil, err
	}
	_, convolutions := d.rounded()
	s := &WeightScores{Sampled: d.some.Len()}
	bar := progress.New(fmt.Sprintf("score the weights of %s", d.net.Name), 2+len(convolutions))
	defer bar.Done()
	score := func(name string, rounds func(place) bool) (Decibels, error) {
		defer bar.Add(1)
		mask := d.none()
		for i, p := range d.places {
			mask[i] = rounds(p)
		}
		found, err := d.score(ctx, name, mask)
		return found.SQNR, err
	}
	if s.All, err = score("everything", func(place) bool { return true }); err != nil {
		return nil, err
	}
	if s.Tensors, err = score("all but weights", func(p place) bool { return p.operand != ofWeights }); err != nil {
		return nil, err
	}
	for _, c := range convolutions {
		alone := Alone{Operation: c.name}
		if alone.SQNR, err = score("only the weights of "+c.name, func(p place) bool { return p.operand == ofWeights && p.name == c.name }); err != nil {
			return nil, err
		}
		s.Weights = append(s.Weights, alone)
	}
	return s, nil
}

// Logits scores a quantized network by the SQNR of its logits on the given number of
// pictures, evenly spread over the data set; 0 means 16. The score is cached.
func Logits(ctx context.Context, q *calib.Quantized, data dataset.Dataset, pictures int) (Decibels, error) {
	d, err := begin(q, data, Options{Pictures: pictures})
	if err == nil {
		var s Score
		if s, err = d.score(ctx, "everything", d.all()); err == nil {
			return s.SQNR, nil
		}
	}
	return 0, fmt.Errorf("score %s on %s: %w", q.Network().Name, data.Name(), err)
}
