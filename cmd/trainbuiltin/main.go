// SPDX-License-Identifier: Apache-2.0

// Command trainbuiltin trains the built-in model: an EfficientViT-Seg-B0 on street scenes
// that package scenes draws. With XLA it takes some two hours of two cores. It saves a
// checkpoint. After an interruption a new run continues from the checkpoint, and gets the
// same weights. At milestones it also saves the network, and at the end it measures the
// loss of each saved network with 8, 7 and 6 bits.
//
//	go run -tags=xla ./cmd/trainbuiltin            # train, score, write triovit/builtin
//	go run -tags=xla ./cmd/trainbuiltin -export    # score and write the checkpoint as it is
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// recipe is all values that the trained weights depend on.
type recipe struct {
	Seed          uint64 // seed of the initial weights
	Batch         int    // number of scenes in a step
	Height, Width int    // size of the scenes in pixels
	Phases        []phase
}

// A phase is a part of the training with a schedule of its own. Every phase but the first
// begins with the averaged weights of the previous one, rounded to float16, and with
// moments of zero.
type phase struct {
	Steps       int
	WarmUp      int // number of steps in which the rate rises
	Rate, Decay float64
	DecaySteps  int // number of the phase's first steps, in which parameters decay
	// Decaying are the roles of the parameters that decay, nil for all parameters.
	Decaying  []efficientvit.Role
	Milestone int // number of steps between two networks that are kept for the curve
}

// standard is the recipe of the built-in model. Decay makes the channels of a tensor
// differ in width. The many steps after the decay make the small channels matter.
// Together they give a network that loses accuracy with eight bits, as networks trained
// for weeks do.
//
// The quotients of the attention do not change with the scale of its queries and keys, so
// decay alone decides how large the divisors are. In the second phase only the
// convolutions that make queries, keys and values decay. The divisors of the aggregated
// branch, which three convolutions shrink, become much smaller than those of the other
// branch. A uniform grid for both then rounds many divisors to zero, as it does in the
// official checkpoint.
var standard = recipe{
	Seed: 1, Batch: 8, Height: 128, Width: 256,
	Phases: []phase{
		{Steps: 28000, WarmUp: 200, Rate: 4e-3, Decay: 0.5, DecaySteps: 7000, Milestone: 1000},
		{Steps: 1000, WarmUp: 200, Rate: 5e-4, Decay: 6, DecaySteps: 1000, Milestone: 500,
			Decaying: []efficientvit.Role{efficientvit.QKV, efficientvit.AggDW, efficientvit.AggPW}},
	},
}

// steps returns the number of steps of all phases.
func (r recipe) steps() int {
	sum := 0
	for _, p := range r.Phases {
		sum += p.Steps
	}
	return sum
}

// phase returns the phase of a step, and the number of the step in its phase.
func (r recipe) phase(step int) (p phase, within int) {
	for _, p = range r.Phases {
		if step < p.Steps {
			return p, step
		}
		step -= p.Steps
	}
	return phase{}, step
}

// milestone reports whether the network is kept for the curve after so many steps.
func (r recipe) milestone(steps int) bool {
	p, within := r.phase(steps - 1)
	return p.Milestone > 0 && (within+1)%p.Milestone == 0
}

func main() {
	checkpoint := flag.String("checkpoint", filepath.Join("build", "trainbuiltin", "state.safetensors"), "file of the state of the training")
	folder := flag.String("out", filepath.Join("triovit", "builtin"), "folder for the weights and their account")
	export := flag.Bool("export", false, "do not train, score and write the checkpoint as it is")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, standard, *checkpoint, *folder, *export); err != nil {
		fmt.Fprintln(os.Stderr, "trainbuiltin:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, r recipe, checkpoint, folder string, export bool) error {
	net, err := efficientvit.Describe("seg-b0-scenes", efficientvit.InputSize(r.Height, r.Width))
	if err != nil {
		return err
	}
	state, err := load(checkpoint, net)
	if err != nil {
		return err
	}
	switch {
	case state == nil && export:
		return fmt.Errorf("%s: no checkpoint to export: train first", checkpoint)
	case state == nil:
		state = initial(net, r.Seed)
	}
	if !export {
		if state, err = train(ctx, net, r, state, checkpoint); err != nil {
			return err
		}
	}
	if err := publish(ctx, net, r, state, folder); err != nil {
		return err
	}
	return curve(ctx, net, r, checkpoint, folder, curveCalibration, curveScenes)
}

// train takes the remaining steps. It saves the state every minute and at the end, even
// if ctx ends first.
func train(ctx context.Context, net *efficientvit.Network, r recipe, state weights.Set, checkpoint string) (weights.Set, error) {
	t, err := newTrainer(net, r, state)
	if err != nil {
		return nil, err
	}
	keep := func() (weights.Set, error) {
		set, err := t.set()
		if err != nil {
			return nil, err
		}
		return set, save(checkpoint, set, weights.F32, nil)
	}
	fmt.Printf("step %d of %d\n", t.step, r.steps())
	bar := progress.New("train", r.steps()-t.step)
	defer bar.Done()
	saved, sum, n := time.Now(), 0., 0
	drawing, stop := context.WithCancel(ctx)
	defer stop()
	for b := range batches(drawing, r, t.step) {
		began := time.Now()
		loss, err := t.learn(b)
		if err != nil {
			return nil, err
		}
		t.seconds += time.Since(began).Seconds()
		sum, n = sum+float64(loss), n+1
		bar.Add(1)
		if r.milestone(t.step) {
			set, err := t.set()
			if err != nil {
				return nil, err
			}
			if err := save(milestoneFile(checkpoint, t.step), averaged(net, set), weights.F16, nil); err != nil {
				return nil, err
			}
		}
		if t.step%50 == 0 {
			left := time.Duration(float64(time.Second) * t.seconds / float64(t.step) * float64(r.steps()-t.step))
			bar.Fprintln(os.Stdout, fmt.Sprintf("step %d: loss %.4f, rate %.2e, %s left", t.step, sum/float64(n), r.rate(t.step-1), left.Round(time.Second)))
			sum, n = 0, 0
		}
		if time.Since(saved) > time.Minute {
			if _, err := keep(); err != nil {
				return nil, err
			}
			saved = time.Now()
		}
	}
	state, err = keep()
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted after step %d of %d: run again to go on", t.step, r.steps())
	}
	return state, err
}
