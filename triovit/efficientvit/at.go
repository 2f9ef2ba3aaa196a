// SPDX-License-Identifier: Apache-2.0

package efficientvit

import "fmt"

// At returns the network for pictures of h × w pixels. It also takes a transformed
// network, which [Describe] cannot make. Only shapes change; the parameters remain
// valid. The error names the operation that does not allow the size.
func (n *Network) At(h, w int) (*Network, error) {
	c := n.Clone()
	shapes := make(map[string][]int, len(c.Ops))
	maps := make(map[string][]int) // [H, W, C] of the map whose pixels are the tokens, by tensor
	for i := range c.Ops {
		op := &c.Ops[i]
		var in [][]int
		for _, name := range op.Inputs {
			in = append(in, shapes[name])
			if m := maps[name]; m != nil && maps[op.Name] == nil {
				maps[op.Name] = m
			}
		}
		switch {
		case i == 0:
			op.Shape = []int{h, w, op.Shape[len(op.Shape)-1]}
		case op.Kind == Input:
			return nil, fmt.Errorf("network %q: a cut of several inputs has no other size", n.Name)
		case op.Kind == MergeHeads:
			op.Shape = []int{maps[op.Name][0], maps[op.Name][1], op.Shape[2]}
		default:
			shape, err := op.infer(in)
			if err != nil {
				return nil, fmt.Errorf("network %q at %d×%d: %s %q: %w", n.Name, h, w, op.Kind, op.Name, err)
			}
			op.Shape = shape
		}
		if op.Kind == Heads {
			maps[op.Name] = in[0][:2]
		}
		shapes[op.Name] = op.Shape
	}
	return c, c.Validate()
}
