// SPDX-License-Identifier: Apache-2.0

// Package scenes draws labelled street scenes, so that a segmentation network
// can be trained, calibrated and scored where no data set may be shipped.
//
// The built-in EfficientViT-Seg-B0 has the 19 Cityscapes classes, but neither
// Cityscapes nor a network trained on it may be embedded here. This package
// draws the data instead: a pinhole camera stands in a street, the street is
// built from a seed, and every pixel gets a colour and the class of what was
// drawn there. A scene is made in five steps, far to near:
//
//	sky -> backdrop -> ground -> sides of the street -> objects by distance
//
// and then photographed: exposure, tint, vignette, blur and sensor noise. Light,
// haze, materials and textures vary from scene to scene, so that no class has
// one colour. Things that are thin in a real street (poles, lights, signs) are
// drawn stout: at an output stride of 8 a pole of two pixels cannot be learned.
//
// The seed is the whole identity of a scene: the same seed shows the same
// street at every size, and on one processor architecture the same bytes.
//
//	s := scenes.Draw(7, 256, 128)
//	s.Pix   // [128, 256, 3] RGB
//	s.Label // [128, 256] train ids, None where nothing is to be learned
//
// Training, evaluation and calibration take their seeds from ranges that do
// not meet: [TrainSeed], [HeldOutSeed], [CalibrationSeed].
package scenes

import "math/rand/v2"

// First seeds of the three ranges of scenes: scene i of a range has the seed
// first + i. A range holds 1<<32 scenes.
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

	// None labels pixels that belong to no class: the bonnet of the car that
	// carries the camera.
	None uint8 = 255
)

// Scene is one picture with its labels.
type Scene struct {
	W, H  int
	Pix   []uint8 // [H, W, 3] RGB
	Label []uint8 // [H, W] train ids, or None
}

// Draw returns the scene of a seed at w by h pixels. It is meant for pictures
// twice as wide as high and at least 96 pixels high; others work, but show
// small things smaller than a network with output stride 8 can see.
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
