// SPDX-License-Identifier: Apache-2.0

// Command benchinteger times integer models for scripts/bench.py. It reads the name of a
// case from each line of its input, runs one batch, and prints the time in milliseconds.
// Its argument is the folder with the artefacts and JPEGs that benchforward wrote. All
// pictures of a batch are the same picture of random codes. A case such as "B1-224/jpeg32"
// begins with the files of 32 pictures and ends with their classes. The program links only
// the packages that run an artefact, so its memory is that of a program that only runs
// artefacts.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/internal/rounds"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "benchinteger:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("takes the folder of benchforward's files")
	}
	_, absent := fast.Kernels() // the kernels that the environment forces may not exist here
	if absent != nil {
		fmt.Fprintln(os.Stderr, "benchinteger:", absent)
	}
	return rounds.Serve(os.Stdin, os.Stdout, func(name string) (func() error, error) {
		if absent != nil {
			return nil, nil
		}
		return prepare(args[0], name)
	})
}

// prepare returns a function that runs one batch of a case such as "B1-224/batch8" or
// "B1-224/jpeg32". Each core takes a part of the batch. If the batch has one picture, the
// executor divides that picture among the cores.
func prepare(folder, name string) (func() error, error) {
	network, batch, codes := strings.Cut(name, "/batch")
	if !codes {
		network, batch, _ = strings.Cut(name, "/jpeg")
	}
	n, err := strconv.Atoi(batch)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("no case %q", name)
	}
	path := filepath.Join(folder, network)
	model, err := integer.ReadFile(path + ".triovit")
	if err != nil {
		return nil, err
	}
	executor, err := fast.New(model)
	if err != nil {
		return nil, err
	}
	if !codes {
		files, err := filepath.Glob(path + "-*.jpg")
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s-*.jpg: benchforward has not written these files", path)
		}
		return rounds.Divided(n, min(runtime.GOMAXPROCS(0), n), func(from, to int) error {
			for i := from; i < to; i++ {
				if _, err := classes(model, executor, files[i%len(files)]); err != nil {
					return err
				}
			}
			return nil
		}), nil
	}
	input := model.Input()
	rng := rand.New(rand.NewPCG(1, 2))
	pictures := make([]int32, n*input.Shape[0]*input.Shape[1]*input.Shape[2])
	size := len(pictures) / n
	for i := range size {
		code := int32(input.Grid.Lo + rng.IntN(input.Grid.Hi-input.Grid.Lo+1))
		for at := i; at < len(pictures); at += size {
			pictures[at] = code
		}
	}
	first, err := executor.Run(pictures[:size])
	if err != nil {
		return nil, err
	}
	outs := len(first.Data)
	logits := make([]int32, n*outs)
	return rounds.Divided(n, min(runtime.GOMAXPROCS(0), n), func(from, to int) error {
		return executor.Logits(context.Background(), logits[from*outs:to*outs], pictures[from*size:to*size])
	}), nil
}

// classes returns the likeliest class of each position of a picture in a file.
func classes(model *integer.Model, executor *fast.Executor, path string) ([]int, error) {
	picture, err := preprocess.DecodeFile(path)
	if err != nil {
		return nil, err
	}
	codes, err := model.Codes(picture)
	if err != nil {
		return nil, err
	}
	logits, err := executor.Run(codes)
	if err != nil {
		return nil, err
	}
	n := logits.Shape[2]
	likeliest := make([]int, 0, len(logits.Data)/n)
	for position := range slices.Chunk(logits.Data, n) {
		best := 0
		for c, logit := range position {
			if logit > position[best] {
				best = c
			}
		}
		likeliest = append(likeliest, best)
	}
	return likeliest, nil
}
