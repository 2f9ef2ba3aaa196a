// SPDX-License-Identifier: Apache-2.0

package preprocess

import "fmt"

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
// comparable with the published one only under it: the two sources disagree on the
// ratio of four of the ten, and timm rounds the shorter side down.
//
// The crop ratio is that of the published resolution, which is returned too: the
// checkpoint's own, or the nearest of its backbone, the smaller of two.
func ForEfficientViT(backbone string, resolution int, timm bool) (p Pipeline, published int, err error) {
	ratio := 0.0
	for _, c := range Crops {
		if c.Backbone != backbone || published > 0 && distance(c.Resolution, resolution) >= distance(published, resolution) {
			continue
		}
		published, ratio = c.Resolution, c.Official
		if timm {
			ratio = c.Timm
		}
	}
	if published == 0 {
		return Pipeline{}, 0, fmt.Errorf("no crop ratio is known for %q: have b0 to b3", backbone)
	}
	p = ImageNet(resolution, ratio)
	p.RoundDown = timm
	return p, published, p.Check()
}

func distance(a, b int) int { return max(a-b, b-a) }
