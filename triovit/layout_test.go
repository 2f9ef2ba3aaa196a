// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// checkpointOf writes synthetic weights of a variant.
func checkpointOf(t *testing.T, path, variant string, options ...Option) string {
	t.Helper()
	net, err := Describe(variant, options...)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, weights.Synthetic(net.Params()), weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	put(t, path, file.Bytes())
	return path
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// blank is a PNG of zeros, a valid label of every data set here.
func blank(t *testing.T, w, h int) []byte {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestPrepareLayouts(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	three := Classes(3)
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", three)
	b1 := checkpointOf(t, filepath.Join(dir, "efficientvit_b1.r256_in1k", "model.safetensors"), "efficientvit-b1-r224", three)
	seg := checkpointOf(t, filepath.Join(dir, "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	ade := checkpointOf(t, filepath.Join(dir, "ade.safetensors"), "efficientvit-seg-b1-ade20k")
	photo, thumb, street, camera := blank(t, 300, 260), blank(t, 64, 64), blank(t, 2048, 1024), blank(t, 480, 360)
	const words = "n00000001 a\nn00000002 b\nn00000003 c\n"
	folders := func(picture []byte, names ...string) map[string][]byte {
		files := map[string][]byte{}
		for _, name := range names {
			files[name+".png"] = picture
		}
		return files
	}
	classes := func(picture []byte) map[string][]byte {
		return folders(picture, "train/n00000001/x", "train/n00000002/x", "train/n00000003/x", "val/n00000001/y", "val/n00000002/y", "val/n00000003/y")
	}
	with := func(files map[string][]byte, name, text string) map[string][]byte {
		files[name] = []byte(text)
		return files
	}
	flat := func(root string) map[string][]byte {
		return folders(photo, root+"train/n00000001/x", root+"train/n00000002/x", root+"val/ILSVRC2012_val_00000001", root+"val/ILSVRC2012_val_00000002")
	}
	own := Preprocess(preprocess.Fixed(64, 32, preprocess.Bicubic))
	for _, test := range []struct {
		name, checkpoint string
		files            map[string][]byte
		options          []PrepareOption
		want             string // evaluation: name, number, classes of all; height and width
	}{
		{"class folders", b0, classes(photo), nil, "class_folders val 3 [0 1 2] 224x224"},
		{"resolution by name", b1, classes(photo), nil, "resolution_by_name val 3 [0 1 2] 256x256"},
		{"thumbnails", b0, classes(thumb), nil, "thumbnails val 3 [0 1 2] 128x128"},
		{"own preprocessing", b0, classes(photo), []PrepareOption{own}, "own_preprocessing val 3 [0 1 2] 32x64"},
		{"folders with words", b0, with(folders(photo, "train/n00000001/x", "val/n00000003/y"), "synset_words.txt", words), nil, "folders_with_words val 1 [2] 224x224"},
		{"flat, val.txt", b0, with(with(flat(""), "val.txt", "ILSVRC2012_val_00000001.JPEG 2\nILSVRC2012_val_00000002.JPEG 0\n"), "classes.txt", words), nil, "ImageNet val 2 [2 0] 224x224"},
		{"flat, Kaggle", b0, with(with(flat(competition+"/"), "LOC_val_solution.csv",
			"ImageId,PredictionString\nILSVRC2012_val_00000001,n00000003 1 2 3 4\nILSVRC2012_val_00000002,n00000001 1 2 3 4\n"), "LOC_synset_mapping.txt", words), nil, "ImageNet val 2 [2 0] 224x224"},
		{"flat, development kit", b0, with(with(with(flat(""), kit+kitTruths[0], "1\n2\n"), kit+"map_clsloc.txt", "n00000003 1 c\nn00000001 2 a\nn00000002 3 b\n"),
			"synset_words.txt", words), nil, "ImageNet val 2 [2 0] 224x224"},
		{"CamVid", seg, folders(camera, "train/a", "trainannot/a", "val/b", "valannot/b"), nil, "CamVid val 1 [0] 704x960"},
		{"Cityscapes", seg, folders(street, "leftImg8bit/train/x/x_leftImg8bit", "gtFine/train/x/x_gtFine_labelIds",
			"leftImg8bit/val/y/y_leftImg8bit", "gtFine/val/y/y_gtFine_labelIds"), nil, "Cityscapes val 1 [0] 1024x2048"},
		{"Cityscapes, smaller", seg, folders(street, "leftImg8bit/train/x/x_leftImg8bit", "gtFine/train/x/x_gtFine_labelIds",
			"leftImg8bit/val/y/y_leftImg8bit", "gtFine/val/y/y_gtFine_labelIds"), []PrepareOption{own}, "Cityscapes val 1 [0] 32x64"},
		{"ADE20K", ade, folders(photo, "images/training/x", "annotations/training/x", "images/validation/y", "annotations/validation/y"), nil, "ADE20K validation 1 [0] 512x512"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), strings.ReplaceAll(test.name, " ", "_"))
			for name, data := range test.files {
				put(t, filepath.Join(root, filepath.FromSlash(name)), data)
			}
			s, err := Prepare(t.Context(), test.checkpoint, root, test.options...)
			if err != nil {
				t.Fatal(err)
			}
			var classes []int
			for i := range s.Evaluation.Len() {
				item, err := s.Evaluation.Load(i)
				if err != nil {
					t.Fatal(err)
				}
				classes = append(classes, item.Label.Class)
			}
			in := s.Model.Net.Input().Shape
			if got := fmt.Sprintf("%s %d %v %dx%d", s.Evaluation.Name(), s.Evaluation.Len(), classes, in[0], in[1]); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if _, _, err := LoadBatch(t.Context(), s.Model.Net, s.Calibration, 0, 1); err != nil {
				t.Errorf("calibration: %v", err)
			}
		})
	}
}

func TestPrepareLayoutErrors(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", Classes(3))
	b0r128 := checkpointOf(t, filepath.Join(dir, "b0_r128.safetensors"), "efficientvit-b0-r224", Classes(3))
	seg := checkpointOf(t, filepath.Join(dir, "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	photo := blank(t, 300, 260)
	for _, test := range []struct {
		name, checkpoint string
		files            []string
		options          []PrepareOption
		want             []string
	}{
		{"nothing", b0, nil, nil, []string{"nothing", "leftImg8bit", "ADE20K"}},
		{"other folders", b0, []string{"pictures/a.png", "labels/a.png"}, nil, []string{"labels, pictures", "leftImg8bit"}},
		{"half of Cityscapes", seg, []string{"leftImg8bit/train/x/x_leftImg8bit.png", "gtFine/train/x/x_gtFine_labelIds.png"}, nil, []string{"looks like Cityscapes", "leftImg8bit/val"}},
		{"no train", b0, []string{"val/n1/a.png"}, nil, []string{"looks like ImageNet", "no folder train"}},
		{"other task", b0, []string{"leftImg8bit/train/x/x_leftImg8bit.png"}, nil, []string{"does not fit efficientvit-b0", "Cityscapes, a segmentation"}},
		{"flat without truth", b0, []string{"train/n1/a.png", "val/a.png"}, nil, []string{"without class folders", "LOC_val_solution.csv", "val.txt"}},
		{"some classes", b0, []string{"train/n1/a.png", "val/n1/a.png"}, nil, []string{"has 3 classes", "has 1", "list of all"}},
		{"unknown resolution", b0r128, []string{"train/n1/a.png", "val/n1/a.png"}, nil, []string{"b0_r128", `"b0" at 128`}},
		{"CamVid's size", seg, []string{"train/a.png", "trainannot/a.png", "val/a.png", "valannot/a.png"}, []PrepareOption{Preprocess(preprocess.Classification(8))}, []string{"960 x 704"}},
		{"own preprocessing", b0, []string{"train/n1/a.png", "val/n1/a.png"}, []PrepareOption{Preprocess(preprocess.Classification(-1))}, []string{"-1x-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for _, name := range test.files {
				put(t, filepath.Join(root, filepath.FromSlash(name)), photo)
			}
			_, err := Prepare(t.Context(), test.checkpoint, root, test.options...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, word := range test.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error %q does not say %q", err, word)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}
