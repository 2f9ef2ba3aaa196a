// SPDX-License-Identifier: Apache-2.0

// Package page writes an integer model as one HTML file that runs it: in the page, the fast
// executor in WebAssembly segments or classifies the picture that its reader drops on it. The
// file needs no server and asks no other host for anything.
//
//	program, err := page.Build(ctx)                // by the go command
//	err = page.WriteFile("seg-b0.html", model, program)
//
// The page holds the artefact and the program (package app), each compressed. A worker runs
// the program on one core, with the kernels "wasm". The program decodes PNGs and JPEGs as
// "triovit run" does, so the integers are the same in both, and so are the errors. There is
// one exception: the browser decodes a JPEG whose orientation tag turns it, and turns it
// upright, which "triovit run" does not. The browser also decodes pictures of other formats,
// as far as it knows them.
//
// A browser of 2023 or later is needed: Chrome 105, Firefox 121, Safari 16.4.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

//go:embed page.html
var document string

//go:embed page.css
var style string

//go:embed page.js
var script string

//go:embed worker.js
var worker string

var page = template.Must(template.New("page").Parse(document))

// contents are the values in the document.
type contents struct {
	Policy, Name, Hash         string
	WeightBits, ActivationBits string
	Width, Height              int
	About                      about
	Style                      template.CSS
	Script                     template.JS
	// Program and Artefact are Base64 of gzip.
	Program, Artefact template.HTML
}

// about is read by the document's script.
type about struct {
	Classes []class `json:"classes"`
	// Maps says whether the model is a segmentation.
	Maps   bool   `json:"maps"`
	Worker string `json:"worker"`
}

type class struct {
	Name  string `json:"name"`
	Color string `json:"color"` // "#rrggbb"
}

// maxClasses is the number of classes that a byte of a map tells apart.
const maxClasses = 256

// WriteFile writes the page to a file: see [Write].
func WriteFile(path string, m *integer.Model, p *Program) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, m, p) })
}

// Write writes the page of a model. The same model and program are the same page. A model
// without preprocessing ([integer.Picture]) is an error, and so is one whose logits stand
// for no real numbers, or a segmentation of more than 256 classes.
func Write(w io.Writer, m *integer.Model, p *Program) error {
	c, err := newContents(m, p)
	if err != nil {
		return fmt.Errorf("page of integer model %s: %w", m.Name, err)
	}
	return page.Execute(w, c)
}

func newContents(m *integer.Model, p *Program) (*contents, error) {
	tensors, err := m.Infer()
	if err != nil {
		return nil, err
	}
	in, out := m.Input().Shape, tensors[len(tensors)-1].Shape
	c := &contents{Name: m.Name, Width: in[1], Height: in[0], Style: template.CSS(style), Script: template.JS(script)}
	c.About.Maps = out[0]*out[1] > 1
	switch {
	case m.Picture == (integer.Picture{}):
		return nil, fmt.Errorf("it does not say how a picture becomes its input")
	case math.IsNaN(m.Ops[len(m.Ops)-1].Values.Of(0, 0)):
		return nil, fmt.Errorf("its logits stand for no real numbers")
	case c.About.Maps && out[2] > maxClasses:
		return nil, fmt.Errorf("a segmentation of %d classes: at most %d are allowed", out[2], maxClasses)
	}
	if c.Hash, err = m.Hash(); err != nil {
		return nil, err
	}
	names := dataset.Named(m.Classes, out[2])
	for k, color := range dataset.Colors(names) {
		c.About.Classes = append(c.About.Classes, class{names[k], fmt.Sprintf("#%02x%02x%02x", color.R, color.G, color.B)})
	}
	c.About.Worker = p.Starter + worker
	c.WeightBits, c.ActivationBits = widths(m, tensors)
	c.Policy = fmt.Sprintf("default-src 'none'; script-src %s 'wasm-unsafe-eval'; worker-src blob:; style-src %s; img-src blob:; base-uri 'none'; form-action 'none'", hashed(script), hashed(style))
	var artefact bytes.Buffer
	if err := m.Write(&artefact); err != nil {
		return nil, err
	}
	if c.Artefact, err = packed(artefact.Bytes()); err != nil {
		return nil, err
	}
	c.Program, err = packed(p.Wasm)
	return c, err
}

// hashed is a source of a Content-Security-Policy that allows a text.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// packed returns data as Base64 of gzip.
func packed(data []byte) (template.HTML, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	return template.HTML(base64.StdEncoding.EncodeToString(b.Bytes())), err
}

// widths returns the widths of the weights of convolutions and of the codes that
// convolutions read, as "8 bits" or "4 to 8 bits".
func widths(m *integer.Model, tensors []integer.Tensor) (weights, activations string) {
	made := make(map[string]integer.Interval, len(tensors))
	var w, a []int
	for i, op := range m.Ops {
		made[op.Name] = tensors[i].Range
		if conv, ok := op.Operation.(*integer.Conv); ok {
			codes := made[op.Inputs[0]]
			w, a = append(w, conv.WeightBits), append(a, bits.Len64(uint64(codes.Hi-codes.Lo)))
		}
	}
	return between(w), between(a)
}

// between returns the least and the largest width in words.
func between(bits []int) string {
	switch {
	case len(bits) == 0:
		return "none"
	case slices.Min(bits) == slices.Max(bits):
		return fmt.Sprintf("%d bits", bits[0])
	}
	return fmt.Sprintf("%d to %d bits", slices.Min(bits), slices.Max(bits))
}
