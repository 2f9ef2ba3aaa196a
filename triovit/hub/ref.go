// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A Ref names a checkpoint on a hub.
type Ref struct {
	Repo     string // owner and name: "timm/efficientvit_b1.r224_in1k"
	Revision string // branch, tag or commit; "main" unless given
	File     string // path in the repository with slashes; empty: its only checkpoint
}

// Scheme may stand before a name, to tell it from a path for certain.
const Scheme = "hf://"

var (
	component = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	commitID  = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// Parse reads "owner/name", "owner/name@revision" and either with "/file"
// behind it, the form of Python's hf:// paths. A slash in a revision is
// written %2F.
func Parse(name string) (Ref, error) {
	owner, rest, _ := strings.Cut(strings.TrimPrefix(name, Scheme), "/")
	repo, file, hasFile := strings.Cut(rest, "/")
	repo, revision, hasRevision := strings.Cut(repo, "@")
	if !hasRevision {
		revision = "main"
	}
	revision = strings.ReplaceAll(revision, "%2F", "/")
	valid := component.MatchString(owner) && component.MatchString(repo) && !strings.Contains(owner+repo, "..") &&
		validPath(revision) && (!hasFile || validPath(file))
	if !valid {
		return Ref{}, fmt.Errorf("hub: %.200q is no name of a model: want owner/name, owner/name@revision or either with /file behind it", name)
	}
	return Ref{Repo: owner + "/" + repo, Revision: revision, File: file}, nil
}

// String returns the name that [Parse] reads.
func (r Ref) String() string {
	s := r.Repo
	if r.Revision != "main" {
		s += "@" + strings.ReplaceAll(r.Revision, "/", "%2F")
	}
	if r.File != "" {
		s += "/" + r.File
	}
	return s
}

// validPath tells whether a path from a user or a hub stays inside the folder
// it is joined to, on every system, and on one line of an error.
func validPath(p string) bool {
	return p != "." && len(p) <= 255 && path.Clean(p) == p && filepath.IsLocal(filepath.FromSlash(p)) &&
		!strings.ContainsAny(p, `\:@`) && strings.IndexFunc(p, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// listed is how many names of files an error shows.
const listed = 6

func list(files []string) string {
	text := strings.Join(files[:min(listed, len(files))], ", ")
	if more := len(files) - listed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// choose returns the file of a repository that is meant: the given one, else
// model.safetensors, else the only other checkpoint.
func choose(files []string, want string) (string, error) {
	if want != "" {
		if !slices.Contains(files, want) {
			return "", fmt.Errorf("no file %s there: it has %s", want, list(files))
		}
		return want, nil
	}
	var checkpoints []string
	for _, file := range files {
		switch base := path.Base(file); {
		case file == "model.safetensors":
			return file, nil
		case path.Ext(base) == ".safetensors", path.Ext(base) == ".pt", path.Ext(base) == ".pth", base == "pytorch_model.bin":
			checkpoints = append(checkpoints, file)
		}
	}
	switch len(checkpoints) {
	case 1:
		return checkpoints[0], nil
	case 0:
		return "", fmt.Errorf("no checkpoint (.safetensors, .pt, .pth, pytorch_model.bin) among its %d files", len(files))
	}
	return "", fmt.Errorf("several checkpoints: put one behind the name with a slash: %s", list(checkpoints))
}
