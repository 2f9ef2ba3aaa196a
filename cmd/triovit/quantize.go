// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/regular"
)

var quantizeCommand = command{
	name: "quantize", about: "put a model on integer grids by a recipe",
	help: `Applies a recipe to the model and says what it did: transforms, and the grid of
every tensor. Where divisors become 0 on a few of the calibration pictures, or many values
saturate, it warns: "diagnose" tells all. The file written by -out holds the recipe,
every change, and a digest of all weights and grids. "evaluate -quantized" quantizes
anew, which takes seconds, and refuses if the digest is another.`,
	declare: func(f *flag.FlagSet) action {
		var z quantization
		z.declare(f, calib.TrioViT.Name, "")
		out := outFile(f, "out", "`file` for the grids, JSON; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			r, err := z.run(ctx)
			if err != nil {
				return output{}, err
			}
			q := r.Quantized
			g := gridsOf(r, z.recipe)
			if *out != "" {
				if err := g.save(*out); err != nil {
					return output{}, err
				}
			}
			filters := 0
			for _, w := range q.WeightGrids {
				filters += len(w)
			}
			text := fmt.Sprintf("%s from %s, calibrated on %d pictures\n%s%s%d tensors and %d filters of %d convolutions on grids; %d changes, digest %.12s\n",
				g.Network, g.Source, g.Images, r.recipe, r.warned(), len(q.Quantizers()), filters, len(q.WeightGrids), len(q.Changes), g.Digest)
			return output{text, g}, nil
		}
	},
}

// quantization holds the flags of the commands that quantize.
type quantization struct {
	inputs
	profiled
	recipe
}

func (z *quantization) declare(f *flag.FlagSet, recipe, empty string) {
	z.inputs.declare(f)
	z.profiled.declare(f)
	z.recipe.declare(f, recipe, empty)
}

// A quantized model is the result of a command that quantizes.
type quantized struct {
	*calib.Quantized
	images int // number of pictures that calibrated
	recipe calib.Recipe
	// warnings are the warnings about the model's health on a few of the calibration
	// pictures. There are none if a profile stands in place of these pictures.
	warnings []string
}

// run quantizes. It checks the recipe before it looks at the pictures.
func (z *quantization) run(ctx context.Context) (*quantized, error) {
	named, err := z.get()
	if err != nil {
		return nil, err
	}
	setup, err := z.openWeights(ctx)
	if err != nil {
		return nil, err
	}
	r := &quantized{recipe: named}
	if r.Quantized, r.images, err = z.quantize(ctx, setup, named); err == nil && setup.Calibration.Len() > 0 {
		r.warnings, err = calib.Warnings(ctx, r.Quantized, setup.Calibration)
	}
	return r, err
}

// warned returns the warnings, one on each line.
func (r *quantized) warned() string {
	var s strings.Builder
	for _, w := range r.warnings {
		fmt.Fprintf(&s, "warning: %s\n", w)
	}
	return s.String()
}

// gridsFormat is the format that a file of grids names.
const gridsFormat = "gotriovit grids 1"

// grids describe how a model was quantized. Their digest shows that it is quantized so
// again.
type grids struct {
	Format         string   `json:"format"`
	Network        string   `json:"network"`
	Source         string   `json:"source"`
	Recipe         string   `json:"recipe"`
	WeightBits     int      `json:"weight_bits"`
	ActivationBits int      `json:"activation_bits"`
	Widths         string   `json:"widths,omitempty"` // the text of the flag
	Images         int      `json:"calibration_images"`
	Digest         string   `json:"digest"`
	Changes        []change `json:"changes"`
	Warnings       []string `json:"warnings,omitempty"`
}

type change struct {
	Op   string `json:"op"`
	What string `json:"what"`
}

func gridsOf(q *quantized, r recipe) *grids {
	g := &grids{Format: gridsFormat, Network: q.Network().Name, Source: q.Source(), Recipe: r.name, WeightBits: r.weights, ActivationBits: r.activations, Widths: r.widths,
		Images: q.images, Digest: digest(q.Quantized), Warnings: q.warnings}
	for _, c := range q.Changes {
		g.Changes = append(g.Changes, change(c))
	}
	return g
}

// digest returns the SHA-256 of the model's hash and of the changes. The hash covers the
// rounded weights, and the changes include the grids of all tensors.
func digest(q *calib.Quantized) string {
	sum := sha256.New()
	fmt.Fprintln(sum, q.Model.Hash())
	for _, c := range q.Changes {
		fmt.Fprintln(sum, c.Op, c.What)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (g *grids) save(path string) error {
	data, err := json.MarshalIndent(g, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.WriteData(path, append(data, '\n'))
}

// maxGrids bounds a file of grids in bytes: EfficientViT-B3's takes less than 1 MB.
const maxGrids = 16 << 20

// readGrids reads a file that save wrote.
func readGrids(path string) (*grids, error) {
	data, err := regular.Read(path, maxGrids)
	if err != nil {
		return nil, err
	}
	g, err := parseGrids(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

func parseGrids(data []byte) (*grids, error) {
	g := new(grids)
	if err := json.Unmarshal(data, g); err != nil {
		return nil, fmt.Errorf("not a file of \"triovit quantize -out\": %w", err)
	}
	if g.Format != gridsFormat {
		return nil, fmt.Errorf("the format is %.40q, want %q", g.Format, gridsFormat)
	}
	if _, err := g.recipe().named(); err != nil {
		return nil, err
	}
	return g, nil
}

// recipe returns the values of the flags that the grids were made with.
func (g *grids) recipe() *recipe { return &recipe{g.Recipe, g.WeightBits, g.ActivationBits, g.Widths} }

// verify returns an error if a model's grids differ from the stored ones.
func (g *grids) verify(q *calib.Quantized) error {
	if found := digest(q); found != g.Digest {
		return fmt.Errorf("the grids are others than stored, digest %.12s instead of %.12s: the model, the profile or the program changed", found, g.Digest)
	}
	return nil
}
