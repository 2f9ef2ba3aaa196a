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

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// checkpointOf writes synthetic weights of a variant.
func checkpointOf(t *testing.T, path, variant string, options ...efficientvit.Option) string {
	t.Helper()
	net, err := efficientvit.Describe(variant, options...)
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
func blank(t *testing.T, w, h int) []byte { return level(t, w, h, 0) }

// level is a PNG of one gray level.
func level(t *testing.T, w, h int, v uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestPrepareLayouts(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	three := efficientvit.Classes(3)
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
		want             string // name and number of the evaluation's pictures, classes of all, height and width
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
		{"other names of the splits", b0, folders(photo, "training/n1/x", "validation/n1/y", "validation/n2/y", "validation/n3/y"), nil, "other_names_of_the_splits validation 3 [0 1 2] 224x224"},
		{"flat, val.txt without a list", b0, with(folders(photo, "train/n1/x", "train/n2/x", "train/n3/x", "val/a", "val/b"), "val.txt", "a.png 2\nb.png 0\n"), nil, "ImageNet val 2 [2 0] 224x224"},
		{"CamVid", seg, folders(camera, "train/a", "trainannot/a", "val/b", "valannot/b"), nil, "CamVid val 1 [0] 704x960"},
		{"Cityscapes", seg, folders(street, "leftImg8bit/train/x/x_leftImg8bit", "gtFine/train/x/x_gtFine_labelIds",
			"leftImg8bit/val/y/y_leftImg8bit", "gtFine/val/y/y_gtFine_labelIds"), nil, "Cityscapes val 1 [0] 1024x2048"},
		{"Cityscapes, smaller", seg, folders(street, "leftImg8bit/train/x/x_leftImg8bit", "gtFine/train/x/x_gtFine_labelIds",
			"leftImg8bit/val/y/y_leftImg8bit", "gtFine/val/y/y_gtFine_labelIds"), []PrepareOption{own}, "Cityscapes val 1 [0] 32x64"},
		{"ADE20K, other names", ade, folders(photo, "images/train/x", "annotations/train/x", "images/val/y", "annotations/val/y"), nil, "ADE20K val 1 [0] 512x512"},
		{"ADE20K", ade, folders(photo, "images/training/x", "annotations/training/x", "images/validation/y", "annotations/validation/y"), nil, "ADE20K validation 1 [0] 512x512"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), strings.ReplaceAll(test.name, " ", "_"))
			for name, data := range test.files {
				put(t, filepath.Join(root, filepath.FromSlash(name)), data)
			}
			s, err := Prepare(t.Context(), test.checkpoint, root+string(filepath.Separator), test.options...)
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
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", efficientvit.Classes(3))
	seg := checkpointOf(t, filepath.Join(dir, "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	photo := blank(t, 300, 260)
	for _, test := range []struct {
		name, checkpoint string
		files            []string
		options          []PrepareOption
		want             []string
	}{
		{"nothing", b0, nil, nil, []string{"has nothing in it", "want val, valid", "folder for each class"}},
		{"other folders", seg, []string{"pictures/a.png", "labels/a.png"}, nil, []string{"labels, pictures", "CamVid's val and valannot", "leftImg8bit", "ADE20K"}},
		{"many folders", b0, []string{"a/", "b/", "c/", "d/", "e/", "f/", "g/", "h/", "i/", "j/"}, nil, []string{"a, b, c, d, e, f, g, h and 2 more"}},
		{"only test", b0, []string{"test/n1/a.png"}, nil, []string{"has test", "val, valid, validation, eval or evaluation"}},
		{"only train", b0, []string{"train/n1/a.png"}, nil, []string{"looks like ImageNet", "no folder val or valid", "it has train"}},
		{"labels in folders of another kind", seg, []string{"train/a.png", "train_labels/a.png", "val/b.png", "val_labels/b.png"}, nil,
			[]string{"does not fit efficientvit-seg-b0", "train, train_labels, val, val_labels", "want CamVid's val and valannot, or Cityscapes'"}},
		{"half of Cityscapes", seg, []string{"leftImg8bit/train/x/x_leftImg8bit.png", "gtFine/train/x/x_gtFine_labelIds.png"}, nil, []string{"looks like Cityscapes", "leftImg8bit/val"}},
		{"other task", b0, []string{"leftImg8bit/train/x/x_leftImg8bit.png"}, nil, []string{"does not fit efficientvit-b0", "Cityscapes, a segmentation"}},
		{"flat without truth", b0, []string{"train/n1/a.png", "val/a.png"}, nil, []string{"without class folders", "LOC_val_solution.csv", "val.txt"}},
		{"some classes", b0, []string{"train/n1/a.png", "val/n1/a.png"}, nil, []string{"has 3 classes", "has 1", "list of all"}},
		{"unknown order", b0, []string{"val/n1/a.png"}, []PrepareOption{ClassOrder("numeric")}, []string{`class order "numeric"`, "text, natural, or a file"}},
		{"order of a segmentation", seg, []string{"val/a.png", "valannot/a.png"}, []PrepareOption{ClassOrder("text")}, []string{`class order "text"`, "CamVid is a segmentation"}},
		{"crop of a segmentation", seg, []string{"leftImg8bit/val/x/x_leftImg8bit.png", "gtFine/val/x/x_gtFine_labelIds.png"}, []PrepareOption{changed(t, "crop=0.9")}, []string{"crop ratio of 0.9", "whole picture"}},
		{"size of CamVid", seg, []string{"val/a.png", "valannot/a.png"}, []PrepareOption{changed(t, "size=512")}, []string{"960 x 704"}},
		{"CamVid's size", seg, []string{"train/a.png", "trainannot/a.png", "val/a.png", "valannot/a.png"}, []PrepareOption{Preprocess(preprocess.Classification(8))}, []string{"960 x 704"}},
		{"own preprocessing", b0, []string{"train/n1/a.png", "val/n1/a.png"}, []PrepareOption{Preprocess(preprocess.Classification(-1))}, []string{"-1x-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for _, name := range test.files {
				if strings.HasSuffix(name, "/") {
					name += "notes.txt"
				}
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

func changed(t *testing.T, text string) PrepareOption {
	t.Helper()
	c, err := preprocess.ParseChanges(text)
	if err != nil {
		t.Fatal(err)
	}
	return Change(c)
}

// TestNearbyFolder: who gives a folder around a data set, or in it, is told which
// one it is.
func TestNearbyFolder(t *testing.T) {
	dir := t.TempDir()
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", efficientvit.Classes(3))
	seg := checkpointOf(t, filepath.Join(dir, "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	root := filepath.Join(dir, "sets")
	for _, name := range []string{"city/leftImg8bit/val/x/a.png", "city/leftImg8bit/train/x/a.png", "city/gtFine/val/x/a.png", "birds/birds/val/wren/a.png", "birds/__MACOSX/val/a.png",
		"kaggle/ILSVRC/Data/CLS-LOC/val/a.png"} {
		put(t, filepath.Join(root, filepath.FromSlash(name)), nil)
	}
	for _, test := range []struct{ name, checkpoint, given, meant string }{
		{"pictures of Cityscapes", seg, "city/leftImg8bit", "city"},
		{"a split of Cityscapes", seg, "city/leftImg8bit/val", "city"},
		{"labels of Cityscapes", seg, "city/gtFine/", "city"},
		{"a split of class folders", b0, "birds/birds/val", "birds/birds"},
		{"a folder around", b0, "birds", "birds/birds"},
		{"ImageNet's upper folder", b0, "kaggle/ILSVRC", "kaggle"},
		{"ImageNet's middle folder", b0, "kaggle/ILSVRC/Data", "kaggle"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Prepare(t.Context(), test.checkpoint, filepath.Join(root, filepath.FromSlash(test.given)))
			want := filepath.Join(root, filepath.FromSlash(test.meant)) + " looks like "
			if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), ": give that folder") {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// TestNamedResolution: the name of a checkpoint's file says its resolution, and
// that of a folder only where the folder is called after the model.
func TestNamedResolution(t *testing.T) {
	for name, want := range map[string]int{
		"b1-r288.pt":                         288,
		"efficientvit_b1_r256.pt":            256,
		"models/b0_r96.pt":                   96,
		"tiny_imagenet_r128.pt":              128,
		"b0_R1024.safetensors":               1024,
		"b0.pt":                              0,
		"b0_from_r101.pt":                    0,
		"r512/b0.pt":                         0,
		"runs/b1_r256_r2/model.safetensors":  0,
		"b0_r100.pt":                         100,
		"r100/b1-r288.pt":                    288,
		"efficientvit_b1.r256_in1k/b0.pt":    256,
		"efficientvit_b1.r256/b1_r288.pt":    288,
		"/home/r224/b0/last.pt":              0,
		"timm/efficientvit_b1.r256_in1k":     256,
		"hf://timm/efficientvit_b2.r288":     288,
		"me/efficientvit_b1@r256":            0,
		"me/efficientvit@r256/b1_r288.pt":    288,
		"me/efficientvit_b1.r256@main/b1.pt": 256,
		"hub/models--timm--efficientvit_b1.r256_in1k/snapshots/0a/model.safetensors": 256,
	} {
		if got := namedResolution(filepath.FromSlash(name)); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

// TestChosenProtocol: a crop ratio that is published nowhere is named, and the user
// may choose another.
func TestChosenProtocol(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	one := efficientvit.Classes(1)
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", one)
	r160 := checkpointOf(t, filepath.Join(dir, "b2_r160.safetensors"), "efficientvit-b2-r224", one)
	photos, thumbs := filepath.Join(dir, "photos"), filepath.Join(dir, "thumbs")
	put(t, filepath.Join(photos, "val/n1/a.png"), blank(t, 300, 260))
	put(t, filepath.Join(thumbs, "val/n1/a.png"), blank(t, 64, 64))
	for _, test := range []struct {
		name, checkpoint, folder, changes string
		want                              string // height x width, and a part of the remark
	}{
		{"published", b0, photos, "", "224x224"},
		{"a number in a folder's name", checkpointOf(t, filepath.Join(dir, "r101", "b0.safetensors"), "efficientvit-b0-r224", one), photos, "", "224x224"},
		{"unknown by name", r160, photos, "", "160x160 no crop ratio is published for B2 at 160: taken is 1, that of 224 (-preprocess crop=1"},
		{"unknown by choice", b0, photos, "size=320", "320x320 no crop ratio is published for B0 at 320: taken is 0.95, that of 224"},
		{"crop chosen", r160, photos, "crop=0.875", "160x160"},
		{"thumbnails", b0, thumbs, "", "128x128"},
		{"size of thumbnails", b0, thumbs, "size=96x64", "64x96"},
		{"as published, by choice", r160, photos, "size=288", "288x288"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Prepare(t.Context(), test.checkpoint, test.folder, changed(t, test.changes))
			if err != nil {
				t.Fatal(err)
			}
			in := s.Model.Net.Input().Shape
			got := strings.TrimSpace(fmt.Sprintf("%dx%d %s", in[0], in[1], strings.Join(s.Evaluation.Remarks(), "; ")))
			if bare := !strings.Contains(test.want, " "); !strings.HasPrefix(got, test.want) || bare && got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	_, err := Prepare(t.Context(), "", "", changed(t, "crop=1"))
	if err == nil || !strings.Contains(err.Error(), "drawn scenes have their own") {
		t.Errorf("error %v", err)
	}
	t.Setenv("TRIOVIT_MODEL", b0)
	t.Setenv("TRIOVIT_DATA", photos)
	t.Setenv("TRIOVIT_PREPROCESS", "size=64,crop=1")
	if s, err := FromEnvironment(t.Context()); err != nil || s.Model.Net.Input().Shape[0] != 64 {
		t.Errorf("by the environment: %v (%v)", s, err)
	}
	t.Setenv("TRIOVIT_PREPROCESS", "crop")
	if _, err := FromEnvironment(t.Context()); err == nil || !strings.Contains(err.Error(), "TRIOVIT_PREPROCESS: ") {
		t.Errorf("error %v", err)
	}
}

// TestOnlyOneSplit: of every data set the pictures to score on are enough, and who
// needs those to calibrate on is told which folder lacks.
func TestOnlyOneSplit(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", efficientvit.Classes(1))
	seg := checkpointOf(t, filepath.Join(dir, "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	ade := checkpointOf(t, filepath.Join(dir, "ade.safetensors"), "efficientvit-seg-b1-ade20k")
	for _, test := range []struct {
		name, checkpoint string
		w, h             int
		files            []string
		lacks            string
	}{
		{"CamVid", seg, 480, 360, []string{"val/a.png", "valannot/a.png", "train/b.png"}, "trainannot"},
		{"Cityscapes", seg, 2048, 1024, []string{"leftImg8bit/val/x/x_leftImg8bit.png", "gtFine/val/x/x_gtFine_labelIds.png"}, "leftImg8bit/train"},
		{"ADE20K", ade, 20, 20, []string{"images/validation/a.png", "annotations/validation/a.png"}, "images/training or images/train"},
		{"class folders", b0, 70, 70, []string{"val/n1/a.png"}, "train or training"},
		{"class folders with an empty train", b0, 70, 70, []string{"val/n1/a.png", "train/n1/notes.txt"}, "train: no pictures"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for _, name := range test.files {
				put(t, filepath.Join(root, filepath.FromSlash(name)), blank(t, test.w, test.h))
			}
			s, err := Prepare(t.Context(), test.checkpoint, root)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := LoadBatch(t.Context(), s.Model.Net, s.Evaluation, 0, 1); err != nil {
				t.Error(err)
			}
			if _, err := s.Calibration.Load(0); s.Calibration.Len() != 0 || err == nil || !strings.Contains(err.Error(), test.lacks) {
				t.Errorf("%d pictures to calibrate on, error %v, want %q", s.Calibration.Len(), err, test.lacks)
			}
		})
	}
}

// TestPlaces: a path may have spaces, begin with a tilde or end at the pictures of
// the Kaggle competition.
func TestPlaces(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	user := t.TempDir()
	t.Setenv("HOME", user)
	t.Setenv("USERPROFILE", user)
	checkpointOf(t, filepath.Join(user, "my models", "b0.safetensors"), "efficientvit-b0-r224", efficientvit.Classes(1))
	for _, name := range []string{"my sets/birds/val/n1/a.png", "imagenet/" + competition + "/val/a.png"} {
		put(t, filepath.Join(user, filepath.FromSlash(name)), blank(t, 70, 70))
	}
	put(t, filepath.Join(user, "imagenet", "val.txt"), []byte("a.png n1\n"))
	t.Chdir(filepath.Join(user, "my sets"))
	for _, folder := range []string{"~/my sets/birds", "birds", "./birds/", filepath.Join(user, "my sets", "birds"), "~/imagenet", "~/imagenet/" + competition + "/"} {
		s, err := Prepare(t.Context(), "~/my models/b0.safetensors", folder)
		if err != nil || s.Evaluation.Len() != 1 {
			t.Errorf("%s: %v", folder, err)
		}
	}
	if got := home("~other/x"); got != "~other/x" {
		t.Errorf("another user's folder is %s", got)
	}
}

// TestScoredAs: the shorter sides that the two sources resize to.
func TestScoredAs(t *testing.T) {
	for _, test := range []struct {
		backbone   string
		resolution int
		timm       bool
		want       string
		published  int
	}{
		{"b1", 224, false, "shorter side 236 bicubic, centre 224x224", 224},
		{"b1", 256, false, "shorter side 270 bicubic, centre 256x256", 256},
		{"b1", 288, false, "shorter side 304 bicubic, centre 288x288", 288},
		{"b1", 288, true, "shorter side 288 bicubic, centre 288x288", 288},
		{"b2", 224, false, "shorter side 224 bicubic, centre 224x224", 224},
		{"b2", 224, true, "shorter side 235 bicubic, centre 224x224", 224},
		{"b3", 288, false, "shorter side 288 bicubic, centre 288x288", 288},
		{"b0", 288, false, "shorter side 304 bicubic, centre 288x288", 224},
		{"b1", 128, true, "shorter side 134 bicubic, centre 128x128", 224},
		{"b1", 240, true, "shorter side 252 bicubic, centre 240x240", 224},
		{"b1", 512, true, "shorter side 512 bicubic, centre 512x512", 288},
	} {
		p, published, err := scoredAs(test.backbone, test.resolution, test.timm)
		if err != nil || p.String() != test.want || published != test.published {
			t.Errorf("%s at %d, timm %v: %q, that of %d (%v), want %q, that of %d", test.backbone, test.resolution, test.timm, p, published, err, test.want, test.published)
		}
	}
	for want, wrong := range map[string]struct {
		backbone   string
		resolution int
	}{`"b9"`: {"b9", 224}, "0x0": {"b1", 0}} {
		if _, _, err := scoredAs(wrong.backbone, wrong.resolution, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
