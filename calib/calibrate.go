// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"fmt"
	"time"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Calibrate observes a model and quantizes it by a recipe. It is [Observe] and
// [Quantize] in one, and observes a second time, the transformed model, where
// the recipe's rule wants to know more of a tensor than its range: what the
// transforms make of a range follows from the first profile, what they make of
// a distribution does not. Both profiles are cached.
func Calibrate(ctx context.Context, model *triovit.Folded, data dataset.Dataset, recipe Recipe) (*Quantized, error) {
	profile, pass, err := observe(ctx, model, data)
	if err != nil {
		return nil, err
	}
	q, _, err := calibrate(ctx, model, profile, pass, data, recipe)
	return q, err
}

// calibrate is Calibrate with the model's profile over the data at hand, and tells how
// long it took together with the pass over the pictures that made the profile.
func calibrate(ctx context.Context, model *triovit.Folded, profile *Profile, pass Timing, data dataset.Dataset, recipe Recipe) (*Quantized, Timing, error) {
	begun, again := time.Now(), Timing{}
	t, err := transform(model, profile, recipe)
	if err == nil && recipe.observesAgain() {
		between := time.Now()
		t.profile, again, err = observe(ctx, t.model, data)
		begun = begun.Add(time.Since(between)) // the pass has a time of its own
	}
	var q *Quantized
	if err == nil {
		q, err = t.round(recipe)
	}
	if err != nil {
		return nil, Timing{}, fmt.Errorf("recipe %s: %w", recipe.Name, err)
	}
	return q, pass.and(again).and(Timing{Quantize: time.Since(begun)}), nil
}

// observesAgain says whether the recipe's rule looks at the distributions of the
// transformed model, which do not follow from the profile of the model.
func (r Recipe) observesAgain() bool {
	_, ranges := r.activations().(MinMax)
	return !ranges && len(r.Transforms) > 0
}
