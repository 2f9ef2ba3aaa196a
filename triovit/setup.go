// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotriovit/gotriovit/internal/scenes"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// A Setup is what an experiment needs: a model, pictures to calibrate on and
// other pictures to score on, of the size that the network takes.
type Setup struct {
	Model                   *Model
	Calibration, Evaluation dataset.Dataset
}

// FromEnvironment returns the setup of TRIOVIT_MODEL, a checkpoint, and
// TRIOVIT_DATA, a folder of pictures (see [Prepare]). Where neither is set it
// is the built-in model with drawn scenes, which needs no file.
func FromEnvironment() (*Setup, error) {
	return Prepare(os.Getenv("TRIOVIT_MODEL"), os.Getenv("TRIOVIT_DATA"))
}

// The drawn scenes of the built-in setup: pictures of the size that the model
// was trained on, from seeds that the training never saw.
const (
	sceneHeight, sceneWidth = 128, 256
	calibrationScenes       = 48
	evaluationScenes        = 100
)

// Prepare opens a checkpoint and a folder of pictures. The folder is CamVid's
// (train, trainannot, val, valannot) for a segmentation, or has a train and a
// val folder of class folders for a classifier. Pictures are brought to the
// protocol's size: CamVid to 960 × 704; pictures of at most 64 pixels (Tiny
// ImageNet) to 128 × 128, others to the centre of 224 × 224. Where both paths
// are empty the setup is the built-in model with drawn scenes.
func Prepare(checkpoint, folder string) (*Setup, error) {
	switch {
	case checkpoint == "" && folder == "":
		return builtInSetup()
	case checkpoint == "":
		return nil, fmt.Errorf("pictures are given (TRIOVIT_DATA=%s) but no checkpoint: set TRIOVIT_MODEL too", folder)
	case folder == "":
		return nil, fmt.Errorf("a checkpoint is given (TRIOVIT_MODEL=%s) but no pictures: set TRIOVIT_DATA too", checkpoint)
	}
	open := dataset.CamVid
	h, w := 704, 960
	if !isFolder(folder, "trainannot") {
		if !isFolder(folder, "train") || !isFolder(folder, "val") {
			return nil, fmt.Errorf("%s is no folder of pictures that is known: it needs train and val, with trainannot and valannot for a segmentation", folder)
		}
		p, err := folderProtocol(filepath.Join(folder, "train"))
		if err != nil {
			return nil, err
		}
		h, w = p.Height, p.Width
		open = func(dir, split string) (dataset.Dataset, error) {
			return dataset.ImageFolder(filepath.Join(dir, split), p)
		}
	}
	s := new(Setup)
	var err error
	if s.Calibration, err = open(folder, "train"); err != nil {
		return nil, err
	}
	if s.Evaluation, err = open(folder, "val"); err != nil {
		return nil, err
	}
	s.Model, err = Open(checkpoint, InputSize(h, w))
	return s, err
}

func isFolder(elem ...string) bool {
	info, err := os.Stat(filepath.Join(elem...))
	return err == nil && info.IsDir()
}

// folderProtocol chooses the preprocessing by the size of some picture.
func folderProtocol(dir string) (preprocess.Pipeline, error) {
	some, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(some) == 0 {
		return preprocess.Pipeline{}, fmt.Errorf("%s: no class folder has a picture", dir)
	}
	m, err := preprocess.DecodeFile(some[0])
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	if max(m.W, m.H) <= 64 {
		return preprocess.Classification(128), nil
	}
	return preprocess.ImageNet(224, 0.95), nil
}

func builtInSetup() (*Setup, error) {
	model, err := Open("", InputSize(sceneHeight, sceneWidth))
	calibration, err1 := scenes.Dataset("drawn scenes for calibration", scenes.CalibrationSeed, calibrationScenes, sceneWidth, sceneHeight)
	evaluation, err2 := scenes.Dataset("held-out drawn scenes", scenes.HeldOutSeed, evaluationScenes, sceneWidth, sceneHeight)
	return &Setup{model, calibration, evaluation}, errors.Join(err, err1, err2)
}

// Segment returns what the model's logits say of a picture, at the size of its
// label and in the numbers of the data set's classes, [H, W].
func (s *Setup) Segment(logits []float32, label dataset.Label) []uint8 {
	shape := s.Model.Net.Output().Shape
	seen := Segment(logits, shape, label.W, label.H)
	if table := dataset.Mapping(shape[len(shape)-1], s.Evaluation.Classes()); table != nil {
		for i, c := range seen {
			seen[i] = table[c]
		}
	}
	return seen
}
