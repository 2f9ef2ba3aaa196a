// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// batchPixels is the least number of pixels in a batch: small pictures run faster
// together.
const batchPixels = 1 << 18

// BatchSize returns how many pictures of the network's size make a batch.
func BatchSize(net *efficientvit.Network) int {
	in := net.Input().Shape
	return max(1, batchPixels/(in[0]*in[1]))
}

// LoadBatch loads n pictures, beginning with number first, and returns them normalized,
// [n, H, W, 3], with their labels. The error for a picture of another size than the
// network's names the picture and both sizes.
func LoadBatch(ctx context.Context, net *efficientvit.Network, data dataset.Dataset, first, n int) ([]float32, []*dataset.Item, error) {
	in := net.Input().Shape
	size := efficientvit.Size(in)
	pictures, items := make([]float32, n*size), make([]*dataset.Item, n)
	for i := range items {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if first < 0 || first+i >= data.Len() {
			return nil, nil, fmt.Errorf("%s has no picture %d: there are %d, from 0", data.Name(), first+i, data.Len())
		}
		item, err := data.Load(first + i)
		if err != nil {
			return nil, nil, err
		}
		if item.Image.W != in[1] || item.Image.H != in[0] {
			return nil, nil, fmt.Errorf("%s: the picture is %d wide and %d high, the network takes %d and %d", item.ID, item.Image.W, item.Image.H, in[1], in[0])
		}
		item.Image.Normalize(pictures[i*size : (i+1)*size])
		items[i] = item
	}
	return pictures, items, nil
}
