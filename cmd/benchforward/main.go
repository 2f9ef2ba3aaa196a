// SPDX-License-Identifier: Apache-2.0

// Command benchforward times forward passes for scripts/bench.py. It reads the name of a
// case from each line of its input, runs one batch, and prints the time in milliseconds.
// TRIOVIT_BACKEND chooses the backend. Weights and pictures are synthetic.
//
// With a folder as its argument it writes the networks into that folder instead.
// scripts/peer_torch.py and scripts/peer_runtimes.py read each network from a safetensors
// file. The file has the folded weights, a picture and the logits, and the operations in
// its metadata. benchinteger reads an artefact of integers, calibrated on a picture of
// noise. The programs that begin with files read the JPEGs "network-0.jpg" to
// "network-7.jpg".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/internal/rounds"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// cases are the networks, sizes and batches that a line can name. A case that begins with
// JPEGs ("B1-224/jpeg32") is none of this program's.
var cases = map[string]struct {
	variant string
	h, w, n int
}{
	"B1-224/batch1":         {"b1-r224", 224, 224, 1},
	"B1-224/batch8":         {"b1-r224", 224, 224, 8},
	"Seg-B0-704x960/batch1": {"seg-b0-cityscapes", 704, 960, 1},
}

func main() {
	run := func() error { return rounds.Serve(os.Stdin, os.Stdout, prepare) }
	if len(os.Args) > 1 {
		run = func() error { return write(os.Args[1]) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchforward:", err)
		os.Exit(1)
	}
}

// write writes the files of each network into folder.
func write(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for name := range cases {
		network, one := strings.CutSuffix(name, "/batch1")
		if !one {
			continue
		}
		model, exec, err := load(name)
		if err != nil {
			return err
		}
		picture := weights.New(model.Net.Input().Shape...)
		copy(picture.Data, weights.SyntheticInput(len(picture.Data)))
		logits := weights.New(model.Net.Output().Shape...)
		if logits.Data, err = exec.Predict(picture.Data); err != nil {
			return err
		}
		tensors := weights.Set{"picture": picture, "logits": logits}
		for name := range model.Net.Params() {
			tensors[name] = model.Weights[name]
		}
		operations, err := describe(model.Net)
		if err != nil {
			return err
		}
		err = atomicfile.Write(filepath.Join(folder, network+".safetensors"), func(w io.Writer) error {
			return weights.WriteSafetensors(w, tensors, weights.F32, map[string]string{"operations": operations})
		})
		if err != nil {
			return err
		}
		if err := freeze(model, jpegs[network].pipeline, filepath.Join(folder, network+".triovit")); err != nil {
			return err
		}
		if err := writeJPEGs(folder, network); err != nil {
			return err
		}
	}
	return nil
}

// jpegs are the sizes, in pixels, of the JPEGs of each network, and the pipeline that brings
// them to its input. ImageNet's pictures often have the first size.
var jpegs = map[string]struct {
	w, h     int
	pipeline preprocess.Pipeline
}{
	"B1-224":         {500, 375, preprocess.ImageNet(224, 0.95)},
	"Seg-B0-704x960": {960, 720, preprocess.Fixed(960, 704, preprocess.Bilinear)},
}

// writeJPEGs writes eight JPEGs of drawn scenes for a network. Grain is added, by which the
// files of 500 by 375 pixels have about 110 kB, as ImageNet's of that size do. The encoder
// halves the resolution of the chroma, as cameras do.
func writeJPEGs(folder, network string) error {
	p := jpegs[network]
	for i := range 8 {
		scene := scenes.Draw(uint64(i), p.w, p.h)
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		picture := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
		for at := range p.w * p.h {
			grain := 8 * rng.NormFloat64()
			for c, level := range scene.Pix[3*at : 3*at+3] {
				picture.Pix[4*at+c] = uint8(min(max(float64(level)+grain, 0), 255))
			}
			picture.Pix[4*at+3] = 255
		}
		err := atomicfile.Write(filepath.Join(folder, fmt.Sprintf("%s-%d.jpg", network, i)), func(w io.Writer) error {
			return jpeg.Encode(w, picture, &jpeg.Options{Quality: 95})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// freeze writes a network as an artefact of integers, with a grid of 8 bits at every
// point. It calibrates the network on one picture of noise. The artefact takes pictures
// that the pipeline brings to its size.
func freeze(model *triovit.Folded, pipeline preprocess.Pipeline, path string) error {
	input := model.Net.Input().Shape
	picture := preprocess.NewRGB(input[1], input[0])
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(rng.IntN(256))
	}
	noise, err := dataset.Memory("noise", dataset.Classification, []string{"noise"},
		[]*dataset.Item{{ID: "noise", Image: picture, Width: input[1], Height: input[0]}})
	if err != nil {
		return err
	}
	quantized, err := calib.Calibrate(context.Background(), model, noise, calib.TrioViTPlusInteger)
	if err != nil {
		return err
	}
	integers, err := calib.Freeze(quantized, integer.Limits{})
	if err != nil {
		return err
	}
	integers.Picture = integer.Picture{Pipeline: pipeline, Normalization: preprocess.ImageNetNormalization()}
	return integers.WriteFile(path)
}

// describe returns the operations as JSON, with the names of their kinds.
func describe(net *efficientvit.Network) (string, error) {
	type operation struct {
		efficientvit.Op
		Kind string
	}
	operations := make([]operation, len(net.Ops))
	for i, op := range net.Ops {
		operations[i] = operation{op, op.Kind.String()}
	}
	text, err := json.Marshal(operations)
	return string(text), err
}

// prepare returns a function that runs one batch. On the Go backend each core takes a
// part of the batch, as in triovit.Evaluate. XLA divides the batch among the cores
// itself.
func prepare(name string) (func() error, error) {
	if strings.Contains(name, "/jpeg") {
		return nil, nil
	}
	model, exec, err := load(name)
	if err != nil {
		return nil, err
	}
	n := cases[name].n
	parts := 1
	if backend, err := platform.Backend(); err == nil && backend == platform.Go {
		parts = min(runtime.GOMAXPROCS(0), n)
	}
	size := efficientvit.Size(model.Net.Input().Shape)
	pictures := weights.SyntheticInput(n * size)
	return rounds.Divided(n, parts, func(from, to int) error {
		_, err := exec.Predict(pictures[from*size : to*size])
		return err
	}), nil
}

// load returns the folded network of a case with synthetic weights.
func load(name string) (*triovit.Folded, *forward.Executor, error) {
	c, ok := cases[name]
	if !ok {
		return nil, nil, fmt.Errorf("no case %q", name)
	}
	net, err := efficientvit.Describe(c.variant, efficientvit.InputSize(c.h, c.w))
	if err != nil {
		return nil, nil, err
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
	if err != nil {
		return nil, nil, err
	}
	exec, err := forward.New(model)
	return model, exec, err
}
