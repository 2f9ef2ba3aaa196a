// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/gomlx/compute-onnx/support/protos"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"google.golang.org/protobuf/proto"
)

// The versions of the format and of its operators. They are the first that quantize to 16
// bits.
const (
	irVersion   = 10
	operatorSet = 21
)

// Names of the input and of the output of a whole model.
const (
	Picture = "picture"
	Logits  = "logits"
)

// New returns the ONNX model of an integer model. The logits of the model must stand for
// real numbers. The other errors are those of [integer.Model.Infer] and of the model's
// hash.
func New(m *integer.Model) (*protos.ModelProto, error) {
	cut, err := m.Cut(0, len(m.Ops))
	if err != nil {
		return nil, err
	}
	end := &m.Ops[len(m.Ops)-1]
	if len(end.Values.Steps) == 0 {
		return nil, fmt.Errorf("integer model %s: its logits stand for no real numbers", m.Name)
	}
	g := newGraph(cut)
	first, input := m.Ops[0].Name, m.Input()
	g.op = first
	codes := integer.Interval{Lo: int64(input.Grid.Lo), Hi: int64(input.Grid.Hi)}
	g.Input = append(g.Input, described(Picture, float, input.Shape[2], input.Shape[0], input.Shape[1]))
	g.made[first] = g.quantized(tensor{name: Picture, layout: planes, as: float}, codes, float64(input.Grid.Scale), int64(input.Grid.Zero))
	g.build()

	y := g.real(end.Name, planes)
	if !slices.Equal(y.steps, end.Values.Steps) || y.zero != 0 {
		y = g.with("Mul", g.cast(g.integers(end.Name, planes), float), end.Values.Steps...)
	}
	y = g.with("Add", y, end.Values.Offsets...)
	if shape := cut.Tensor(end.Name).Shape; shape[0]*shape[1] == 1 {
		g.output(Logits, "Flatten", y, shape[channels])
	} else {
		g.output(Logits, "Identity", y, shape[2], shape[0], shape[1])
	}
	metadata, err := metadataOf(m)
	return g.model(metadata), err
}

// NewCut returns the ONNX model of a cut of an integer model. A test can compare its
// operations with the integers: its inputs and outputs are those of the cut, as int32 [N,
// a, b, c] for tensors of [a, b, c]. The inputs have the tensors' names.
func NewCut(c *integer.Cut) *protos.ModelProto {
	g := newGraph(c)
	for _, name := range c.Inputs {
		g.op = name
		shape := c.Tensor(name).Shape
		g.used[name] = true
		g.Input = append(g.Input, described(name, protos.TensorProto_INT32, shape[:]...))
		g.made[name] = g.cast(tensor{name: name, layout: asIs}, double)
	}
	g.build()
	for _, name := range c.Outputs {
		g.op = name
		shape := c.Tensor(name).Shape
		g.output(name+integersSuffix, "Identity", g.cast(g.integers(name, asIs), protos.TensorProto_INT32), shape[:]...)
	}
	return g.model(nil)
}

// integersSuffix follows the tensor's name in the name of a cut's output.
const integersSuffix = " integers"

func newGraph(c *integer.Cut) *graph {
	return &graph{GraphProto: &protos.GraphProto{Name: c.Name}, cut: c, made: map[string]tensor{}, used: map[string]bool{}, read: map[reading]tensor{}}
}

// build adds the nodes of all operations of the cut whose results are not its inputs.
func (g *graph) build() {
	for i := range g.cut.Ops {
		op := &g.cut.Ops[i]
		if _, given := g.made[op.Name]; !given {
			g.op = op.Name
			g.made[op.Name] = g.add(op)
		}
	}
}

// output adds a node whose output is an output of the graph.
func (g *graph) output(name, kind string, x tensor, shape ...int) {
	g.Node = append(g.Node, &protos.NodeProto{Name: g.unique(kind), OpType: kind, Input: []string{x.name}, Output: []string{name}})
	g.Output = append(g.Output, described(name, x.as, shape...))
}

// described returns the description of a tensor whose first axis, the batch N, is free.
func described(name string, as element, shape ...int) *protos.ValueInfoProto {
	dims := []*protos.TensorShapeProto_Dimension{{Value: &protos.TensorShapeProto_Dimension_DimParam{DimParam: "N"}}}
	for _, side := range shape {
		dims = append(dims, &protos.TensorShapeProto_Dimension{Value: &protos.TensorShapeProto_Dimension_DimValue{DimValue: int64(side)}})
	}
	return &protos.ValueInfoProto{Name: name, Type: &protos.TypeProto{Value: &protos.TypeProto_TensorType{TensorType: &protos.TypeProto_Tensor{
		ElemType: int32(as), Shape: &protos.TensorShapeProto{Dim: dims}}}}}
}

func (g *graph) model(metadata []*protos.StringStringEntryProto) *protos.ModelProto {
	return &protos.ModelProto{IrVersion: irVersion, ProducerName: "gotriovit", Graph: g.GraphProto, MetadataProps: metadata,
		OpsetImport: []*protos.OperatorSetIdProto{{Version: operatorSet}}}
}

// metadataOf returns the data that a program needs to make an input of a picture and an
// answer of the logits, and the hash of the artefact.
func metadataOf(m *integer.Model) ([]*protos.StringStringEntryProto, error) {
	hash, err := m.Hash()
	if err != nil {
		return nil, err
	}
	var all []*protos.StringStringEntryProto
	add := func(key, value string) {
		all = append(all, &protos.StringStringEntryProto{Key: key, Value: value})
	}
	add("artefact", hash)
	add("recipe", m.Source.Recipe)
	lists := map[string]any{}
	if len(m.Classes) > 0 {
		lists["classes"] = m.Classes
	}
	if m.Picture != (integer.Picture{}) {
		add("input", "float32 [N, 3, H, W], red, green, blue: (level/255 - mean)/std")
		add("preprocessing", m.Picture.Pipeline.String())
		lists["mean"], lists["std"] = m.Picture.Mean, m.Picture.Std
	}
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		text, err := json.Marshal(lists[key])
		if err != nil {
			return nil, err
		}
		add(key, string(text))
	}
	return all, nil
}

// Write writes the ONNX model of an integer model. Equal models give equal files.
func Write(w io.Writer, m *integer.Model) error {
	model, err := New(m)
	if err != nil {
		return err
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(model)
	if err != nil {
		return fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	_, err = w.Write(data)
	return err
}

// WriteFile writes the ONNX model into a file. After an error the
// file is absent, or as it was before.
func WriteFile(path string, m *integer.Model) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, m) })
}
