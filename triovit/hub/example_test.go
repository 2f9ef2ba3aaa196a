// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/gotriovit/gotriovit/triovit/hub"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// small is a hub with one model, which has one file.
func small(contents string) http.Handler {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	mux := http.NewServeMux()
	mux.HandleFunc("/api/models/birds/b0/revision/main", func(w http.ResponseWriter, _ *http.Request) {
		blob := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(contents), contents))
		fmt.Fprintf(w, `{"sha": %q, "siblings": [{"rfilename": "model.safetensors", "size": %d, "blobId": "%x"}]}`, commit, len(contents), blob)
	})
	mux.HandleFunc("/birds/b0/resolve/"+commit+"/model.safetensors", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, contents)
	})
	return mux
}

// A checkpoint is downloaded once. After that it is in the cache, and no network is
// needed. Python's huggingface_hub finds it there too.
func ExampleClient_Fetch() {
	server := httptest.NewServer(small("weights"))
	dir := must.M1(os.MkdirTemp("", "hub"))
	defer os.RemoveAll(dir)
	client := &hub.Client{Endpoint: server.URL, Dir: dir} // [hub.FromEnvironment] returns the public hub's
	ref := must.M1(hub.Parse("birds/b0"))

	path, err := client.Fetch(context.Background(), ref)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filepath.ToSlash(must.M1(filepath.Rel(dir, path))))

	server.Close()
	again, err := client.Fetch(context.Background(), ref)
	fmt.Println(string(must.M1(os.ReadFile(again))), err)
	// Output:
	// models--birds--b0/snapshots/0123456789abcdef0123456789abcdef01234567/model.safetensors
	// weights <nil>
}
