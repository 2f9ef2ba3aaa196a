// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// A Picture describes how a decoded file becomes numbers: the pipeline resizes and crops
// it, then it is normalized. The zero value stands for unknown preprocessing.
type Picture struct {
	Pipeline preprocess.Pipeline
	preprocess.Normalization
}

// check returns an error where the preprocessing does not lead to an input of the given
// shape.
func (p Picture) check(input [3]int) error {
	if p == (Picture{}) {
		return nil
	}
	if input[2] != 3 {
		return fmt.Errorf("it has 3 channels, the input %d", input[2])
	}
	if err := p.Pipeline.Check(); err != nil {
		return err
	}
	if p.Pipeline != (preprocess.Pipeline{}) && (p.Pipeline.Height != input[0] || p.Pipeline.Width != input[1]) {
		return fmt.Errorf("%v, but the input is %d wide and %d high", p.Pipeline, input[1], input[0])
	}
	return p.Normalization.Check()
}

// Codes returns the codes of a normalized picture.
func (i *Input) Codes(picture []float32) []int32 {
	codes := make([]int32, len(picture))
	for j, x := range picture {
		codes[j] = int32(i.Grid.Code(x))
	}
	return codes
}

// Codes returns the codes of a decoded picture, preprocessed as in the model's [Picture];
// they are those of the normalized picture ([Input.Codes]). A model without a Picture is
// an error, and so is a picture of another size where the pipeline does not resize.
func (m *Model) Codes(decoded *preprocess.RGB) ([]int32, error) {
	if m.Picture == (Picture{}) {
		return nil, fmt.Errorf("integer model %s: it does not say how a picture becomes its input", m.Name)
	}
	sized, err := m.Picture.Pipeline.Apply(decoded)
	if err != nil {
		return nil, fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	in := m.Input()
	if in.Shape != [3]int{sized.H, sized.W, 3} {
		return nil, fmt.Errorf("integer model %s: a picture of %d×%d, its input is %d wide and %d high", m.Name, sized.W, sized.H, in.Shape[1], in.Shape[0])
	}
	var levels [3][256]int32
	for c, table := range m.Picture.Table() {
		copy(levels[c][:], in.Codes(table[:]))
	}
	codes := make([]int32, len(sized.Pix))
	for i := 0; i < len(codes); i += 3 {
		pixel, code := (*[3]uint8)(sized.Pix[i:]), (*[3]int32)(codes[i:])
		code[0], code[1], code[2] = levels[0][pixel[0]], levels[1][pixel[1]], levels[2][pixel[2]]
	}
	return codes, nil
}
