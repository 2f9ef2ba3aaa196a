// SPDX-License-Identifier: Apache-2.0

//go:build darwin || linux

package hub

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFilledByAnother: a cache that this user cannot write is read, even if the hub
// answers. A file that the cache lacks is an error that says what to do. A token file
// that this user cannot read is no error.
func TestFilledByAnother(t *testing.T) {
	if dir := os.Getenv("TRIOVIT_TEST_HUB_DIR"); dir != "" { // this is the other user's process
		if os.Getuid() == 0 { // permissions do not bind root
			if err := syscall.Setuid(65534); err != nil {
				t.Fatal(err)
			}
		}
		endpoint := os.Getenv("HF_ENDPOINT")
		without(t)
		t.Setenv("HF_ENDPOINT", endpoint)
		t.Setenv("HF_HUB_CACHE", dir)
		t.Setenv("HF_TOKEN_PATH", filepath.Join(dir, "token"))
		c, err := FromEnvironment()
		if err != nil || c.Token != "" || !strings.Contains(c.login, "permission denied") {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := fetch(t, c, repo); err != nil {
			t.Error(err)
		}
		_, err = fetch(t, c, repo+"/config.json")
		wantError(t, err, "permission denied", "HF_HOME")
		return
	}
	dir, err := os.MkdirTemp("", "gotriovit-hub") // t.TempDir is in a folder for root only
	if err != nil {
		t.Fatal(err)
	}
	mode := func(mode fs.FileMode) {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if d.IsDir() {
				os.Chmod(path, mode)
			}
			return err
		})
	}
	defer os.RemoveAll(dir)
	defer mode(0o755)
	w := newWorld(t)
	c := &Client{Endpoint: w.hub.URL, Dir: dir}
	mustFetch(t, w, c, repo, "model.safetensors")
	if err := os.Remove(filepath.Join(c.folder(repo), "refs", "main")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("login"), 0); err != nil {
		t.Fatal(err)
	}
	mode(0o555)
	command := exec.Command(os.Args[0], "-test.run=^TestFilledByAnother$")
	command.Env = append(os.Environ(), "TRIOVIT_TEST_HUB_DIR="+dir, "HF_ENDPOINT="+w.hub.URL)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestPipes: no reader waits for a named pipe in the place of a token or of a branch's
// commit.
func TestPipes(t *testing.T) {
	home := without(t)
	pipe := filepath.Join(home, "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	t.Setenv("HF_TOKEN_PATH", pipe)
	c, err := FromEnvironment()
	if err != nil || c.Token != "" || !strings.Contains(c.login, pipe+": a named pipe") {
		t.Errorf("%+v, %v, want no token and why", c, err)
	}
	c = &Client{Dir: home}
	ref := filepath.Join(c.folder(repo), "refs", "main")
	if err := os.MkdirAll(filepath.Dir(ref), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(pipe, ref); err != nil {
		t.Fatal(err)
	}
	if path, err := c.cached(Ref{Repo: repo, Revision: "main"}); err == nil || !strings.Contains(err.Error(), "not in the cache") {
		t.Errorf("a pipe names the commit of %s: %v", path, err)
	}
}
