// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// DefaultEndpoint is the public hub.
const DefaultEndpoint = "https://huggingface.co"

// A Client fetches files from one hub into one folder. Several processes may use the
// folder at the same time.
type Client struct {
	Endpoint string // address of the hub
	Token    string // token that is sent to the endpoint only, or empty
	Dir      string // folder of the cache, in the layout of huggingface_hub
	Offline  bool   // only files in the cache are used, and no request is sent
	login    string // text that the error of a refusal prints after "token"
}

// MaxSize is the largest size of a file in bytes. Package weights reads no larger file.
const MaxSize = 1 << 30

// Fetch returns the path of the checkpoint's file in the cache. It downloads the file
// first if the cache does not have the revision's current commit. If the hub cannot be
// reached, Fetch uses the commit that the cache stored last for this revision. An error
// names the checkpoint in one line.
func (c *Client) Fetch(ctx context.Context, ref Ref) (string, error) {
	if same, err := Parse(ref.String()); err != nil || same != ref { // the reference was not made by Parse
		return "", fmt.Errorf("hub: %+v names no checkpoint", ref)
	}
	path, err := c.fetch(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("hub: %s: %w", ref, err)
	}
	return path, nil
}

func (c *Client) fetch(ctx context.Context, ref Ref) (string, error) {
	path, absent := c.cached(ref)
	switch {
	case absent == nil && (c.Offline || commitID.MatchString(ref.Revision) && ref.File != ""): // only the hub knows which file is the only checkpoint
		return path, nil
	case c.Offline:
		return "", fmt.Errorf("%w, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set: unset it, or give the path of a checkpoint instead of its name", absent)
	}
	commit, files, err := c.info(ctx, ref)
	var gone *unreachable
	switch {
	case errors.As(err, &gone) && absent == nil:
		return path, nil
	case errors.As(err, &gone):
		return "", fmt.Errorf("%s, and %w: set HF_ENDPOINT to a hub that can be reached, or HF_HOME to a filled cache, or give the path of a checkpoint", gone, absent)
	case err != nil:
		return "", err
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	name, err := choose(names, ref.File)
	if err != nil {
		return "", err
	}
	f := files[slices.Index(names, name)]
	if err := f.check(); err != nil {
		return "", err
	}
	path, err = c.store(ctx, ref, commit, f)
	if errors.As(err, &gone) {
		return "", fmt.Errorf("%w: the same call goes on from there", gone)
	}
	return path, err
}

// A file of a repository.
type file struct {
	name string // path with slashes
	size int64  // size in bytes
	sum  string // SHA-256 of a large file, git's SHA-1 of a small one, in hexadecimal digits
}

var checksum = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (f file) check() error {
	switch {
	case f.size <= 0 || f.size > MaxSize:
		return fmt.Errorf("%s has %d bytes: allowed are 1 to %d", f.name, f.size, MaxSize)
	case !checksum.MatchString(f.sum):
		return fmt.Errorf("the hub gives %.80q as the checksum of %s: want 40 or 64 hexadecimal digits", f.sum, f.name)
	}
	return nil
}

// info asks the hub for the commit of a revision and for the files of that commit.
func (c *Client) info(ctx context.Context, ref Ref) (commit string, files []file, err error) {
	address := c.Endpoint + "/api/models/" + ref.Repo + "/revision/" + url.PathEscape(ref.Revision) + "?blobs=true"
	response, err := c.get(ctx, address, 0)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", nil, c.refusal(response, ref)
	}
	commit, files, ok := parseInfo(response.Body)
	if !ok {
		return "", nil, fmt.Errorf("%s does not answer as a hub does: check HF_ENDPOINT", c.Endpoint)
	}
	return commit, files, nil
}

// parseInfo reads a hub's answer about a revision. It leaves out files whose names lead
// out of a folder.
func parseInfo(r io.Reader) (commit string, files []file, ok bool) {
	var answer struct {
		SHA      string
		Siblings []struct {
			Rfilename string
			Size      int64
			BlobID    string
			LFS       *struct {
				SHA256 string
				Size   int64
			}
		}
	}
	err := json.NewDecoder(io.LimitReader(r, 16<<20)).Decode(&answer)
	if err != nil || !commitID.MatchString(answer.SHA) {
		return "", nil, false
	}
	for _, s := range answer.Siblings {
		f := file{s.Rfilename, s.Size, s.BlobID}
		if s.LFS != nil {
			f.size, f.sum = s.LFS.Size, s.LFS.SHA256
		}
		if validPath(f.name) {
			files = append(files, f)
		}
	}
	return answer.SHA, files, true
}

// refusal returns a one-line error that says why a hub refused a request.
func (c *Client) refusal(response *http.Response, ref Ref) error {
	status, code := response.StatusCode, response.Header.Get("X-Error-Code")
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return &unreachable{fmt.Errorf("%s answers %q", c.Endpoint, response.Status)}
	case code == "GatedRepo" && c.Token != "":
		return fmt.Errorf("the model is gated: accept its terms on its page, as the owner of the token%s", c.login)
	case code == "GatedRepo":
		return fmt.Errorf("the model is gated: accept its terms on its page, then set HF_TOKEN or run hf auth login for a token%s", c.login)
	case code == "RevisionNotFound":
		return fmt.Errorf("no revision %s there", ref.Revision)
	case code == "EntryNotFound":
		return fmt.Errorf("no such file there")
	case (status == http.StatusUnauthorized || status == http.StatusForbidden) && c.Token != "":
		return fmt.Errorf("%s does not let the token%s read it: check the name and the token", c.Endpoint, c.login)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("%s knows no public model of this name: check it, or for a private one set HF_TOKEN or run hf auth login for a token%s", c.Endpoint, c.login)
	case status == http.StatusNotFound:
		return fmt.Errorf("%s knows no model of this name", c.Endpoint)
	}
	return fmt.Errorf("%s answers %q", c.Endpoint, response.Status)
}

// unreachable is the error of a hub that gave no answer, because the network failed or
// the hub is busy.
type unreachable struct{ err error }

func (u *unreachable) Error() string { return u.err.Error() }

// get requests the content at an address, starting at the byte from.
func (c *Client) get(ctx context.Context, address string, from int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("HF_ENDPOINT=%s: %w", c.Endpoint, err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	response, err := (&http.Client{Transport: &authorized{c.Endpoint, c.Token}}).Do(request)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		var wrapped *url.Error // the error has the address, with a redirect's signature
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, &unreachable{fmt.Errorf("no connection to %s (%w)", c.Endpoint, err)}
	}
	return response, nil
}

// authorized adds the token to requests to the endpoint only. If http.Client held the
// header, it would also send the header to subdomains and other ports.
type authorized struct{ endpoint, token string }

func (a *authorized) RoundTrip(request *http.Request) (*http.Response, error) {
	if home, err := url.Parse(a.endpoint); err == nil && a.token != "" &&
		request.URL.Scheme == home.Scheme && request.URL.Host == home.Host {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	return transport.RoundTrip(request)
}

// transport stops waiting for a host that does not answer within these times.
var transport = &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	TLSHandshakeTimeout:   10 * time.Second,
	ResponseHeaderTimeout: 30 * time.Second,
	IdleConnTimeout:       30 * time.Second,
	ForceAttemptHTTP2:     true,
}
