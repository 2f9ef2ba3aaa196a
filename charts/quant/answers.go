// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

// Answers shows evaluation picture i: the picture, the truth, the answer of the float
// network, and the pixels where the network by each recipe disagrees with float. For a
// classifier the title tells all answers in words.
func Answers(ctx context.Context, s *triovit.Setup, i int, recipes ...calib.Recipe) (*Pictures, error) {
	item, err := s.Evaluation.Load(i)
	if err != nil {
		return nil, err
	}
	pixels := make([]float32, len(item.Image.Pix)) // the picture, [H, W, 3]
	item.Image.Normalize(pixels)
	network, err := forward.New(s.Folded)
	if err != nil {
		return nil, err
	}
	float, err := network.Predict(pixels)
	if err != nil {
		return nil, err
	}
	show, reference := answered(s, item, "float", float)
	if len(recipes) == 0 {
		return show, nil
	}
	truth, classes := item.Label, s.Evaluation.Classes()
	palette := dataset.Palette(classes)
	for _, r := range recipes {
		q, err := calib.Calibrate(ctx, s.Folded, s.Calibration, r)
		if err != nil {
			return nil, err
		}
		logits, err := q.Predict(pixels)
		switch {
		case err != nil:
			return nil, err
		case truth.Map == nil:
			show.Title += fmt.Sprintf("; %s: %s", r.Name, says(classes, logits))
		default:
			show.AddDisagreement(r.Name, s.Segment(logits, truth), reference, truth.W, truth.H, palette)
		}
	}
	return show, nil
}

// agreeing is the colour of pixels on which two maps agree.
var agreeing = color.RGBA{0xE6, 0xE6, 0xE6, 0xFF}

// AddDisagreement appends a map of classes, [h, w], that has a class's colour only where
// it differs from another map. The caption has the share of such pixels.
func (p *Pictures) AddDisagreement(name string, classes, others []uint8, w, h int, palette []dataset.Class) {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	differ := 0
	for i, c := range classes {
		shown := agreeing
		if c != others[i] {
			differ++
			shown = color.RGBA{A: 255}
			if int(c) < len(palette) {
				shown = palette[c].Color
				p.mention(palette[c])
			}
		}
		img.SetRGBA(i%w, i/w, shown)
	}
	p.Add(fmt.Sprintf("%s: %s of the pixels not as float", name, plot.Percent(float64(differ)/float64(len(classes)))), img)
}
