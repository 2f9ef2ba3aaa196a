// SPDX-License-Identifier: Apache-2.0

// Command benchinteger times integer models for scripts/bench.py. It reads the name of a
// case from each line of its input, runs one batch, and prints the time in milliseconds.
// Its argument is the folder with the artefacts that benchforward wrote. All pictures of
// a batch are the same picture of random codes. The program links only the packages that
// run an artefact, so its memory is that of a program that only runs artefacts.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/internal/rounds"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
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

// prepare returns a function that runs one batch of a case such as "B1-224/batch8". Each
// core takes a part of the batch. If the batch has one picture, the executor divides that
// picture among the cores.
func prepare(folder, name string) (func() error, error) {
	network, batch, _ := strings.Cut(name, "/batch")
	n, err := strconv.Atoi(batch)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("no case %q", name)
	}
	model, err := integer.ReadFile(filepath.Join(folder, network+".triovit"))
	if err != nil {
		return nil, err
	}
	executor, err := fast.New(model)
	if err != nil {
		return nil, err
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
