// SPDX-License-Identifier: Apache-2.0

package dataset

import "image/color"

// Class is the name of a class and its colour in pictures of label maps.
type Class struct {
	Name  string
	Color color.RGBA
}

func class(name string, r, g, b uint8) Class {
	return Class{name, color.RGBA{r, g, b, 255}}
}

// CityscapesClasses are the 19 evaluated classes in the order of their train ids. The
// colours are those of the data set's own figures (Cordts et al., The Cityscapes
// Dataset for Semantic Urban Scene Understanding, 2016).
var CityscapesClasses = [19]Class{
	class("road", 128, 64, 128),
	class("sidewalk", 244, 35, 232),
	class("building", 70, 70, 70),
	class("wall", 102, 102, 156),
	class("fence", 190, 153, 153),
	class("pole", 153, 153, 153),
	class("traffic light", 250, 170, 30),
	class("traffic sign", 220, 220, 0),
	class("vegetation", 107, 142, 35),
	class("terrain", 152, 251, 152),
	class("sky", 70, 130, 180),
	class("person", 220, 20, 60),
	class("rider", 255, 0, 0),
	class("car", 0, 0, 142),
	class("truck", 0, 0, 70),
	class("bus", 0, 60, 100),
	class("train", 0, 80, 100),
	class("motorcycle", 0, 0, 230),
	class("bicycle", 119, 11, 32),
}

// CamVidClasses are the 11 classes to which CamVid's 32 are usually reduced
// (Badrinarayanan et al., SegNet, 2017). Label 11 in the files is void.
var CamVidClasses = [11]Class{
	class("sky", 128, 128, 128),
	class("building", 128, 0, 0),
	class("pole", 192, 192, 128),
	class("road", 128, 64, 128),
	class("pavement", 60, 40, 222),
	class("tree", 128, 128, 0),
	class("sign", 192, 128, 128),
	class("fence", 64, 64, 128),
	class("car", 64, 0, 128),
	class("pedestrian", 64, 64, 0),
	class("bicyclist", 0, 128, 192),
}

// CityscapesToCamVid maps a Cityscapes train id to a CamVid class. A network trained on
// Cityscapes is scored on CamVid by this map. CamVid has one class of vehicles, so
// trucks, buses and trains count as cars. Riders, bicycles and motorcycles count as
// bicyclists.
var CityscapesToCamVid = [19]uint8{
	3,    // Cityscapes' road is CamVid's road
	4,    // sidewalk is pavement
	1, 1, // building and wall are building
	7,    // fence is fence
	2,    // pole is pole
	6, 6, // traffic light and traffic sign are sign
	5, 5, // vegetation and terrain are tree
	0,          // sky is sky
	9,          // person is pedestrian
	10,         // rider is bicyclist
	8, 8, 8, 8, // car, truck, bus and train are car
	10, 10, // motorcycle and bicycle are bicyclist
}

func names(classes []Class) []string {
	all := make([]string, len(classes))
	for i, c := range classes {
		all[i] = c.Name
	}
	return all
}
