// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Answered shows an evaluation picture, its truth, and the answer in the logits of the
// predictor named who. For a classifier the title tells both in words.
func Answered(s *triovit.Setup, item *dataset.Item, who string, logits []float32) *Pictures {
	show := &Pictures{Title: item.ID}
	show.AddPixels("picture", item.Image)
	truth, classes := item.Label, s.Evaluation.Classes()
	if truth.Map == nil {
		show.Title += fmt.Sprintf(": truth %s; %s: %s", classes[truth.Class], who, classes[slices.Index(logits, slices.Max(logits))])
		return show
	}
	palette := dataset.Palette(classes)
	show.AddClasses("truth", truth.Map, truth.W, truth.H, palette)
	show.AddClasses(who, s.Segment(logits, truth), truth.W, truth.H, palette)
	return show
}
