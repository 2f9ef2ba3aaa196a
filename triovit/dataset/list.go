// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/internal/regular"
)

// Litter reports whether a file or folder has a name of those that operating systems
// and tools leave in folders. It may be a hidden file, such as macOS's ._ files and
// .ipynb_checkpoints, or a file that Windows, an archive program or a network drive
// makes. Data sets ignore such files.
func Litter(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(litter, strings.ToLower(name))
}

var litter = []string{
	"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",
	"__macosx", "icon\r", "@eadir", "#recycle", "lost+found", "__pycache__",
}

// The extensions of the pictures that are read, and of pictures in other formats. The
// other formats are errors, because a user who has such pictures would miss them.
var (
	readable   = []string{".png", ".jpg", ".jpeg"}
	unreadable = []string{".avif", ".bmp", ".gif", ".heic", ".jfif", ".jp2", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
)

func endsAs(name string, endings []string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// walk visits the files below a folder at any depth, in the order of their names. It
// passes each file's path below the folder, with slashes. It follows links and leaves
// out litter. If visit returns [fs.SkipAll], the walk ends without an error.
func walk(dir string, visit func(id string, info fs.FileInfo) error) error {
	info, err := os.Stat(dir)
	if err == nil {
		err = walkBelow(dir, "", []fs.FileInfo{info}, visit)
	}
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

// walkBelow visits the files of the folder below, which is relative to dir. The folders
// from dir down to it are above; a link to one of them is a loop.
func walkBelow(dir, below string, above []fs.FileInfo, visit func(string, fs.FileInfo) error) error {
	found, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(below)))
	if err != nil {
		return err
	}
	for _, file := range found {
		if Litter(file.Name()) {
			continue
		}
		id := path.Join(below, file.Name())
		full := filepath.Join(dir, filepath.FromSlash(id))
		info, err := os.Stat(full) // Stat follows links
		switch {
		case err != nil:
			return err
		case !info.IsDir():
			err = visit(id, info)
		case slices.ContainsFunc(above, func(outer fs.FileInfo) bool { return os.SameFile(outer, info) }):
			return fmt.Errorf("%s: a link to a folder in which it lies", full)
		default:
			err = walkBelow(dir, id, append(above, info), visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// list returns the pictures below a folder at any depth, as paths below it with
// slashes. It also returns the other files, which are no pictures, such as a README. A
// picture in a format that is not read, or one that is no regular file, is an error.
func list(dir string) (pictures, others []string, err error) {
	err = walk(dir, func(id string, info fs.FileInfo) error {
		full := filepath.Join(dir, filepath.FromSlash(id))
		switch {
		case endsAs(id, unreadable):
			return fmt.Errorf("%s: no picture that is read, allowed are .png, .jpg and .jpeg files", full)
		case !endsAs(id, readable):
			others = append(others, id)
			return nil
		}
		pictures = append(pictures, id)
		return regular.Check(full, info)
	})
	return pictures, others, err
}

// FirstPicture returns the path of the first picture below a folder at any depth, in
// the order of the names of folders and files. A folder without pictures is an error.
func FirstPicture(dir string) (string, error) {
	first := ""
	err := walk(dir, func(id string, info fs.FileInfo) error {
		if !endsAs(id, readable) {
			return nil
		}
		first = filepath.Join(dir, filepath.FromSlash(id))
		if err := regular.Check(first, info); err != nil {
			return err
		}
		return fs.SkipAll
	})
	if err == nil && first == "" {
		err = fmt.Errorf("%s: no pictures", dir)
	}
	return first, err
}

// ClassFolders returns the names of the folders in a folder, sorted as text and without
// litter. Pictures beside the folders are an error, because they would have no class.
// Other files beside them, such as a README, are allowed.
func ClassFolders(dir string) ([]string, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var folders []string
	picture := ""
	for _, file := range found {
		if Litter(file.Name()) {
			continue
		}
		full := filepath.Join(dir, file.Name())
		info, err := os.Stat(full) // Stat follows links
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			folders = append(folders, file.Name())
		case endsAs(file.Name(), readable) || endsAs(file.Name(), unreadable):
			picture = full
		}
	}
	if picture != "" && len(folders) > 0 {
		return nil, fmt.Errorf("%s: a picture beside folders of pictures, such as %s", picture, folders[0])
	}
	return folders, nil
}

// some returns the first three names of a list as text for an error.
func some(names []string) string {
	const shown = 3
	text := strings.Join(names[:min(shown, len(names))], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
