// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

const (
	synsetWords = "n01440764 tench, Tinca tinca\nn01443537 goldfish\nn02119789 kit fox\n"
	mapCLSLoc   = "n02119789 1 kit_fox\nn01443537 2 goldfish\nn01440764 3 tench\n"
)

// TestImageNetVal: all forms of the truth file give the same labels. The pictures are a
// kit fox, a tench and another kit fox. The index of a class is its position in sorted
// order and does not depend on the development kit's number.
func TestImageNetVal(t *testing.T) {
	for _, test := range []struct{ name, words, truth string }{
		{"LOC_val_solution.csv", synsetWords, "ImageId,PredictionString\nILSVRC2012_val_00000003,n02119789 1 2 3 4 n02119789 5 6 7 8 \n" +
			"ILSVRC2012_val_00000001,n02119789 1 2 3 4 \nILSVRC2012_val_00000002,n01440764 1 2 3 4 \n"},
		{"val.txt", synsetWords, "ILSVRC2012_val_00000001.JPEG 2\nILSVRC2012_val_00000002.JPEG 0\nILSVRC2012_val_00000003.JPEG 2\n"},
		{"ILSVRC2012_validation_ground_truth.txt", mapCLSLoc, "1\n3\n1\n"},
		{"val.txt with the kit's list", mapCLSLoc, "ILSVRC2012_val_00000001.JPEG 2\nILSVRC2012_val_00000002.JPEG 0\nILSVRC2012_val_00000003.JPEG 2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"3", "1", "2"} {
				write(t, dir, "val/ILSVRC2012_val_0000000"+name+".JPEG", gray(t, 20, 20, 1))
			}
			write(t, dir, "words.txt", []byte(test.words))
			write(t, dir, "truth", []byte(test.truth))
			d, err := ImageNetVal(t.Context(), filepath.Join(dir, "val"), filepath.Join(dir, "truth"), preprocess.Classification(8), Words(filepath.Join(dir, "words.txt")))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range d.Len() {
				item, err := d.Load(i)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, item.ID+" "+d.Classes()[item.Label.Class])
			}
			tench, _, _ := strings.Cut(d.Classes()[0], ",")
			want := []string{"ILSVRC2012_val_00000001.JPEG kit fox", "ILSVRC2012_val_00000002.JPEG " + d.Classes()[0], "ILSVRC2012_val_00000003.JPEG kit fox"}
			if diff := cmp.Diff(want, got); diff != "" || tench != "tench" {
				t.Errorf("-want +got:\n%s%s", diff, tench)
			}
		})
	}
}

// thousandUnsorted returns a list of as many classes as ImageNet has, with the last one
// first.
func thousandUnsorted() string {
	lines := []string{"n00000999 x\n"}
	for i := range 999 {
		lines = append(lines, fmt.Sprintf("n%08d x\n", i))
	}
	return strings.Join(lines, "")
}

func TestImageNetValErrors(t *testing.T) {
	for _, test := range []struct {
		name, words, truth string
		want               []string
	}{
		{"no list", "", "1\n2\n", []string{"LOC_synset_mapping.txt", "map_clsloc.txt"}},
		{"unsorted list of ImageNet", thousandUnsorted(), "a.JPEG 3\n", []string{"words.txt", "n00000000 after n00000999", "sorted"}},
		{"kit without its order", synsetWords, "1\n2\n", []string{"truth", "line 1", "map_clsloc.txt"}},
		{"kit's number", mapCLSLoc, "1\n4\n", []string{"truth", "line 2", "class 4", "1 to 3"}},
		{"cut off", mapCLSLoc, "1\n", []string{"ILSVRC2012_val_00000002.JPEG", "no class"}},
		{"too long", mapCLSLoc, "1\n2\n3\n", []string{"2 pictures for the 3 classes", "no picture ILSVRC2012_val_00000003"}},
		{"empty", mapCLSLoc, "\n", []string{"truth", "no classes"}},
		{"index", synsetWords, "a.JPEG 3\n", []string{"line 1", "class 3", "0 to 2"}},
		{"twice", synsetWords, "a.JPEG 1\na.JPEG 1\n", []string{"line 2", `"a"`}},
		{"two forms", synsetWords, "a.JPEG 1\nb.JPEG n02119789\n", []string{"line 2", "b.JPEG n02119789", "same in every line"}},
		{"an index and more", synsetWords, "a.JPEG 1 2\n", []string{"line 1", "a.JPEG 1 2"}},
		{"no number", synsetWords, "fox\n", []string{"line 1", "map_clsloc.txt"}},
		{"no number of the kit", mapCLSLoc, "fox\n", []string{"line 1", `"fox"`, "number"}},
		{"no class", synsetWords, "a.JPEG fox\n", []string{"line 1", `"fox" is not one of the 3 classes`}},
		{"solution's class", synsetWords, "ImageId,PredictionString\na,n00000001 1 2 3 4\n", []string{"line 2", "n00000001", "3 classes"}},
		{"solution cut off", synsetWords, "ImageId,PredictionString\na\n", []string{"line 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"1", "2"} {
				write(t, dir, "val/ILSVRC2012_val_0000000"+name+".JPEG", gray(t, 20, 20, 1))
			}
			write(t, dir, "truth", []byte(test.truth))
			var options []Option
			if test.words != "" {
				write(t, dir, "words.txt", []byte(test.words))
				options = append(options, Words(filepath.Join(dir, "words.txt")))
			}
			_, err := ImageNetVal(t.Context(), filepath.Join(dir, "val"), filepath.Join(dir, "truth"), preprocess.Classification(8), options...)
			wantError(t, err, append(test.want, "ImageNet: ")...)
		})
	}
}

func TestAtMost(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"n1/a", "n1/b", "n1/c", "n2/a", "n2/b", "n3/a"} {
		write(t, dir, "train/"+name+".png", gray(t, 8, 8, 1))
	}
	write(t, dir, "train/n1/b.png", []byte("no picture, and nobody looks"))
	d, err := ImageFolder(t.Context(), filepath.Join(dir, "train"), preprocess.Classification(8), AtMost(3))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"n1/a.png", "n1/c.png", "n2/b.png"}, ids(d)); diff != "" || !strings.HasSuffix(d.Name(), "train, spread (3 of 6)") {
		t.Errorf("%q -want +got:\n%s", d.Name(), diff)
	}
	if len(d.Classes()) != 3 {
		t.Errorf("%d classes", len(d.Classes()))
	}
}

func FuzzParseWords(f *testing.F) {
	f.Add("n01440764\ttench, Tinca tinca\nn01443537\tgoldfish\n")
	f.Add(mapCLSLoc)
	f.Add("n01 a\nn01 b")
	f.Add("\xff\x00 \t")
	f.Fuzz(func(t *testing.T, text string) {
		var l *wordList
		if hostile.Read(t, len(text), func() (err error) { l, err = parseWords(strings.NewReader(text), nil); return }) != nil {
			return
		}
		if len(l.ids) == 0 || len(l.ids) != len(l.words) {
			t.Errorf("%d ids, %d words", len(l.ids), len(l.words))
		}
		if l.number != nil && (len(l.number) != len(l.ids) || !slices.IsSorted(l.ids)) {
			t.Errorf("%d numbers of %q", len(l.number), l.ids)
		}
	})
}

func FuzzParseTruth(f *testing.F) {
	f.Add("ImageId,PredictionString\na,n02119789 1 2 3 4\n")
	f.Add("a.JPEG 1\nb.JPEG 2\n")
	f.Add("1\n2\n3\n")
	f.Add("ImageId,PredictionString\n\"a\n")
	classes, err := parseWords(strings.NewReader(mapCLSLoc), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var rows *truths
		if hostile.Read(t, len(text), func() (err error) { rows, err = parseTruth(strings.NewReader(text)); return }) != nil {
			return
		}
		truth, err := rows.classes(classes)
		if err != nil {
			return
		}
		for picture, class := range truth {
			if class < 0 || class >= len(classes.ids) {
				t.Errorf("%q has class %d", picture, class)
			}
		}
	})
}
