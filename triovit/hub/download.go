// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gotriovit/gotriovit/internal/progress"
)

const (
	attempts = 3                // number of failed requests in a row after which download gives up
	idle     = 60 * time.Second // time without a byte after which the connection is cut
)

// download writes a file to path. It continues after the bytes that an earlier download
// left there.
func (c *Client) download(ctx context.Context, ref Ref, commit string, f file, path string) error {
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	segments := strings.Split(f.name, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	address := c.Endpoint + "/" + ref.Repo + "/resolve/" + commit + "/" + strings.Join(segments, "/")
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	bar := progress.New("download "+f.name+", MiB", int((f.size-min(have, f.size))>>20)+1)
	defer bar.Done()
	for failures := 0; have != f.size; {
		before := have
		have, err = c.part(ctx, address, ref, f, out, have, bar)
		var gone *unreachable
		switch {
		case err == nil:
			continue
		case !errors.As(err, &gone):
			return err
		case have > before:
			failures = 0
			continue
		}
		if failures++; failures == attempts {
			return &unreachable{fmt.Errorf("%w, after %d of %d bytes", gone.err, have, f.size)}
		}
		select {
		case <-time.After(time.Duration(failures-1) * time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return out.Sync()
}

// part makes one request and appends the received bytes to out, which has have bytes.
// It returns the new number of bytes. The error of a broken connection is
// [unreachable].
func (c *Client) part(ctx context.Context, address string, ref Ref, f file, out *os.File, have int64, bar *progress.Bar) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if have > f.size {
		have = 0
	}
	response, err := c.get(ctx, address, have)
	if err != nil {
		return have, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
		if got := response.Header.Get("Content-Range"); !strings.HasPrefix(got, fmt.Sprintf("bytes %d-", have)) {
			return have, fmt.Errorf("%s: asked for bytes from %d on, the answer has %.60q", f.name, have, got)
		}
	case http.StatusOK: // the answer is the whole file, even if a range was requested
		have = 0
	case http.StatusRequestedRangeNotSatisfiable:
		return have, fmt.Errorf("%s ends after %d bytes, the hub announces %d", f.name, have, f.size)
	default:
		return have, c.refusal(response, ref)
	}
	if err := out.Truncate(have); err != nil {
		return have, err
	}
	silence := &unreachable{fmt.Errorf("%s sends nothing for %v", c.Endpoint, idle)}
	watch := time.AfterFunc(idle, func() { cancel(silence) })
	defer watch.Stop()
	for buffer := make([]byte, 1<<16); ; {
		n, err := response.Body.Read(buffer)
		watch.Reset(idle)
		if have+int64(n) > f.size {
			return have, fmt.Errorf("%s: more than the %d bytes that the hub announces", f.name, f.size)
		}
		if _, err := out.WriteAt(buffer[:n], have); err != nil {
			return have, err
		}
		bar.Add(int((have+int64(n))>>20 - have>>20))
		have += int64(n)
		switch {
		case err == io.EOF && have == f.size:
			return have, nil
		case err == io.EOF:
			return have, &unreachable{fmt.Errorf("%s ends the file early", c.Endpoint)}
		case err != nil && ctx.Err() != nil:
			return have, context.Cause(ctx)
		case err != nil:
			return have, &unreachable{fmt.Errorf("%s cuts the connection (%w)", c.Endpoint, err)}
		}
	}
}
