// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Answered shows an evaluation picture, its truth, and the answer in the logits of the
// predictor named who. For a classifier the title tells both in words.
func Answered(s *triovit.Setup, item *dataset.Item, who string, logits []float32) *Pictures {
	show, _ := answered(s, item, who, logits)
	return show
}

// answered is [Answered], and also returns the drawn map of classes, [h, w], nil for a
// classifier.
func answered(s *triovit.Setup, item *dataset.Item, who string, logits []float32) (*Pictures, []uint8) {
	show := &Pictures{Title: item.ID}
	show.AddPixels("picture", item.Image)
	truth, classes := item.Label, s.Evaluation.Classes()
	if truth.Map == nil {
		show.Title += fmt.Sprintf(": truth %s; %s: %s", classes[truth.Class], who, says(classes, logits))
		return show, nil
	}
	palette := dataset.Palette(classes)
	show.AddClasses("truth", truth.Map, truth.W, truth.H, palette)
	answer := s.Segment(logits, truth)
	show.AddClasses(who, answer, truth.W, truth.H, palette)
	return show, answer
}

// says returns the name of the class with the largest logit.
func says(classes []string, logits []float32) string {
	return triovit.NewAnswer(logits, []int{len(logits)}, classes, 0, 0).Classes[0].Class
}
