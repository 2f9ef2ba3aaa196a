// SPDX-License-Identifier: Apache-2.0

// Segment colours a picture by an artefact's classes: segment m.triovit in.jpg out.png
package main

import (
	"image"
	"image/color/palette"
	"image/png"
	"os"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

func main() {
	model := must(integer.ReadFile(os.Args[1]))
	codes := must(model.Codes(must(preprocess.DecodeFile(os.Args[2]))))
	logits := must(must(fast.New(model)).Run(codes))
	coloured := image.NewPaletted(image.Rect(0, 0, logits.Shape[1], logits.Shape[0]), palette.Plan9)
	for i, classes := 0, logits.Shape[2]; i < len(coloured.Pix); i++ {
		place := logits.Data[i*classes:][:classes]
		coloured.Pix[i] = uint8(71 * slices.Index(place, slices.Max(place))) // a factor of 71 gives neighbouring classes distant levels
	}
	if err := png.Encode(must(os.Create(os.Args[3])), coloured); err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
