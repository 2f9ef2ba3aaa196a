// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// IsArtefact reports whether a path is an artefact's, by the content of the file.
func IsArtefact(name string) bool {
	return name != "" && !onHub(name) && integer.IsArtefact(home(name))
}

// setupFrozen opens an artefact and the pictures for it.
func (r *request) setupFrozen(ctx context.Context) (model *Model, opened *prepared, err error) {
	if r.frozen, err = openFrozen(r.checkpoint, r.key); err != nil {
		return nil, nil, err
	}
	r.network, r.backbone = r.frozen.net.Name, r.frozen.backbone
	model = r.frozen.Described()
	if opened, err = r.prepareFor(ctx, model); err != nil {
		return nil, nil, err
	}
	if in := model.Net.Input().Shape; in[0] != opened.h || in[1] != opened.w {
		return nil, nil, fmt.Errorf("%s takes pictures %d wide and %d high, those of %s are %d and %d: freeze the model at that size", r.frozen.source, in[1], in[0], opened.evaluation.Name(), opened.w, opened.h)
	}
	return model, opened, nil
}

// openFrozen reads an artefact that a user names; a key of weights is refused.
func openFrozen(name, key string) (*Frozen, error) {
	if key != "" {
		return nil, fmt.Errorf("weights are chosen (%s), but %s is an artefact, which has one model", key, name)
	}
	return ReadFrozen(home(name))
}

// frozenPipeline returns the preprocessing that the artefact holds, zero where it holds
// none.
func (r *request) frozenPipeline() preprocess.Pipeline {
	if r.frozen == nil {
		return preprocess.Pipeline{}
	}
	return r.frozen.Model.Picture.Pipeline
}

// openForScenes opens an artefact for the drawn scenes, where no pictures are given. It
// must have the built-in model's size and classes.
func (r *request) openForScenes() (err error) {
	if r.frozen, err = openFrozen(r.checkpoint, r.key); err != nil {
		return err
	}
	if in := r.frozen.net.Input().Shape; in[0] != sceneHeight || in[1] != sceneWidth || !slices.Equal(r.frozen.Model.Classes, scenes.Classes()) {
		return fmt.Errorf("an artefact is given (%s) that is not of the built-in model, but no pictures: name their folder by TRIOVIT_DATA or -data", r.checkpoint)
	}
	return nil
}

// frozenScenes returns the setup of such an artefact with the drawn scenes.
func (r *request) frozenScenes(ctx context.Context) (*Setup, error) {
	if err := r.openForScenes(); err != nil {
		return nil, err
	}
	s, err := builtInSetup(ctx)
	if err != nil {
		return nil, err
	}
	return newSetup(r.frozen.Described(), r.frozen, dataset.Absent("nothing", dataset.Segmentation, r.calibrated()), s.Evaluation)
}

// calibrated returns the reason why no calibration pictures are opened for an artefact.
func (r *request) calibrated() error {
	return fmt.Errorf("%s is an artefact: it was calibrated before it was frozen", r.frozen.source)
}
