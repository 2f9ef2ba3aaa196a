// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"image/color"
	"slices"
)

// Mapping returns the table from a network's classes to those of a data set, if both
// are known and differ. The only such pair is the 19 classes of Cityscapes and the 11
// of CamVid. Otherwise Mapping returns nil.
func Mapping(networkClasses int, classes []string) []uint8 {
	palette := Palette(classes)
	if networkClasses != len(CityscapesClasses) || len(palette) != len(CamVidClasses) {
		return nil
	}
	return CityscapesToCamVid[:]
}

// NetworkClasses returns the names of the classes of a network that is scored on a data
// set with the given classes. It returns nil if the network's classes are unknown.
func NetworkClasses(networkClasses int, classes []string) []string {
	switch {
	case networkClasses == len(classes):
		return classes
	case Mapping(networkClasses, classes) != nil:
		return names(CityscapesClasses[:])
	}
	return nil
}

// Named returns the names of n classes. Classes beyond the given names are called by their
// numbers, such as "class 7".
func Named(classes []string, n int) []string {
	classes = slices.Clip(classes)
	for k := len(classes); k < n; k++ {
		classes = append(classes, fmt.Sprintf("class %d", k))
	}
	return classes
}

// Palette returns the classes with their colours if the names are those of Cityscapes,
// CamVid or ADE20K. Otherwise it returns nil.
func Palette(classes []string) []Class {
	for _, known := range [][]Class{CityscapesClasses[:], CamVidClasses[:], ADE20KClasses[:]} {
		if slices.EqualFunc(classes, known, func(name string, c Class) bool { return name == c.Name }) {
			return known
		}
	}
	return nil
}

// Colors returns a colour for each class. Classes without a [Palette] get the colours
// of their numbers.
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
