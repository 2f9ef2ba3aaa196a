// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"fmt"
	"slices"
	"strings"
)

// backbone holds the differences between B0, B1, B2 and B3 in the reference's
// EfficientViTBackbone: the widths and depths of the stem and the four stages.
type backbone struct {
	widths, depths [5]int
	headDim        int
	classifier     [2]int // widths of the classification head
	segWidth       int    // width and depth of the segmentation head
	segDepth       int
}

var backbones = map[string]backbone{
	"b0": {widths: [5]int{8, 16, 32, 64, 128}, depths: [5]int{1, 2, 2, 2, 2}, headDim: 16, classifier: [2]int{1024, 1280}, segWidth: 32, segDepth: 1},
	"b1": {widths: [5]int{16, 32, 64, 128, 256}, depths: [5]int{1, 2, 3, 3, 4}, headDim: 16, classifier: [2]int{1536, 1600}, segWidth: 64, segDepth: 3},
	"b2": {widths: [5]int{24, 48, 96, 192, 384}, depths: [5]int{1, 3, 4, 4, 6}, headDim: 32, classifier: [2]int{2304, 2560}, segWidth: 96, segDepth: 3},
	"b3": {widths: [5]int{32, 64, 128, 256, 512}, depths: [5]int{1, 4, 6, 6, 9}, headDim: 32, classifier: [2]int{2304, 2560}, segWidth: 128, segDepth: 3},
}

// A Head is the part of a network after its backbone.
type Head string

// The heads of MIT's code: one that classifies pictures, and two that classify pixels.
const (
	ClassifierHead Head = "classifier"
	CityscapesHead Head = "Cityscapes"
	ADE20KHead     Head = "ADE20K"
)

// A Variant describes a network of the B series, with the picture size and the classes
// of its published weights. One variant is the model that this project trained on drawn
// scenes (package builtin). Code reads these properties here, and never from a name.
type Variant struct {
	// Name is the name for [Describe], such as "efficientvit-b1-r224".
	Name string
	// Backbone is "b0" to "b3".
	Backbone      string
	Head          Head
	Height, Width int // size of the picture in pixels
	Classes       int
	// Crop is the crop ratio with which MIT's checkpoint was scored on ImageNet, from a
	// table in EfficientViT's README. The table has no B0, so B0 has the ratio of the
	// smallest model in it. TimmCrop is the ratio of the same weights in timm
	// (timm/models/efficientvit_mit.py). Both are 0 if no classifier is published.
	Crop, TimmCrop float64
}

var variants = []Variant{
	{Name: "efficientvit-b0-r224", Backbone: "b0", Head: ClassifierHead, Height: 224, Width: 224, Classes: 1000, Crop: 0.95, TimmCrop: 0.95},
	{Name: "efficientvit-b0-r256", Backbone: "b0", Head: ClassifierHead, Height: 256, Width: 256, Classes: 1000},
	{Name: "efficientvit-b0-r288", Backbone: "b0", Head: ClassifierHead, Height: 288, Width: 288, Classes: 1000},
	{Name: "efficientvit-b1-r224", Backbone: "b1", Head: ClassifierHead, Height: 224, Width: 224, Classes: 1000, Crop: 0.95, TimmCrop: 0.95},
	{Name: "efficientvit-b1-r256", Backbone: "b1", Head: ClassifierHead, Height: 256, Width: 256, Classes: 1000, Crop: 0.95, TimmCrop: 1},
	{Name: "efficientvit-b1-r288", Backbone: "b1", Head: ClassifierHead, Height: 288, Width: 288, Classes: 1000, Crop: 0.95, TimmCrop: 1},
	{Name: "efficientvit-b2-r224", Backbone: "b2", Head: ClassifierHead, Height: 224, Width: 224, Classes: 1000, Crop: 1, TimmCrop: 0.95},
	{Name: "efficientvit-b2-r256", Backbone: "b2", Head: ClassifierHead, Height: 256, Width: 256, Classes: 1000, Crop: 1, TimmCrop: 1},
	{Name: "efficientvit-b2-r288", Backbone: "b2", Head: ClassifierHead, Height: 288, Width: 288, Classes: 1000, Crop: 1, TimmCrop: 1},
	{Name: "efficientvit-b3-r224", Backbone: "b3", Head: ClassifierHead, Height: 224, Width: 224, Classes: 1000, Crop: 1, TimmCrop: 0.95},
	{Name: "efficientvit-b3-r256", Backbone: "b3", Head: ClassifierHead, Height: 256, Width: 256, Classes: 1000, Crop: 1, TimmCrop: 1},
	{Name: "efficientvit-b3-r288", Backbone: "b3", Head: ClassifierHead, Height: 288, Width: 288, Classes: 1000, Crop: 1, TimmCrop: 1},
	{Name: "efficientvit-seg-b0-cityscapes", Backbone: "b0", Head: CityscapesHead, Height: 1024, Width: 2048, Classes: 19},
	{Name: "efficientvit-seg-b1-cityscapes", Backbone: "b1", Head: CityscapesHead, Height: 1024, Width: 2048, Classes: 19},
	{Name: "efficientvit-seg-b2-cityscapes", Backbone: "b2", Head: CityscapesHead, Height: 1024, Width: 2048, Classes: 19},
	{Name: "efficientvit-seg-b3-cityscapes", Backbone: "b3", Head: CityscapesHead, Height: 1024, Width: 2048, Classes: 19},
	{Name: "efficientvit-seg-b0-scenes", Backbone: "b0", Head: CityscapesHead, Height: 128, Width: 256, Classes: 19},
	{Name: "efficientvit-seg-b1-ade20k", Backbone: "b1", Head: ADE20KHead, Height: 512, Width: 512, Classes: 150},
	{Name: "efficientvit-seg-b2-ade20k", Backbone: "b2", Head: ADE20KHead, Height: 512, Width: 512, Classes: 150},
	{Name: "efficientvit-seg-b3-ade20k", Backbone: "b3", Head: ADE20KHead, Height: 512, Width: 512, Classes: 150},
}

// Variants returns the variants that [Describe] knows.
func Variants() []Variant { return slices.Clone(variants) }

// VariantNames returns the names of the [Variants].
func VariantNames() []string {
	names := make([]string, len(variants))
	for i, v := range variants {
		names[i] = v.Name
	}
	return names
}

// VariantNamed returns the variant with the given name. The prefix "efficientvit-" may
// be left out. The resolution or the data set after the backbone may be left out too:
// "b1" is the paper's B1-R224, and "seg-b0" is the variant for Cityscapes. The error
// for an unknown name lists the known ones.
func VariantNamed(name string) (Variant, error) {
	short := strings.TrimPrefix(name, "efficientvit-")
	for _, v := range variants {
		backbone := v.Backbone
		if v.Head != ClassifierHead {
			backbone = "seg-" + backbone
		}
		if v.Name == "efficientvit-"+short || backbone == short {
			return v, nil
		}
	}
	return Variant{}, fmt.Errorf("no variant %q: have %s", name, strings.Join(VariantNames(), ", "))
}

// PublishedCrop returns the crop ratio with which a classifier's checkpoint was scored
// on ImageNet, by MIT or by timm. The two sources disagree for four of the ten
// checkpoints. The ratio belongs to the backbone's published resolution that is nearest
// to the given one, and to the smaller of two equally near. That resolution is returned
// too, in pixels. An unknown backbone is an error.
func PublishedCrop(backbone string, resolution int, timm bool) (ratio float64, published int, err error) {
	for _, v := range variants {
		if v.Backbone != backbone || v.Crop == 0 || published > 0 && distance(v.Height, resolution) >= distance(published, resolution) {
			continue
		}
		published, ratio = v.Height, v.Crop
		if timm {
			ratio = v.TimmCrop
		}
	}
	if published == 0 {
		return 0, 0, fmt.Errorf("no crop ratio is known for %q: have b0 to b3", backbone)
	}
	return ratio, published, nil
}

func distance(a, b int) int { return max(a-b, b-a) }

// Identify returns the variant whose first and last layers have the given shapes, and
// the number of classes. Of a backbone's resolutions it returns the smallest. The keys
// of shapes are the official names of the parameters. Shapes of no known variant are an
// error.
func Identify(shapes map[string][]int) (found Variant, classes int, err error) {
	stem := shapes[OfficialStem]
	if len(stem) == 0 {
		return found, 0, fmt.Errorf("no tensor %s: not the weights of an EfficientViT of the B series", OfficialStem)
	}
	for _, v := range variants {
		last := shapes[lastLayers[v.Head]]
		if len(last) > 0 && backbones[v.Backbone].widths[0] == stem[0] {
			return v, last[0], nil
		}
	}
	return found, 0, fmt.Errorf("the weights have a stem of %d channels and no head that is known: have %s", stem[0], strings.Join(VariantNames(), ", "))
}

// lastLayers holds the name of each head's parameter with an axis of classes.
var lastLayers = map[Head]string{
	ClassifierHead: "head.op_list.3.linear.weight",
	CityscapesHead: "head.output_ops.0.op_list.1.conv.weight",
	ADE20KHead:     "head.output_ops.0.op_list.0.conv.weight",
}
