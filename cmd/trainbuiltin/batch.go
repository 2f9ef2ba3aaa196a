// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// lossStride is the side in pixels of the square that has one target. The targets are
// twice as fine as the network's output, so that the network learns edges between its
// positions.
const lossStride = 4

// batch is the input of one step.
type batch struct {
	pictures []float32 // the normalized pictures, [N, H, W, 3]
	targets  []float32 // the share of each class in each cell, [N, H/4, W/4, classes]
}

// newBatch draws n scenes of h×w pixels. The first scene has the seed first.
func newBatch(first uint64, n, h, w int) batch {
	th, tw := h/lossStride, w/lossStride
	b := batch{
		pictures: make([]float32, n*h*w*3),
		targets:  make([]float32, n*th*tw*scenes.NumClasses),
	}
	for i := range n {
		s := scenes.Draw(first+uint64(i), w, h)
		picture := preprocess.RGB{W: w, H: h, Pix: s.Pix}
		picture.Normalize(b.pictures[i*h*w*3 : (i+1)*h*w*3])
		for p, class := range s.Label {
			if class == scenes.None {
				continue
			}
			y, x := p/w/lossStride, p%w/lossStride
			b.targets[((i*th+y)*tw+x)*scenes.NumClasses+int(class)] += 1. / (lossStride * lossStride)
		}
	}
	return b
}

// batches draws the batches of the steps, beginning with the step from, before they are
// needed. Each step gets scenes of its own: no scene is used twice. The channel is closed
// after the last step, or when ctx ends.
func batches(ctx context.Context, r recipe, from int) <-chan batch {
	ahead := make(chan batch, 2)
	go func() {
		defer close(ahead)
		for step := from; step < r.steps(); step++ {
			b := newBatch(scenes.TrainSeed+uint64(step*r.Batch), r.Batch, r.Height, r.Width)
			select {
			case ahead <- b:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ahead
}
