// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/internal/hostile"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// A world is a hub and the host to which it redirects downloads of large files.
type world struct {
	hub, cdn *httptest.Server
	mu       sync.Mutex
	files    map[string][]byte
	sums     map[string]string // checksums announced in place of the right ones
	sizes    map[string]int64
	cuts     []int    // number of bytes after which each of the next downloads is cut
	ranges   []string // the Range headers of the downloads, in order
	token    string   // if set, the hub answers 401 to a request without it
	status   int      // if set, the hub's answer to every request
	code     string
	noRanges bool
	leaks    int // number of Authorization headers that reached the other host
}

const repo = "timm/efficientvit_b1.r224_in1k"

func newWorld(t *testing.T) *world {
	w := &world{
		files: map[string][]byte{"model.safetensors": bytes.Repeat([]byte("0123456789abcdef"), 20_000), "config.json": []byte("{}")},
		sums:  map[string]string{}, sizes: map[string]int64{},
	}
	w.hub, w.cdn = httptest.NewServer(http.HandlerFunc(w.serveHub)), httptest.NewServer(http.HandlerFunc(w.serveFile))
	t.Cleanup(w.hub.Close)
	t.Cleanup(w.cdn.Close)
	return w
}

// large files are kept by their SHA-256, others by git's id.
func large(name string) bool { return name == "model.safetensors" }

func sum(name string, data []byte) string {
	if large(name) {
		s := sha256.Sum256(data)
		return hex.EncodeToString(s[:])
	}
	s := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(s[:])
}

func (w *world) serveHub(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	status, code := w.status, w.code
	if w.token != "" && r.Header.Get("Authorization") != "Bearer "+w.token {
		status, code = http.StatusUnauthorized, "RepoNotFound"
	}
	w.mu.Unlock()
	if status != 0 {
		out.Header().Set("X-Error-Code", code)
		out.WriteHeader(status)
		return
	}
	path, renamed := strings.CutPrefix(r.URL.Path, "/api/models/old/name")
	if renamed { // the redirect is relative, with the query
		http.Redirect(out, r, "/api/models/"+repo+path+"?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		return
	}
	if revision, ok := strings.CutPrefix(r.URL.Path, "/api/models/"+repo+"/revision/"); ok {
		if revision != "main" && revision != commit && revision != "refs/pr/1" {
			out.Header().Set("X-Error-Code", "RevisionNotFound")
			out.WriteHeader(http.StatusNotFound)
			return
		}
		w.serveInfo(out, r.URL.Query().Get("blobs") == "true")
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/"+repo+"/resolve/"+commit+"/")
	if !ok {
		name, ok = strings.CutPrefix(r.URL.Path, "/old/name/resolve/"+commit+"/")
	}
	switch {
	case !ok:
		out.Header().Set("X-Error-Code", "RepoNotFound")
		out.WriteHeader(http.StatusNotFound)
	case large(name):
		http.Redirect(out, r, w.cdn.URL+"/"+name+"?signature=secret", http.StatusFound)
	default:
		http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(w.files[name]))
	}
}

func (w *world) serveInfo(out http.ResponseWriter, blobs bool) {
	type object = map[string]any
	var siblings []object
	for name, data := range w.files {
		s := object{"rfilename": name}
		if blobs {
			size, digest := int64(len(data)), sum(name, data)
			if other, ok := w.sums[name]; ok {
				digest = other
			}
			if other, ok := w.sizes[name]; ok {
				size = other
			}
			s["size"], s["blobId"] = size, digest
			if large(name) {
				s["blobId"], s["lfs"] = strings.Repeat("0", 40), object{"sha256": digest, "size": size, "pointerSize": 134}
			}
		}
		siblings = append(siblings, s)
	}
	json.NewEncoder(out).Encode(object{"sha": commit, "siblings": siblings})
}

func (w *world) serveFile(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	if r.Header.Get("Authorization") != "" {
		w.leaks++
	}
	w.ranges = append(w.ranges, r.Header.Get("Range"))
	data, cut := w.files[strings.TrimPrefix(r.URL.Path, "/")], -1
	if len(w.cuts) > 0 {
		cut, w.cuts = w.cuts[0], w.cuts[1:]
	}
	if w.noRanges {
		r.Header.Del("Range")
	}
	w.mu.Unlock()
	if cut >= 0 {
		out = &cutter{out, cut}
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(data))
}

// cutter is a ResponseWriter that breaks the connection after some bytes of the body.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (w *world) client(t *testing.T) *Client {
	return &Client{Endpoint: w.hub.URL, Dir: t.TempDir()}
}

func fetch(t *testing.T, c *Client, name string) (string, error) {
	t.Helper()
	ref, err := Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return c.Fetch(t.Context(), ref)
}

// mustFetch fetches a checkpoint and checks its contents.
func mustFetch(t *testing.T, w *world, c *Client, name, file string) string {
	t.Helper()
	path, err := fetch(t, c, name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, w.files[file]) {
		t.Fatalf("%s: %d bytes, want the %d of %s (%v)", path, len(got), len(w.files[file]), file, err)
	}
	return path
}

// TestLayout: files lie where huggingface_hub looks for them.
func TestLayout(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	root := filepath.Join(c.Dir, "models--timm--efficientvit_b1.r224_in1k")
	if path := mustFetch(t, w, c, repo, "model.safetensors"); path != filepath.Join(root, "snapshots", commit, "model.safetensors") {
		t.Errorf("lies at %s", path)
	}
	mustFetch(t, w, c, repo+"@refs%2Fpr%2F1/config.json", "config.json")
	for name, want := range map[string]string{
		"refs/main":      commit,
		"refs/refs/pr/1": commit,
		"blobs/" + sum("model.safetensors", w.files["model.safetensors"]): string(w.files["model.safetensors"]),
		"blobs/" + sum("config.json", w.files["config.json"]):             "{}",
	} {
		if got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if target, err := os.Readlink(filepath.Join(root, "snapshots", commit, "config.json")); err != nil || filepath.IsAbs(target) {
		t.Errorf("the snapshot's link leads to %q (%v): the cache cannot be moved", target, err)
	}
	mustFetch(t, w, c, repo, "model.safetensors")
	if len(w.ranges) != 1 {
		t.Errorf("downloaded %d times", len(w.ranges))
	}
}

// TestRedirects: a renamed model is found, and the token is sent to the hub only.
func TestRedirects(t *testing.T) {
	w := newWorld(t)
	w.token = "secret"
	c := w.client(t)
	c.Token = "secret"
	mustFetch(t, w, c, "old/name", "model.safetensors")
	if len(w.ranges) != 1 || w.leaks != 0 {
		t.Errorf("%d downloads, %d with the token", len(w.ranges), w.leaks)
	}
}

func TestInterrupted(t *testing.T) {
	for _, test := range []struct {
		name     string
		cuts     []int
		noRanges bool
		left     int // number of bytes that an earlier process left
		wrong    bool
		want     []string
	}{
		{name: "cut twice", cuts: []int{100_000, 50_000}, want: []string{"", "bytes=100000-", "bytes=150000-"}},
		{name: "without ranges", cuts: []int{100_000}, noRanges: true, want: []string{"", "bytes=100000-"}},
		{name: "another process's part", left: 1000, want: []string{"bytes=1000-"}},
		{name: "another process's whole", left: 320_000},
		{name: "too long a part", left: 320_001, want: []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.cuts, w.noRanges = test.cuts, test.noRanges
			c, data := w.client(t), w.files["model.safetensors"]
			if test.left > 0 {
				blobs := filepath.Join(c.folder(repo), "blobs")
				os.MkdirAll(blobs, 0o777)
				part := append(bytes.Clone(data), 0)[:test.left]
				if err := os.WriteFile(filepath.Join(blobs, sum("model.safetensors", data)+".incomplete"), part, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			mustFetch(t, w, c, repo, "model.safetensors")
			if fmt.Sprint(w.ranges) != fmt.Sprint(test.want) {
				t.Errorf("asked for %q, want %q", w.ranges, test.want)
			}
		})
	}
}

// TestGivesUp: a download gives up after three connections without a byte. The bytes
// received before are kept for the next call.
func TestGivesUp(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	w.cuts = []int{70_000, 0, 0, 0}
	_, err := fetch(t, c, repo)
	wantError(t, err, "70000 of 320000 bytes", "goes on from there")
	w.ranges = nil
	mustFetch(t, w, c, repo, "model.safetensors")
	if fmt.Sprint(w.ranges) != "[bytes=70000-]" {
		t.Errorf("asked for %q", w.ranges)
	}
}

// TestCancelled: a cancelled download returns the context's error, and the file gets no
// name in a snapshot.
func TestCancelled(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	done, data := make(chan struct{}), w.files["model.safetensors"]
	defer close(done)
	w.cdn.Config.Handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Write(data[:1<<16])
		out.(http.Flusher).Flush()
		cancel()
		<-done
	})
	ref, err := Parse(repo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Fetch(ctx, ref); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "signature") {
		t.Errorf("error %v", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(c.Dir, "*", "snapshots", "*", "*")); len(kept) > 0 {
		t.Errorf("the cache has %s", kept)
	}
}

func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, word := range append(words, repo) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error of several lines, or with a secret: %q", err)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name, ref string
		spoil     func(w *world, c *Client)
		want      []string
	}{
		{"401", repo, func(w *world, c *Client) { w.token = "secret" }, []string{"HF_TOKEN", "no public model"}},
		{"401 with a token", repo, func(w *world, c *Client) { w.token, c.Token = "secret", "other" }, []string{"does not let the token read it"}},
		{"403 gated", repo, func(w *world, c *Client) { w.status, w.code = 403, "GatedRepo" }, []string{"gated", "HF_TOKEN"}},
		{"404", repo, func(w *world, c *Client) { w.status, w.code = 404, "RepoNotFound" }, []string{"knows no model"}},
		{"no revision", repo + "@v9", nil, []string{"no revision v9"}},
		{"no file", repo + "/b1.pt", nil, []string{"no file b1.pt", "model.safetensors"}},
		{"busy", repo, func(w *world, c *Client) { w.status = 503 }, []string{"503", "HF_ENDPOINT", "HF_HOME"}},
		{"no hub", repo, func(w *world, c *Client) { w.hub.Config.Handler = http.NotFoundHandler() }, []string{"knows no model"}},
		{"another server", repo, func(w *world, c *Client) {
			w.hub.Config.Handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, "<html>") })
		}, []string{"HF_ENDPOINT"}},
		{"no network", repo, func(w *world, c *Client) { w.hub.Close() }, []string{"no connection", "HF_ENDPOINT", "HF_HOME", "path of a checkpoint"}},
		{"no other host", repo, func(w *world, c *Client) { w.cdn.Close() }, []string{"no connection", "0 of 320000 bytes"}},
		{"endpoint", repo, func(w *world, c *Client) { c.Endpoint = "::" }, []string{"HF_ENDPOINT"}},
		{"checksum", repo, func(w *world, c *Client) { w.sums["model.safetensors"] = strings.Repeat("a", 64) }, []string{"checksum", "aaaa"}},
		{"git's checksum", repo + "/config.json", func(w *world, c *Client) { w.sums["config.json"] = strings.Repeat("b", 40) }, []string{"checksum", "bbbb"}},
		{"no checksum", repo, func(w *world, c *Client) { w.sums["model.safetensors"] = "../../../x" }, []string{"checksum", "../../../x"}},
		{"too large", repo, func(w *world, c *Client) { w.sizes["model.safetensors"] = 1 << 40 }, []string{"1099511627776 bytes", "1073741824"}},
		{"more than announced", repo, func(w *world, c *Client) { w.sizes["model.safetensors"] = 1000 }, []string{"more than the 1000 bytes"}},
		{"less than announced", repo, func(w *world, c *Client) { w.sizes["model.safetensors"] = 320_001 }, []string{"ends after 320000 bytes", "320001"}},
		{"paths that lead out", repo + "/x.pt", func(w *world, c *Client) {
			w.files = map[string][]byte{"../x.pt": nil, "/x.pt": nil, "a\nb.pt": nil, "y.pt": nil}
		}, []string{"it has y.pt"}},
		{"offline", repo, func(w *world, c *Client) { c.Offline = true }, []string{"HF_HUB_OFFLINE", "not in the cache", "path of a checkpoint"}},
		{"folder", repo, func(w *world, c *Client) {
			file := filepath.Join(c.Dir, "file")
			os.WriteFile(file, nil, 0o666)
			c.Dir = file
		}, []string{"HF_HOME"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			c := w.client(t)
			if test.spoil != nil {
				test.spoil(w, c)
			}
			path, err := fetch(t, c, test.ref)
			if err == nil {
				t.Fatalf("no error but %s", path)
			}
			wantError(t, err, test.want...)
			if kept, _ := filepath.Glob(filepath.Join(c.Dir, "*", "snapshots", "*", "*")); len(kept) > 0 {
				t.Errorf("the cache has %s", kept)
			}
		})
	}
}

// TestWithoutNetwork: the files in the cache are used if the client is offline or the
// hub does not answer. A commit in the cache needs no request.
func TestWithoutNetwork(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	mustFetch(t, w, c, repo, "model.safetensors")
	w.hub.Close()
	mustFetch(t, w, c, repo, "model.safetensors")
	mustFetch(t, w, c, repo+"@"+commit+"/model.safetensors", "model.safetensors")
	c.Offline = true
	mustFetch(t, w, c, repo, "model.safetensors")
	_, err := fetch(t, c, repo+"/config.json")
	wantError(t, err, "config.json", "HF_HUB_OFFLINE")
}

// TestFileIsTheHubs: earlier downloads do not change which file a name without a file
// means.
func TestFileIsTheHubs(t *testing.T) {
	w := newWorld(t)
	w.files["b1.pt"] = []byte("other weights")
	c := w.client(t)
	mustFetch(t, w, c, repo+"@"+commit+"/b1.pt", "b1.pt")
	mustFetch(t, w, c, repo+"@"+commit, "model.safetensors")
}

// TestHandMadeRef: a Ref that Parse would refuse is an error.
func TestHandMadeRef(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	mustFetch(t, w, c, repo, "model.safetensors")
	if err := os.WriteFile(filepath.Join(c.Dir, "outside"), []byte(commit), 0o666); err != nil {
		t.Fatal(err)
	}
	c.Offline = true
	for _, ref := range []Ref{{}, {Repo: repo}, {"a/../" + repo, "main", ""}, {repo, "../../outside", ""}, {repo, "main", "../../x.pt"}, {repo, "main", "/x.pt"}} {
		if path, err := c.Fetch(t.Context(), ref); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v is %s (%v)", ref, path, err)
		}
	}
}

// TestLockIsSharedAsTheFilesAre: a user who may read a model may also lock it.
func TestLockIsSharedAsTheFilesAre(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	mustFetch(t, w, c, repo, "model.safetensors")
	name := sum("model.safetensors", w.files["model.safetensors"])
	blob, err := os.Stat(filepath.Join(c.folder(repo), "blobs", name))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.Stat(filepath.Join(c.Dir, ".locks", filepath.Base(c.folder(repo)), name+".lock"))
	if err != nil || lock.Mode() != blob.Mode() {
		t.Errorf("mode %v of the lock (%v), %v of the file", lock.Mode(), err, blob.Mode())
	}
}

// TestPythonCache: files in a cache that huggingface_hub filled are found.
func TestPythonCache(t *testing.T) {
	home := without(t)
	t.Setenv("HF_HOME", home)
	t.Setenv("HF_HUB_OFFLINE", "1")
	root := filepath.Join(home, "hub", "models--mit-han-lab--efficientvit-seg")
	for name, data := range map[string]string{"blobs/abc": "weights", "refs/main": commit, "snapshots/" + commit + "/.keep": ""} {
		path := filepath.Join(root, filepath.FromSlash(name))
		os.MkdirAll(filepath.Dir(path), 0o777)
		if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../blobs/abc", filepath.Join(root, "snapshots", commit, "b0.pt")); err != nil {
		t.Skip(err)
	}
	c, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	path, err := fetch(t, c, "mit-han-lab/efficientvit-seg")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "weights" {
		t.Errorf("%s: %q, %v", path, data, err)
	}
}

// TestAtOnce: several goroutines and processes that want the same file download it
// once.
func TestAtOnce(t *testing.T) {
	if dir := os.Getenv("TRIOVIT_TEST_HUB_DIR"); dir != "" { // this is the other process
		ref, _ := Parse(repo)
		if _, err := (&Client{Endpoint: os.Getenv("HF_ENDPOINT"), Dir: dir}).Fetch(context.Background(), ref); err != nil {
			t.Fatal(err)
		}
		return
	}
	w := newWorld(t)
	c := w.client(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := fetch(t, c, repo); err != nil {
				t.Error(err)
			}
		})
	}
	for range 2 {
		group.Go(func() {
			command := exec.Command(os.Args[0], "-test.run=^TestAtOnce$")
			command.Env = append(os.Environ(), "TRIOVIT_TEST_HUB_DIR="+c.Dir, "HF_ENDPOINT="+w.hub.URL)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	group.Wait()
	if len(w.ranges) != 1 {
		t.Errorf("downloaded %d times", len(w.ranges))
	}
	mustFetch(t, w, c, repo, "model.safetensors")
}

// FuzzParseInfo: commits and names from any answer of a hub stay below the folder to
// which they are joined. A file that passes its check has a valid size and checksum.
func FuzzParseInfo(f *testing.F) {
	f.Add([]byte(`{"sha":"` + commit + `","siblings":[{"rfilename":"a/b.pt","size":2,"blobId":"` + commit + `"}]}`))
	f.Add([]byte(`{"sha":"` + commit + `","siblings":[{"rfilename":"../b.pt","lfs":{"sha256":"..","size":-1}}]}`))
	f.Add([]byte(`{"sha":"../..","siblings":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var id string
		var files []file
		var ok bool
		hostile.Read(t, len(data), func() error { id, files, ok = parseInfo(bytes.NewReader(data)); return nil })
		if !ok {
			return
		}
		for _, f := range files {
			path := filepath.Join("root", id, filepath.FromSlash(f.name))
			if !strings.HasPrefix(path, filepath.Join("root", id)+string(filepath.Separator)) {
				t.Errorf("%q leads to %s", f.name, path)
			}
			if f.check() == nil && (f.size < 1 || f.size > MaxSize || strings.Trim(f.sum, "0123456789abcdef") != "") {
				t.Errorf("%+v is accepted", f)
			}
		}
	})
}
