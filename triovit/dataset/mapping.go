// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"image/color"
	"slices"
)

// Mapping returns the table from a network's classes to a data set's where
// they are not the same but known to correspond: the 19 classes of Cityscapes
// to the 11 of CamVid. Otherwise it returns nil.
func Mapping(networkClasses int, classes []string) []uint8 {
	palette := Palette(classes)
	if networkClasses != len(CityscapesClasses) || len(palette) != len(CamVidClasses) {
		return nil
	}
	return CityscapesToCamVid[:]
}

// NetworkClasses returns the names of a network's classes that is scored on a data
// set of other or the same classes, nil where nobody knows them.
func NetworkClasses(networkClasses int, classes []string) []string {
	switch {
	case networkClasses == len(classes):
		return classes
	case Mapping(networkClasses, classes) != nil:
		return names(CityscapesClasses[:])
	}
	return nil
}

// Palette returns the classes with their colours where the names are those of
// Cityscapes, CamVid or ADE20K; otherwise nil.
func Palette(classes []string) []Class {
	for _, known := range [][]Class{CityscapesClasses[:], CamVidClasses[:], ADE20KClasses[:]} {
		if slices.EqualFunc(classes, known, func(name string, c Class) bool { return name == c.Name }) {
			return known
		}
	}
	return nil
}

// Colors returns a colour for each class: the palette's, or one for each number where
// the names have none.
func Colors(classes []string) []color.RGBA {
	colors := make([]color.RGBA, len(classes))
	palette := Palette(classes)
	for i := range colors {
		colors[i] = numbered(i + 1)
		if palette != nil {
			colors[i] = palette[i].Color
		}
	}
	return colors
}
