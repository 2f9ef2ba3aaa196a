// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// truthOf lists each picture of a set with the name of its class.
func truthOf(t *testing.T, d dataset.Dataset) string {
	t.Helper()
	var all []string
	for i := range d.Len() {
		item, err := d.Load(i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s", item.ID, d.Classes()[item.Label.Class]))
	}
	return strings.Join(all, "\n")
}

// TestFieldFolders: folders as people have them are read as torchvision reads them.
func TestFieldFolders(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	ten := shared.Path(t, "data/field/always5_of_10.pt")
	for _, test := range []struct {
		name, want  string // the evaluation's name, number of pictures, first and last picture with class
		calibration int
	}{
		{"class_folders", "class_folders val 20: n01440764/0.JPEG n01440764 to n01449773/1.JPEG n01449773", 20},
		{"val_only", "val_only val 20: n01440764/0.JPEG n01440764 to n01449773/1.JPEG n01449773", 0},
		{"tiny_imagenet", "tiny_imagenet val 10: val_0.JPEG n01440764 to val_9.JPEG n01449773", 20},
		{"plain_class_list", "plain_class_list val 20: n01440764/0.JPEG n01440764 to n01449773/1.JPEG n01449773", 20},
		{"list_with_bom", "list_with_bom val 20: n01440764/0.JPEG word to n01449773/1.JPEG word", 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := shared.Unzipped(t, "data/field/"+test.name+".zip")
			put(t, filepath.Join(root, "val", "README.md"), []byte("text"))
			s, err := Prepare(t.Context(), ten, root)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(truthOf(t, s.Evaluation), "\n")
			if got := fmt.Sprintf("%s %d: %s to %s", s.Evaluation.Name(), len(lines), lines[0], lines[len(lines)-1]); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if len(s.Evaluation.Remarks()) > 0 {
				t.Errorf("remarks %q", s.Evaluation.Remarks())
			}
			if s.Calibration.Len() != test.calibration {
				t.Errorf("%v", s)
			}
			if test.calibration > 0 {
				for i, line := range strings.Split(truthOf(t, s.Calibration), "\n") {
					folder, _, _ := strings.Cut(line, "/")
					if item, err := s.Calibration.Load(i); err != nil || !strings.HasPrefix(folder, "n0144") || item.Label.Class != int(folder[5]-'0') {
						t.Errorf("%s is of class %d (%v)", line, item.Label.Class, err)
					}
				}
				return
			}
			if _, err := s.Calibration.Load(0); err == nil || !strings.Contains(err.Error(), "has no folder train or training") || !strings.Contains(err.Error(), "-profile") {
				t.Errorf("error %v", err)
			}
			if said := s.String(); !strings.Contains(said, "has no folder train or training") || !strings.Contains(said, "evaluation     20 pictures of ") {
				t.Error(said)
			}
		})
	}
	_, err := Prepare(t.Context(), ten, shared.Unzipped(t, "data/field/val_of_other_classes.zip"))
	if err == nil || !strings.Contains(err.Error(), "n99999999 only in the first, n01443767 only in the second") {
		t.Errorf("error %v", err)
	}
}

// TestFieldCityscapes: what macOS adds to an archive is no picture and no label.
func TestFieldCityscapes(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	root := shared.Unzipped(t, "data/field/cityscapes_mac.zip")
	seg := checkpointOf(t, filepath.Join(t.TempDir(), "seg.safetensors"), "efficientvit-seg-b0-cityscapes")
	s, err := Prepare(t.Context(), seg, root, changed(t, "size=64x32"))
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []dataset.Dataset{s.Evaluation, s.Calibration} {
		if set.Len() != 1 || len(set.Remarks()) > 0 {
			t.Errorf("%s: %d pictures, remarks %q", set.Name(), set.Len(), set.Remarks())
		}
		if _, err := set.Load(0); err != nil {
			t.Error(err)
		}
	}
}

// TestFieldClassOrder: weights with timm's names take timm's order of folders,
// others torchvision's, and the user may choose.
func TestFieldClassOrder(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	root := shared.Unzipped(t, "data/field/numbered_folders.zip")
	official := shared.Path(t, "data/field/always2_of_12.pt")
	set, err := weights.Read(official)
	if err != nil {
		t.Fatal(err)
	}
	renamed := make(weights.Set, len(set))
	for name, tensor := range set {
		renamed[strings.Replace(name, "backbone.input_stem.op_list.0.", "stem.in_conv.", 1)] = tensor
	}
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, renamed, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	timm := filepath.Join(t.TempDir(), "model.safetensors")
	put(t, timm, file.Bytes())
	list := filepath.Join(t.TempDir(), "backwards.txt")
	put(t, list, []byte("11\r\n10\r\n9\r\n8\r\n7\r\n6\r\n5\r\n4\r\n3\r\n2\r\n1\r\n0\r\n"))
	put(t, filepath.Join(root, "mine.txt"), []byte("2 two\n1 one\n0 zero\n3 x\n4 x\n5 x\n6 x\n7 x\n8 x\n9 x\n10 x\n11 x\n"))
	fingerprints := map[string]string{}
	for _, test := range []struct{ name, checkpoint, order, classes, remark string }{
		{"official", official, "", "0 1 10 11 2", "numbered in text order"},
		{"timm's", timm, "", "0 1 2 3 4", "numbered in natural order"},
		{"official, natural", official, "natural", "0 1 2 3 4", "numbered in natural order"},
		{"timm's, text", timm, "text", "0 1 10 11 2", "numbered in text order"},
		{"a list elsewhere", timm, list, "11 10 9 8 7", ""},
		{"a list in the folder", official, "mine.txt", "two one zero x x", ""},
	} {
		s, err := Prepare(t.Context(), test.checkpoint, root, ClassOrder(test.order))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Evaluation.Classes()[:5], " "); got != test.classes {
			t.Errorf("%s: classes %s, want %s", test.name, got, test.classes)
		}
		if said := strings.Join(s.Evaluation.Remarks(), ""); (test.remark == "") != (said == "") || !strings.Contains(said, test.remark) {
			t.Errorf("%s: remarks %q, want %q", test.name, said, test.remark)
		}
		if other, ok := fingerprints[s.Evaluation.Fingerprint()]; ok && other != test.classes {
			t.Errorf("%s: shares scores with %s", test.name, other)
		}
		fingerprints[s.Evaluation.Fingerprint()] = test.classes
	}
	t.Setenv("TRIOVIT_MODEL", official)
	t.Setenv("TRIOVIT_DATA", root)
	t.Setenv("TRIOVIT_CLASS_ORDER", "natural")
	if s, err := FromEnvironment(t.Context()); err != nil || s.Evaluation.Classes()[2] != "2" {
		t.Errorf("by the environment: %v (%v)", s, err)
	}
	// A list in the folder fixes the order by itself, also for timm's names.
	put(t, filepath.Join(root, "classes.txt"), []byte("0\n1\n10\n11\n2\n3\n4\n5\n6\n7\n8\n9\n"))
	if s, err := Prepare(t.Context(), timm, root); err != nil || s.Evaluation.Classes()[2] != "10" || len(s.Evaluation.Remarks()) > 0 {
		t.Errorf("by classes.txt: %v (%v)", s, err)
	}
}

// TestRemarksAreReported: a report tells how its pictures were read, also when it
// is stored, and joined from shards.
func TestRemarksAreReported(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	for _, name := range []string{"val/2/a.png", "val/10/b.png"} {
		put(t, filepath.Join(dir, name), blank(t, 70, 70))
	}
	b0 := checkpointOf(t, filepath.Join(dir, "b0.safetensors"), "efficientvit-b0-r224", efficientvit.Classes(2))
	s, err := Prepare(t.Context(), b0, dir, changed(t, "size=32"))
	if err != nil {
		t.Fatal(err)
	}
	first := oracle{s.Model.Net, "first", new(atomic.Int32), func(_, k int) float32 { return -float32(k) }, nil}
	whole, err := Evaluate(t.Context(), first, s.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	const order, crop = `class 0 is "10"; in natural order, as timm does, it is "2"`, "no crop ratio is published for B0 at 32"
	lines := strings.Split(whole.String(), "\n")
	if len(lines) != 7 || !strings.Contains(lines[4], crop) || !strings.Contains(lines[5], order) {
		t.Errorf("%q", lines)
	}
	merged, err := Merge(evaluateShards(t, first, s.Evaluation, 2)...)
	if err != nil || !slices.Equal(merged.Remarks, whole.Remarks) {
		t.Errorf("merged: %v (%v)", merged, err)
	}
	path := filepath.Join(dir, "report.json")
	if err := whole.Save(path); err != nil {
		t.Fatal(err)
	}
	if read, err := ReadReport(path); err != nil || read.String() != whole.String() {
		t.Errorf("read: %v (%v)", read, err)
	}
	// The two orders have no score in common.
	other, err := Prepare(t.Context(), b0, dir, changed(t, "size=32"), ClassOrder("natural"))
	if err != nil {
		t.Fatal(err)
	}
	natural, err := Evaluate(t.Context(), first, other.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	for report, right := range map[*Report]string{whole: "10/b.png", natural: "2/a.png"} {
		for _, o := range report.Outcomes {
			if (o.Rank == 0) != (o.ID == right) {
				t.Errorf("class 0 is %s: %s has rank %d", right, o.ID, o.Rank)
			}
		}
	}
	if _, err := Compare(whole, natural); err == nil {
		t.Error("reports of other classes are compared")
	}
}

// TestTinyImageNetOrder: the archive's list has an order of its own, which is said
// where it differs from that of the folders.
func TestTinyImageNetOrder(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	root := shared.Unzipped(t, "data/field/tiny_imagenet.zip")
	ten := shared.Path(t, "data/field/always5_of_10.pt")
	data, err := os.ReadFile(filepath.Join(root, tinyClasses))
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(data))
	names[0], names[9] = names[9], names[0]
	put(t, filepath.Join(root, tinyClasses), []byte(strings.Join(names, "\n")))
	s, err := Prepare(t.Context(), ten, root)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(s.Evaluation.Remarks(), "\n")
	if s.Evaluation.Classes()[0] != "n01440764" || !strings.Contains(said, `class 0 is "n01440764", and "n01449773" there: -class-order wnids.txt`) {
		t.Errorf("classes %q, remarks %q", s.Evaluation.Classes(), said)
	}
	s, err = Prepare(t.Context(), ten, root, ClassOrder(tinyClasses))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(names, s.Evaluation.Classes()); diff != "" || len(s.Evaluation.Remarks()) > 0 {
		t.Errorf("remarks %q, classes -want +got:\n%s", s.Evaluation.Remarks(), diff)
	}
	// Without train the truth names the classes.
	if err := os.RemoveAll(filepath.Join(root, "train")); err != nil {
		t.Fatal(err)
	}
	if s, err = Prepare(t.Context(), ten, root); err != nil || len(s.Evaluation.Classes()) != 10 {
		t.Errorf("%v (%v)", s, err)
	}
}
