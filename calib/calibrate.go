// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Calibrate observes a model and quantizes it by a recipe. It is [Observe] and
// [Quantize] in one, and observes a second time, the transformed model, where
// the recipe's rule wants to know more of a tensor than its range: what the
// transforms make of a range follows from the first profile, what they make of
// a distribution does not. Both profiles are cached.
func Calibrate(ctx context.Context, model *triovit.Folded, data dataset.Dataset, recipe Recipe) (*Quantized, error) {
	profile, err := Observe(ctx, model, data)
	if err != nil {
		return nil, err
	}
	return calibrate(ctx, model, profile, data, recipe)
}

// calibrate is Calibrate with the model's profile over the data at hand.
func calibrate(ctx context.Context, model *triovit.Folded, profile *Profile, data dataset.Dataset, recipe Recipe) (*Quantized, error) {
	if _, ranges := recipe.activations().(MinMax); ranges || len(recipe.Transforms) == 0 {
		return Quantize(model, profile, recipe)
	}
	t, err := transform(model, profile, recipe)
	if err == nil {
		t.profile, err = Observe(ctx, t.model, data)
	}
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
	}
	q, err := t.round(recipe)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
	}
	return q, nil
}
