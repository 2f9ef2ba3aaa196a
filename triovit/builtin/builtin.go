// SPDX-License-Identifier: Apache-2.0

// Package builtin holds the weights of the model that comes with the project. The model
// is an EfficientViT-Seg-B0 with the 19 classes of Cityscapes. cmd/trainbuiltin trained
// it on road scenes that package scenes draws. TRAINING.md beside the weights gives the
// recipe, the seed and the measured accuracy.
package builtin

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Name is the name of the model. It includes the name of its training pictures.
const Name = "seg-b0-scenes"

//go:embed seg-b0-scenes.safetensors
var data []byte

// Weights returns the content of the ".safetensors" file with the weights, in float16
// and under the official names. The caller must not change it.
func Weights() []byte { return data }

// A Milestone describes the network after some steps of its training. Its weights are
// averaged over the last of these steps. Losses holds its losses by rounding.
type Milestone struct {
	Step int `json:"step"`
	// Decay is the sum of learning rate times weight decay over the steps. In the second
	// phase of the training, the last thousand steps, only the convolutions of the
	// attention's queries, keys and values decay.
	Decay float64 `json:"decay"`
	// MIoU is the score in float, 0 to 1, on drawn scenes reserved for this curve.
	MIoU   float64 `json:"miou"`
	Losses []Loss  `json:"losses"`
}

// A Loss is the loss of a recipe at a width against float on the same pictures. MIoU is
// the loss as a fraction of mIoU, and Lo to Hi its paired 95 % interval.
type Loss struct {
	Recipe string `json:"recipe"`
	// Bits is the width of weights and activations. The divisors keep the recipe's grid.
	Bits int     `json:"bits"`
	MIoU float64 `json:"miou"`
	Lo   float64 `json:"lo"`
	Hi   float64 `json:"hi"`
}

// String returns the milestone as one line, with the score in percent and the losses in
// points of mIoU.
func (m Milestone) String() string {
	s := fmt.Sprintf("step %d: %.2f %%", m.Step, 100*m.MIoU)
	for _, l := range m.Losses {
		s += fmt.Sprintf("; %s, %d bits %+.2f", l.Recipe, l.Bits, -100*l.MIoU)
	}
	return s
}

//go:embed milestones.json
var milestones []byte

// Milestones returns the networks saved during the training of the built-in model, in the
// order of their steps. They show when a network becomes hard to quantize.
func Milestones() ([]Milestone, error) {
	var all []Milestone
	if err := json.Unmarshal(milestones, &all); err != nil {
		return nil, fmt.Errorf("milestones.json of the built-in model: %w", err)
	}
	return all, nil
}
