// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"os"
	"testing"

	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// BenchmarkCodes takes the whole way from a JPEG file in memory to a model's input.
func BenchmarkCodes(b *testing.B) {
	for _, test := range []struct {
		name, file string
		pipeline   preprocess.Pipeline
	}{
		{"ImageNet", "data/preprocess/n01440764_tench.JPEG", preprocess.ImageNet(224, 0.95)},
		{"ImageNet with noise", "data/preprocess/n02099601_golden_retriever.JPEG", preprocess.ImageNet(224, 0.95)},
		{"Tiny ImageNet", "data/tiny-imagenet/val/n02410509/val_123.JPEG", preprocess.Classification(128)},
	} {
		b.Run(test.name, func(b *testing.B) {
			data, err := os.ReadFile(shared.Path(b, test.file))
			if err != nil {
				b.Fatal(err)
			}
			m := &Model{
				Picture: Picture{test.pipeline, preprocess.ImageNetNormalization()},
				Ops:     []Op{{Operation: &Input{[3]int{test.pipeline.Height, test.pipeline.Width, 3}, grid.Uniform{Scale: 1. / 48, Lo: -128, Hi: 127}}}},
			}
			b.ReportAllocs()
			for b.Loop() {
				decoded, err := preprocess.Decode(data)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := m.Codes(decoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
