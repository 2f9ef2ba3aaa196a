// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"cmp"
	"fmt"
	"slices"
)

// A Range is a sequence of operations of a [Network], Ops[From:To].
type Range struct {
	// Name is the name of a module, of a layer's first operation, or of a stage.
	Name string
	// Stage is the number of the stage: 0 for the stem, 1 and up for the stages, and
	// one more than the number of stages for the head.
	Stage    int
	From, To int
}

// Blocks divides the network into the blocks that package calib reconstructs one by
// one, in the order of the network. A block is a module of [Op.Block], or a layer
// outside of the modules. A layer is an operation with the normalization and activation
// after it and with the Scale or Shift before it. The network's inputs belong to the
// first block.
func (n *Network) Blocks() []Range {
	var blocks []Range
	for i := range n.Ops {
		if i == 0 || !n.joins(i) {
			blocks = append(blocks, Range{Stage: n.stageOf(i), From: i})
		}
		blocks[len(blocks)-1].To = i + 1
	}
	for i := range blocks {
		b := &blocks[i]
		b.Name = nameOf(n.Ops[b.From:b.To])
	}
	return blocks
}

// nameOf returns the name of a block: the module of its operations. Outside of modules
// it is the name of the first operation that is no input and no inserted Scale or
// Shift.
func nameOf(block []Op) string {
	for i := range block {
		if op := &block[i]; op.Kind != Input && op.Kind != Scale && op.Kind != Shift {
			return cmp.Or(op.Block, op.Name)
		}
	}
	return block[0].Name
}

// joins reports whether operation i belongs to the block of the previous operation.
func (n *Network) joins(i int) bool {
	before, op := &n.Ops[i-1], &n.Ops[i]
	if before.Kind == Input {
		return true
	}
	if before.Block != "" || op.Block != "" {
		return before.Block == op.Block
	}
	switch {
	case !slices.Equal(op.Inputs, []string{before.Name}):
		return false
	case before.Kind == Scale || before.Kind == Shift:
		return true
	}
	return slices.Contains([]Kind{BatchNorm, LayerNorm, Hardswish, ReLU}, op.Kind)
}

// stageOf returns the stage of operation i, numbered as in [Range].
func (n *Network) stageOf(i int) int {
	stage := 0
	for j := range i {
		if slices.Contains(n.Stages, n.Ops[j].Name) {
			stage++
		}
	}
	return stage
}

// ByStage divides the network into the stem, the four stages and the head. Their names
// are "stem", "stage 1" to "stage 4" and "head". A network with empty Stages is one
// range with the network's name.
func (n *Network) ByStage() []Range {
	var stages []Range
	for _, b := range n.Blocks() {
		if len(stages) > 0 && stages[len(stages)-1].Stage == b.Stage {
			stages[len(stages)-1].To = b.To
			continue
		}
		switch b.Stage {
		case len(n.Stages):
			b.Name = "head"
		case 0:
			b.Name = "stem"
		default:
			b.Name = fmt.Sprintf("stage %d", b.Stage)
		}
		if len(n.Stages) == 0 {
			b.Name = n.Name
		}
		stages = append(stages, b)
	}
	return stages
}

// Cut returns the operations Ops[from:to] as a separate network. Every tensor that they
// read but do not make becomes an [Input] of the same name and shape, in the order of
// the network. Every tensor that later operations read, or that is an output of the
// network, becomes an output. [Network.Inputs] and [Network.Outputs] list both. If no
// later operation reads a tensor of the range, the last operation's tensor is the
// output. The names of tensors, parameters and points do not change.
//
// A cut of all operations is the network itself. The name of any other cut consists of
// the network's name and the range. The cut keeps Stages only if it makes all of their
// tensors. A range without operations, or beyond those of the network, is an error.
func (n *Network) Cut(from, to int) (*Network, error) {
	if from < 0 || from >= to || to > len(n.Ops) {
		return nil, fmt.Errorf("network %q: a cut of the operations %d to %d: at least one of the %d is taken", n.Name, from, to, len(n.Ops))
	}
	c := n.Clone()
	if len(c.Ops) == to-from {
		return c, nil
	}
	inside := c.Ops[from:to]
	made, read, behind := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, op := range inside {
		made[op.Name] = true
		for _, in := range op.Inputs {
			read[in] = true
		}
	}
	for _, op := range n.Ops[to:] {
		for _, in := range op.Inputs {
			behind[in] = true
		}
	}
	for _, op := range n.Outputs() {
		behind[op.Name] = true
	}
	c.Name = fmt.Sprintf("%s[%d:%d]", n.Name, from, to)
	c.Ops, c.Results = nil, nil
	for i := range n.Ops[:from] {
		if op := &n.Ops[i]; read[op.Name] {
			c.Ops = append(c.Ops, Op{Name: op.Name, Kind: Input, Role: op.Role, Shape: slices.Clone(op.Shape)})
		}
	}
	c.Ops = append(c.Ops, inside...)
	for _, op := range inside {
		if behind[op.Name] {
			c.Results = append(c.Results, op.Name)
		}
	}
	if len(c.Results) == 0 || slices.Equal(c.Results, []string{c.Output().Name}) {
		c.Results = nil
	}
	if slices.ContainsFunc(c.Stages, func(s string) bool { return !made[s] }) {
		c.Stages = nil
	}
	return c, c.Validate()
}
