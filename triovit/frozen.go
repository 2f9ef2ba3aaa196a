// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// Integers computes the logits of pictures given as codes of the model's input. Pictures
// lie one after another, [H, W, 3] each, and so do their logits, each in the shape of the
// model's last tensor. Several goroutines may call it at once.
//
// Every such function must equal the reference executor, [integer.Model.Run], bit for bit:
// results are cached under the model alone, not under the function.
type Integers func(codes []int32) (logits []int32, err error)

// A Frozen is an integer model as a [Predictor]: its logits are the real numbers that the
// model's last integers stand for.
type Frozen struct {
	Model    *integer.Model
	source   string
	net      *efficientvit.Network
	backbone string // name of the network's backbone
	run      Integers
	logits   integer.Tensor
}

// NewFrozen returns an integer model as a predictor. The source is the model's origin in
// words for people. run computes the logits; nil means the fast executor ([fast.New]). The
// model must have the name, the input and the logits of a variant
// ([efficientvit.Describe]), and take ImageNet's normalization.
func NewFrozen(m *integer.Model, source string, run Integers) (*Frozen, error) {
	f := &Frozen{Model: m, source: source, run: run}
	err := f.check()
	if err == nil && run == nil {
		f.run, err = executed(m, efficientvit.Size(f.net.Input().Shape), f.logits.Elements())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return f, nil
}

// executed returns the fast executor of a model. in and out are the numbers of a picture's
// codes and logits.
func executed(m *integer.Model, in, out int) (Integers, error) {
	e, err := fast.New(m)
	if err != nil {
		return nil, err
	}
	return func(codes []int32) ([]int32, error) {
		logits := make([]int32, len(codes)/in*out)
		return logits, e.Logits(context.Background(), logits, codes)
	}, nil
}

// ReadFrozen reads an artefact ([integer.ReadFile]) as a predictor that runs the fast
// executor.
func ReadFrozen(path string) (*Frozen, error) {
	m, err := integer.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return NewFrozen(m, filepath.Base(path), nil)
}

func (f *Frozen) check() (err error) {
	tensors, err := f.Model.Infer()
	if err != nil {
		return err
	}
	f.logits = tensors[len(tensors)-1]
	if _, err := f.Model.Hash(); err != nil {
		return err
	}
	if normalization := preprocess.ImageNetNormalization(); f.Model.Picture != (integer.Picture{}) && f.Model.Picture.Normalization != normalization {
		return fmt.Errorf("pictures are normalized by %v: a predictor is fed with those of ImageNet, %v", f.Model.Picture.Normalization, normalization)
	}
	if math.IsNaN(f.Model.Ops[len(f.Model.Ops)-1].Values.Of(0, 0)) {
		return fmt.Errorf("its logits stand for no real numbers")
	}
	f.net, f.backbone, err = describeAs(f.Model.Name, tensors[0].Shape, f.logits.Shape)
	return err
}

// describeAs returns the network of a name, as [efficientvit.Network.Name] has it, with an input
// and logits of the shapes of an integer model, and its backbone.
func describeAs(name string, input, logits [3]int) (net *efficientvit.Network, backbone string, err error) {
	for _, variant := range efficientvit.Variants() {
		net, err := efficientvit.Describe(variant.Name, efficientvit.InputSize(input[0], input[1]), efficientvit.Classes(logits[2]))
		if err != nil || net.Name != name {
			continue
		}
		out := net.Output().Shape
		if in := net.Input().Shape; !slices.Equal(in, input[:]) || efficientvit.Size(out) != efficientvit.Size(logits[:]) {
			return nil, "", fmt.Errorf("an input of %v and logits of %v: %s has %v and %v", input, logits, name, in, out)
		}
		return net, variant.Backbone, nil
	}
	return nil, "", fmt.Errorf("no variant is called %q for an input of %v: have %v", name, input, efficientvit.VariantNames())
}

// Described returns the network as a model without weights, with the artefact's classes and
// preprocessing. It names the artefact's answer to a picture:
//
//	answer, err := f.Described().AnswerFile(f, "street.jpg")
func (f *Frozen) Described() *Model {
	return &Model{Net: f.net, Source: f.source, Classes: f.Model.Classes, Pipeline: f.Model.Picture.Pipeline}
}

// Network returns a copy of the network that was frozen, as the model's name and shapes
// describe it.
func (f *Frozen) Network() *efficientvit.Network { return f.net.Clone() }

// frozenVersion changes when the same artefact would predict something else.
const frozenVersion = 1

// ID identifies the predictor for the cache of results: by the artefact's hash.
func (f *Frozen) ID() string { return fmt.Sprintf("integers %d %s", frozenVersion, f.Hash()) }

// Hash returns the artefact's hash ([integer.Model.Hash]) of Model in its present state.
// Where Model has become invalid, Hash returns the reason.
func (f *Frozen) Hash() string {
	hash, err := f.Model.Hash()
	if err != nil {
		return err.Error()
	}
	return hash
}

// Platform names the computing platform for reports. Integers are the same on every
// platform.
func (f *Frozen) Platform() string { return "integers" }

// Source returns the origin of the model, for reports.
func (f *Frozen) Source() string { return f.source }

// Predict runs n normalized pictures, [n, H, W, 3], and returns the real numbers of
// their logits, [n, ...]. It runs them one after another: [Evaluate] gives every
// core a batch of its own.
func (f *Frozen) Predict(pictures []float32) ([]float32, error) {
	codes := f.Model.Input().Codes(pictures)
	in := f.net.Input().Shape
	if len(codes) == 0 || len(codes)%efficientvit.Size(in) != 0 {
		return nil, fmt.Errorf("%s: %d values are no whole number of pictures of %d×%d×%d", f.net.Name, len(codes), in[0], in[1], in[2])
	}
	logits, err := f.run(codes)
	if err != nil {
		return nil, err
	}
	if n := len(codes) / efficientvit.Size(in); len(logits) != n*efficientvit.Size(f.logits.Shape[:]) {
		return nil, fmt.Errorf("%s: %d logits of %d pictures, want %v of each", f.net.Name, len(logits), n, f.logits.Shape)
	}
	return f.Model.Logits(logits), nil
}
