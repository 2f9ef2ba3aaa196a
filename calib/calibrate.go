// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"fmt"
	"time"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Calibrate is [Observe] followed by [Quantize]. Where the recipe's rule needs a tensor's
// distribution and not only its range, Calibrate also observes the transformed model: the
// range behind a transform follows from the first profile, the distribution does not. Both
// profiles are cached.
func Calibrate(ctx context.Context, model *triovit.Folded, data dataset.Dataset, recipe Recipe) (*Quantized, error) {
	profile, pass, err := observe(ctx, model, data)
	if err != nil {
		return nil, err
	}
	q, _, err := calibrate(ctx, model, profile, pass, data, recipe)
	return q, err
}

// calibrate is Calibrate with the model's profile over the pictures at hand. It also
// returns the time of the calibration, including the pass over the pictures that made the
// profile.
func calibrate(ctx context.Context, model *triovit.Folded, profile *Profile, pass Timing, data dataset.Dataset, recipe Recipe) (*Quantized, Timing, error) {
	begun, again := time.Now(), Timing{}
	t, err := transform(model, profile, recipe)
	if err == nil && recipe.observesAgain() {
		between := time.Now()
		t.profile, again, err = observe(ctx, t.model, data)
		begun = begun.Add(time.Since(between)) // the second pass is timed apart
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

// observesAgain reports whether the recipe's rule needs the distributions of the
// transformed model, which do not follow from the profile of the original model.
func (r Recipe) observesAgain() bool {
	_, ranges := r.activations().(MinMax)
	return !ranges && len(r.Transforms) > 0
}
