// SPDX-License-Identifier: Apache-2.0

// Command benchforward times forward passes on request, for scripts/bench_peers.py:
// it reads the name of a case per line and answers with the milliseconds of one
// batch. TRIOVIT_BACKEND chooses the backend; weights and pictures are synthetic.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// cases are the networks, sizes and batches that can be asked for.
var cases = map[string]struct {
	variant string
	h, w, n int
}{
	"B1-224/batch1":         {"b1-r224", 224, 224, 1},
	"B1-224/batch8":         {"b1-r224", 224, 224, 8},
	"Seg-B0-704x960/batch1": {"seg-b0-cityscapes", 704, 960, 1},
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "benchforward:", err)
		os.Exit(1)
	}
}

func serve() error {
	ready := map[string]func() error{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name := lines.Text()
		run, ok := ready[name]
		if !ok {
			var err error
			if run, err = prepare(name); err != nil {
				return err
			}
			if err := run(); err != nil { // compiles
				return err
			}
			ready[name] = run
		}
		start := time.Now()
		if err := run(); err != nil {
			return err
		}
		fmt.Printf("%.3f\n", float64(time.Since(start))/float64(time.Millisecond))
	}
	return lines.Err()
}

// prepare returns what runs one batch. On the Go backend each core takes a part
// of the batch, as triovit.Evaluate has it; XLA spreads one batch by itself.
func prepare(name string) (func() error, error) {
	c, ok := cases[name]
	if !ok {
		return nil, fmt.Errorf("no case %q", name)
	}
	net, err := triovit.Describe(c.variant, triovit.InputSize(c.h, c.w))
	if err != nil {
		return nil, err
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
	if err != nil {
		return nil, err
	}
	exec, err := forward.New(model)
	if err != nil {
		return nil, err
	}
	parts := 1
	if backend, err := platform.Backend(); err == nil && backend == platform.Go {
		parts = min(runtime.GOMAXPROCS(0), c.n)
	}
	size := 3 * c.h * c.w
	pictures := weights.SyntheticInput(c.n * size)
	return func() error {
		errs := make([]error, parts)
		var wg sync.WaitGroup
		for i := range parts {
			from, to := i*c.n/parts, (i+1)*c.n/parts
			wg.Go(func() { _, errs[i] = exec.Predict(pictures[from*size : to*size]) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}, nil
}
