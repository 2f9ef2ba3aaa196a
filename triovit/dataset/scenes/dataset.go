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

// Dataset returns the n scenes from a first seed on, w by h pixels each, as a
// data set with the classes of Cityscapes. All are drawn at once and held in
// memory, 4 bytes a pixel. Where that takes long it shows its progress; the error
// is that of ctx if it ends before.
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

// Classes returns the names of the classes.
func Classes() []string {
	classes := make([]string, NumClasses)
	for i := range classes {
		classes[i] = dataset.CityscapesClasses[i].Name
	}
	return classes
}
