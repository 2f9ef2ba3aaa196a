// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

var freezeCommand = command{
	name: "freeze", about: "write a model as integers, one file that runs alone",
	help: `Quantizes the model by a recipe that rounds every tensor, and turns it into integers:
weights, biases, multipliers, shifts, thresholds. The file written by -out holds them,
the names of the classes, the preprocessing, and hashes of what it was made from
(docs/ARTEFACT.md); "evaluate -model" scores it. The hash is that of the file, and
equal models are equal files.

A file of -profile holds ranges alone: it takes a recipe by min-max, as
"TrioViTPlus every point".

A network whose accumulators need more than -accumulator-bits is refused, with the
operation and the width that it needs.`,
	declare: func(f *flag.FlagSet) action {
		var z quantization
		z.declare(f, calib.Default.Name, "")
		limits := integer.Limits{}
		f.IntVar(&limits.MultiplierBits, "multiplier-bits", integer.MultiplierPort, "`bits` of a multiplier, with its sign")
		f.IntVar(&limits.AccumulatorBits, "accumulator-bits", integer.MaxAccumulatorBits, "`bits` of an accumulator at most")
		out := outFile(f, "out", "`file` for the artefact; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			if err := limits.Check(); err != nil {
				return output{}, usageError{err}
			}
			r, err := z.run(ctx)
			if err != nil {
				return output{}, err
			}
			data, err := freeze(r.Quantized, limits, *out)
			if err != nil {
				return output{}, err
			}
			data.Warnings = r.warnings
			text := fmt.Sprintf("%s from %s, calibrated on %d pictures\n%s%s%s", r.Network().Name, r.Source(), r.images, r.recipe, r.warned(), data)
			if *out == "" {
				text += "not written: -out names a file\n"
			}
			return output{text, data}, nil
		}
	},
}

// freeze freezes a quantized network, and writes the artefact if a path is given.
func freeze(q *calib.Quantized, limits integer.Limits, path string) (artefact, error) {
	m, err := calib.Freeze(q, limits)
	if err != nil {
		return artefact{}, err
	}
	return storeArtefact(m, path)
}

// storeArtefact writes a frozen network if a path is given, and describes it.
func storeArtefact(m *integer.Model, path string) (artefact, error) {
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		return artefact{}, err
	}
	if path != "" {
		if err := atomicfile.WriteData(path, file.Bytes()); err != nil {
			return artefact{}, err
		}
	}
	return artefactOf(m, file.Bytes())
}

// artefact describes a frozen network.
type artefact struct {
	Network    string `json:"network"`
	Hash       string `json:"hash"`
	Bytes      int    `json:"bytes"`
	Operations int    `json:"operations"`
	// AccumulatorBits is the width that the widest accumulator needs. MultiplierBits is the
	// width of the multipliers.
	AccumulatorBits int            `json:"accumulator_bits"`
	MultiplierBits  int            `json:"multiplier_bits"`
	Source          integer.Source `json:"source"`
	Warnings        []string       `json:"warnings,omitempty"`
}

// String describes the artefact in one line.
func (a artefact) String() string {
	return fmt.Sprintf("%d operations, accumulators of %d bits and multipliers of %d; %d bytes, hash %.12s\n",
		a.Operations, a.AccumulatorBits, a.MultiplierBits, a.Bytes, a.Hash)
}

func artefactOf(m *integer.Model, file []byte) (artefact, error) {
	sum := sha256.Sum256(file)
	a := artefact{Network: m.Name, Hash: hex.EncodeToString(sum[:]), Bytes: len(file), Operations: len(m.Ops), MultiplierBits: m.MultiplierBits, Source: m.Source}
	tensors, err := m.Infer()
	for _, t := range tensors {
		a.AccumulatorBits = max(a.AccumulatorBits, t.Range.Bits())
	}
	return a, err
}
