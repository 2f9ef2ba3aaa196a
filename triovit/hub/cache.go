// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/internal/regular"
)

// folder returns the folder in which the cache stores a repository.
func (c *Client) folder(repo string) string {
	return filepath.Join(c.Dir, "models--"+strings.ReplaceAll(repo, "/", "--"))
}

func (c *Client) snapshot(repo, commit string) string {
	return filepath.Join(c.folder(repo), "snapshots", commit)
}

// cached returns the path of a checkpoint that is already in the cache.
func (c *Client) cached(ref Ref) (string, error) {
	commit := ref.Revision
	if !commitID.MatchString(commit) {
		data, err := regular.Read(filepath.Join(c.folder(ref.Repo), "refs", filepath.FromSlash(commit)), maxText)
		if err != nil {
			return "", fmt.Errorf("not in the cache %s", c.Dir)
		}
		if commit = strings.TrimSpace(string(data)); !commitID.MatchString(commit) {
			return "", fmt.Errorf("the cache %s names no commit for %s", c.Dir, ref.Revision)
		}
	}
	root := c.snapshot(ref.Repo, commit)
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if _, gone := os.Stat(path); gone == nil { // the link's target exists
			files = append(files, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("not in the cache %s", c.Dir)
	}
	file, err := choose(files, ref.File)
	if err != nil {
		return "", fmt.Errorf("in the cache %s: %w", c.Dir, err)
	}
	return filepath.Join(root, filepath.FromSlash(file)), nil
}

// store downloads a file unless the cache has it, and returns its path. Another user
// may have filled the cache; then this user may be allowed only to read it.
func (c *Client) store(ctx context.Context, ref Ref, commit string, f file) (string, error) {
	folder, path := c.folder(ref.Repo), filepath.Join(c.snapshot(ref.Repo, commit), filepath.FromSlash(f.name))
	if info, err := os.Stat(path); err != nil || info.Size() != f.size {
		err := c.place(ctx, ref, commit, f, path)
		var unwritten *fs.PathError
		if errors.As(err, &unwritten) {
			return "", fmt.Errorf("%w (set HF_HOME to a folder that can be written)", err)
		} else if err != nil {
			return "", err
		}
	}
	if ref.Revision == commit {
		return path, nil
	}
	err := writeRef(filepath.Join(folder, "refs", filepath.FromSlash(ref.Revision)), commit)
	if errors.Is(err, fs.ErrPermission) {
		return path, nil
	}
	return path, err
}

// place downloads a file and links it into its snapshot at path.
func (c *Client) place(ctx context.Context, ref Ref, commit string, f file, path string) error {
	folder := c.folder(ref.Repo)
	blob := filepath.Join(folder, "blobs", f.sum)
	locks := filepath.Join(c.Dir, ".locks", filepath.Base(folder))
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(blob), locks} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	// The lock is huggingface_hub's own lock, so that Python waits for it too. Other
	// users wait for it if the umask lets them open the file.
	lock := flock.New(filepath.Join(locks, f.sum+".lock"), flock.SetPermissions(0o666))
	over := progress.Waiting(func() string { return "wait for another download of " + f.name })
	_, err := lock.TryLockContext(ctx, 100*time.Millisecond)
	over()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("wait for another download of %s: %w", f.name, err)
	}
	defer lock.Close()
	if info, err := os.Stat(blob); err != nil || info.Size() != f.size {
		incomplete := blob + ".incomplete"
		if err := c.download(ctx, ref, commit, f, incomplete); err != nil {
			return err
		}
		if err := verify(incomplete, f); err != nil {
			os.Remove(incomplete)
			return err
		}
		if err := os.Rename(incomplete, blob); err != nil {
			return err
		}
	}
	return link(blob, path)
}

// verify compares a file's checksum with the hub's. The checksum of a large file is its
// SHA-256. The checksum of a small file is the id of its git blob.
func verify(path string, f file) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	h := sha256.New()
	if len(f.sum) == 2*sha1.Size {
		h = sha1.New()
		fmt.Fprintf(h, "blob %d\x00", f.size)
	}
	if _, err := io.Copy(h, in); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.sum {
		return fmt.Errorf("%s was damaged on its way: its checksum is %s, the hub's %s: try again", f.name, got, f.sum)
	}
	return nil
}

// link gives a blob its name in a snapshot. The name is a symbolic link, or a hard link
// on a system that allows no symbolic one.
func link(blob, path string) error {
	target, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // a broken link is removed
		return err
	}
	if os.Symlink(target, path) == nil {
		return nil
	}
	return os.Link(blob, path)
}

// writeRef stores the commit of a branch or tag. It replaces the file atomically.
func writeRef(path, commit string) error {
	if old, err := regular.Read(path, maxText); err == nil && string(old) == commit {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return atomicfile.WriteData(path, []byte(commit))
}
