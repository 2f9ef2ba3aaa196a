// SPDX-License-Identifier: Apache-2.0

// Package scenes draws labelled street scenes. With them a segmentation network can be
// trained, calibrated and scored without a data set.
//
// The built-in EfficientViT-Seg-B0 has the 19 classes of Cityscapes, but neither
// Cityscapes nor a network trained on it may be embedded here. This package draws
// training data instead. A pinhole camera stands in a street, which is built from a
// seed. Every pixel gets a colour and the class of the surface drawn there. A scene is
// drawn in five steps, far to near:
//
//	sky -> backdrop -> ground -> sides of the street -> objects by distance
//
// and is then photographed with exposure, tint, vignette, blur and sensor noise. Light,
// haze, materials and textures vary from scene to scene, so that no class has a single
// colour. Things that are thin in a real street (poles, lights, signs) are drawn
// thicker, because a network with an output stride of 8 cannot learn a pole of two
// pixels.
//
// The seed alone determines a scene. The same seed gives the same street at every size,
// and the same bytes on one processor architecture.
//
//	s := scenes.Draw(7, 256, 128)
//	s.Pix   // [128, 256, 3] RGB
//	s.Label // [128, 256] train ids, or None for pixels without a class
//
// Training, evaluation and calibration take their seeds from ranges that do not
// overlap: [TrainSeed], [HeldOutSeed], [CalibrationSeed].
package scenes

import "math/rand/v2"

// The first seeds of the three ranges of scenes. Scene i of a range has the seed first
// + i. A range holds 1<<32 scenes.
const (
	TrainSeed       uint64 = 0
	HeldOutSeed     uint64 = 1 << 32
	CalibrationSeed uint64 = 1 << 33
)

// The Cityscapes train ids.
const (
	Road uint8 = iota
	Sidewalk
	Building
	Wall
	Fence
	Pole
	TrafficLight
	TrafficSign
	Vegetation
	Terrain
	Sky
	Person
	Rider
	Car
	Truck
	Bus
	Train
	Motorcycle
	Bicycle

	// NumClasses is the number of classes.
	NumClasses = 19

	// None is the label of pixels that belong to no class, such as the bonnet of the
	// car with the camera.
	None uint8 = 255
)

// Scene is one picture with its label map.
type Scene struct {
	W, H  int
	Pix   []uint8 // the colours of each pixel, [H, W, 3] RGB
	Label []uint8 // the train id of each pixel, or None, [H, W]
}

// Draw returns the scene of a seed at w by h pixels. It is meant for pictures twice as
// wide as high and at least 96 pixels high. Other sizes are allowed, but a network with
// an output stride of 8 cannot see the small objects in smaller pictures.
func Draw(seed uint64, w, h int) Scene {
	rng := rand.New(rand.NewPCG(seed, 0x7363656e6573))
	s := newStreet(rng, w, h)
	s.sky()
	s.backdrop()
	s.ground()
	s.sides()
	s.objects()
	s.bonnet()
	return s.photograph(rng)
}
