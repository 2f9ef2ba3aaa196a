// SPDX-License-Identifier: Apache-2.0

package scenes

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"pgregory.net/rapid"
)

// TestMain gives the tests a cache of their own.
func TestMain(m *testing.M) { os.Exit(cachetest.Run(m)) }

func TestSeedIsIdentity(t *testing.T) {
	a, b := Draw(TrainSeed+3, 128, 64), Draw(TrainSeed+3, 128, 64)
	if !bytes.Equal(a.Pix, b.Pix) || !bytes.Equal(a.Label, b.Label) {
		t.Error("two drawings of one seed differ")
	}
	for _, seed := range []uint64{TrainSeed + 4, HeldOutSeed + 3, CalibrationSeed + 3} {
		if c := Draw(seed, 128, 64); bytes.Equal(a.Pix, c.Pix) {
			t.Errorf("seeds %d and %d give one picture", TrainSeed+3, seed)
		}
	}
}

// TestSizeKeepsTheStreet: the street does not depend on the size in pixels. The labels
// of a small picture are those of every third pixel of a large one.
func TestSizeKeepsTheStreet(t *testing.T) {
	const w, h = 128, 64
	same, n := 0, 0
	for i := range uint64(10) {
		small, large := Draw(i, w, h), Draw(i, 3*w, 3*h)
		for y := range h {
			for x := range w {
				n++
				if small.Label[y*w+x] == large.Label[(3*y+1)*3*w+3*x+1] {
					same++
				}
			}
		}
	}
	if agree := float64(same) / float64(n); agree < 0.99 {
		t.Errorf("labels drawn at %dx%d and three times as large agree on %.1f %% of the pixels, want 99", w, h, 100*agree)
	}
}

// TestClassesAreLearnable: every class is frequent and large enough to be learned. The
// colours of a class vary, so that colour alone does not tell the class.
func TestClassesAreLearnable(t *testing.T) {
	const n, w, h = 150, 256, 128
	var pixels, scenes [NumClasses]int
	var sum, squares [NumClasses]float64 // sums over the scenes of the mean brightness
	for i := range uint64(n) {
		s := Draw(TrainSeed+i, w, h)
		var count [NumClasses]int
		var light [NumClasses]float64
		for p, class := range s.Label {
			if class == None {
				continue
			}
			count[class]++
			light[class] += float64(s.Pix[3*p]) + float64(s.Pix[3*p+1]) + float64(s.Pix[3*p+2])
		}
		for k, c := range count {
			if c < 64 { // a position of a map with output stride 8 has so many pixels
				continue
			}
			pixels[k] += c
			scenes[k]++
			mean := light[k] / float64(3*c)
			sum[k] += mean
			squares[k] += mean * mean
		}
	}
	for k := range NumClasses {
		seen := float64(scenes[k])
		if seen < 0.2*n {
			t.Errorf("class %d is in %d of %d scenes, want a fifth", k, scenes[k], n)
			continue
		}
		if each := float64(pixels[k]) / seen; each < 4*64 {
			t.Errorf("class %d covers %.0f pixels where it is seen, want four positions at stride 8", k, each)
		}
		mean := sum[k] / seen
		if spread := math.Sqrt(squares[k]/seen - mean*mean); spread < 12 {
			t.Errorf("class %d varies by %.1f levels between scenes, want 12", k, spread)
		}
	}
}

func TestDataset(t *testing.T) {
	const w, h = 64, 32
	d, err := Dataset(t.Context(), "some", HeldOutSeed, 3, w, h)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 3 || len(d.Classes()) != NumClasses || d.Classes()[TrafficSign] != "traffic sign" {
		t.Errorf("%d scenes of %d classes, want 3 of %d with the names of Cityscapes", d.Len(), len(d.Classes()), NumClasses)
	}
	item, err := d.Load(2)
	if err != nil {
		t.Fatal(err)
	}
	want := Draw(HeldOutSeed+2, w, h)
	if !bytes.Equal(item.Image.Pix, want.Pix) || !bytes.Equal(item.Label.Map, want.Label) {
		t.Error("the third picture is not the scene of the third seed")
	}
}

// TestFingerprintIsThePictures: a data set whose fingerprint is cached and one whose scenes
// are drawn for it have that of the pictures in memory.
func TestFingerprintIsThePictures(t *testing.T) {
	const w, h, n = 64, 32, 3
	var items []*dataset.Item
	for range 2 {
		d, err := Dataset(t.Context(), "some", CalibrationSeed, n, w, h)
		if err != nil {
			t.Fatal(err)
		}
		items = nil
		for i := range n {
			item, err := d.Load(i)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := d.Load(i); err != nil || again != item || item.ID != d.ID(i) {
				t.Errorf("scene %d is drawn twice (%v), or %q is called %q", i, err, item.ID, d.ID(i))
			}
			items = append(items, item)
		}
		want, err := dataset.Memory("some", dataset.Segmentation, Classes(), items)
		if err != nil {
			t.Fatal(err)
		}
		if d.Fingerprint() != want.Fingerprint() {
			t.Errorf("fingerprint %s, that of the pictures is %s", d.Fingerprint(), want.Fingerprint())
		}
		if _, err := d.Load(n); err == nil || d.Len() != n {
			t.Errorf("a scene behind the last of %d: error %v", d.Len(), err)
		}
	}
	for _, other := range []struct {
		first   uint64
		n, w, h int
	}{{CalibrationSeed + 1, n, w, h}, {CalibrationSeed, n - 1, w, h}, {CalibrationSeed, n, w + 1, h}, {CalibrationSeed, n, w, h + 1}} {
		d, err := Dataset(t.Context(), "some", other.first, other.n, other.w, other.h)
		if err != nil {
			t.Fatal(err)
		}
		one, err := Dataset(t.Context(), "some", CalibrationSeed, n, w, h)
		if err != nil || one.Fingerprint() == d.Fingerprint() {
			t.Errorf("%+v has the fingerprint of other scenes (%v)", other, err)
		}
	}
}

// TestVersion keeps version honest: a cached fingerprint is of scenes that are still drawn
// so. Where a change of the code draws others, raise the version and store the new digest.
func TestVersion(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("processors that fuse operations draw other last bits")
	}
	digests := map[int]string{1: "efd1fb10a81964a0"}
	sum := sha256.New()
	for seed := range uint64(24) {
		s := Draw(HeldOutSeed+seed, 96, 64)
		sum.Write(s.Pix)
		sum.Write(s.Label)
	}
	if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != digests[version] {
		t.Errorf("scenes have the digest %s, stored for version %d is %q: raise version", got, version, digests[version])
	}
}

// TestDatasetInterrupted: if the context ends before all scenes are drawn, its cause is
// the error.
func TestDatasetInterrupted(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, why)
	defer cancel()
	if _, err := Dataset(ctx, "too many", HeldOutSeed, 1<<20, 64, 32); err != why {
		t.Errorf("error %v, want %v", err, why)
	}
}

func TestDrawAnySize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 200).Draw(t, "w"), rapid.IntRange(1, 100).Draw(t, "h")
		s := Draw(rapid.Uint64().Draw(t, "seed"), w, h)
		if s.W != w || s.H != h || len(s.Pix) != 3*w*h || len(s.Label) != w*h {
			t.Fatalf("%dx%d gives %dx%d with %d samples and %d labels", w, h, s.W, s.H, len(s.Pix), len(s.Label))
		}
		for i, class := range s.Label {
			if class >= NumClasses && class != None {
				t.Fatalf("pixel %d has label %d", i, class)
			}
		}
	})
}

func BenchmarkDraw(b *testing.B) {
	var seed uint64
	for b.Loop() {
		Draw(seed, 256, 128)
		seed++
	}
}
