// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// levels returns a gray PNG whose pixels repeat the given levels in order.
func levels(t testing.TB, w, h int, all ...uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = all[i%len(all)]
	}
	return encode(t, m)
}

func upTo(n int) []uint8 {
	all := make([]uint8, n)
	for i := range all {
		all[i] = uint8(i)
	}
	return all
}

// cityscapesFolder returns a folder with two frames of one city and one frame of
// another.
func cityscapesFolder(t *testing.T, ending string, label []byte) string {
	dir := t.TempDir()
	picture := gray(t, 2048, 1024, 7)
	for _, frame := range []string{"bonn/bonn_000001_000019", "bonn/bonn_000000_000019", "aachen/aachen_000000_000019"} {
		write(t, dir, "leftImg8bit/val/"+frame+cityPicture, picture)
		write(t, dir, "gtFine/val/"+frame+ending, label)
		write(t, dir, "gtFine/val/"+frame+"_gtFine_polygons.json", nil)
		write(t, dir, "gtFine/val/"+frame+"_gtFine_color.png", nil)
	}
	return dir
}

func TestCityscapes(t *testing.T) {
	for _, test := range []struct {
		ending string
		levels []uint8
		want   []uint8
	}{
		{cityLabelIDs, append(upTo(34), 255), []uint8{
			255, 255, 255, 255, 255, 255, 255, 0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255, 6, 7, 8, 9, 10,
			11, 12, 13, 14, 15, 255, 255, 16, 17, 18, 255}},
		{cityTrainIDs, append(upTo(19), 255), append(upTo(19), 255)},
	} {
		t.Run(test.ending, func(t *testing.T) {
			dir := cityscapesFolder(t, test.ending, levels(t, 2048, 1024, test.levels...))
			d, err := Cityscapes(t.Context(), dir, "val", preprocess.Pipeline{})
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"leftImg8bit/val/aachen/aachen_000000_000019_leftImg8bit.png",
				"leftImg8bit/val/bonn/bonn_000000_000019_leftImg8bit.png", "leftImg8bit/val/bonn/bonn_000001_000019_leftImg8bit.png"}
			if diff := cmp.Diff(want, ids(d)); diff != "" {
				t.Errorf("ids -want +got:\n%s", diff)
			}
			if d.Name() != "Cityscapes val" || d.Task() != Segmentation || len(d.Classes()) != 19 || d.Classes()[13] != "car" {
				t.Errorf("%q, %v, %q", d.Name(), d.Task(), d.Classes())
			}
			item, err := d.Load(1)
			if err != nil {
				t.Fatal(err)
			}
			if item.Image.W != 2048 || item.Image.H != 1024 || item.Label.W != 2048 || item.Label.H != 1024 || item.Label.Logits != preprocess.Bicubic {
				t.Errorf("picture %dx%d, label %dx%d, logits %v", item.Image.W, item.Image.H, item.Label.W, item.Label.H, item.Label.Logits)
			}
			if diff := cmp.Diff(test.want, item.Label.Map[:len(test.want)]); diff != "" {
				t.Errorf("train ids -want +got:\n%s", diff)
			}
			smaller, err := Cityscapes(t.Context(), dir, "val", preprocess.Fixed(512, 256, preprocess.Bicubic), AtMost(2))
			if err != nil {
				t.Fatal(err)
			}
			if smaller.Len() != 2 || smaller.Name() != "Cityscapes val, spread (2 of 3)" || smaller.ID(1) != want[1] {
				t.Errorf("%q: %q", smaller.Name(), ids(smaller))
			}
			if item, err := smaller.Load(0); err != nil || item.Image.W != 512 || item.Label.W != 2048 {
				t.Errorf("smaller: %v", err)
			}
		})
	}
}

func TestCityscapesErrors(t *testing.T) {
	const frame = "gtFine/val/aachen/aachen_000000_000019"
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		{"no folder", func(t *testing.T, dir string) { os.RemoveAll(filepath.Join(dir, "leftImg8bit")) }, []string{"leftImg8bit"}},
		{"no city", func(t *testing.T, dir string) {
			os.RemoveAll(filepath.Join(dir, "leftImg8bit"))
			os.MkdirAll(filepath.Join(dir, "leftImg8bit", "val"), 0o777)
		}, []string{"no pictures"}},
		{"other name", func(t *testing.T, dir string) { write(t, dir, "leftImg8bit/val/bonn/x.png", nil) }, []string{"x.png", cityPicture}},
		{"first label missing", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, frame+cityLabelIDs)) },
			[]string{"aachen_000000_000019_leftImg8bit.png", "no label", cityLabelIDs, cityTrainIDs}},
		{"kinds mixed", func(t *testing.T, dir string) {
			bonn := filepath.Join(dir, "gtFine/val/bonn/bonn_000001_000019")
			os.Rename(bonn+cityLabelIDs, bonn+cityTrainIDs)
		}, []string{"bonn_000001_000019_leftImg8bit.png", "no label"}},
		{"picture missing", func(t *testing.T, dir string) {
			os.Remove(filepath.Join(dir, "leftImg8bit/val/bonn/bonn_000001_000019"+cityPicture))
		}, []string{"bonn_000001_000019_gtFine_labelIds.png", "no picture for this label"}},
		{"picture size", func(t *testing.T, dir string) {
			write(t, dir, "leftImg8bit/val/aachen/aachen_000000_000019"+cityPicture, gray(t, 1024, 512, 0))
		}, []string{"aachen_000000_000019", "1024x512", "2048x1024"}},
		{"label size", func(t *testing.T, dir string) { write(t, dir, frame+cityLabelIDs, gray(t, 1024, 512, 0)) },
			[]string{"aachen_000000_000019_gtFine_labelIds.png", "1024x512"}},
		{"label cut", func(t *testing.T, dir string) { write(t, dir, frame+cityLabelIDs, gray(t, 2048, 1024, 0)[:60]) },
			[]string{"aachen_000000_000019_gtFine_labelIds.png", "decode labels"}},
		{"label outside", func(t *testing.T, dir string) { write(t, dir, frame+cityLabelIDs, gray(t, 2048, 1024, 34)) },
			[]string{"aachen_000000_000019_gtFine_labelIds.png", "label 34 at (0, 0)", "0 to 33"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := cityscapesFolder(t, cityLabelIDs, gray(t, 2048, 1024, 7))
			test.spoil(t, dir)
			d, err := Cityscapes(t.Context(), dir, "val", preprocess.Pipeline{})
			if err == nil {
				_, err = d.Load(0)
			}
			wantError(t, err, test.want...)
		})
	}
	_, err := Cityscapes(t.Context(), t.TempDir(), "test", preprocess.Pipeline{})
	wantError(t, err, `"test"`, "train and val")
	_, err = Cityscapes(t.Context(), t.TempDir(), "val", preprocess.ImageNet(224, 0.95))
	wantError(t, err, "crop ratio of 0.95", "whole picture")
}

// TestCityscapesFrames reads real frames. Their labels use no id outside the table, and
// most of their pixels have classes of a street.
func TestCityscapesFrames(t *testing.T) {
	from, dir := shared.Path(t, "data/cityscapes"), t.TempDir()
	for _, frame := range []string{"aachen_000000_000019", "aachen_000004_000019"} {
		for _, file := range []struct{ folder, ending string }{{"leftImg8bit", cityPicture}, {"gtFine", cityLabelIDs}} {
			data, err := os.ReadFile(filepath.Join(from, frame+file.ending))
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, file.folder+"/train/aachen/"+frame+file.ending, data)
		}
	}
	d, err := Cityscapes(t.Context(), dir, "train", preprocess.Pipeline{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		item, err := d.Load(i)
		if err != nil {
			t.Fatal(err)
		}
		var counts [256]int
		for _, class := range item.Label.Map {
			counts[class]++
		}
		n := len(item.Label.Map)
		if road, void := counts[0], counts[Ignore]; n != 1024*2048 || road < n/5 || void > n/5 {
			t.Errorf("%s: %d pixels, %d of them road and %d void", item.ID, n, road, void)
		}
	}
}
