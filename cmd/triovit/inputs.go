// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// inputs are the flags that choose the model and the pictures.
type inputs struct {
	model, weights, data      string
	classOrder, preprocess    string
	sample, calibrationSample int
}

func (in *inputs) declare(f *flag.FlagSet) {
	f.StringVar(&in.model, "model", os.Getenv("TRIOVIT_MODEL"), "`checkpoint`: .pt, .safetensors or a name on the Hugging Face hub, for \"evaluate\" also an artefact of \"triovit freeze\"; $TRIOVIT_MODEL, else the built-in model")
	f.StringVar(&in.weights, "weights", os.Getenv("TRIOVIT_WEIGHTS"), "`key` of the weights in a training file, as state_dict; $TRIOVIT_WEIGHTS, else those that the file's own loader takes")
	in.declarePictures(f)
	in.sample = 1 // commands that do not score have no such flag
	f.IntVar(&in.calibrationSample, "calibration-sample", 1, "calibrate on one picture in `n`")
}

func (in *inputs) declarePictures(f *flag.FlagSet) {
	f.StringVar(&in.data, "data", os.Getenv("TRIOVIT_DATA"), "`folder` of pictures that goes with the checkpoint; $TRIOVIT_DATA, else drawn scenes")
	f.StringVar(&in.classOrder, "class-order", os.Getenv("TRIOVIT_CLASS_ORDER"), "`order` of class folders: text as torchvision, natural as timm, or a file that lists them; $TRIOVIT_CLASS_ORDER, else a list in the folder, else natural for weights with timm's names and text for others")
	f.StringVar(&in.preprocess, "preprocess", os.Getenv("TRIOVIT_PREPROCESS"), "`changes` to the protocol, such as size=256,crop=0.95,filter=bilinear or one of them; $TRIOVIT_PREPROCESS, else that of pictures and checkpoint")
}

func (in *inputs) declareEvaluation(f *flag.FlagSet) {
	in.declare(f)
	in.declareSample(f)
}

func (in *inputs) declareSample(f *flag.FlagSet) {
	f.IntVar(&in.sample, "sample", 1, "score one picture in `n`")
}

// openWeights opens the setup for a command that needs weights in floating point. An
// artefact has none, and is an error.
func (in *inputs) openWeights(ctx context.Context) (*triovit.Setup, error) {
	if triovit.IsArtefact(in.model) {
		return nil, usagef("%s is an artefact, which holds integers: the command takes the checkpoint that it was made of", in.model)
	}
	return in.open(ctx)
}

// open loads the model and finds the pictures.
func (in *inputs) open(ctx context.Context) (*triovit.Setup, error) {
	switch {
	case in.sample < 1:
		return nil, usagef("-sample %d: at least 1 is needed", in.sample)
	case in.calibrationSample < 1:
		return nil, usagef("-calibration-sample %d: at least 1 is needed", in.calibrationSample)
	}
	changes, err := preprocess.ParseChanges(in.preprocess)
	if err != nil {
		return nil, usageError{err}
	}
	s, err := triovit.Prepare(ctx, in.model, in.data, triovit.WeightsAt(in.weights), triovit.Change(changes), triovit.ClassOrder(in.classOrder))
	if err != nil {
		return nil, err
	}
	if s.Calibration, err = dataset.Every(s.Calibration, in.calibrationSample); err != nil {
		return nil, err
	}
	s.Evaluation, err = dataset.Every(s.Evaluation, in.sample)
	return s, err
}

// declareShard declares the flag that chooses a part of the work.
func declareShard(f *flag.FlagSet, s *shard.Shard, of string) {
	*s = shard.Shard{Index: 1, Of: 1}
	f.TextVar(s, "shard", *s, "`i/n`, the part of "+of)
}

// outFile declares a flag for a file to write. It refuses a file in a folder that does
// not exist when the flags are parsed, not after an hour of work.
func outFile(f *flag.FlagSet, name, usage string) *string {
	path := new(string)
	f.Func(name, usage, func(value string) error {
		*path = value
		return inFolder(value)
	})
	return path
}

// inFolder returns an error for a file in a folder that does not exist.
func inFolder(file string) error {
	if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", filepath.Dir(file))
	}
	return nil
}

// prepareOut prepares the -out of a command before an hour of work. It makes the folder
// of a whole result, and checks that the folder of a shard's file exists.
func prepareOut(out string, part shard.Shard) error {
	switch {
	case out == "":
		return nil
	case part.Whole():
		return os.MkdirAll(out, 0o777)
	}
	if err := inFolder(out); err != nil {
		return usagef("-out %s: %v", out, err)
	}
	return nil
}

// saveTo calls save with a path, or does nothing if the path is empty.
func saveTo(path string, save func(path string) error) error {
	if path == "" {
		return nil
	}
	return save(path)
}

// profiled is the flag that names the file of a profile.
type profiled struct{ path string }

func (p *profiled) declare(f *flag.FlagSet) {
	f.StringVar(&p.path, "profile", "", "`file` of \"triovit profile\"; empty to observe the calibration pictures")
}

// quantize applies a recipe, and returns the number of pictures that calibrated it. A
// profile's file describes the untransformed model. Some recipes need the distributions
// behind a transform: they are an error with a file.
func (p *profiled) quantize(ctx context.Context, s *triovit.Setup, r calib.Recipe) (q *calib.Quantized, images int, err error) {
	if p.path == "" {
		q, err = calib.Calibrate(ctx, s.Folded, s.Calibration, r)
		return q, s.Calibration.Len(), err
	}
	profile, err := calib.LoadProfile(p.path)
	if err != nil {
		return nil, 0, err
	}
	if q, err = calib.Quantize(s.Folded, profile, r); err != nil {
		return nil, 0, fmt.Errorf("from the profile %s: %w (without -profile the pictures are observed)", p.path, err)
	}
	return q, len(profile.Images), nil
}

// recipe is the flags that choose how to quantize.
type recipe struct {
	name                 string
	weights, activations int
	widths               string // the text that parseWidths reads
}

// wordless is the recipe of a command line without these flags.
var wordless = recipe{weights: 8, activations: 8}

func (r *recipe) declare(f *flag.FlagSet, name, empty string) {
	f.StringVar(&r.name, "recipe", name, "`name` of a recipe"+empty+": "+recipeNames())
	f.IntVar(&r.weights, "weight-bits", 8, "`bits` of the weights")
	f.IntVar(&r.activations, "activation-bits", 8, "`bits` of the activations")
	f.StringVar(&r.widths, "widths", "", "comma-separated `pattern=bits` for parts of the network: weights in W bits, tensors that are read in A bits, of the operations whose name the pattern matches, as in \"stages\\.3\\.=W4,depth_conv=W6A5\"; the last that matches counts")
}

// get returns the recipe that the flags name. Its errors are usage errors.
func (r *recipe) get() (calib.Recipe, error) {
	named, err := r.named()
	if err != nil {
		return named, usageError{err}
	}
	return named, nil
}

func (r *recipe) named() (calib.Recipe, error) {
	named, err := calib.RecipeNamed(r.name)
	if err != nil {
		return named, err
	}
	for _, bits := range []int{r.weights, r.activations} {
		if bits < calib.MinBits || bits > calib.MaxBits {
			return named, fmt.Errorf("a width of %d bits: %d to %d are allowed", bits, calib.MinBits, calib.MaxBits)
		}
	}
	if r.weights != 8 || r.activations != 8 {
		named = named.Bits(r.weights, r.activations)
	}
	if r.widths == "" {
		return named, nil
	}
	widths, err := parseWidths(r.widths)
	return named.With(named.Name+" with "+r.widths, func(r *calib.Recipe) { r.Widths = widths }), err
}

// bitsText matches the part of an entry of -widths behind the "=".
var bitsText = regexp.MustCompile(`^(?:W(\d{1,2}))?(?:A(\d{1,2}))?$`)

// parseWidths reads the value of -widths, such as "stages\.3\.=W4,depth_conv=W6A5".
func parseWidths(text string) ([]calib.Width, error) {
	var all []calib.Width
	for entry := range strings.SplitSeq(text, ",") {
		at := strings.LastIndex(entry, "=")
		bits := bitsText.FindStringSubmatch(entry[at+1:])
		if at < 1 || bits == nil || bits[0] == "" {
			return nil, fmt.Errorf("widths %.60q: want pattern=bits such as depth_conv=W4, depth_conv=A6 or depth_conv=W4A6", entry)
		}
		w := calib.Width{Where: calib.Selection{Name: entry[:at]}}
		if _, err := regexp.Compile(w.Where.Name); err != nil {
			return nil, fmt.Errorf("widths %.60q: %w", entry, err)
		}
		for i, b := range []*int{&w.Weights, &w.Activations} {
			if bits[i+1] == "" {
				continue
			}
			*b, _ = strconv.Atoi(bits[i+1]) // the text has one or two digits
			if *b < calib.MinBits || *b > calib.MaxBits {
				return nil, fmt.Errorf("widths %.60q: %d bits: %d to %d are allowed", entry, *b, calib.MinBits, calib.MaxBits)
			}
		}
		all = append(all, w)
	}
	return all, nil
}

// recipeNames lists the names that the flag of a recipe takes.
func recipeNames() string {
	return strings.Join(calib.RecipeNames(), ", ") + "; also by another observer, as in \"TrioViT by OMSE\", floored at another number, and with every point in integers, as in \"SmoothQuant every point\""
}
