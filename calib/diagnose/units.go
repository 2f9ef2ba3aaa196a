// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
)

// A Level is the kind of unit for leave-one-out scores.
type Level string

const (
	ByClass     Level = "class"     // the points of a class of INTEGER.md, or all weights
	ByBlock     Level = "block"     // a block of [efficientvit.Network.Blocks]
	ByOperation Level = "operation" // the operands of an operation, with its weights
	ByTensor    Level = "tensor"    // a tensor with all its readers, or a convolution's weights
)

// Levels lists the levels, from coarse to fine.
var Levels = []Level{ByClass, ByBlock, ByOperation, ByTensor}

// units divides the places into the units of a level, in the order of the network.
func (d *diagnosis) units(level Level) ([]Unit, error) {
	blocks := map[string]string{} // the blocks' names, by operation
	for _, r := range d.net.Blocks() {
		for _, op := range d.net.Ops[r.From:r.To] {
			blocks[op.Name] = r.Name
		}
	}
	var units []Unit
	for i, p := range d.places {
		u := Unit{Level: level}
		switch level {
		case ByClass:
			u.Name = p.class
		case ByBlock:
			u.Name = blocks[p.op.Name]
		case ByOperation:
			u.Name, u.Role = p.op.Name, p.op.Role.String()
		case ByTensor:
			u.Name, u.Role = p.grid, d.net.Op(p.name).Role.String()
			if p.operand == ofWeights {
				u.Name += " " + weightsClass
			}
		default:
			return nil, fmt.Errorf("level %.40q: allowed are %q", level, Levels)
		}
		at := slices.IndexFunc(units, func(o Unit) bool { return o.Name == u.Name })
		if at < 0 {
			u.mask = d.none()
			units, at = append(units, u), len(units)
		}
		units[at].mask[i] = true
		units[at].Places++
	}
	return units, nil
}

// metric scores the network of a mask by its metric, on all pictures. It is nil where the
// logits are not finite.
func (d *diagnosis) metric(ctx context.Context, name, id string, mask []bool) (*float64, error) {
	r, err := triovit.Evaluate(ctx, &masked{d.gated, id, mask}, d.data, triovit.Titled(name), triovit.Labelled(name))
	if errors.As(err, new(*triovit.NotFiniteError)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e, _ := r.Score()
	return &e.Value, nil
}
