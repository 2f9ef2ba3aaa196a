// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"pgregory.net/rapid"
)

// TestOrders compares the two orders with Python's sorted(names) and sorted(names,
// key=timm.utils.misc.natural_key).
func TestOrders(t *testing.T) {
	for _, test := range []struct{ names, text, natural string }{
		{"0 1 2 10 11", "0 1 10 11 2", "0 1 2 10 11"},
		{"n02119789 n01440764", "n01440764 n02119789", "n01440764 n02119789"},
		{"Zebra ape", "Zebra ape", "ape Zebra"},
		{"img img1 img01a img-1", "img img-1 img01a img1", "img img1 img01a img-1"},
		{"a10b2 a10b10 a9b3 10 a", "10 a a10b10 a10b2 a9b3", "10 a a9b3 a10b2 a10b10"},
		{"9 100000000000000000000000000000000000000 20", "100000000000000000000000000000000000000 20 9", "9 20 100000000000000000000000000000000000000"},
		{"01 1 001", "001 01 1", "001 01 1"}, // timm takes these as equal, and keeps their order
		{"É é z", "z É é", "z É é"},
	} {
		names := strings.Fields(test.names)
		if got := strings.Join(TextOrder.sorted(names), " "); got != test.text {
			t.Errorf("text: %s, want %s", got, test.text)
		}
		if got := strings.Join(NaturalOrder.sorted(names), " "); got != test.natural {
			t.Errorf("natural: %s, want %s", got, test.natural)
		}
		for _, o := range []Order{TextOrder, NaturalOrder} {
			if said := o.remark(names) != ""; said != (test.text != test.natural) {
				t.Errorf("%s in %v order: remark %q", test.names, o, o.remark(names))
			}
		}
	}
}

// TestNaturalOrderIsOne: the comparison is a total order of names, in which numbers are
// in ascending order.
func TestNaturalOrderIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-bA-B0-2]{0,5}`)
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		if ab, ba := compareNaturally(a, b), compareNaturally(b, a); ab != -ba || ab == 0 && a != b {
			t.Errorf("%q to %q is %d, the other way round %d", a, b, ab, ba)
		}
		if compareNaturally(a, b) < 0 && compareNaturally(b, c) < 0 && compareNaturally(a, c) >= 0 {
			t.Errorf("%q, %q, %q go round", a, b, c)
		}
	})
}

// TestClassOrder: a remark gives the order of the classes if the two orders differ. The
// fingerprints of the two orders differ.
func TestClassOrder(t *testing.T) {
	root := shared.Unzipped(t, "data/field/numbered_folders.zip")
	open := func(options ...Option) Dataset {
		t.Helper()
		d, err := ImageFolder(t.Context(), filepath.Join(root, "val"), preprocess.Classification(8), options...)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	text, natural := open(), open(Ordered(NaturalOrder))
	if diff := cmp.Diff(strings.Fields("0 1 10 11 2 3 4 5 6 7 8 9"), text.Classes()); diff != "" {
		t.Errorf("in text order -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(strings.Fields("0 1 2 3 4 5 6 7 8 9 10 11"), natural.Classes()); diff != "" {
		t.Errorf("in natural order -want +got:\n%s", diff)
	}
	for d, want := range map[Dataset]string{
		text:    `numbered in text order, as torchvision does: class 2 is "10"; in natural order, as timm does, it is "2"`,
		natural: `numbered in natural order, as timm does: class 2 is "2"; in text order, as torchvision does, it is "10"`,
	} {
		for i := range d.Len() {
			item, err := d.Load(i)
			if err != nil {
				t.Fatal(err)
			}
			if folder, _, _ := strings.Cut(item.ID, "/"); d.Classes()[item.Label.Class] != folder {
				t.Errorf("%s has class %s", item.ID, d.Classes()[item.Label.Class])
			}
		}
		if said := strings.Join(d.Remarks(), "\n"); !strings.Contains(said, want) || !strings.Contains(said, "-class-order") || !strings.Contains(said, "TRIOVIT_CLASS_ORDER") {
			t.Errorf("remarks %q, want %q", said, want)
		}
	}
	if text.Fingerprint() == natural.Fingerprint() {
		t.Error("the two orders share cached scores")
	}
	write(t, root, "classes.txt", []byte("11\n10\n9\n8\n7\n6\n5\n4\n3\n2\n1\n0\n"))
	list := filepath.Join(root, "classes.txt")
	if listed := open(Words(list)); len(listed.Remarks()) > 0 || listed.Classes()[0] != "11" {
		t.Errorf("a list fixes the order: classes %q, remarks %q", listed.Classes(), listed.Remarks())
	}
	if listed := open(Words(list), Ordered(NaturalOrder)); len(listed.Remarks()) > 0 || listed.Classes()[2] != "2" {
		t.Errorf("an order that is asked for comes before a list's: classes %q, remarks %q", listed.Classes(), listed.Remarks())
	}
	write(t, root, "animals.txt", []byte("ant\nbee\n"))
	animals := Words(filepath.Join(root, "animals.txt"))
	if listed := open(animals, Ordered(NaturalOrder)); listed.Classes()[2] != "2" || !strings.Contains(listed.Remarks()[0], "animals.txt lists other classes") {
		t.Errorf("an order that is asked for needs no list: classes %q, remarks %q", listed.Classes(), listed.Remarks())
	}
	_, err := ImageFolder(t.Context(), filepath.Join(root, "val"), preprocess.Classification(8), animals)
	wantError(t, err, filepath.Join("val", "0"), "2 classes", "animals.txt", "-class-order text")
	unlike := open(Unlike(list), Ordered(NaturalOrder)).Remarks()
	if len(unlike) != 2 || !strings.Contains(unlike[1], `not numbered as in classes.txt: class 0 is "0", and "11" there: -class-order classes.txt`) {
		t.Errorf("beside another list: remarks %q", unlike)
	}
	_, err = ImageFolder(t.Context(), filepath.Join(root, "val"), preprocess.Classification(8), Ordered(7))
	wantError(t, err, "Order(7)", "text and natural")
}

// TestBeside: the classes are those of both splits. It is an error if each split has a
// class that the other lacks.
func TestBeside(t *testing.T) {
	for _, test := range []struct {
		name, train, val string
		classes          string // classes of val, or empty for an error
		want             []string
	}{
		{"the same", "a b", "a b", "a b", nil},
		{"a part to score on", "a b c", "b", "a b c", nil},
		{"a part to calibrate on", "b", "a b c", "a b c", nil},
		{"none to calibrate on", "", "b a", "a b", nil},
		{"others", "a b", "a c", "", []string{"val and ", "c only in the first", "b only in the second"}},
		{"all others", "a b c d", "e f g h", "", []string{"e, f, g and 1 more", "a, b, c and 1 more"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "train/README", nil)
			for split, names := range map[string]string{"train": test.train, "val": test.val} {
				for _, name := range strings.Fields(names) {
					write(t, dir, split+"/"+name+"/x.png", gray(t, 8, 8, 1))
				}
			}
			d, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8), Beside(filepath.Join(dir, "train")))
			if test.classes == "" {
				wantError(t, err, test.want...)
				return
			}
			if err != nil || strings.Join(d.Classes(), " ") != test.classes {
				t.Errorf("%q (%v)", d.Classes(), err)
			}
		})
	}
}

// TestLists: a list of classes or a truth file may have bare names, line ends of
// Windows, a byte order mark or UTF-16.
func TestLists(t *testing.T) {
	encodings := map[string]func(string) string{
		"UTF-8":              func(s string) string { return s },
		"UTF-8 with a mark":  func(s string) string { return "\uFEFF" + s },
		"lines of Windows":   func(s string) string { return "\uFEFF" + strings.ReplaceAll(s, "\n", "\r\n") },
		"UTF-16":             func(s string) string { return utf16Bytes(s, 0) },
		"UTF-16, big-endian": func(s string) string { return utf16Bytes(s, 1) },
	}
	lists := map[string]string{
		"words":      "n02 shark\nn01 tench, Tinca tinca\n",
		"tabs":       "n02\tshark\nn01\ttench, Tinca tinca\n",
		"bare names": "n02\nn01\n",
	}
	truths := map[string]string{
		"solution":    "ImageId,PredictionString\na,n01 1 2 3 4\nb,n02 1 2 3 4\n",
		"annotations": "b.png\tn02\t0\t0\t62\t62\na.png\tn01\t0\t0\t62\t62\n",
		"indices":     "a.png 1\nb.png 0\n",
	}
	for encoding, encode := range encodings {
		for name, list := range lists {
			for form, truth := range truths {
				t.Run(encoding+", "+name+", "+form, func(t *testing.T) {
					dir := t.TempDir()
					for _, picture := range []string{"flat/a", "flat/b", "val/n01/a", "val/n02/b"} {
						write(t, dir, picture+".png", gray(t, 8, 8, 1))
					}
					words, file := filepath.Join(dir, "list.txt"), filepath.Join(dir, "truth")
					write(t, dir, "list.txt", []byte(encode(list)))
					write(t, dir, "truth", []byte(encode(truth)))
					flat, err := ImageNetVal(t.Context(), filepath.Join(dir, "flat"), file, preprocess.Classification(8), Words(words))
					if err != nil {
						t.Fatal(err)
					}
					folders, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8), Words(words))
					if err != nil {
						t.Fatal(err)
					}
					for _, d := range []Dataset{flat, folders} {
						for i, want := range []int{1, 0} { // the indices of a and b
							if item, err := d.Load(i); err != nil || item.Label.Class != want {
								t.Errorf("%s: %+v (%v), want class %d", d.ID(i), item, err, want)
							}
						}
						if tench := d.Classes()[1]; name == "bare names" && tench != "n01" || name != "bare names" && tench != "tench, Tinca tinca" {
							t.Errorf("class 1 is called %q", tench)
						}
					}
				})
			}
		}
	}
}

// utf16Bytes encodes a text in UTF-16 with a byte order mark. big is 1 if the high byte
// of a unit comes first, else 0.
func utf16Bytes(s string, big int) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + s)) {
		pair := [2]byte{byte(unit), byte(unit >> 8)}
		out = append(out, pair[big], pair[1-big])
	}
	return string(out)
}

// TestNamesWithSpaces: class folders with spaces in their names may be listed without
// words, or with a tab before their words.
func TestNamesWithSpaces(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"hot dog", "hot air balloon"} {
		write(t, dir, "val/"+name+"/x.png", gray(t, 8, 8, 1))
	}
	for list, want := range map[string]string{
		"hot dog\nhot air balloon\n":               "hot dog, hot air balloon",
		"hot dog\tsausage\nhot air balloon\tcraft": "sausage, craft",
	} {
		write(t, dir, "classes.txt", []byte(list))
		d, err := ImageFolder(t.Context(), filepath.Join(dir, "val"), preprocess.Classification(8), Words(filepath.Join(dir, "classes.txt")))
		if err != nil || strings.Join(d.Classes(), ", ") != want {
			t.Errorf("%q: %v (%v)", list, d, err)
		}
	}
}
