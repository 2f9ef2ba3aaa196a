// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestLitter: files that operating systems and tools leave beside pictures, labels and
// folders change no set, in any layout.
func TestLitter(t *testing.T) {
	ade := func(t *testing.T) string { return adeFolder(t) }
	for _, set := range []struct {
		name    string
		make    func(t *testing.T) string
		open    func(dir string) (Dataset, error)
		folders []string // folders that get the litter
	}{
		{"class folders", imageFolder, func(dir string) (Dataset, error) {
			return ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8), Beside(filepath.Join(dir, "val")))
		}, []string{"val", "val/n01", "val/n02"}},
		{"CamVid", camVid, func(dir string) (Dataset, error) { return CamVid(t.Context(), dir, "val") }, []string{"val", "valannot"}},
		{"ADE20K", ade, func(dir string) (Dataset, error) {
			return ADE20K(t.Context(), dir, "validation", preprocess.Classification(8))
		}, []string{"images/validation", "annotations/validation"}},
		{"Cityscapes", func(t *testing.T) string { return cityscapesFolder(t, cityLabelIDs, gray(t, 2048, 1024, 7)) }, func(dir string) (Dataset, error) {
			return Cityscapes(t.Context(), dir, "val", preprocess.Classification(8))
		}, []string{"leftImg8bit/val", "leftImg8bit/val/bonn", "gtFine/val", "gtFine/val/bonn"}},
		{"ImageNet's val", func(t *testing.T) string {
			dir := t.TempDir()
			write(t, dir, "val/a.JPEG", gray(t, 8, 8, 1))
			write(t, dir, "truth", []byte("a.JPEG n01 0 0 1 1\n"))
			return dir
		}, func(dir string) (Dataset, error) {
			return ImageNetVal(t.Context(), filepath.Join(dir, "val"), filepath.Join(dir, "truth"), preprocess.Classification(8))
		}, []string{"val"}},
	} {
		t.Run(set.name, func(t *testing.T) {
			dir := set.make(t)
			clean, err := set.open(dir)
			if err != nil {
				t.Fatal(err)
			}
			picture := filepath.Join(dir, filepath.FromSlash(clean.ID(0)))
			if set.name == "class folders" || set.name == "ImageNet's val" {
				picture = filepath.Join(dir, "val", filepath.FromSlash(clean.ID(0)))
			}
			data, err := os.ReadFile(picture)
			if err != nil {
				t.Fatal(err)
			}
			for _, folder := range set.folders {
				for _, name := range []string{
					"._" + filepath.Base(picture), ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints/" + filepath.Base(picture),
					"@eaDir/" + filepath.Base(picture), "__MACOSX/._a.png", ".trash/a.png", "lost+found/a.png",
				} {
					write(t, dir, folder+"/"+name, data)
				}
			}
			littered, err := set.open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if littered.Fingerprint() != clean.Fingerprint() || len(littered.Remarks()) > 0 {
				t.Errorf("%q with litter, %q without; remarks %q", ids(littered), ids(clean), littered.Remarks())
			}
			for i := range littered.Len() {
				if _, err := littered.Load(i); err != nil {
					t.Error(err)
				}
			}
			write(t, dir, set.folders[len(set.folders)-1]+"/README.txt", []byte("text"))
			explained, err := set.open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if set.name != "Cityscapes" { // its label folders have other files anyway
				if said := strings.Join(explained.Remarks(), ""); !strings.Contains(said, "left out") || !strings.Contains(said, "README.txt") {
					t.Errorf("remarks %q", explained.Remarks())
				}
			}
			if explained.Fingerprint() != clean.Fingerprint() {
				t.Errorf("%q with a README, %q without", ids(explained), ids(clean))
			}
		})
	}
}

// TestFilesBesideClassFolders: a README or an archive beside class folders is no class.
// An empty class folder is a class.
func TestFilesBesideClassFolders(t *testing.T) {
	dir := imageFolder(t)
	for _, name := range []string{"README", "n01.tar", "labels.csv"} {
		write(t, dir, "val/"+name, []byte("text"))
	}
	if err := os.Mkdir(filepath.Join(dir, "val", "n00"), 0o777); err != nil {
		t.Fatal(err)
	}
	d, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"n00", "n01", "n02"}, d.Classes()); diff != "" || d.Len() != 3 || strings.Join(d.Remarks(), "") != "no picture lies in the class folders n00" {
		t.Errorf("%d pictures, remarks %q, classes -want +got:\n%s", d.Len(), d.Remarks(), diff)
	}
}

// TestDeepFolders: pictures may be in folders below a class folder, as in Tiny
// ImageNet. Folders and pictures may be links. Extensions may be in capitals.
func TestDeepFolders(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	write(t, store, "n02/c.PNG", gray(t, 8, 8, 1))
	write(t, store, "d.png", gray(t, 8, 8, 1))
	write(t, dir, "val/n01/images/a.JPEG", gray(t, 8, 8, 1))
	write(t, dir, "val/n01/b.Jpg", gray(t, 8, 8, 1))
	for to, from := range map[string]string{"val/n02": "n02", "val/n01/d.png": "d.png"} {
		if err := os.Symlink(filepath.Join(store, from), filepath.Join(dir, to)); err != nil {
			t.Skip(err)
		}
	}
	d, err := ImageFolder(t.Context(), filepath.Join(dir, "val")+string(filepath.Separator), preprocess.Classification(8))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"n01/b.Jpg", "n01/d.png", "n01/images/a.JPEG", "n02/c.PNG"}, ids(d)); diff != "" {
		t.Errorf("ids -want +got:\n%s", diff)
	}
	first, err := FirstPicture(filepath.Join(dir, "val"))
	if err != nil || first != filepath.Join(dir, "val", "n01", "b.Jpg") {
		t.Errorf("the first picture is %s (%v)", first, err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "val", "n01", "again")); err != nil {
		t.Fatal(err)
	}
	_, err = ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8))
	wantError(t, err, filepath.Join("val", "n01", "again"), "a link to a folder in which it lies")
	if err := os.Symlink("nowhere", filepath.Join(dir, "val", "n00")); err != nil {
		t.Fatal(err)
	}
	_, err = ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8))
	wantError(t, err, filepath.Join("val", "n00"), "no such file")
}

// TestNames: a set has the name of its folder for every form of the path.
func TestNames(t *testing.T) {
	root := filepath.Join(t.TempDir(), "two words")
	write(t, root, "val/n01/a.png", gray(t, 8, 8, 1))
	t.Chdir(root)
	for _, dir := range []string{"val", "./val/", filepath.Join(root, "val"), "../two words/val"} {
		d, err := ImageFolder(t.Context(), dir, preprocess.Classification(8))
		if err != nil || d.Name() != "two words val" {
			t.Errorf("%s: %v (%v)", dir, d, err)
		}
	}
}

func TestAbsent(t *testing.T) {
	why := os.ErrNotExist
	d, err := Every(Absent("nothing", Classification, why), 3)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = Draw(d, 2, 1); err != nil {
		t.Fatal(err)
	}
	if d, err = Head(d, 4); err != nil || d.Len() != 0 || d.Name() != "nothing" {
		t.Fatalf("%v (%v)", d, err)
	}
	if _, err := d.Load(0); err != why {
		t.Errorf("error %v", err)
	}
}

func TestSome(t *testing.T) {
	names := strings.Split("a b c d e", " ")
	if got := some(names); got != "a, b, c and 2 more" || some(slices.Clip(names[:3])) != "a, b, c" {
		t.Error(got)
	}
}
