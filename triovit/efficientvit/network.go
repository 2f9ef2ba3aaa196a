// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// A Network is one EfficientViT as data: its operations in single-assignment form.
// Every operation makes one tensor, which has the operation's name, from tensors made
// before it. The first operation is the picture, and the last one makes the network's
// output. A part of a network ([Network.Cut]) may begin with several inputs and have
// several outputs.
//
// A Network holds no weights. A transform takes a network and returns another. Readers
// switch on [Kind] and [Role], never on names.
type Network struct {
	// Name is the variant's name, such as "efficientvit-b1-r224".
	Name string
	// Ops are the operations. Each comes after those whose tensors it reads.
	Ops []Op
	// Stages are the tensors that end the stem and the four stages, in order. Comparisons
	// of two implementations of one network use them.
	Stages []string
	// Results are the names of the outputs of a cut, in the order of the network. If it
	// is empty, the last operation's tensor is the only output.
	Results []string `json:",omitempty"`
}

// An Op is one operation of a [Network]. Shapes are for one picture, without the batch
// axis. The last axis is the channel.
type Op struct {
	// Name names the operation and its tensor. It is the official checkpoint's module
	// name if there is one. Otherwise the rule in the package comment gives it.
	Name string
	Kind Kind
	// Role is the layer's role in the paper. A layer's normalization and activation
	// have the role of its convolution.
	Role Role
	// Block is the module around the operation, such as
	// "backbone.stages.3.op_list.2.local_module". It is empty outside of blocks.
	Block string
	// Inputs are the names of the operands.
	Inputs []string
	// Shape is the shape of the result: [H, W, C], [C], or in the attention [tokens,
	// heads, d] and [heads, d, e].
	Shape []int
	// Params are the operation's parameters, in the order of its Kind.
	Params []Param
	// Points are the places at which the operation's inputs are quantized when the
	// network runs in integers (calib/INTEGER.md).
	Points []Point

	// Kernel, Stride and Groups describe a Conv: a square kernel, padded by
	// Kernel/2 on every side.
	Kernel, Stride, Groups int
	// Factor is the ratio of an Upsample's output side to its input side.
	Factor int
	// Part is the tensor that a Heads selects: 0 for q, 1 for k, 2 for v.
	Part int
	// OverTokens reports that a MatMul sums over the tokens (KᵀV), not over the channels
	// of a head (Q·S).
	OverTokens bool
	// Eps is the number that a BatchNorm or LayerNorm adds to the variance and a Divide to
	// the divisor.
	Eps float64
}

// A Param is one parameter tensor in the reference's layout: OIHW for a
// convolution, [out, in] for a linear layer, [n] otherwise.
type Param struct {
	Name  string
	Shape []int
	// Statistic marks a running mean or variance. A checkpoint stores it, but it does
	// not count as a parameter.
	Statistic bool
}

// A Point is one place where a tensor is quantized before an operation reads
// it. All points of one tensor share one grid.
type Point struct {
	// Operand is the index into the operation's Inputs.
	Operand int
	Class   PointClass
	// Bits is the width that calib/INTEGER.md gives the tensor.
	Bits int
	// Signed reports whether the grid is symmetric around zero; otherwise it starts at
	// zero.
	Signed bool
}

// Size returns the number of elements of a shape.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Op returns the operation with a name, or nil if there is none.
func (n *Network) Op(name string) *Op {
	for i := range n.Ops {
		if n.Ops[i].Name == name {
			return &n.Ops[i]
		}
	}
	return nil
}

// BlocksWith returns the names of the blocks that have an operation of a role, in the
// network's order. With DW it returns the blocks of the MBConvs, with Divisor those of
// the MSAs.
func (n *Network) BlocksWith(role Role) []string {
	var names []string
	for i := range n.Ops {
		if op := &n.Ops[i]; op.Role == role && !slices.Contains(names, op.Block) {
			names = append(names, op.Block)
		}
	}
	return names
}

// Input returns the first operation, which stands for the picture, [H, W, 3].
func (n *Network) Input() *Op { return &n.Ops[0] }

// Output returns the last operation, which makes the network's result: [classes]
// logits, or [H/8, W/8, classes] logits of a segmentation.
func (n *Network) Output() *Op { return &n.Ops[len(n.Ops)-1] }

// Inputs returns the operations of kind [Input], which come first in the network: the
// picture, or the inputs of a cut.
func (n *Network) Inputs() []*Op {
	var inputs []*Op
	for i := range n.Ops {
		if n.Ops[i].Kind == Input {
			inputs = append(inputs, &n.Ops[i])
		}
	}
	return inputs
}

// Outputs returns the operations that make the network's outputs: those that a cut's
// Results name, else the last one.
func (n *Network) Outputs() []*Op {
	if len(n.Results) == 0 {
		return []*Op{n.Output()}
	}
	outputs := make([]*Op, len(n.Results))
	for i, name := range n.Results {
		outputs[i] = n.Op(name)
	}
	return outputs
}

// Consumers returns the names of the operations that read a tensor.
func (n *Network) Consumers(tensor string) []string {
	var names []string
	for i := range n.Ops {
		if slices.Contains(n.Ops[i].Inputs, tensor) {
			names = append(names, n.Ops[i].Name)
		}
	}
	return names
}

// Params returns the shape of every parameter by name.
func (n *Network) Params() map[string][]int {
	shapes := make(map[string][]int)
	for i := range n.Ops {
		for _, p := range n.Ops[i].Params {
			shapes[p.Name] = p.Shape
		}
	}
	return shapes
}

// Clone returns a deep copy of the network.
func (n *Network) Clone() *Network {
	c := &Network{Name: n.Name, Ops: slices.Clone(n.Ops), Stages: slices.Clone(n.Stages), Results: slices.Clone(n.Results)}
	for i := range c.Ops {
		op := &c.Ops[i]
		op.Inputs = slices.Clone(op.Inputs)
		op.Shape = slices.Clone(op.Shape)
		op.Params = slices.Clone(op.Params)
		op.Points = slices.Clone(op.Points)
	}
	return c
}

// Hash returns a digest of the whole description, in hexadecimal digits. It includes
// kinds, roles and classes of points as numbers.
func (n *Network) Hash() string {
	data, err := json.Marshal(n)
	if err != nil {
		panic(err) // Validate refuses values that JSON cannot hold, such as an eps of NaN
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Insert puts an operation between a consumer and one of its operands. The inserted
// operation reads the operand, and the consumer reads the inserted operation. The
// consumer's points keep their operand index, so that the inserted operation's output
// is quantized. An unknown consumer or operand, or a name that is taken, is an error
// and changes nothing.
func (n *Network) Insert(consumer string, operand int, op Op) error {
	i := slices.IndexFunc(n.Ops, func(o Op) bool { return o.Name == consumer })
	if i < 0 {
		return fmt.Errorf("network %q: no operation %q to insert %q before", n.Name, consumer, op.Name)
	}
	if operand < 0 || operand >= len(n.Ops[i].Inputs) {
		return fmt.Errorf("network %q: %q has no operand %d", n.Name, consumer, operand)
	}
	if n.Op(op.Name) != nil {
		return fmt.Errorf("network %q: there is an operation %q already", n.Name, op.Name)
	}
	op.Inputs = []string{n.Ops[i].Inputs[operand]}
	n.Ops[i].Inputs[operand] = op.Name
	n.Ops = slices.Insert(n.Ops, i, op)
	return nil
}

// maxElements is the largest number of elements of a tensor or a parameter. With this
// bound no product of sizes overflows an int. A description from a file then cannot
// demand more memory than any machine has.
const maxElements = 1<<31 - 1

// bounded checks that every axis of a shape has at least one element, and that the
// shape has at most maxElements elements.
func bounded(shape []int) error {
	n := 1
	for _, d := range shape {
		if d < 1 || d > maxElements/n {
			return fmt.Errorf("shape %v: each axis must be at least 1, all elements together at most %d", shape, maxElements)
		}
		n *= d
	}
	return nil
}

// minPointBits and maxPointBits are the smallest and largest width of a [Point]. They
// are the limits of package calib's grids.
const minPointBits, maxPointBits = 2, 16

func (op *Op) checkPoints() error {
	for i, p := range op.Points {
		switch {
		case p.Operand < 0 || p.Operand >= len(op.Inputs):
			return fmt.Errorf("on operand %d of %d", p.Operand, len(op.Inputs))
		case slices.ContainsFunc(op.Points[:i], func(before Point) bool { return before.Operand == p.Operand }):
			return fmt.Errorf("on operand %d, which has one already", p.Operand)
		case !slices.Contains(PointClasses(), p.Class):
			return fmt.Errorf("of class %d: 1 to %d are allowed", p.Class, pointEnd-1)
		case p.Bits < minPointBits || p.Bits > maxPointBits:
			return fmt.Errorf("of %d bits: %d to %d are allowed", p.Bits, minPointBits, maxPointBits)
		}
	}
	return nil
}

// Validate checks a description: it is in single-assignment form, every shape follows
// from the inputs' shapes, no tensor or parameter has more than 2³¹-1 elements, points
// have a class and a width of 2 to 16 bits, and Stages and Results are tensors of the
// network. Validate is safe on any description, also on one from a file. The error
// names the first operation that breaks a rule. A cut is valid too.
func (n *Network) Validate() error {
	if len(n.Ops) == 0 || n.Ops[0].Kind != Input {
		return fmt.Errorf("network %q: the first operation must be its input", n.Name)
	}
	shapes := make(map[string][]int, len(n.Ops))
	for i := range n.Ops {
		op := &n.Ops[i]
		if op.Name == "" {
			return fmt.Errorf("network %q: operation %d, %s, has no name", n.Name, i, op.Kind)
		}
		if _, twice := shapes[op.Name]; twice {
			return fmt.Errorf("network %q: %q is made twice", n.Name, op.Name)
		}
		in := make([][]int, len(op.Inputs))
		for j, name := range op.Inputs {
			shape, ok := shapes[name]
			if !ok {
				return fmt.Errorf("network %q: %q reads %q, which nothing before it makes", n.Name, op.Name, name)
			}
			in[j] = shape
		}
		if err := bounded(op.Shape); err != nil {
			return fmt.Errorf("network %q: %s %q: %w", n.Name, op.Kind, op.Name, err)
		}
		for _, p := range op.Params {
			if err := bounded(p.Shape); err != nil {
				return fmt.Errorf("network %q: %s %q: parameter %q: %w", n.Name, op.Kind, op.Name, p.Name, err)
			}
		}
		if op.Kernel > maxElements || op.Stride > maxElements {
			return fmt.Errorf("network %q: %s %q: a kernel of %d and a stride of %d: at most %d are allowed", n.Name, op.Kind, op.Name, op.Kernel, op.Stride, maxElements)
		}
		if op.Kind == Input {
			if i > 0 && n.Ops[i-1].Kind != Input {
				return fmt.Errorf("network %q: the input %q stands behind %s %q: inputs come first", n.Name, op.Name, n.Ops[i-1].Kind, n.Ops[i-1].Name)
			}
			if len(op.Inputs) > 0 || len(op.Shape) != 1 && len(op.Shape) != 3 {
				return fmt.Errorf("network %q: the input %q has shape %v and reads %d tensors: want [H, W, C], or a cut's [C], and none", n.Name, op.Name, op.Shape, len(op.Inputs))
			}
		} else {
			want, err := op.infer(in)
			if err != nil {
				return fmt.Errorf("network %q: %s %q: %w", n.Name, op.Kind, op.Name, err)
			}
			if !slices.Equal(want, op.Shape) {
				return fmt.Errorf("network %q: %s %q has shape %v, its inputs give %v", n.Name, op.Kind, op.Name, op.Shape, want)
			}
		}
		if !(op.Eps >= 0 && op.Eps <= 1) {
			return fmt.Errorf("network %q: %q has an eps of %g, allowed are 0 to 1", n.Name, op.Name, op.Eps)
		}
		if err := op.checkPoints(); err != nil {
			return fmt.Errorf("network %q: %q has a quantization point %w", n.Name, op.Name, err)
		}
		shapes[op.Name] = op.Shape
	}
	behind := 0
	for _, name := range n.Stages {
		i := slices.IndexFunc(n.Ops[behind:], func(op Op) bool { return op.Name == name })
		if i < 0 {
			return fmt.Errorf("network %q: the stages %q: each must be a tensor of the network, behind the one before", n.Name, n.Stages)
		}
		behind += i + 1
	}
	for i, name := range n.Results {
		if _, made := shapes[name]; !made || slices.Contains(n.Results[:i], name) {
			return fmt.Errorf("network %q: the results %q: each must be a tensor of the network, once", n.Name, n.Results)
		}
	}
	return nil
}
