// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestEvaluateVersion keeps evaluateVersion honest: fixed logits and labels
// have the outcomes that are stored for this version. Where a change of the
// code changes them, cached outcomes are wrong: raise the version and store
// the new digest.
func TestEvaluateVersion(t *testing.T) {
	digests := map[int]string{2: "829a7f22f0f9e46e"}
	rng := rand.New(rand.NewPCG(5, 6))
	logits := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	var outcomes []outcome
	for range 50 {
		outcomes = append(outcomes, outcome{Rank: rank(logits(20), rng.IntN(20))})
	}
	mapping := []uint8{0, 1, 2, 1, 0}
	for i := range 4 {
		truth := make([]uint8, 30*20)
		for i := range truth {
			if truth[i] = uint8(rng.IntN(4)); truth[i] == 3 {
				truth[i] = 255
			}
		}
		label := dataset.Label{W: 30, H: 20, Logits: []preprocess.Filter{preprocess.Bilinear, preprocess.Bicubic}[i%2]}
		predicted := segmentLabel(logits(8*6*5), []int{6, 8, 5}, label)
		outcomes = append(outcomes, outcome{Confusion: confusion(predicted, truth, mapping, 3)})
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%v", outcomes))
	if got := hex.EncodeToString(sum[:8]); got != digests[evaluateVersion] {
		t.Errorf("outcomes have the digest %s, stored for version %d is %q: raise evaluateVersion", got, evaluateVersion, digests[evaluateVersion])
	}
}

// TestDatasetVersion keeps preprocess.Version and evaluateVersion honest for
// what a data set makes of its files: small sets of every form have the pictures
// that are stored for the one and the labels that are stored for the other. A
// fingerprint follows the files, so that it cannot tell.
func TestDatasetVersion(t *testing.T) {
	digests := map[string]string{"preprocess 3": "8a2884f76175baec", "evaluate 2": "8bac3e9fe3335cc3"}
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"camvid/val/a.png":      gradient(t, 480, 360, 256),
		"camvid/valannot/a.png": gradient(t, 480, 360, 12),

		"cityscapes/leftImg8bit/val/bonn/a_leftImg8bit.png":       gradient(t, 2048, 1024, 256),
		"cityscapes/gtFine/val/bonn/a_gtFine_labelIds.png":        gradient(t, 2048, 1024, 34),
		"cityscapes/leftImg8bit/train/bonn/a_leftImg8bit.png":     gradient(t, 2048, 1024, 256),
		"cityscapes/gtFine/train/bonn/a_gtFine_labelTrainIds.png": gradient(t, 2048, 1024, 19),

		"ade20k/images/validation/a.png":      gradient(t, 60, 40, 256),
		"ade20k/annotations/validation/a.png": gradient(t, 60, 40, 151),

		"imagenet/n01440764/ILSVRC2012_val_00000002.png": gradient(t, 60, 40, 200),
		"imagenet/n02119789/ILSVRC2012_val_00000001.png": gradient(t, 40, 60, 100),
		"val/ILSVRC2012_val_00000001.png":                gradient(t, 40, 60, 100),
		"val/ILSVRC2012_val_00000002.png":                gradient(t, 60, 40, 200),

		"words.txt": []byte("n02119789 1 kit_fox\nn01443537 2 goldfish\nn01440764 3 tench\n"),
		"truth.txt": []byte("1\n3\n"),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	small, words := preprocess.Classification(16), dataset.Words(at("words.txt"))
	pictures, labels := sha256.New(), sha256.New()
	opened := func(d dataset.Dataset, err error) dataset.Dataset {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, d := range []dataset.Dataset{
		opened(dataset.CamVid(t.Context(), at("camvid"), "val")),
		opened(dataset.Cityscapes(t.Context(), at("cityscapes"), "val", preprocess.Fixed(64, 32, preprocess.Bilinear))),
		opened(dataset.Cityscapes(t.Context(), at("cityscapes"), "train", preprocess.Pipeline{})),
		opened(dataset.ADE20K(t.Context(), at("ade20k"), "validation", preprocess.Fixed(32, 32, preprocess.Bicubic))),
		opened(dataset.ImageFolder(t.Context(), at("imagenet"), small)),
		opened(dataset.ImageFolder(t.Context(), at("imagenet"), small, words)),
		opened(dataset.ImageNetVal(t.Context(), at("val"), at("truth.txt"), small, words)),
	} {
		fmt.Fprintln(labels, d.Classes(), dataset.Mapping(len(dataset.CityscapesClasses), d.Classes()))
		for i := range d.Len() {
			item, err := d.Load(i)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(pictures, item.ID, item.Image.W, item.Image.H)
			pictures.Write(item.Image.Pix)
			l := item.Label
			fmt.Fprintln(labels, item.ID, l.Class, l.W, l.H, l.Logits)
			labels.Write(l.Map)
		}
	}
	for version, h := range map[string]hash.Hash{preprocess.Version: pictures, fmt.Sprintf("evaluate %d", evaluateVersion): labels} {
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != digests[version] {
			t.Errorf("data sets have the digest %s, stored for version %s is %q: raise the version", got, version, digests[version])
		}
	}
}

// gradient is a gray PNG whose levels count to n and begin again.
func gradient(t *testing.T, w, h, n int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8((i%w + i/w*3) % n)
	}
	var buffer bytes.Buffer
	if err := png.Encode(&buffer, m); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}
