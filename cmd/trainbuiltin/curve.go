// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// The scenes of the curve: how many calibrate, how many are scored, and the seed of the
// first. Neither the training nor the evaluation of the published model draws these
// scenes, so the curve may be used to choose the recipe of the training.
const (
	curveCalibration = 48
	curveScenes      = 50
	curveSeed        = scenes.HeldOutSeed + 1<<20
)

// probed are the recipes and the widths, in bits, whose losses the curve shows.
var probed = []struct {
	recipe calib.Recipe
	bits   int
}{
	{calib.Vanilla, 8},
	{calib.Vanilla, 7},
	{calib.Vanilla, 6},
	{calib.MSAUniform, 8},
	{calib.TrioViTPlus, 8},
}

// milestoneFile returns the path of the network after a number of steps, in the folder of
// the checkpoint.
func milestoneFile(checkpoint string, step int) string {
	return filepath.Join(filepath.Dir(checkpoint), fmt.Sprintf("step-%06d.safetensors", step))
}

// curve measures the loss from rounding of each milestone of a training, on some number
// of scenes, and writes milestones.json. It leaves out milestones that the training did
// not reach.
func curve(ctx context.Context, net *efficientvit.Network, r recipe, checkpoint, folder string, calibrating, scoring int) error {
	size := net.Input().Shape
	calibration, err := scenes.Dataset(ctx, "drawn scenes for calibration", scenes.CalibrationSeed, calibrating, size[1], size[0])
	if err != nil {
		return err
	}
	evaluation, err := scenes.Dataset(ctx, "drawn scenes for the curve", curveSeed, scoring, size[1], size[0])
	if err != nil {
		return err
	}
	var recipes []calib.Recipe
	for _, p := range probed {
		recipes = append(recipes, p.recipe.Bits(p.bits, p.bits))
	}
	milestones := []builtin.Milestone{}
	for step := 1; step <= r.steps(); step++ {
		if !r.milestone(step) {
			continue
		}
		path := milestoneFile(checkpoint, step)
		set, err := weights.Read(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		model, err := (&triovit.Model{Net: net, Weights: set, Source: path}).Fold()
		if err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		ladder, err := calib.RunLadder(ctx, model, calibration, evaluation, recipes)
		if err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		m := builtin.Milestone{Step: step, Decay: r.decayed(step), MIoU: ladder.Float.MIoU.Value}
		for i, rung := range ladder.Rungs {
			d := rung.AgainstFloat.Difference
			m.Losses = append(m.Losses, builtin.Loss{Recipe: probed[i].recipe.Name, Bits: probed[i].bits, MIoU: -d.Value, Lo: -d.Hi, Hi: -d.Lo})
		}
		fmt.Println(m)
		milestones = append(milestones, m)
	}
	text, err := json.MarshalIndent(milestones, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.WriteData(filepath.Join(folder, "milestones.json"), append(text, '\n'))
}

// decayed is the sum, over the first steps, of learning rate times decay. Without a
// gradient a parameter that decays in every phase would have shrunk by the factor
// exp(-decayed).
func (r recipe) decayed(steps int) float64 {
	sum := 0.
	for step := range steps {
		sum += r.shrink(step)
	}
	return sum
}
