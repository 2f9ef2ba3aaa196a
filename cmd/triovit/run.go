// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"golang.org/x/sync/errgroup"
)

var runCommand = command{
	name: "run", arguments: "picture ...", about: "run an artefact on pictures: names with scores, or coloured maps",
	help: `Takes JPEG and PNG files, and folders of them. Of a classifier it prints the likeliest
classes with their softmax; of a segmentation the classes that cover most of the
picture, and with -out it writes a PNG of each picture's size in the colours of the
classes.

The pictures are preprocessed as the artefact says. The fast executor runs them, on the
kernels that TRIOVIT_KERNEL names. With -profile it runs the first picture so many
times, and prints the least time of each step with the products that it adds, and the share
of the processor's peak that they are. The peak is what the same kernels reach on operands
in the first-level cache. With -out it also writes profile.svg.`,
	declare: func(f *flag.FlagSet) action {
		var r runner
		model := f.String("model", os.Getenv("TRIOVIT_MODEL"), "`artefact` of \"triovit freeze\"; $TRIOVIT_MODEL")
		f.StringVar(&r.out, "out", "", "`folder` for the maps of a segmentation and the figure of -profile; empty for none")
		f.IntVar(&r.top, "top", 5, "`number` of classes that are told")
		f.IntVar(&r.runs, "profile", 0, "`number` of runs to take the time of, 0 for none")
		return func(ctx context.Context, arguments []string) (output, error) {
			switch {
			case *model == "":
				return output{}, usagef("no artefact is named: -model or TRIOVIT_MODEL do")
			case len(arguments) == 0:
				return output{}, usagef("no picture is named")
			case r.top < 1 || r.runs < 0:
				return output{}, usagef("-top %d and -profile %d: 1 and more, and 0 and more, are allowed", r.top, r.runs)
			}
			paths, err := pictureFiles(arguments)
			if err != nil {
				return output{}, err
			}
			if err := r.open(*model, paths); err != nil {
				return output{}, err
			}
			a, err := r.run(ctx, paths)
			if err != nil {
				return output{}, err
			}
			return output{a.String(), a}, nil
		}
	},
}

// pictureFiles returns the files among names, and the pictures in the folders among
// names.
func pictureFiles(names []string) (paths []string, err error) {
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			paths = append(paths, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		n := len(paths)
		for _, e := range entries {
			if slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(e.Name()))) && !e.IsDir() {
				paths = append(paths, filepath.Join(name, e.Name()))
			}
		}
		if len(paths) == n {
			return nil, fmt.Errorf("%s: no .png, .jpg or .jpeg file lies there", name)
		}
	}
	return paths, nil
}

// A runner runs one artefact.
type runner struct {
	out       string
	top, runs int
	model     *integer.Model
	executor  *fast.Executor
	logits    [3]int
}

// open reads the artefact. It returns an error if the maps of two pictures would have the
// same name.
func (r *runner) open(path string, pictures []string) (err error) {
	if r.model, err = integer.ReadFile(path); err != nil {
		return err
	}
	tensors, err := r.model.Infer()
	if err != nil {
		return err
	}
	last := len(tensors) - 1
	r.logits = tensors[last].Shape
	if math.IsNaN(r.model.Ops[last].Values.Of(0, 0)) {
		return fmt.Errorf("%s: its logits stand for no real numbers", path)
	}
	if r.out != "" && r.runs == 0 && !r.maps() {
		return usagef("-out is for the maps of a segmentation and the figure of -profile: %s is a classifier", r.model.Name)
	}
	if r.out != "" && r.maps() {
		taken := map[string]string{}
		for _, p := range pictures {
			name := r.mapOf(p)
			if other, ok := taken[name]; ok {
				return usagef("%s and %s would both be %s", other, p, name)
			}
			taken[name] = p
		}
	}
	r.executor, err = fast.New(r.model)
	return err
}

// maps says whether the model has logits for more than one place, as a segmentation has.
func (r *runner) maps() bool { return r.logits[0]*r.logits[1] > 1 }

// mapOf returns the path of the map of a picture.
func (r *runner) mapOf(picture string) string {
	base := filepath.Base(picture)
	return filepath.Join(r.out, strings.TrimSuffix(base, filepath.Ext(base))+".png")
}

// answers are the output of a run.
type answers struct {
	Network  string   `json:"network"`
	Kernels  string   `json:"kernels"`
	Pictures []answer `json:"pictures"`
	// Peak is the multiply-accumulates per second of the kernels at their best. Steps are
	// the steps of the profile. Without a profile both are zero and profile is nil.
	Peak    float64    `json:"peak_macs_per_second,omitempty"`
	Steps   []stepTime `json:"steps,omitempty"`
	profile *fast.Profile
}

// An answer is the result of the model for a picture.
type answer struct {
	Picture string               `json:"picture"`
	Classes []triovit.ClassShare `json:"classes"`
	Map     string               `json:"map,omitempty"`
}

// A stepTime is a step of the executor with its shortest time.
type stepTime struct {
	Name       string  `json:"name"`
	Kind       string  `json:"kind"`
	Class      string  `json:"class"`
	Shape      [3]int  `json:"shape"`
	Operations int     `json:"operations"`
	MACs       int64   `json:"macs"`
	Seconds    float64 `json:"seconds"`
}

// run runs the pictures, one on each core, and then the profile.
func (r *runner) run(ctx context.Context, paths []string) (*answers, error) {
	a := &answers{Network: r.model.Name, Kernels: r.executor.Kernels(), Pictures: make([]answer, len(paths))}
	if r.out != "" {
		if err := os.MkdirAll(r.out, 0o777); err != nil {
			return nil, err
		}
	}
	bar := progress.New("run", len(paths))
	defer bar.Done()
	var running errgroup.Group
	running.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		running.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			a.Pictures[i], err = r.answer(path)
			bar.Add(1)
			return err
		})
	}
	if err := running.Wait(); err != nil || r.runs == 0 {
		return a, err
	}
	picture, err := preprocess.DecodeFile(paths[0])
	if err != nil {
		return nil, err
	}
	codes, err := r.model.Codes(picture)
	if err != nil {
		return nil, err
	}
	if a.profile, err = r.executor.Profile(ctx, codes, r.runs); err != nil {
		return nil, err
	}
	a.Peak = a.profile.Peak
	for _, s := range a.profile.Steps {
		a.Steps = append(a.Steps, stepTime{s.Op.Name, integer.Kind(s.Op.Operation), s.Class(), s.Shape, s.Operations, s.MACs, s.Time.Seconds()})
	}
	if r.out == "" {
		return a, nil
	}
	f, err := charts.Processor(a.profile)
	if err != nil {
		return nil, err
	}
	return a, f.Save(filepath.Join(r.out, "profile.svg"))
}

// answer runs the picture in a file.
func (r *runner) answer(path string) (answer, error) {
	picture, err := preprocess.DecodeFile(path)
	if err != nil {
		return answer{}, err
	}
	codes, err := r.model.Codes(picture)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", path, err)
	}
	y, err := r.executor.Run(codes)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", path, err)
	}
	logits := r.model.Logits(y.Data)
	shape := r.logits[:]
	if !r.maps() {
		shape = shape[2:]
	}
	named := triovit.NewAnswer(logits, shape, r.model.Classes, picture.W, picture.H)
	a := answer{Picture: path, Classes: named.Top(r.top)}
	if r.out == "" || !r.maps() {
		return a, nil
	}
	a.Map = r.mapOf(path)
	return a, atomicfile.Write(a.Map, func(w io.Writer) error { return png.Encode(w, named.Picture()) })
}

func (a *answers) String() string {
	var s strings.Builder
	for _, p := range a.Pictures {
		fmt.Fprintf(&s, "%s:", p.Picture)
		for i, c := range p.Classes {
			if i > 0 {
				s.WriteString(",")
			}
			fmt.Fprintf(&s, " %s %.1f %%", c.Class, 100*c.Share)
		}
		if p.Map != "" {
			fmt.Fprintf(&s, "; %s", p.Map)
		}
		s.WriteString("\n")
	}
	if a.profile != nil {
		fmt.Fprintf(&s, "\n%v", a.profile)
	}
	return s.String()
}
