// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// headBytes is the number of bytes at a file's beginning that tell its kind.
const headBytes = 512

// The remedies that errors about files of another kind give.
const (
	download = "download it again"
	unpack   = "unpack it first"
	save     = `in Python, torch.save(model.state_dict(), "weights.pt") writes the weights alone`
)

// foreign lists kinds of files that are mistaken for checkpoints. A file is of a kind
// if it has the bytes magic at the offset at.
var foreign = []struct {
	at                  int
	magic, what, remedy string
}{
	{0, "\x1f\x8b", "a gzip file", unpack},
	{0, "BZh", "a bzip2 file", unpack},
	{0, "\xfd7zXZ\x00", "an xz file", unpack},
	{0, "\x28\xb5\x2f\xfd", "a Zstandard file", unpack},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive", unpack},
	{0, "Rar!\x1a\x07", "a RAR archive", unpack},
	{257, "ustar", "a tar archive", unpack},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes", save},
	{0, "\x93NUMPY", "an array of NumPy", save},
	{0, "\x80", "a pickle that torch.save did not write", save},
	{0, "\xff\xfe", "text in UTF-16, as PowerShell makes of what passes through >", download},
}

// byteOrderMark may precede a text.
const byteOrderMark = "\ufeff"

var pointerSize = regexp.MustCompile(`(?m)^size (\d+)\r?$`)

// foreignError returns an error that names the kind of a file whose first bytes are not
// those of a checkpoint.
func foreignError(head []byte, size int64) error {
	text := strings.TrimLeftFunc(strings.TrimPrefix(string(head), byteOrderMark), unicode.IsSpace)
	switch {
	case size == 0:
		return errors.New("is empty, 0 bytes: " + download)
	case strings.HasPrefix(text, "version https://git-lfs.github.com/spec/"):
		of := ""
		if m := pointerSize.FindStringSubmatch(text); m != nil {
			of = fmt.Sprintf(" of %s bytes", m[1])
		}
		return fmt.Errorf("is a Git LFS pointer, not the file%s to which it points: fetch that by git lfs pull, or download it", of)
	case strings.HasPrefix(text, "<"):
		return errors.New("is a web page (HTML), not a checkpoint: download the file itself, whose address on the Hugging Face hub has /resolve/ in place of /blob/")
	case len(bytes.Trim(head, "\x00")) == 0:
		return fmt.Errorf("begins with zeros, as an interrupted download does: %s", download)
	}
	for _, f := range foreign {
		if len(head) > f.at && bytes.HasPrefix(head[f.at:], []byte(f.magic)) {
			return fmt.Errorf("is %s: %s", f.what, f.remedy)
		}
	}
	if isText(head) {
		return fmt.Errorf("is a text, %.80q, not a checkpoint: %s", text, download)
	}
	return fmt.Errorf("its %d bytes begin with %q: want what torch.save writes, or safetensors", size, head[:min(len(head), 9)])
}

// isText tells whether the beginning of a file is UTF-8 without control characters
// other than white space.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && len(head) >= utf8.UTFMax || r < ' ' && !unicode.IsSpace(r) {
			return false
		}
		head = head[n:]
	}
	return true
}

// IsCheckpointName tells whether a file's name has an extension of checkpoints, such as
// .pt.
func IsCheckpointName(name string) bool {
	return slices.Contains([]string{".pt", ".pth", ".safetensors", ".bin", ".ckpt", ".tar"}, path.Ext(name))
}

// folderError returns the error of a folder. It names the checkpoints in the folder
// that the user could have meant.
func folderError(f fs.File) error {
	const what = "is a folder, want a .pt or .safetensors file"
	folder, ok := f.(fs.ReadDirFile)
	if !ok {
		return errors.New(what)
	}
	entries, err := folder.ReadDir(1 << 10) // more entries would not be printed
	if err != nil && len(entries) == 0 {
		return errors.New(what)
	}
	var names []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == pickleName:
			return errors.New("is a folder with the parts of what torch.save wrote: want them in one .pt file, as zip -0 -r makes it")
		case IsCheckpointName(name):
			names = append(names, Printable(name))
		}
	}
	if len(names) == 0 {
		return errors.New(what)
	}
	slices.Sort(names)
	return fmt.Errorf("%s, such as its %s", what, strings.Join(names[:min(maxListed, len(names))], ", "))
}

// members lists kinds of zip archives that are not a plain checkpoint of torch.save. An
// archive is of a kind if the name of one of its members ends in end.
var members = []struct{ end, what, remedy string }{
	{"/constants.pkl", "TorchScript, a program with its weights", "in Python, torch.save(torch.jit.load(file).state_dict(), \"weights.pt\") writes the weights alone"},
	{"/archive_format", "a program of torch.export with its weights", save},
	{"serialized_exported_program.json", "a program of torch.export with its weights", save},
	{"/.data/extern_modules", "a package of torch.package", save},
	{".npy", "arrays of NumPy", save},
	{".h5", "a model of Keras", save},
}

// foreignArchive returns an error that names the kind of a zip archive that torch.save
// did not write. It returns nil if no member of the archive tells a kind.
func foreignArchive(files []*zip.File) error {
	for _, m := range members {
		if slices.ContainsFunc(files, func(f *zip.File) bool { return strings.HasSuffix(f.Name, m.end) }) {
			return fmt.Errorf("is a zip archive of %s: %s", m.what, m.remedy)
		}
	}
	return nil
}

// noPickle returns the error of a zip archive without torch.save's pickle. It lists
// members that the archive has instead.
func noPickle(files []*zip.File) error {
	var names []string
	for _, f := range files {
		if IsCheckpointName(f.Name) {
			return fmt.Errorf("is a zip archive with %.40q in it: %s", f.Name, unpack)
		}
		names = append(names, Printable(f.Name))
	}
	has := "nothing"
	if len(names) > 0 {
		has = strings.Join(names[:min(maxListed, len(names))], ", ")
	}
	if more := len(names) - maxListed; more > 0 {
		has += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("is a zip archive without the data.pkl of torch.save: it has %s", has)
}
