// SPDX-License-Identifier: Apache-2.0

package scenes

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// Dataset returns n scenes as a data set with the classes of Cityscapes. Their seeds
// are first, first+1 and so on, and each has w by h pixels. All scenes are drawn at
// once and held in memory, with 4 bytes per pixel. A long drawing shows its progress.
// If ctx ends first, the error is its cause.
func Dataset(ctx context.Context, name string, first uint64, n, w, h int) (dataset.Dataset, error) {
	items := make([]*dataset.Item, n)
	bar := progress.New("draw "+name, n)
	defer bar.Done()
	next := make(chan int)
	var painters sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		painters.Go(func() {
			for i := range next {
				s := Draw(first+uint64(i), w, h)
				items[i] = &dataset.Item{
					ID:    fmt.Sprintf("scene-%d", first+uint64(i)),
					Image: &preprocess.RGB{W: w, H: h, Pix: s.Pix},
					Width: w, Height: h,
					Label: dataset.Label{Map: s.Label, W: w, H: h},
				}
				bar.Add(1)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	painters.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return dataset.Memory(name, dataset.Segmentation, Classes(), items)
}

// Classes returns the names of the classes of Cityscapes, in the order of their train
// ids.
func Classes() []string {
	classes := make([]string, NumClasses)
	for i := range classes {
		classes[i] = dataset.CityscapesClasses[i].Name
	}
	return classes
}
