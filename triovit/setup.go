// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

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

// FromEnvironment returns the setup of TRIOVIT_MODEL, a checkpoint or its name
// on the hub, and TRIOVIT_DATA, a folder of pictures (see [Prepare]). Where
// neither is set it is the built-in model with drawn scenes, which needs no file.
func FromEnvironment(ctx context.Context) (*Setup, error) {
	return Prepare(ctx, os.Getenv("TRIOVIT_MODEL"), os.Getenv("TRIOVIT_DATA"))
}

// The drawn scenes of the built-in setup: pictures of the size that the model
// was trained on, from seeds that the training never saw.
const (
	sceneHeight, sceneWidth = 128, 256
	calibrationScenes       = 48
	evaluationScenes        = 100
)

// A PrepareOption changes how [Prepare] opens pictures.
type PrepareOption func(*request)

// Preprocess gives the network pictures of a protocol of one's own; its size is
// the network's. Without it the data set and the checkpoint decide.
func Preprocess(p preprocess.Pipeline) PrepareOption {
	return func(r *request) { r.pipeline = p }
}

// Prepare opens a checkpoint (a path or a name on the hub, see [Open]) and a
// folder of pictures, of one of these layouts:
//
//   - Cityscapes: leftImg8bit and gtFine, each with train and val. Pictures and
//     scores are at 2048 × 1024; [dataset.Cityscapes] has the protocol.
//   - CamVid: train, trainannot, val and valannot. Pictures are brought to
//     960 × 704.
//   - ADE20K: images and annotations, each with training and validation, at
//     512 × 512.
//   - ImageNet: train with a folder for each class, and val likewise, or all its
//     pictures in val and their classes in LOC_val_solution.csv, val.txt or the
//     development kit's file ([dataset.ImageNetVal]). Resolution and crop are
//     those under which the checkpoint was scored ([preprocess.ForEfficientViT]),
//     by the variant and by what its name says, as in "efficientvit_b1.r256_in1k";
//     224 where it says nothing. Pictures of at most 64 pixels a side, Tiny
//     ImageNet's, are brought to 128 × 128. A list of the classes ([dataset.Words])
//     may lie in the folder as classes.txt, LOC_synset_mapping.txt,
//     synset_words.txt or map_clsloc.txt.
//
// Calibration takes the training split, at most 1,024 pictures of a classifier's
// and 128 of Cityscapes or ADE20K, spread over it; evaluation takes the other
// split. Where both names are empty the setup is the built-in model with drawn
// scenes.
//
// Weights with which nothing can be computed ([Model.CheckValues]) are an error.
//
// A download, the hashing of pictures and the drawing of scenes show their
// progress where they take long, and return ctx's error when it ends.
func Prepare(ctx context.Context, checkpoint, folder string, options ...PrepareOption) (*Setup, error) {
	switch {
	case checkpoint == "" && folder == "":
		return builtInSetup(ctx)
	case checkpoint == "":
		return nil, fmt.Errorf("pictures are given (%s) but no checkpoint: name one by TRIOVIT_MODEL or -model", folder)
	case folder == "":
		return nil, fmt.Errorf("a checkpoint is given (%s) but no pictures: name their folder by TRIOVIT_DATA or -data", checkpoint)
	}
	set, from, err := source(checkpoint)(ctx) // once: the file may be large
	if err != nil {
		return nil, err
	}
	tensors := Tensors(set, from)
	model, err := Load(ctx, "", tensors)
	if err == nil {
		err = model.CheckValues() // before pictures are looked at
	}
	if err != nil {
		return nil, err
	}
	r := &request{folder: folder, checkpoint: checkpoint, variant: model.Net.Name, timm: isTimm(set)}
	for _, option := range options {
		option(r)
	}
	l, err := recognize(folder)
	if err != nil {
		return nil, err
	}
	if classifies := len(model.Net.Output().Shape) == 1; classifies != (l.task == dataset.Classification) {
		return nil, fmt.Errorf("%s does not fit %s: it looks like %s, a %v; give other pictures or another checkpoint", folder, model.Net.Name, l.name, l.task)
	}
	if err := l.check(folder); err != nil {
		return nil, err
	}
	calibration, evaluation, h, w, err := l.open(ctx, r)
	if err != nil {
		return nil, err
	}
	shape, classes := model.Net.Output().Shape, evaluation.Classes()
	if n := shape[len(shape)-1]; n != len(classes) && dataset.Mapping(n, classes) == nil {
		return nil, fmt.Errorf("%s has %d classes, %s has %d: a folder with a part of the classes needs a list of all", from, n, evaluation.Name(), len(classes))
	}
	model, err = Load(ctx, "", tensors, InputSize(h, w))
	return &Setup{model, calibration, evaluation}, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFolder(elem ...string) bool {
	info, err := os.Stat(filepath.Join(elem...))
	return err == nil && info.IsDir()
}

func builtInSetup(ctx context.Context) (*Setup, error) {
	model, err := Open(ctx, "", InputSize(sceneHeight, sceneWidth))
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // the same whether or not the scenes are drawn
		return nil, context.Cause(ctx)
	}
	drawn.Lock()
	defer drawn.Unlock()
	if drawn.calibration == nil {
		drawn.calibration, err = scenes.Dataset(ctx, "drawn scenes for calibration", scenes.CalibrationSeed, calibrationScenes, sceneWidth, sceneHeight)
		if err != nil {
			return nil, err
		}
	}
	if drawn.evaluation == nil {
		drawn.evaluation, err = scenes.Dataset(ctx, "held-out drawn scenes", scenes.HeldOutSeed, evaluationScenes, sceneWidth, sceneHeight)
		if err != nil {
			return nil, err
		}
	}
	return &Setup{model, drawn.calibration, drawn.evaluation}, nil
}

// drawn holds the scenes, which are always the same and take a second to draw: a
// cell may ask for its setup again and again.
var drawn struct {
	sync.Mutex
	calibration, evaluation dataset.Dataset
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
