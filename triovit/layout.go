// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// How many pictures of a data set's training split a setup calibrates on at
// most. The released code takes 1,024 for a classifier; a scene has the pixels
// of dozens of pictures.
const (
	calibrationPictures = 1024
	calibrationStreets  = 128
)

// A layout is one way in which a folder holds the pictures of a data set.
type layout struct {
	name  string
	task  dataset.Task
	mark  []string // one of these tells the layout
	needs []string // folders of which all must be there
	// open returns the pictures to calibrate on, those to score on, and the
	// height and width of the network's input.
	open func(ctx context.Context, r *request) (calibration, evaluation dataset.Dataset, h, w int, err error)
}

// A request is what a layout is opened for.
type request struct {
	folder     string
	checkpoint string // as the user named it
	key        string // of the weights in it, or empty
	variant    string // as in "efficientvit-b1-r224"
	timm       bool
	pipeline   preprocess.Pipeline // the user's, or zero
}

var layouts = []layout{
	{"CamVid", dataset.Segmentation, []string{"trainannot"}, []string{"train", "val", "valannot"}, openCamVid},
	{"Cityscapes", dataset.Segmentation, []string{"leftImg8bit"}, []string{"leftImg8bit/train", "leftImg8bit/val", "gtFine/train", "gtFine/val"}, openCityscapes},
	{"ADE20K", dataset.Segmentation, []string{"annotations"}, []string{"images/training", "images/validation", "annotations/training", "annotations/validation"}, openADE20K},
	{"ImageNet", dataset.Classification, []string{"val", competition + "/val"}, []string{"train"}, openImageNet},
}

// competition is where ImageNet's distribution for the Kaggle competition has
// its pictures.
const competition = "ILSVRC/Data/CLS-LOC"

// Where ImageNet's truth and lists of classes lie in a folder; the development
// kit's two belong together.
var (
	kit        = "ILSVRC2012_devkit_t12/data/"
	kitTruths  = []string{"ILSVRC2012_validation_ground_truth.txt", kit + "ILSVRC2012_validation_ground_truth.txt"}
	kitClasses = []string{"map_clsloc.txt", kit + "map_clsloc.txt"}
	truths     = append([]string{"LOC_val_solution.csv", "val.txt"}, kitTruths...)
	classLists = append([]string{"classes.txt", "LOC_synset_mapping.txt", "synset_words.txt"}, kitClasses...)
)

// recognize returns the layout of a folder.
func recognize(folder string) (*layout, error) {
	for i, l := range layouts {
		if first(folder, l.mark) != "" {
			return &layouts[i], nil
		}
	}
	found, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("no folder of pictures: %w", err)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name())
	}
	has := "nothing in it"
	if len(names) > 0 {
		has = strings.Join(names[:min(8, len(names))], ", ")
	}
	if len(names) > 8 {
		has += fmt.Sprintf(" and %d more", len(names)-8)
	}
	return nil, fmt.Errorf("%s has %s: want train and val with class folders or ImageNet's flat val, CamVid's train, trainannot, val and valannot, "+
		"Cityscapes' leftImg8bit and gtFine, or ADE20K's images and annotations", folder, has)
}

// check reports what a folder of the layout lacks.
func (l *layout) check(folder string) error {
	for _, need := range l.needs {
		if !isFolder(folder, need) && !isFolder(folder, competition, need) {
			return fmt.Errorf("%s looks like %s, but has no folder %s", folder, l.name, need)
		}
	}
	return nil
}

// first returns the path of the first of the names that a folder has, or "".
func first(folder string, names []string) string {
	for _, name := range names {
		if path := filepath.Join(folder, filepath.FromSlash(name)); exists(path) {
			return path
		}
	}
	return ""
}

func openCamVid(ctx context.Context, r *request) (calibration, evaluation dataset.Dataset, h, w int, err error) {
	if r.pipeline != (preprocess.Pipeline{}) {
		return nil, nil, 0, 0, fmt.Errorf("CamVid is scored at 960 x 704 only: leave its preprocessing as it is")
	}
	if calibration, err = dataset.CamVid(ctx, r.folder, "train"); err == nil {
		evaluation, err = dataset.CamVid(ctx, r.folder, "val")
	}
	return calibration, evaluation, 704, 960, err
}

func openCityscapes(ctx context.Context, r *request) (calibration, evaluation dataset.Dataset, h, w int, err error) {
	h, w = 1024, 2048
	if p := r.pipeline; p != (preprocess.Pipeline{}) {
		h, w = p.Height, p.Width
	}
	if calibration, err = dataset.Cityscapes(ctx, r.folder, "train", r.pipeline, dataset.AtMost(calibrationStreets)); err == nil {
		evaluation, err = dataset.Cityscapes(ctx, r.folder, "val", r.pipeline)
	}
	return calibration, evaluation, h, w, err
}

func openADE20K(ctx context.Context, r *request) (calibration, evaluation dataset.Dataset, h, w int, err error) {
	p := r.pipeline
	if p == (preprocess.Pipeline{}) {
		p = preprocess.Fixed(512, 512, preprocess.Bicubic)
	}
	if calibration, err = dataset.ADE20K(ctx, r.folder, "training", p, dataset.AtMost(calibrationStreets)); err == nil {
		evaluation, err = dataset.ADE20K(ctx, r.folder, "validation", p)
	}
	return calibration, evaluation, p.Height, p.Width, err
}

// openImageNet opens class folders, and a val without class folders with its
// file of truth.
func openImageNet(ctx context.Context, r *request) (calibration, evaluation dataset.Dataset, h, w int, err error) {
	pictures := r.folder
	if isFolder(pictures, competition) {
		pictures = filepath.Join(pictures, filepath.FromSlash(competition))
	}
	train, val := filepath.Join(pictures, "train"), filepath.Join(pictures, "val")
	p := r.pipeline
	if p == (preprocess.Pipeline{}) {
		if p, err = r.imageNet(train); err != nil {
			return nil, nil, 0, 0, err
		}
	}
	truth, lists := first(r.folder, truths), classLists
	if truth != "" && filepath.Base(truth) == kitTruths[0] {
		lists = append(slices.Clone(kitClasses), classLists...)
	}
	var options []dataset.Option
	if list := first(r.folder, lists); list != "" {
		options = append(options, dataset.Words(list))
	}
	if calibration, err = dataset.ImageFolder(ctx, train, p, append(options, dataset.AtMost(calibrationPictures))...); err != nil {
		return nil, nil, 0, 0, err
	}
	switch flat, err := isFlat(val); {
	case err != nil:
		return nil, nil, 0, 0, err
	case !flat:
		evaluation, err = dataset.ImageFolder(ctx, val, p, options...)
		return calibration, evaluation, p.Height, p.Width, err
	case truth == "":
		return nil, nil, 0, 0, fmt.Errorf("%s has pictures without class folders: want their classes in %s, as %s", val, r.folder, strings.Join(truths[:3], ", "))
	}
	evaluation, err = dataset.ImageNetVal(ctx, val, truth, p, options...)
	return calibration, evaluation, p.Height, p.Width, err
}

// isFlat reports whether a folder has files, not folders.
func isFlat(dir string) (bool, error) {
	found, err := os.ReadDir(dir)
	for _, f := range found {
		if !strings.HasPrefix(f.Name(), ".") {
			return !isFolder(dir, f.Name()), nil
		}
	}
	return false, err
}

var resolutionInName = regexp.MustCompile(`(?:^|[^A-Za-z0-9])r([0-9]{3})(?:[^0-9]|$)`)

// imageNet chooses the preprocessing: pictures of at most 64 pixels a side (Tiny
// ImageNet) are resized to 128, others as the checkpoint was scored, at the
// resolution in its name or 224.
func (r *request) imageNet(train string) (preprocess.Pipeline, error) {
	picture, err := firstPicture(train)
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	m, err := preprocess.DecodeFile(picture)
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	if max(m.W, m.H) <= 64 {
		return preprocess.Classification(128), nil
	}
	resolution := 224
	if names := resolutionInName.FindAllStringSubmatch(r.checkpoint, -1); names != nil {
		resolution, err = strconv.Atoi(names[len(names)-1][1])
	}
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	p, err := preprocess.ForEfficientViT(strings.Split(r.variant, "-")[1], resolution, r.timm)
	if err != nil {
		return p, fmt.Errorf("%s: %w", r.checkpoint, err)
	}
	return p, nil
}

// firstPicture returns the first file of the class folders that is not hidden.
func firstPicture(dir string) (string, error) {
	classes, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, class := range classes {
		if strings.HasPrefix(class.Name(), ".") || !isFolder(dir, class.Name()) {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, class.Name()))
		if err != nil {
			return "", err
		}
		for _, f := range files {
			if !strings.HasPrefix(f.Name(), ".") {
				return filepath.Join(dir, class.Name(), f.Name()), nil
			}
		}
	}
	return "", fmt.Errorf("%s: no class folder has a picture", dir)
}
