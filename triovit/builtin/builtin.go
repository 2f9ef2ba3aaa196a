// SPDX-License-Identifier: Apache-2.0

// Package builtin holds the weights of the model that comes with the project:
// an EfficientViT-Seg-B0 with the 19 classes of Cityscapes, trained by
// cmd/trainbuiltin on road scenes that package scenes draws. TRAINING.md
// beside the weights tells the recipe, the seed and the measured accuracy.
package builtin

import _ "embed"

// Name names the model and its training pictures.
const Name = "seg-b0-scenes"

//go:embed seg-b0-scenes.safetensors
var data []byte

// Weights returns the ".safetensors" file with the weights, in float16, under
// the official names. The caller must not change it.
func Weights() []byte { return data }
