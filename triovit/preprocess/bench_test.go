// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gotriovit/gotriovit/internal/shared"
)

// photographs are the pictures of the benchmarks, each with the pipeline of the network
// that reads it.
var photographs = []struct {
	name, pattern string
	pipeline      Pipeline
}{
	{"ImageNet 4:4:4", "preprocess/n01440764_tench.JPEG", ImageNet(224, 0.95)},
	{"ImageNet 4:4:4 high", "preprocess/n02099601_golden_retriever.JPEG", ImageNet(224, 0.95)},
	{"Tiny ImageNet", "tiny-imagenet/val/*/val_123.JPEG", Classification(128)},
}

// benchmark runs f on every photograph's file, its decoded pixels and its pipeline.
func benchmark(b *testing.B, f func(data []byte, m *RGB, p Pipeline) error) {
	for _, photograph := range photographs {
		b.Run(photograph.name, func(b *testing.B) {
			files, err := filepath.Glob(filepath.Join(shared.Path(b, "data"), photograph.pattern))
			if err != nil || len(files) != 1 {
				b.Fatalf("%s: files %v: %v", photograph.pattern, files, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				b.Fatal(err)
			}
			m, err := Decode(data)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := f(data, m, photograph.pipeline); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	benchmark(b, func(data []byte, _ *RGB, _ Pipeline) error { _, err := Decode(data); return err })
}

func BenchmarkApply(b *testing.B) {
	benchmark(b, func(_ []byte, m *RGB, p Pipeline) error { _, err := p.Apply(m); return err })
}
