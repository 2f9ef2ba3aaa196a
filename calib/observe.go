// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// observeVersion changes when the same pictures would give another profile.
const observeVersion = 3

// Observe runs a model in floating point over calibration pictures and returns the
// statistics of every tensor.
//
// It makes one pass over the pictures. Memory holds the tensors of one picture and one
// histogram for each tensor. The profile is cached under the hashes of the model and of
// the pictures.
func Observe(ctx context.Context, model *triovit.Folded, data dataset.Dataset) (*Profile, error) {
	p, _, err := observe(ctx, model, data)
	return p, err
}

// An observation is a profile as the cache keeps it, with the time that the pass over the
// pictures took.
type observation struct {
	Profile *Profile
	Took    time.Duration
}

// observe is Observe, and also returns the time of the run that made the profile.
func observe(ctx context.Context, model *triovit.Folded, data dataset.Dataset) (*Profile, Timing, error) {
	cached := true
	compute := func() (observation, error) {
		cached = false
		begun := time.Now()
		p, err := collect(ctx, model, data)
		return observation{p, time.Since(begun)}, err
	}
	var o observation
	err := dataset.NotEmpty(data)
	if err == nil {
		o, err = cache.Do(ctx, cache.Open(""), "observe", observeVersion, []string{model.Hash(), forward.Platform(), preprocess.Version, data.Fingerprint()}, compute)
	}
	if err != nil {
		return nil, Timing{}, fmt.Errorf("observe %s on %s: %w", model.Net.Name, data.Name(), err)
	}
	o.Profile.Pictures = data.Fingerprint()
	return o.Profile, Timing{Observe: o.Took, Cached: cached}, nil
}

func collect(ctx context.Context, model *triovit.Folded, data dataset.Dataset) (*Profile, error) {
	exec, err := forward.NewTapped(model.Model, func(*efficientvit.Op) bool { return true })
	if err != nil {
		return nil, err
	}
	collectors := make([]*collector, len(model.Net.Ops))
	for i := range collectors {
		collectors[i] = newCollector(&model.Net.Ops[i])
	}
	p := &Profile{Network: model.Net.Name, Model: model.Hash()}
	batch := triovit.BatchSize(model.Net)
	bar := progress.New("observe "+model.Net.Name, data.Len())
	defer bar.Done()
	for first := 0; first < data.Len(); first += batch {
		n := min(batch, data.Len()-first)
		pictures, items, err := triovit.LoadBatch(ctx, model.Net, data, first, n)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			p.Images = append(p.Images, item.ID)
		}
		tensors, err := exec.Run(pictures)
		if err != nil {
			return nil, err
		}
		if err := each(collectors, func(i int) error { return collectors[i].add(tensors[i]) }); err != nil {
			var bad *triovit.NotFiniteError
			if errors.As(err, &bad) {
				return nil, fmt.Errorf("picture %s: %w", items[bad.Picture].ID, bad)
			}
			return nil, err
		}
		bar.Add(n)
	}
	for _, c := range collectors {
		p.Tensors = append(p.Tensors, c.finish())
	}
	return p, nil
}

// each calls do for every index, in parallel, and returns the error of the
// lowest index that failed.
func each[T any](all []T, do func(i int) error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
