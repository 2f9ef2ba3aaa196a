// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// A Setup holds the inputs of an experiment: a model, calibration pictures and separate
// evaluation pictures, all of the size that the network takes.
type Setup struct {
	// Model is the network with its weights. For an artefact it describes the network and
	// has no weights: code that observes, quantizes or runs in floating point returns an
	// error.
	Model *Model
	// Folded is Model with folded BatchNorms, the form that is scored, observed and
	// quantized. For an artefact it has no weights.
	Folded *Folded
	// Frozen is the artefact that was given in place of a checkpoint, or nil.
	Frozen *Frozen
	// Calibration is empty where the pictures are absent or not needed: reading it then
	// returns the reason as an error.
	Calibration, Evaluation dataset.Dataset
}

// FromEnvironment returns the setup of TRIOVIT_MODEL, a checkpoint's path, its name on the
// hub or an artefact, and of TRIOVIT_DATA, a folder of pictures (see [Prepare]). It reads
// TRIOVIT_WEIGHTS for [WeightsAt], TRIOVIT_CLASS_ORDER for [ClassOrder] and
// TRIOVIT_PREPROCESS for [Change]. Where neither of the first two is set, the setup is the
// built-in model with drawn scenes, which needs no file.
func FromEnvironment(ctx context.Context) (*Setup, error) {
	options, err := environment()
	if err != nil {
		return nil, err
	}
	return Prepare(ctx, os.Getenv("TRIOVIT_MODEL"), os.Getenv("TRIOVIT_DATA"), options...)
}

// newSetup returns a setup with its model folded, or the description of an artefact.
func newSetup(model *Model, frozen *Frozen, calibration, evaluation dataset.Dataset) (*Setup, error) {
	fold := model.Fold
	if frozen != nil {
		fold = model.fold
	}
	folded, err := fold()
	return &Setup{model, folded, frozen, calibration, evaluation}, err
}

// environment returns the options that environment variables set.
func environment() ([]PrepareOption, error) {
	changes, err := preprocess.ParseChanges(os.Getenv("TRIOVIT_PREPROCESS"))
	if err != nil {
		return nil, fmt.Errorf("TRIOVIT_PREPROCESS: %w", err)
	}
	return []PrepareOption{WeightsAt(os.Getenv("TRIOVIT_WEIGHTS")), Change(changes), ClassOrder(os.Getenv("TRIOVIT_CLASS_ORDER"))}, nil
}

// The drawn scenes of the built-in setup: pictures of the size of the model's training,
// from seeds that the training did not use.
const (
	sceneHeight, sceneWidth = 128, 256
	calibrationScenes       = 48
	evaluationScenes        = 100
)

// A PrepareOption changes how [Prepare] opens the checkpoint and the pictures.
type PrepareOption func(*request)

// Preprocess sets the caller's own protocol for the pictures; its size is the network's.
// Without it the data set and the checkpoint decide.
func Preprocess(p preprocess.Pipeline) PrepareOption {
	return func(r *request) { r.pipeline = p }
}

// Change changes parts of the protocol, be it from [Preprocess] or from the data set and
// the checkpoint.
func Change(c preprocess.Changes) PrepareOption {
	return func(r *request) { r.changes = c }
}

// ClassOrder sets the numbering of class folders: "text" as torchvision, "natural" as timm
// ([dataset.Order]), or the path of a file that lists the classes, in the folder of
// pictures or elsewhere. Where it is empty a list in the folder decides. Without a list,
// weights with timm's names take the natural order, others the order of the text. Reports
// name the order taken where the two differ.
func ClassOrder(order string) PrepareOption {
	return func(r *request) { r.order = order }
}

// WeightsAt chooses the weights under a key of a training file: see [Source.At]. An empty
// key chooses the weights that their own loader takes.
func WeightsAt(key string) PrepareOption {
	return func(r *request) { r.key = key }
}

// Prepare opens a checkpoint (a path or a name on the hub, see [Open]) or an
// artefact, and a folder of pictures, of one of these layouts:
//
//   - Cityscapes: leftImg8bit and gtFine, each with val and train. Pictures and
//     scores are at 2048 × 1024; [dataset.Cityscapes] has the protocol.
//   - CamVid: val, valannot, train and trainannot. Pictures are brought to
//     960 × 704.
//   - ADE20K: images and annotations, each with validation and training, at
//     512 × 512.
//   - ImageNet and other class folders: val with a folder for each class, or all
//     its pictures and their classes in LOC_val_solution.csv, val.txt or the
//     development kit's file, or Tiny ImageNet's with val_annotations.txt
//     ([dataset.ImageNetVal]); and train with a folder for each class. A list of
//     the classes ([dataset.Words]) may lie in the folder as classes.txt,
//     LOC_synset_mapping.txt, synset_words.txt or map_clsloc.txt; without it
//     [ClassOrder] says how the folders are numbered. The folders may be called
//     valid, validation, eval or evaluation, and training, as timm has them.
//
// A classifier's resolution and crop are those under which the checkpoint was
// scored ([efficientvit.PublishedCrop]), by the variant and by what the name of its
// file, folder or repository says, as in "efficientvit_b1.r256_in1k"; 224 where it
// says nothing. Pictures of at most 64 pixels a side, Tiny ImageNet's, are brought
// to 128 × 128.
//
// Evaluation takes the first split. Calibration takes the second, at most 1,024
// pictures of a classifier's and 128 of Cityscapes or ADE20K, spread over it;
// without it only what calibrates is an error. Where both names are empty the
// setup is the built-in model with drawn scenes.
//
// Weights with which nothing can be computed ([Model.CheckValues]) are an error.
//
// An artefact is recognized by its content. It is evaluated only: a key of weights
// is refused, and calibration pictures are not opened. It says itself how a
// classifier's pictures are preprocessed; its input must have the size that the
// data set's protocol makes, and its classes the data set's order. One of the
// built-in model needs no folder.
//
// A download, the hashing of pictures and the drawing of scenes show their
// progress where they take long, and return ctx's error when it ends.
func Prepare(ctx context.Context, checkpoint, folder string, options ...PrepareOption) (*Setup, error) {
	r := newRequest(checkpoint, folder, options)
	if err := r.check(); err != nil {
		return nil, err
	}
	switch {
	case r.folder != "":
	case checkpoint == "":
		return builtInSetup(ctx)
	default:
		return r.frozenScenes(ctx)
	}
	model, opened, err := r.setup(ctx)
	if err != nil {
		return nil, err
	}
	return newSetup(model, r.frozen, opened.calibration, opened.evaluation)
}

// newRequest returns the request for a folder. Where the folder is the folder of pictures
// within the Kaggle competition's archive, and the archive's root has their truth, the
// root is taken.
func newRequest(checkpoint, folder string, options []PrepareOption) *request {
	r := &request{checkpoint: checkpoint, folder: home(folder)}
	if abs, err := filepath.Abs(r.folder); err == nil && folder != "" {
		if root, ok := strings.CutSuffix(filepath.ToSlash(abs), "/"+competition); ok && first(root, truths) != "" {
			r.folder = filepath.FromSlash(root)
		}
	}
	for _, option := range options {
		option(r)
	}
	return r
}

// check returns an error for an option without the one it belongs to. A request without
// checkpoint and folder is the built-in model with drawn scenes.
func (r *request) check() error {
	chosen := r.pipeline != (preprocess.Pipeline{}) || r.changes != (preprocess.Changes{}) || r.order != ""
	switch {
	case r.checkpoint == "" && r.key != "":
		return fmt.Errorf("weights are given (%s) but no checkpoint: name one by TRIOVIT_MODEL or -model", r.key)
	case r.checkpoint == "" && r.folder != "":
		return fmt.Errorf("pictures are given (%s) but no checkpoint: name one by TRIOVIT_MODEL or -model", r.folder)
	case r.checkpoint != "" && r.folder == "" && !IsArtefact(r.checkpoint):
		return fmt.Errorf("a checkpoint is given (%s) but no pictures: name their folder by TRIOVIT_DATA or -data", r.checkpoint)
	case r.folder == "" && chosen:
		return fmt.Errorf("a preprocessing or an order of classes is given but no pictures: the drawn scenes have their own")
	}
	return nil
}

// setup opens the model and the pictures for it.
func (r *request) setup(ctx context.Context) (*Model, *prepared, error) {
	if IsArtefact(r.checkpoint) {
		return r.setupFrozen(ctx)
	}
	model, chosen, err := load(ctx, "", source(r.checkpoint).At(r.key))
	if err == nil {
		err = model.CheckValues() // weights are checked before the pictures are opened
	}
	if err != nil {
		return nil, nil, err
	}
	variant, err := efficientvit.VariantNamed(chosen.variant)
	if err != nil {
		return nil, nil, err
	}
	r.network, r.backbone, r.timm = model.Net.Name, variant.Backbone, chosen.timm
	opened, err := r.prepareFor(ctx, model)
	if err != nil {
		return nil, nil, err
	}
	model.Pipeline = opened.pipeline
	model.Net, err = efficientvit.Describe(chosen.variant, append(chosen.options, efficientvit.InputSize(opened.h, opened.w))...)
	return model, opened, err
}

// prepareFor opens the pictures for a model, and names the model's classes after theirs
// where the model has no names.
func (r *request) prepareFor(ctx context.Context, model *Model) (*prepared, error) {
	shape, task := model.Net.Output().Shape, dataset.Segmentation
	if len(shape) == 1 {
		task = dataset.Classification
	}
	opened, err := r.prepare(ctx, task)
	if err != nil {
		return nil, err
	}
	n, classes := shape[len(shape)-1], opened.evaluation.Classes()
	known := dataset.NetworkClasses(n, classes)
	if known == nil {
		return nil, fmt.Errorf("%s has %d classes, %s has %d: they must be the same, and a folder with a part of them needs a list of all%s",
			model.Source, n, opened.evaluation.Name(), len(classes), strings.Join(append([]string{""}, opened.evaluation.Remarks()...), "; "))
	}
	if model.Classes == nil {
		model.Classes = known
	}
	if i := reordered(model.Classes, known); i >= 0 {
		return nil, fmt.Errorf("class %d is %q in %s and %q in %s: -class-order, TRIOVIT_CLASS_ORDER or triovit.ClassOrder take another order",
			i, model.Classes[i], model.Source, known[i], opened.evaluation.Name())
	}
	return opened, nil
}

// reordered returns the first place where two lists of the same names differ in order. It
// is -1 where the order is the same or the names differ.
func reordered(a, b []string) int {
	if !slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))) {
		return -1
	}
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// home replaces a tilde before a path by the user's folder, as a shell does where
// the path begins a word.
func home(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	dir, err := os.UserHomeDir()
	if !ok || err != nil || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path
	}
	return filepath.Join(dir, rest)
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
	model, err := Open(ctx, "", efficientvit.InputSize(sceneHeight, sceneWidth))
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // the error is the same whether or not the scenes are drawn
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
	model.Classes, model.Pipeline = drawn.evaluation.Classes(), preprocess.Fixed(sceneWidth, sceneHeight, preprocess.Bilinear)
	return newSetup(model, nil, drawn.calibration, drawn.evaluation)
}

// drawn holds the drawn scenes. They are always the same and take a second to draw, and a
// cell may ask for its setup repeatedly.
var drawn struct {
	sync.Mutex
	calibration, evaluation dataset.Dataset
}

// Table has a row for the network, its weights, its input and classes, the preprocessing,
// and both sets of pictures.
func (s *Setup) Table() table.Table {
	in := s.Model.Net.Input().Shape
	calibration := fmt.Sprintf("%d pictures of %s", s.Calibration.Len(), s.Calibration.Name())
	if s.Calibration.Len() == 0 {
		_, why := s.Calibration.Load(0)
		calibration = fmt.Sprintf("none: %v", why)
	}
	return table.Table{LeftText: true, Columns: table.Columns("part", "setup"), Rows: [][]any{
		{"network", s.Model.Net.Name},
		{"weights", s.Model.Source},
		{"input", fmt.Sprintf("%d pixels wide, %d high", in[1], in[0])},
		{"classes", strconv.Itoa(len(s.Model.Classes))},
		{"preprocessing", s.Model.Pipeline.String()},
		{"calibration", calibration},
		{"evaluation", fmt.Sprintf("%d pictures of %s", s.Evaluation.Len(), s.Evaluation.Name())},
	}, Notes: s.Evaluation.Remarks()}
}

// String is the text of the table, which ends with a line break.
func (s *Setup) String() string { return s.Table().String() }

// Segment returns the class of each pixel of a picture by the model's logits, [H, W], at
// the size of its label and in the data set's numbers.
func (s *Setup) Segment(logits []float32, label dataset.Label) []uint8 {
	shape := s.Model.Net.Output().Shape
	seen := segmentLabel(logits, shape, label)
	if table := dataset.Mapping(shape[len(shape)-1], s.Evaluation.Classes()); table != nil {
		for i, c := range seen {
			seen[i] = table[c]
		}
	}
	return seen
}
