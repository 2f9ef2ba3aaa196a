// SPDX-License-Identifier: Apache-2.0

package scenes

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// version changes when the same seed would draw another scene.
const version = 1

// Dataset returns n scenes as a data set with the classes of Cityscapes. Their seeds
// are first, first+1 and so on, and each has w by h pixels. A scene is drawn when it is
// first loaded, and then held in memory, with 4 bytes per pixel. The data set's fingerprint
// needs all scenes. It is cached; without a cached fingerprint all scenes are drawn at once,
// and a long drawing shows its progress. If ctx ends first, the error is its cause.
func Dataset(ctx context.Context, name string, first uint64, n, w, h int) (dataset.Dataset, error) {
	scenes := make([]scene, n)
	id := func(i int) string { return fmt.Sprintf("scene-%d", first+uint64(i)) }
	load := func(i int) *dataset.Item {
		scenes[i].once.Do(func() {
			s := Draw(first+uint64(i), w, h)
			scenes[i].item = &dataset.Item{
				ID:    id(i),
				Image: &preprocess.RGB{W: w, H: h, Pix: s.Pix},
				Width: w, Height: h,
				Label: dataset.Label{Map: s.Label, W: w, H: h},
			}
		})
		return scenes[i].item
	}
	// Processors that fuse operations, and other versions of Go, may round otherwise.
	inputs := []string{fmt.Sprint(first, n, w, h), strings.Join(Classes(), ","), runtime.GOARCH, runtime.Version()}
	fingerprint, err := cache.Do(ctx, cache.Open(""), "draw", version, inputs, func() (string, error) {
		items, err := drawAll(ctx, name, n, load)
		if err != nil {
			return "", err
		}
		all, err := dataset.Memory(name, dataset.Segmentation, Classes(), items)
		if err != nil {
			return "", err
		}
		return all.Fingerprint(), nil
	})
	if err != nil {
		return nil, err
	}
	return dataset.Generated(name, dataset.Segmentation, Classes(), n, fingerprint, id, load), nil
}

// A scene is drawn once, when it is first needed.
type scene struct {
	once sync.Once
	item *dataset.Item
}

// drawAll draws n scenes on all cores.
func drawAll(ctx context.Context, name string, n int, load func(i int) *dataset.Item) ([]*dataset.Item, error) {
	items := make([]*dataset.Item, n)
	bar := progress.New("draw "+name, n)
	defer bar.Done()
	next := make(chan int)
	var painters sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		painters.Go(func() {
			for i := range next {
				items[i] = load(i)
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
	return items, nil
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
