// SPDX-License-Identifier: Apache-2.0

package dataset

// Mapping returns the table from a network's classes to a data set's where
// they are not the same but known to correspond: the 19 classes of Cityscapes
// to the 11 of CamVid. Otherwise it returns nil.
func Mapping(networkClasses int, classes []string) []uint8 {
	if networkClasses != len(CityscapesClasses) || len(classes) != len(CamVidClasses) {
		return nil
	}
	for i, c := range CamVidClasses {
		if classes[i] != c.Name {
			return nil
		}
	}
	return CityscapesToCamVid[:]
}
