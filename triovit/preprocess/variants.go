// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"fmt"
	"strings"
)

// A Crop is the protocol by which a checkpoint of EfficientViT was scored on
// ImageNet.
type Crop struct {
	Backbone   string // "b0" to "b3"
	Resolution int    // of the square that the network sees
	// Official is the crop ratio of MIT's checkpoints (table in EfficientViT's
	// README, which has no B0: its smallest model's ratio stands for it), Timm
	// that of the same weights in timm (timm/models/efficientvit_mit.py).
	Official, Timm float64
}

// Crops lists the checkpoints that are published.
var Crops = [...]Crop{
	{"b0", 224, 0.95, 0.95},
	{"b1", 224, 0.95, 0.95},
	{"b1", 256, 0.95, 1},
	{"b1", 288, 0.95, 1},
	{"b2", 224, 1, 0.95},
	{"b2", 256, 1, 1},
	{"b2", 288, 1, 1},
	{"b3", 224, 1, 0.95},
	{"b3", 256, 1, 1},
	{"b3", 288, 1, 1},
}

// ForEfficientViT returns the preprocessing under which a checkpoint was scored
// on ImageNet, [ImageNet] at its resolution with its crop ratio. An accuracy is
// comparable with the published one only under it: the two sources disagree for
// four of the ten.
func ForEfficientViT(backbone string, resolution int, timm bool) (Pipeline, error) {
	var known []string
	for _, c := range Crops {
		switch {
		case c.Backbone != backbone || c.Resolution != resolution:
			known = append(known, fmt.Sprintf("%s at %d", c.Backbone, c.Resolution))
		case timm:
			return ImageNet(resolution, c.Timm), nil
		default:
			return ImageNet(resolution, c.Official), nil
		}
	}
	return Pipeline{}, fmt.Errorf("no crop ratio is known for %q at %d: have %s", backbone, resolution, strings.Join(known, ", "))
}
