// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// parameter is a parameter of the network with the operation that owns it.
type parameter struct {
	efficientvit.Param
	op *efficientvit.Op
}

// parameters returns the trained parameters and the running statistics, each in the order
// of the network.
func parameters(net *efficientvit.Network) (trained, statistics []parameter) {
	for i := range net.Ops {
		for _, p := range net.Ops[i].Params {
			if p.Statistic {
				statistics = append(statistics, parameter{p, &net.Ops[i]})
			} else {
				trained = append(trained, parameter{p, &net.Ops[i]})
			}
		}
	}
	return trained, statistics
}

// The checkpoint stores the two moments of Adam and the average over the steps beside
// each parameter, under the parameter's name and a suffix.
const (
	firstMoment  = ".adam_m"
	secondMoment = ".adam_v"
	average      = ".average"
	stepName     = "step"    // a tensor of one element, the number of steps taken
	secondsName  = "seconds" // a tensor of one element, the time that the steps took
)

// initial returns the weights before the first step: He's normal initialization for
// weights, ones and zeros for normalization, zeros for biases. Tensors are in the layout
// of the reference implementation.
func initial(net *efficientvit.Network, seed uint64) weights.Set {
	rng := rand.New(rand.NewPCG(seed, 0x696e6974))
	set := weights.Set{stepName: weights.New(1), secondsName: weights.New(1)}
	trained, statistics := parameters(net)
	for _, p := range slices.Concat(trained, statistics) {
		t := weights.New(p.Shape...)
		switch {
		case len(p.Shape) > 1:
			// The spread depends on the inputs that one output value sums.
			std := math.Sqrt(2 / float64(efficientvit.Size(p.Shape[1:])))
			for i := range t.Data {
				t.Data[i] = float32(std * rng.NormFloat64())
			}
		case p.op.Kind == efficientvit.BatchNorm && (strings.HasSuffix(p.Name, ".weight") || strings.HasSuffix(p.Name, ".running_var")):
			for i := range t.Data {
				t.Data[i] = 1
			}
		}
		set[p.Name], set[p.Name+average] = t, t
		if !p.Statistic {
			set[p.Name+firstMoment] = weights.New(p.Shape...)
			set[p.Name+secondMoment] = weights.New(p.Shape...)
		}
	}
	return set
}

// load returns a checkpoint, or nil if the file does not exist. A checkpoint of another
// network is an error.
func load(path string, net *efficientvit.Network) (weights.Set, error) {
	set, err := weights.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	want := map[string][]int{}
	for name, t := range initial(net, 0) {
		want[name] = t.Shape
	}
	if err := set.Check(want); err != nil {
		return nil, fmt.Errorf("%s is no checkpoint of this training, delete it to start again: %w", path, err)
	}
	return set, nil
}

// save writes a set of tensors. At any moment the file is complete: it is the old file or
// the new one.
func save(path string, set weights.Set, dtype weights.DType, metadata map[string]string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return weights.WriteSafetensors(w, set, dtype, metadata) })
}

// averaged returns the network of a state with the averages of its parameters over the
// last steps.
func averaged(net *efficientvit.Network, state weights.Set) weights.Set {
	set := weights.Set{}
	for name := range net.Params() {
		set[name] = state[name+average]
	}
	return set
}

// layoutOf returns the layout in which the graph holds a parameter or one of its moments.
func (p parameter) layoutOf(t *weights.Tensor) *weights.Tensor {
	return forward.Layout(p.op, p.Param, t)
}

func (p parameter) fromLayout(t *weights.Tensor) *weights.Tensor {
	return forward.FromLayout(p.op, p.Param, t)
}
