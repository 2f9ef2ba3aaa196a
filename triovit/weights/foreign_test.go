// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/shared"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
)

// TestForeignFiles: the error of a file that is mistaken for a checkpoint names the
// file's kind. It is one line with the file's name and a remedy.
func TestForeignFiles(t *testing.T) {
	pt, st := small(t), encode(t, smallSet, F32, nil)
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write(pt)
	z.Close()
	tar := make([]byte, 1024)
	copy(tar, "model.pt")
	copy(tar[257:], "ustar")
	member := func(names ...string) []byte {
		var entries []entry
		for _, name := range names {
			entries = append(entries, entry{name: name, content: []byte("x")})
		}
		return archiveOf(t, entries...)
	}
	const page = "<!DOCTYPE html>\n<html><body>Sign in</body></html>"
	for _, test := range []struct {
		name    string
		content []byte
		want    []string
	}{
		{"empty", nil, []string{"is empty", "download"}},
		{"pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 13987654\n"), []string{"Git LFS pointer", "13987654 bytes", "git lfs pull"}},
		{"pointer, Windows' ends of lines", []byte("version https://git-lfs.github.com/spec/v1\r\noid sha256:00\r\nsize 13\r\n"), []string{"Git LFS pointer", "of 13 bytes", "git lfs pull"}},
		{"web page", []byte(page), []string{"web page", "/resolve/"}},
		{"web page behind a byte order mark", []byte("\ufeff \r\n\t" + page), []string{"web page"}},
		{"web page without a type", []byte("  <HTML><head>"), []string{"web page"}},
		{"answer of a hub", []byte("Entry not found"), []string{`a text, "Entry not found"`, "download"}},
		{"answer of a hub in several lines", []byte("Not\nfound\n"), []string{`a text, "Not\nfound\n"`}},
		{"JSON", []byte(`{"data":{"error":"Repository not found"}}`), []string{"a text", `{\"data\":{\"error`}},
		{"text in another script", []byte(strings.Repeat("нет файла ", 200)), []string{"a text"}},
		{"text in UTF-16", []byte("\xff\xfeP\x00K\x00"), []string{"UTF-16", "PowerShell", "download"}},
		{"zeros", make([]byte, 4096), []string{"zeros", "interrupted", "download"}},
		{"bytes of nothing known", []byte("\x01\x02\x03\x04"), []string{"4 bytes", "torch.save", "safetensors"}},
		{"gzip", gz.Bytes(), []string{"gzip", "unpack"}},
		{"tar", tar, []string{"tar archive", "unpack"}},
		{"HDF5", []byte("\x89HDF\r\n\x1a\n\x00\x00"), []string{"HDF5", "model.state_dict()"}},
		{"array", []byte("\x93NUMPY\x01\x00"), []string{"NumPy"}},
		{"pickle", ts.Pickle(ts.Dict{{Key: "w", Value: 1.5}}), []string{"pickle that torch.save did not write"}},
		{"TorchScript", member("m/data.pkl", "m/constants.pkl", "m/code/__torch__.py"), []string{"TorchScript", "torch.jit.load", "state_dict()"}},
		{"torch.export", member("m/archive_format", "m/models/model.json"), []string{"torch.export"}},
		{"arrays", member("a.npy", "b.npy"), []string{"NumPy"}},
		{"zipped checkpoint", member("weights/b0.pth"), []string{`"weights/b0.pth" in it`, "unpack"}},
		{"another archive", member("a", "b", "c", "d", "e", "f", "g"), []string{"without the data.pkl", "it has a, b, c, d, e and 2 more"}},
		{"cut archive", pt[:len(pt)-30], []string{"damaged or cut", "download"}},
		{"cut safetensors", st[:len(st)-4], []string{`"w"`, "it is cut", "download"}},
		{"cut header of safetensors", st[:20], []string{"safetensors header"}},
		{"cut legacy file", ts.Legacy(weightsOf(1))[:200], []string{"ends early", "cut", "download"}},
		{"legacy file cut in its storages", ts.Legacy(weightsOf(1))[:len(ts.Legacy(weightsOf(1)))-2], []string{"it is cut", "download"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"model.pt", "model.safetensors"} {
				_, err := openFile(t, name, test.content)
				if err == nil {
					t.Fatal("no error")
				}
				for _, want := range append(test.want, name) {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
				if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 500 {
					t.Errorf("error of %d bytes: %q", len(err.Error()), err)
				}
			}
		})
	}
}

func TestPointerOfTheField(t *testing.T) {
	if _, err := Read(shared.Path(t, "data/field/lfs_pointer.pt")); err == nil || !strings.Contains(err.Error(), "is a Git LFS pointer, not the file of 13987654 bytes") {
		t.Errorf("error %v", err)
	}
}

// TestFolders: the error of a folder names the files in it that could have been meant.
func TestFolders(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"empty":               {nil, "is a folder, want a .pt or .safetensors file"},
		"with checkpoints":    {[]string{"b.pth", "a.safetensors", "README.md"}, "such as its a.safetensors, b.pth"},
		"unpacked checkpoint": {[]string{"data.pkl", "version"}, "zip -0 -r"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range test.files {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestContentDecides: a file with the extension of the other format is read.
func TestContentDecides(t *testing.T) {
	for name, content := range map[string][]byte{"a.safetensors": small(t), "a.pt": encode(t, smallSet, F32, nil)} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || cmp.Diff(smallSet, got) != "" {
			t.Errorf("%s: got %v, error %v", name, got, err)
		}
	}
}

// TestReadPTPackedAgain: an archive that another program unpacked and packed again is
// read. Its folder may have another name or none, its members may be compressed, and it
// may have members that an operating system added.
func TestReadPTPackedAgain(t *testing.T) {
	pickle := stateDictPickle([]savedTensor{{"w", "FloatStorage", "0", 6, 0, []int{2, 3}, []int{3, 1}}})
	for _, prefix := range []string{"", "other name/", "download/archive/"} {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			var buf bytes.Buffer
			z := zip.NewWriter(&buf)
			for _, e := range []entry{
				{name: prefix}, {name: prefix + "data.pkl", content: pickle}, {name: "__MACOSX/" + prefix + "._data.pkl", content: []byte("x")},
				{name: prefix + "data/"}, {name: prefix + "data/0", content: floatBytes(1, 2, 3, 4, 5, 6)}, {name: prefix + ".DS_Store"},
			} {
				if e.name == "" {
					continue
				}
				w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: method})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(e.content); err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			if got, err := parsePT(buf.Bytes()); err != nil || cmp.Diff(smallSet, got) != "" {
				t.Errorf("below %q, method %d: got %v, error %v", prefix, method, got, err)
			}
		}
	}
}
