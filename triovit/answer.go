// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/segment"
)

// An Answer is the answer of a network to one picture, by the names of its classes.
type Answer struct {
	// Classes are the classes with a share above 0, those with the largest share first. A
	// classifier's shares are its softmax, and those of a segmentation are the parts of the
	// picture that the classes cover.
	Classes []ClassShare
	// Names are the names of all classes, by their numbers.
	Names []string
	// Map is the number of the class of each pixel, [Height, Width], at the picture's own
	// size. It is nil for a classifier.
	Map           []uint8
	Height, Width int
}

// A ClassShare is a class with its share, a fraction.
type ClassShare struct {
	Class string  `json:"class"`
	Share float64 `json:"share"`
}

// AnswerFile is [Model.Answer] for a picture in a JPEG or PNG file.
//
//	answer, err := setup.Model.AnswerFile(predictor, "street.jpg")
func (m *Model) AnswerFile(p Predictor, path string) (*Answer, error) {
	picture, err := preprocess.DecodeFile(path)
	if err != nil {
		return nil, err
	}
	a, err := m.Answer(p, picture)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Answer brings a decoded picture of any size to the network's size, by the model's
// Pipeline, and asks a predictor of the model for its answer. A picture of another size
// than the network's is an error where the Pipeline is not known, and so are logits that
// are not finite.
func (m *Model) Answer(p Predictor, picture *preprocess.RGB) (*Answer, error) {
	sized, err := m.Pipeline.Apply(picture)
	if err != nil {
		return nil, err
	}
	net := p.Network()
	in, out := net.Input().Shape, net.Output()
	if sized.W != in[1] || sized.H != in[0] {
		return nil, fmt.Errorf("the picture is %d wide and %d high, the network takes %d and %d", sized.W, sized.H, in[1], in[0])
	}
	pixels := make([]float32, len(sized.Pix))
	sized.Normalize(pixels)
	logits, err := p.Predict(pixels)
	if err != nil {
		return nil, err
	}
	if len(logits) != efficientvit.Size(out.Shape) {
		return nil, fmt.Errorf("the predictor returned %d values for a picture of %v", len(logits), out.Shape)
	}
	if bad := NotFinite(out, logits); bad != nil {
		return nil, bad
	}
	return NewAnswer(logits, out.Shape, m.Classes, picture.W, picture.H), nil
}

// NewAnswer returns the answer in finite logits for a picture of w × h pixels: those of a
// classifier, [classes], or of a segmentation, [H', W', classes]. Classes beyond the names
// are called by their numbers.
func NewAnswer(logits []float32, shape []int, names []string, w, h int) *Answer {
	a := &Answer{Names: dataset.Named(names, shape[len(shape)-1])}
	var shares []float64
	if len(shape) == 1 {
		shares = softmax(logits)
	} else {
		a.Map, a.Height, a.Width = segment.Bilinear(logits, shape, w, h), h, w
		shares = covered(a.Map, len(a.Names))
	}
	ranked := make([]int, len(shares))
	for k := range ranked {
		ranked[k] = k
	}
	slices.SortStableFunc(ranked, func(x, y int) int {
		if a.Map == nil { // logits that nearly agree have one softmax
			return cmp.Compare(logits[y], logits[x])
		}
		return cmp.Compare(shares[y], shares[x])
	})
	for _, k := range ranked {
		if shares[k] > 0 {
			a.Classes = append(a.Classes, ClassShare{a.Names[k], shares[k]})
		}
	}
	return a
}

// softmax returns the probabilities of logits.
func softmax(logits []float32) []float64 {
	shares := make([]float64, len(logits))
	most, sum := slices.Max(logits), 0.0
	for i, x := range logits {
		shares[i] = math.Exp(float64(x - most))
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// covered returns the part of a map that each of its classes covers.
func covered(classes []uint8, n int) []float64 {
	pixels := make([]int, n)
	for _, k := range classes {
		pixels[k]++
	}
	shares := make([]float64, n)
	for k, count := range pixels {
		shares[k] = float64(count) / float64(len(classes))
	}
	return shares
}

// Top returns the n classes with the largest shares, or all where there are fewer.
func (a *Answer) Top(n int) []ClassShare { return a.Classes[:min(n, len(a.Classes))] }

// Picture returns the map in the colours of the classes, or nil for a classifier.
func (a *Answer) Picture() *image.Paletted {
	if a.Map == nil {
		return nil
	}
	m := &image.Paletted{Pix: a.Map, Stride: a.Width, Rect: image.Rect(0, 0, a.Width, a.Height)}
	for _, c := range dataset.Colors(a.Names) {
		m.Palette = append(m.Palette, c)
	}
	return m
}

// tableClasses is the number of classes in an answer's table.
const tableClasses = 5

// Table has a row for each of the five classes with the largest shares.
func (a *Answer) Table() table.Table {
	share := "softmax"
	if a.Map != nil {
		share = "of the picture"
	}
	t := table.Table{Columns: []table.Column{{Name: "class", Align: table.Left}, {Name: share, Unit: "%", Format: "%.1f"}}}
	for _, c := range a.Top(tableClasses) {
		t.Rows = append(t.Rows, []any{c.Class, 100 * c.Share})
	}
	if more := len(a.Classes) - tableClasses; more > 0 && a.Map != nil {
		t.Notes = []string{fmt.Sprintf("%d more classes", more)}
	}
	return t
}

// String is the text of the table.
func (a *Answer) String() string { return a.Table().String() }
