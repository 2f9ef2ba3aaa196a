// SPDX-License-Identifier: Apache-2.0

// Package readmem writes an integer model as plain hex files for simulators of RTL, which
// read them by $readmemh. The files hold weights, biases, factors and thresholds. For a
// picture, further files hold the integers of every tensor as test vectors. A manifest
// describes the content of each file.
//
//	err := readmem.Write("b0.hex", model, codes) // codes of a picture, or nil
//
// A file has one word a line, without comments. A word is an integer in two's complement
// of the width in the manifest, in the fewest hexadecimal digits that hold this width.
// Bits beyond the width are 0. The words are in the order of the shape, the last axis
// fastest.
//
// The file manifest.json is a [Manifest], written last. calib/INTEGER.md defines how each
// kind of operation uses its parameters and files.
package readmem

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// Name is the name of the manifest in its folder.
const Name = "manifest.json"

// The values of a manifest's Format and Version.
const (
	format  = "triovit hex"
	version = 1
)

// A Manifest describes the files of one model.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Model   string `json:"model"`
	// Artefact is the SHA-256 of the model's artefact, in hexadecimal.
	Artefact string `json:"artefact"`
	integer.Limits
	Classes []string `json:"classes,omitempty"`
	// Operations are those of the model, in the model's order.
	Operations []Operation `json:"operations"`
}

// An Operation is one operation of the model. Its result is the tensor of the same name.
type Operation struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Inputs []string `json:"inputs,omitempty"`
	// Parameters are the kind's parameters that are not lists, named as in an artefact: the
	// kernel, stride and groups of a convolution, the mantissas, shift and addend of an Add.
	Parameters json.RawMessage `json:"parameters"`
	// Output is the tensor of the operation.
	Output Tensor `json:"output"`
	// Steps and Offsets give the real numbers of the output's integers q, steps·q + offsets.
	// There is one of each, or one for each channel.
	Steps   []float64 `json:"steps,omitempty"`
	Offsets []float64 `json:"offsets,omitempty"`
	Files   []File    `json:"files,omitempty"`
}

// A Tensor describes the integers of an operation's result.
type Tensor struct {
	Shape  [3]int `json:"shape"`
	Layout string `json:"layout"`
	// Range contains all integers, provably. Sum contains the widest sum in their
	// computation. Bits is the width of Range, with a sign bit if Signed is true.
	Range  integer.Interval `json:"range"`
	Sum    integer.Interval `json:"sum"`
	Bits   int              `json:"bits"`
	Signed bool             `json:"signed"`
}

// A File is a list of integers of an operation, in a file of its own.
type File struct {
	// Role is "weights", "bias", "border", "mantissa", "shift", "addend", "thresholds",
	// or "vector" for the integers of the output for the picture.
	Role string `json:"role"`
	File string `json:"file"`
	// Shape has the lengths of the axes that Layout names.
	Shape  []int  `json:"shape"`
	Layout string `json:"layout"`
	Bits   int    `json:"bits"`
	Signed bool   `json:"signed"`
}

// Write writes a model into a folder, which it makes. With the codes of a picture it also
// writes test vectors: the reference executor's integers of every tensor. Files with other
// names are not touched.
func Write(dir string, m *integer.Model, picture []int32) error {
	tensors, err := m.Infer()
	if err != nil {
		return err
	}
	hash, err := m.Hash()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	// An older manifest would describe files that are being replaced.
	if err := os.Remove(filepath.Join(dir, Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	manifest := Manifest{Format: format, Version: version, Model: m.Name, Artefact: hash, Limits: m.Limits, Classes: m.Classes}
	at := map[string]int{} // index of the operation, by its tensor's name
	for i := range m.Ops {
		op, t := &m.Ops[i], tensors[i]
		layout := "row, column, channel"
		if len(op.Inputs) > 0 {
			layout = manifest.Operations[at[op.Inputs[0]]].Output.Layout
		}
		o := Operation{Name: op.Name, Kind: integer.Kind(op.Operation), Inputs: op.Inputs, Steps: op.Values.Steps, Offsets: op.Values.Offsets,
			Output: Tensor{Shape: t.Shape, Layout: layoutOf(op.Operation, layout), Range: t.Range, Sum: t.Sum, Bits: width(t.Range), Signed: t.Range.Lo < 0}}
		if o.Parameters, err = json.Marshal(op.Operation); err != nil {
			return fmt.Errorf("integer model %s: %q: %w", m.Name, op.Name, err)
		}
		for _, l := range listsOf(op.Operation, m.Limits) {
			l.File.File = fileName(i, l.Role)
			if err := l.write(filepath.Join(dir, l.File.File)); err != nil {
				return err
			}
			o.Files = append(o.Files, l.File)
		}
		at[op.Name] = i
		manifest.Operations = append(manifest.Operations, o)
	}
	if picture != nil {
		if err := vectors(dir, m, picture, manifest.Operations, at); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(dir, Name), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(manifest)
	})
}

// vectors writes the integers of every tensor for a picture, and adds their files to the
// operations.
func vectors(dir string, m *integer.Model, picture []int32, ops []Operation, at map[string]int) error {
	var first error
	_, err := m.Run(picture, func(op *integer.Op, y integer.Value) {
		i := at[op.Name]
		out := ops[i].Output
		l := list{File{"vector", fileName(i, "vector"), y.Shape[:], out.Layout, out.Bits, out.Signed}, integers(y.Data)}
		if err := l.write(filepath.Join(dir, l.File.File)); err != nil && first == nil {
			first = err
		}
		ops[i].Files = append(ops[i].Files, l.File)
	})
	if err != nil {
		return err
	}
	return first
}

// fileName returns the name of a list of the i-th operation.
func fileName(i int, role string) string { return fmt.Sprintf("%04d.%s.hex", i, role) }

// width returns the bits of a range. It counts no sign bit if no integer is negative.
func width(r integer.Interval) int {
	if r.Lo >= 0 {
		return max(1, r.Bits()-1)
	}
	return r.Bits()
}

// layoutOf names the axes of an operation's result. first is the layout of its first
// operand.
func layoutOf(op integer.Operation, first string) string {
	switch op := op.(type) {
	case *integer.Heads:
		return "token, head, channel"
	case *integer.MergeHeads:
		return "row, column, channel"
	case *integer.SumTokens:
		return "head, key, value"
	case *integer.MatMul:
		if op.OverTokens {
			return "head, key, value"
		}
		return "token, head, value"
	}
	return first
}

// A list is the integers of a file.
type list struct {
	File
	values []int64
}

// Widths, in bits, of the lists whose width no limit of the model gives.
const (
	codeBits  = 16
	shiftBits = 6
)

// listsOf returns the lists of an operation, without the names of their files.
func listsOf(op integer.Operation, limits integer.Limits) []list {
	switch o := op.(type) {
	case *integer.Conv:
		filters := len(o.Bias)
		window := o.Kernel * o.Kernel
		lists := []list{
			{File{"weights", "", []int{filters, len(o.Weights) / filters / window, o.Kernel, o.Kernel}, "filter, channel of the group, row, column", o.WeightBits, true}, integers(o.Weights)},
			{File{"bias", "", []int{filters}, "filter", integer.MaxAccumulatorBits, true}, integers(o.Bias)},
		}
		if len(o.Pad) > 0 {
			lists = append(lists, list{File{"border", "", []int{len(o.Pad)}, "channel, or one for all", codeBits, true}, integers(o.Pad)})
		}
		return lists
	case *integer.Requantize:
		var mantissas, shifts, addends []int64
		bits := integer.SumPort
		for _, a := range o.Affine {
			mantissas, shifts, addends = append(mantissas, int64(a.Mantissa)), append(shifts, int64(a.Shift)), append(addends, a.Addend)
			if (integer.Interval{Lo: a.Addend, Hi: a.Addend}).Bits() > bits {
				bits = 64
			}
		}
		shape, layout := []int{len(o.Affine)}, "channel, or one for all"
		return []list{
			{File{"mantissa", "", shape, layout, limits.MultiplierBits, true}, mantissas},
			{File{"shift", "", shape, layout, shiftBits, false}, shifts},
			{File{"addend", "", shape, layout, bits, true}, addends},
		}
	case *integer.Log2:
		return []list{{File{"thresholds", "", []int{len(o.Thresholds)}, "code, from 1", integer.MaxAccumulatorBits, true}, integers(o.Thresholds)}}
	}
	return nil
}

func integers[T int8 | int32](values []T) []int64 {
	all := make([]int64, len(values))
	for i, v := range values {
		all[i] = int64(v)
	}
	return all
}

// write writes the list to a file, one word a line.
func (l *list) write(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		digits := (l.Bits + 3) / 4
		mask := uint64(1)<<(l.Bits-1)<<1 - 1
		word := make([]byte, 0, 17)
		for _, v := range l.values {
			word = strconv.AppendUint(word[:0], uint64(v)&mask, 16)
			for range digits - len(word) {
				b.WriteByte('0')
			}
			b.Write(append(word, '\n'))
		}
		return b.Flush()
	})
}
