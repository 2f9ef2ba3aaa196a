// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A Ref names a checkpoint on a hub.
type Ref struct {
	Repo     string // owner and name, such as "timm/efficientvit_b1.r224_in1k"
	Revision string // branch, tag or commit, "main" unless given
	File     string // path in the repository, with slashes, empty for the only checkpoint
}

// schemes are the prefixes that a name may have: the prefix of Python's paths, and
// timm's two.
var schemes = []string{"hf://", "hf-hub:", "hf_hub:"}

// shortEndpoint is the host of the short addresses of the public hub.
const shortEndpoint = "https://hf.co"

// pages are the kinds of pages of a model. In an address, the kind stands between the
// model's name and the revision.
var pages = []string{"tree", "blob", "resolve", "raw", "commit", "commits"}

var (
	component = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	commitID  = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// Certain reports whether a name cannot be a path on disk: it begins with hf://,
// hf-hub: or hf_hub:, or it is an http or https address.
func Certain(name string) bool {
	_, scheme := cutScheme(name)
	return scheme || strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

func cutScheme(name string) (rest string, found bool) {
	for _, scheme := range schemes {
		if rest, found = strings.CutPrefix(name, scheme); found {
			return rest, true
		}
	}
	return name, false
}

// Parse reads "owner/name" and "owner/name@revision". A file may follow either as
// "/file", as in Python's hf:// paths. A slash in a revision is written %2F. The prefix
// "hf://", or timm's "hf-hub:" or "hf_hub:", is allowed. Parse also reads the address
// of a model's page, and of the page of one of its revisions or files. The address may
// be on the public hub or on the hub of HF_ENDPOINT.
func Parse(name string) (Ref, error) {
	return parse(name, cmp.Or(os.Getenv("HF_ENDPOINT"), DefaultEndpoint), DefaultEndpoint, shortEndpoint)
}

func parse(name string, endpoints ...string) (Ref, error) {
	rest, _ := cutScheme(name)
	var ref Ref
	if page, ok := cutEndpoint(rest, endpoints); ok {
		ref = readPage(page)
	} else {
		ref = readName(rest)
	}
	owner, repo, _ := strings.Cut(ref.Repo, "/")
	valid := component.MatchString(owner) && component.MatchString(repo) && !strings.Contains(ref.Repo, "..") &&
		owner != "datasets" && owner != "spaces" && // names of other things than models
		validPath(ref.Revision) && !strings.Contains(ref.Revision, "%2F") && (ref.File == "" || validPath(ref.File))
	if !valid {
		return Ref{}, fmt.Errorf("hub: %.40q is no name of a model: want owner/name, owner/name@revision, either with /file behind it, or the address of its page on the Hugging Face hub", name)
	}
	return ref, nil
}

// readName reads owner/name@revision/file.
func readName(name string) Ref {
	owner, rest, _ := strings.Cut(name, "/")
	repo, file, hasFile := strings.Cut(rest, "/")
	repo, revision, hasRevision := strings.Cut(repo, "@")
	switch {
	case hasFile && file == "":
		return Ref{} // there is no file after the slash
	case !hasRevision:
		revision = "main"
	}
	return Ref{owner + "/" + repo, strings.ReplaceAll(revision, "%2F", "/"), file}
}

// cutEndpoint returns the path, still escaped, of an address on one of the hubs.
// "https://" may be left out before a host with a dot, because no owner has that name.
func cutEndpoint(address string, endpoints []string) (page string, ok bool) {
	bare := !strings.Contains(address, "://")
	if bare {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || bare && !strings.Contains(u.Host, ".") {
		return "", false
	}
	for _, endpoint := range endpoints {
		hub, err := url.Parse(endpoint)
		if err == nil && strings.EqualFold(u.Host, hub.Host) {
			return strings.CutPrefix(u.EscapedPath(), strings.TrimRight(hub.Path, "/")+"/")
		}
	}
	return "", false
}

// readPage reads the path of a page: owner/name, or owner/name/kind/revision/file,
// where the file is optional and kind is one of pages.
func readPage(page string) Ref {
	parts := strings.Split(strings.TrimRight(page, "/"), "/")
	for i, part := range parts {
		var err error
		if parts[i], err = url.PathUnescape(part); err != nil {
			return Ref{}
		}
	}
	switch {
	case len(parts) == 2:
		return Ref{parts[0] + "/" + parts[1], "main", ""}
	case len(parts) < 4 || !slices.Contains(pages, parts[2]):
		return Ref{}
	}
	revision, file := parts[3:4], parts[4:]
	if revision[0] == "refs" && len(file) >= 2 { // a revision such as refs/pr/1 has slashes
		revision, file = parts[3:6], parts[6:]
	}
	return Ref{parts[0] + "/" + parts[1], strings.Join(revision, "/"), strings.Join(file, "/")}
}

// String returns the name from which [Parse] makes the same Ref.
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

// validPath tells whether a path from a user or a hub stays inside the folder to which
// it is joined, on every system. The path must also fit on one line of an error.
func validPath(p string) bool {
	return p != "." && len(p) <= 255 && path.Clean(p) == p && filepath.IsLocal(filepath.FromSlash(p)) &&
		!strings.ContainsAny(p, `\:@`) && strings.IndexFunc(p, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// listed is the largest number of file names in an error.
const listed = 6

func list(files []string) string {
	text := strings.Join(files[:min(listed, len(files))], ", ")
	if more := len(files) - listed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// choose returns the wanted file of a repository. If want is empty, it returns
// model.safetensors, else the only other checkpoint. Several other checkpoints are an
// error.
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
