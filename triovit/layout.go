// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/hub"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// The largest number of pictures of a training split for calibration. The released code
// takes 1,024 for a classifier. A scene has the pixels of dozens of pictures.
const (
	calibrationPictures = 1024
	calibrationStreets  = 128
)

// A layout is one way in which a folder holds the pictures of a data set.
type layout struct {
	name  string
	wants string // the files that the folder must have for scoring, in words
	task  dataset.Task
	// mark are files and folders; any one of them identifies the layout.
	mark []string
	// folders are the folders of a split; an asterisk stands for the split's name.
	folders []string
	// evaluation and calibration are possible names of the splits. The first name that
	// exists is taken.
	evaluation, calibration []string
	// most is the largest number of calibration pictures; 0 means all.
	most int
	// pipeline is the layout's protocol, unless the user gives another. Where it is zero
	// the network takes pictures of height h and width w.
	pipeline preprocess.Pipeline
	h, w     int
	// choose returns the protocol of a layout whose protocol depends on the network and
	// the pictures.
	choose func(r *request) (preprocess.Pipeline, error)
	// open returns the pictures of a split.
	open func(ctx context.Context, r *request, split string, options ...dataset.Option) (dataset.Dataset, error)
}

var layouts = []layout{
	{name: "CamVid", wants: "CamVid's val and valannot", task: dataset.Segmentation, mark: []string{"trainannot", "valannot"},
		folders: []string{"*", "*annot"}, evaluation: []string{"val"}, calibration: []string{"train"},
		h: 704, w: 960, open: openCamVid},
	{name: "Cityscapes", wants: "Cityscapes' leftImg8bit/val and gtFine/val", task: dataset.Segmentation, mark: []string{"leftImg8bit", "gtFine"},
		folders: []string{"leftImg8bit/*", "gtFine/*"}, evaluation: []string{"val"}, calibration: []string{"train"},
		most: calibrationStreets, h: 1024, w: 2048, open: openCityscapes},
	{name: "ADE20K", wants: "ADE20K's images/validation and annotations/validation", task: dataset.Segmentation, mark: []string{"annotations"},
		folders: []string{"images/*", "annotations/*"}, evaluation: []string{"validation", "val"}, calibration: []string{"training", "train"},
		most: calibrationStreets, pipeline: preprocess.Fixed(512, 512, preprocess.Bicubic), open: openADE20K},
	{name: "ImageNet", wants: "val, valid, validation, eval or evaluation with a folder for each class, or ImageNet's flat val", task: dataset.Classification, mark: slices.Concat(valNames, trainNames),
		folders: []string{"*"}, evaluation: valNames, calibration: trainNames,
		most: calibrationPictures, choose: imageNetProtocol, open: openImageNet},
}

// The names of the splits of class folders, as timm looks for them
// (timm/data/dataset_factory.py), and in ImageNet's distribution for the Kaggle
// competition.
var (
	trainNames = []string{"train", "training", competition + "/train"}
	valNames   = []string{"val", "valid", "validation", "eval", "evaluation", competition + "/val"}
)

const competition = "ILSVRC/Data/CLS-LOC"

// The places of ImageNet's truth and lists of classes in a folder. The two of the
// development kit belong together.
var (
	kit        = "ILSVRC2012_devkit_t12/data/"
	kitTruths  = []string{"ILSVRC2012_validation_ground_truth.txt", kit + "ILSVRC2012_validation_ground_truth.txt"}
	kitClasses = []string{"map_clsloc.txt", kit + "map_clsloc.txt"}
	truths     = append([]string{"LOC_val_solution.csv", "val.txt"}, kitTruths...)
	classLists = append([]string{"classes.txt", "LOC_synset_mapping.txt", "synset_words.txt"}, kitClasses...)
)

// Tiny ImageNet's archive has the truth in val, beside the folder of the pictures,
// and a list of the classes in no order.
const (
	tinyTruth    = "val_annotations.txt"
	tinyPictures = "images"
	tinyClasses  = "wnids.txt"
)

// A request holds the user's choices for opening a layout.
type request struct {
	folder     string
	checkpoint string // the checkpoint as the user named it
	key        string // key of the weights in the checkpoint, or empty
	network    string // name of the network, such as "efficientvit-b1-r224"
	backbone   string // backbone of the network, such as "b1"
	timm       bool
	frozen     *Frozen             // the artefact that the checkpoint is, or nil
	pipeline   preprocess.Pipeline // the user's pipeline, or zero
	changes    preprocess.Changes  // the user's changes to the pipeline
	order      string              // the user's order of the classes, or empty
	most       int                 // largest number of pictures of each split, 0 for all

	// evaluation and calibration are the names of the splits, or empty.
	evaluation, calibration string
	remarks                 []string // remarks on the choices made, for the readers of a score
}

// recognize returns the layout of a folder, or nil.
func recognize(folder string) *layout {
	for i, l := range layouts {
		if first(folder, l.mark) != "" {
			return &layouts[i]
		}
	}
	return nil
}

// split returns the name of a split whose folders all exist, or else the missing folders.
func (l *layout) split(folder string, names []string) (name, missing string) {
	for _, name := range names {
		if !slices.ContainsFunc(l.folders, func(f string) bool { return !isFolder(folder, strings.ReplaceAll(f, "*", name)) }) {
			return name, ""
		}
	}
	for _, f := range l.folders {
		var all []string
		for _, name := range names {
			if !strings.HasPrefix(name, competition) || isFolder(folder, competition) {
				all = append(all, strings.ReplaceAll(f, "*", name))
			}
		}
		if !slices.ContainsFunc(all, func(f string) bool { return isFolder(folder, f) }) {
			return "", strings.Join(all, " or ")
		}
	}
	return "", strings.Join(l.folders, " and ") + " of one split"
}

// find returns the layout of the folder, whose pictures must be for the task.
func (r *request) find(task dataset.Task) (*layout, error) {
	folder := r.folder
	if info, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("no folder of pictures: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("no folder of pictures: %s is a file", folder)
	}
	l := recognize(folder)
	switch {
	case l == nil:
		return nil, fmt.Errorf("%s has %s: %s", folder, listed(folder), wanted(folder, task))
	case l.task != task:
		return nil, fmt.Errorf("%s does not fit %s: with %s it looks like %s, a %v; for a %v %s",
			folder, r.network, listed(folder), l.name, l.task, task, wanted(folder, task))
	}
	if _, missing := l.split(folder, l.evaluation); missing != "" {
		return nil, fmt.Errorf("%s looks like %s, but has no folder %s: it has %s", folder, l.name, missing, listed(folder))
	}
	return l, nil
}

// listed lists the entries of a folder, for people.
func listed(folder string) string {
	found, err := os.ReadDir(folder)
	if err != nil {
		return err.Error()
	}
	found = slices.DeleteFunc(found, func(f os.DirEntry) bool { return dataset.Litter(f.Name()) })
	if len(found) == 0 {
		return "nothing in it"
	}
	const most = 8
	var names []string
	for _, f := range found[:min(most, len(found))] {
		names = append(names, f.Name())
	}
	text := strings.Join(names, ", ")
	if len(found) > most {
		text += fmt.Sprintf(" and %d more", len(found)-most)
	}
	return text
}

// wanted lists the files that a folder needs for the task, and names a folder around it or
// in it that has them.
func wanted(folder string, task dataset.Task) string {
	var wants []string
	for _, l := range layouts {
		if l.task == task {
			wants = append(wants, l.wants)
		}
	}
	text := "want " + strings.Join(wants, ", or ")
	var near []string
	if abs, err := filepath.Abs(folder); err == nil {
		for range 3 { // no data set is deeper
			abs = filepath.Dir(abs)
			near = append(near, abs)
		}
	}
	found, _ := os.ReadDir(folder)
	for _, f := range found {
		if !dataset.Litter(f.Name()) && !f.Type().IsRegular() {
			near = append(near, filepath.Join(folder, f.Name()))
		}
	}
	for _, dir := range near {
		if l := recognize(dir); l != nil && l.task == task {
			if _, missing := l.split(dir, l.evaluation); missing == "" {
				return fmt.Sprintf("%s; %s looks like %s: give that folder", text, dir, l.name)
			}
		}
	}
	return text
}

// first returns the path of the first name that exists in a folder, or "".
func first(folder string, names []string) string {
	for _, name := range names {
		if path := filepath.Join(folder, filepath.FromSlash(name)); exists(path) {
			return path
		}
	}
	return ""
}

// A prepared holds the pictures of a request, opened by its layout.
type prepared struct {
	layout                  *layout
	calibration, evaluation dataset.Dataset
	h, w                    int // size of the network's input
	// pipeline brings any picture to the network's size, like those of the data set.
	pipeline preprocess.Pipeline
}

// prepare opens both splits of the folder, whose pictures must be for the task. Where the
// calibration split is absent or cannot be opened, each use of its pictures returns the
// reason as an error.
func (r *request) prepare(ctx context.Context, task dataset.Task) (*prepared, error) {
	l, err := r.find(task)
	if err != nil {
		return nil, err
	}
	if r.order != "" && task == dataset.Segmentation {
		return nil, fmt.Errorf("class order %q is given, but %s is a segmentation, whose classes are in its own order", r.order, l.name)
	}
	var missing string
	r.evaluation, _ = l.split(r.folder, l.evaluation)
	r.calibration, missing = l.split(r.folder, l.calibration)
	if err := l.settle(r); err != nil {
		return nil, err
	}
	opened := &prepared{layout: l, pipeline: r.pipeline}
	if r.pipeline == (preprocess.Pipeline{}) {
		opened.pipeline = preprocess.Fixed(l.w, l.h, preprocess.Bilinear) // this is CamVid's pipeline, and Cityscapes' pictures have this size
	}
	opened.h, opened.w = opened.pipeline.Height, opened.pipeline.Width
	options := []dataset.Option{dataset.AtMost(r.most)}
	for _, remark := range r.remarks {
		options = append(options, dataset.Remark(remark))
	}
	if opened.evaluation, err = l.open(ctx, r, r.evaluation, options...); err != nil {
		return nil, err
	}
	if r.most == 0 {
		options = append(options, dataset.AtMost(l.most))
	}
	if r.frozen != nil {
		err = r.calibrated()
	} else if missing == "" {
		opened.calibration, err = l.open(ctx, r, r.calibration, options...)
	} else {
		err = fmt.Errorf("%s has no folder %s: put pictures to calibrate on there, or give the profile of a machine that has them by -profile; floating point needs none", r.folder, missing)
	}
	if err != nil {
		opened.calibration = dataset.Absent("nothing", l.task, err)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return opened, nil
}

// settle sets the request's pipeline: the user's, or the layout's with the user's
// changes.
func (l *layout) settle(r *request) (err error) {
	if r.pipeline == (preprocess.Pipeline{}) {
		r.pipeline = l.pipeline
		if own := r.frozenPipeline(); l.choose != nil && own != (preprocess.Pipeline{}) {
			r.pipeline = own
		} else if l.choose != nil {
			if r.pipeline, err = l.choose(r); err != nil {
				return err
			}
		}
	}
	if r.changes != (preprocess.Changes{}) {
		if r.pipeline == (preprocess.Pipeline{}) {
			r.pipeline = preprocess.Fixed(l.w, l.h, preprocess.Bicubic) // the pictures keep their size
		}
		r.pipeline = r.changes.Apply(r.pipeline)
	}
	return nil
}

func openCamVid(ctx context.Context, r *request, split string, options ...dataset.Option) (dataset.Dataset, error) {
	if r.pipeline != (preprocess.Pipeline{}) {
		return nil, fmt.Errorf("CamVid is scored at 960 x 704 only: leave its preprocessing as it is")
	}
	return dataset.CamVid(ctx, r.folder, split, options...)
}

func openCityscapes(ctx context.Context, r *request, split string, options ...dataset.Option) (dataset.Dataset, error) {
	return dataset.Cityscapes(ctx, r.folder, split, r.pipeline, options...)
}

func openADE20K(ctx context.Context, r *request, split string, options ...dataset.Option) (dataset.Dataset, error) {
	return dataset.ADE20K(ctx, r.folder, split, r.pipeline, options...)
}

// openImageNet opens class folders, and a validation set without them with its
// file of truth.
func openImageNet(ctx context.Context, r *request, split string, options ...dataset.Option) (dataset.Dataset, error) {
	val, truth := r.path(r.evaluation), first(r.folder, truths)
	pictures, flat := val, false
	if tiny := first(val, []string{tinyTruth}); tiny != "" && isFolder(val, tinyPictures) {
		pictures, truth, flat = filepath.Join(val, tinyPictures), tiny, true
	} else if folders, err := dataset.ClassFolders(val); err == nil {
		flat = len(folders) == 0
	}
	order, err := r.classOrder(truth)
	if err != nil {
		return nil, err
	}
	options = append(options, order...)
	switch {
	case split != r.evaluation && !flat:
		options = append(options, dataset.Beside(val))
	case split == r.evaluation && r.calibration != "":
		options = append(options, dataset.Beside(r.path(r.calibration)))
	}
	switch {
	case split != r.evaluation || !flat:
		return dataset.ImageFolder(ctx, r.path(split), r.pipeline, options...)
	case truth == "":
		return nil, fmt.Errorf("%s has pictures without class folders: want their classes in %s, as %s", val, r.folder, strings.Join(truths[:3], ", "))
	}
	return dataset.ImageNetVal(ctx, pictures, truth, r.pipeline, options...)
}

// path returns the folder of a split of class folders.
func (r *request) path(split string) string {
	return filepath.Join(r.folder, filepath.FromSlash(split))
}

// classOrder returns the numbering of the classes: the user's choice, else that of a list
// in the folder, else that of the loader of the weights.
func (r *request) classOrder(truth string) (options []dataset.Option, err error) {
	lists := classLists
	if truth != "" && filepath.Base(truth) == kitTruths[0] {
		lists = append(slices.Clone(kitClasses), classLists...)
	}
	list := first(r.folder, lists)
	switch r.order {
	case "":
		if r.timm && list == "" {
			options = append(options, dataset.Ordered(dataset.NaturalOrder))
		}
		if other := first(r.folder, []string{tinyClasses}); other != "" {
			options = append(options, dataset.Unlike(other))
		}
	case dataset.TextOrder.String():
		options = append(options, dataset.Ordered(dataset.TextOrder))
	case dataset.NaturalOrder.String():
		options = append(options, dataset.Ordered(dataset.NaturalOrder))
	default:
		if list = first(r.folder, []string{r.order}); list == "" {
			list = home(r.order)
		}
		if !exists(list) {
			return nil, fmt.Errorf("class order %q: allowed are %v, %v, or a file that lists the classes, in %s or elsewhere", r.order, dataset.TextOrder, dataset.NaturalOrder, r.folder)
		}
	}
	if list != "" {
		options = append(options, dataset.Words(list))
	}
	return options, nil
}

// thumbnail is the longest side of Tiny ImageNet's pictures, in pixels.
// thumbnailResolution is the side to which they are resized.
const (
	thumbnail           = 64
	thumbnailResolution = 128
)

// imageNetProtocol chooses the preprocessing. Thumbnails are resized whole. Other pictures
// are preprocessed as when the checkpoint was scored, at the user's resolution, else at
// the resolution in the checkpoint's name, else at 224. Where no crop ratio is published
// for that resolution, a remark names the ratio taken.
func imageNetProtocol(r *request) (preprocess.Pipeline, error) {
	picture, err := dataset.FirstPicture(r.path(r.evaluation))
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	m, err := preprocess.DecodeFile(picture)
	if err != nil {
		return preprocess.Pipeline{}, err
	}
	if max(m.W, m.H) <= thumbnail {
		return preprocess.Classification(thumbnailResolution), nil
	}
	resolution := min(r.changes.Height, r.changes.Width)
	if resolution == 0 {
		resolution = namedResolution(r.checkpoint)
	}
	if resolution == 0 {
		resolution = 224
	}
	p, published, err := scoredAs(r.backbone, resolution, r.timm)
	if err != nil {
		return p, fmt.Errorf("%s: %w", r.checkpoint, err)
	}
	if published != resolution && r.changes.CropRatio == nil {
		r.remarks = append(r.remarks, fmt.Sprintf("no crop ratio is published for %s at %d: taken is %v, that of %d (-preprocess crop=1, TRIOVIT_PREPROCESS or triovit.Change take another)",
			strings.ToUpper(r.backbone), resolution, p.CropRatio, published))
	}
	return p, nil
}

// scoredAs returns the preprocessing with which a classifier's checkpoint was scored on
// ImageNet, [preprocess.ImageNet] with the crop ratio of [efficientvit.PublishedCrop], and
// the resolution for which the ratio is published. An accuracy is comparable with the
// published one only under this preprocessing. timm rounds the shorter side down.
func scoredAs(backbone string, resolution int, timm bool) (p preprocess.Pipeline, published int, err error) {
	ratio, published, err := efficientvit.PublishedCrop(backbone, resolution, timm)
	if err != nil {
		return p, 0, err
	}
	p = preprocess.ImageNet(resolution, ratio)
	p.RoundDown = timm
	return p, published, p.Check()
}

var (
	resolutionInModel = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])b[0-9][-_.]r([0-9]{2,4})(?:[^0-9]|$)`)
	resolutionAlone   = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])r([0-9]{3,4})(?:[^0-9]|$)`)
	modelName         = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])efficientvit[-_.]?b[0-9]`)
)

// namedResolution returns the resolution in the name of a checkpoint, or 0. It looks at
// the name of the file, such as b1-r288.pt, and then at the name of a folder or repository
// named after the model, such as efficientvit_b1.r256_in1k.
func namedResolution(checkpoint string) int {
	name := filepath.ToSlash(checkpoint)
	if onHub(checkpoint) {
		if ref, err := hub.Parse(checkpoint); err == nil {
			name = path.Join(ref.Repo, ref.File) // a revision is not the name of a model
		}
	}
	parts := strings.Split(name, "/")
	for i, part := range slices.Backward(parts) {
		found := resolutionInModel.FindAllStringSubmatch(part, -1)
		if i == len(parts)-1 {
			for _, m := range resolutionAlone.FindAllStringSubmatch(part, -1) {
				if n, _ := strconv.Atoi(m[1]); n%efficientvit.InputDivisor == 0 { // a name such as r101 is of another network
					found = append(found, m)
				}
			}
		} else if !modelName.MatchString(part) {
			continue
		}
		if found != nil {
			n, _ := strconv.Atoi(found[len(found)-1][1])
			return n
		}
	}
	return 0
}
