// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
// protocol's size: CamVid to 960 × 704; where the first picture has at most 64
// pixels a side (Tiny ImageNet) to 128 × 128, else to the centre of 224 × 224 as
// the reference evaluates the variant on ImageNet. A classes.txt in the folder
// gives the classes' order and words ([dataset.Words]). Where both paths are empty
// the setup is the built-in model with drawn scenes.
func Prepare(checkpoint, folder string) (*Setup, error) {
	switch {
	case checkpoint == "" && folder == "":
		return builtInSetup()
	case checkpoint == "":
		return nil, fmt.Errorf("pictures are given (TRIOVIT_DATA=%s) but no checkpoint: set TRIOVIT_MODEL too", folder)
	case folder == "":
		return nil, fmt.Errorf("a checkpoint is given (TRIOVIT_MODEL=%s) but no pictures: set TRIOVIT_DATA too", checkpoint)
	}
	model, err := Open(checkpoint) // before the pictures: this takes milliseconds
	if err != nil {
		return nil, err
	}
	segments := len(model.Net.Output().Shape) == 3
	if segments != isFolder(folder, "trainannot") || !isFolder(folder, "train") || !isFolder(folder, "val") {
		return nil, fmt.Errorf("%s does not fit %s: a segmentation needs train, trainannot, val and valannot, a classifier train and val of class folders",
			folder, model.Net.Name)
	}
	open, h, w := dataset.CamVid, 704, 960
	if !segments {
		p, err := folderProtocol(filepath.Join(folder, "train"), model.Net.Name)
		if err != nil {
			return nil, err
		}
		h, w = p.Height, p.Width
		var words []dataset.Option
		if path := filepath.Join(folder, "classes.txt"); exists(path) {
			words = append(words, dataset.Words(path))
		}
		open = func(dir, split string) (dataset.Dataset, error) {
			return dataset.ImageFolder(filepath.Join(dir, split), p, words...)
		}
	}
	s := new(Setup)
	if s.Calibration, err = open(folder, "train"); err != nil {
		return nil, err
	}
	if s.Evaluation, err = open(folder, "val"); err != nil {
		return nil, err
	}
	s.Model, err = Open(checkpoint, InputSize(h, w))
	return s, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFolder(elem ...string) bool {
	info, err := os.Stat(filepath.Join(elem...))
	return err == nil && info.IsDir()
}

// folderProtocol chooses the preprocessing by the size of the first picture,
// and the crop ratio by the variant (table in EfficientViT's README).
func folderProtocol(dir, variant string) (preprocess.Pipeline, error) {
	first, err := firstPicture(dir)
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	m, err := preprocess.DecodeFile(first)
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	if max(m.W, m.H) <= 64 {
		return preprocess.Classification(128), nil
	}
	ratio := 1.0 // of B2 and B3
	if strings.Contains(variant, "-b0-") || strings.Contains(variant, "-b1-") {
		ratio = 0.95
	}
	return preprocess.ImageNet(224, ratio), nil
}

// firstPicture returns the first file of the class folders that is not hidden.
func firstPicture(dir string) (string, error) {
	found := ""
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && filepath.Dir(path) != dir:
			found = path
			return fs.SkipAll
		}
		return nil
	})
	if err == nil && found == "" {
		err = fmt.Errorf("%s: no class folder has a picture", dir)
	}
	return found, err
}

func builtInSetup() (*Setup, error) {
	s := new(Setup)
	var err error
	if s.Model, err = Open("", InputSize(sceneHeight, sceneWidth)); err != nil {
		return nil, err
	}
	if s.Calibration, err = scenes.Dataset("drawn scenes for calibration", scenes.CalibrationSeed, calibrationScenes, sceneWidth, sceneHeight); err != nil {
		return nil, err
	}
	s.Evaluation, err = scenes.Dataset("held-out drawn scenes", scenes.HeldOutSeed, evaluationScenes, sceneWidth, sceneHeight)
	return s, err
}

// String names the model and the pictures.
func (s *Setup) String() string {
	return fmt.Sprintf("%s (%s), calibrated on %d pictures of %s, scored on %d of %s", s.Model.Net.Name, s.Model.Source,
		s.Calibration.Len(), s.Calibration.Name(), s.Evaluation.Len(), s.Evaluation.Name())
}

// Segment returns what the model's logits say of a picture, at the size of its
// label and in the numbers of the data set's classes, [H, W].
func (s *Setup) Segment(logits []float32, label dataset.Label) []uint8 {
	shape := s.Model.Net.Output().Shape
	seen := SegmentLabel(logits, shape, label)
	if table := dataset.Mapping(shape[len(shape)-1], s.Evaluation.Classes()); table != nil {
		for i, c := range seen {
			seen[i] = table[c]
		}
	}
	return seen
}
