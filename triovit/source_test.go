// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/hub"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestOpenHub: a name on the hub is opened from a cache of huggingface_hub's
// layout, and what is a path stays one.
func TestOpenHub(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HF_HUB_CACHE", "")
	t.Setenv("HF_HOME", home)
	t.Setenv("HF_HUB_OFFLINE", "1")
	const commit = "0123456789abcdef0123456789abcdef01234567"
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, weights.Synthetic(classifier(t).Params()), weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(home, "hub", "models--timm--efficientvit_b0.r224_in1k")
	for name, data := range map[string][]byte{
		"refs/main": []byte(commit),
		"snapshots/" + commit + "/model.safetensors":  file.Bytes(),
		"snapshots/" + commit + "/other/b0.r256.bits": nil,
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(home)
	const name = "timm/efficientvit_b0.r224_in1k"
	m, err := Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if m.Source != name+"/model.safetensors" || !strings.HasPrefix(m.Net.Name, "efficientvit-b0-") {
		t.Errorf("%s from %s", m.Net.Name, m.Source)
	}
	if err := os.MkdirAll("timm", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, want string }{
		{name, "weights: open"}, // the folder exists now
		{"hf://timm/other", "hub: timm/other"},
		{"mit-han-lab/other", "hub: mit-han-lab/other"},
		{"mit-han-lab/other/b1.pt", "hub: mit-han-lab/other/b1.pt"},
		{"models/b1.pt", "weights: open"},
		{"run/model_best.pth.tar", "weights: open"},
		{"./models/b1", "weights: open"},
		{"b1.pt", "weights: open"},
		{"hf://b1", "hub: "},
		{"hf-hub:timm/other", "hub: timm/other"},
		{"hf_hub:mit-han-lab/other/b1.pt", "hub: mit-han-lab/other/b1.pt"},
		{hub.DefaultEndpoint + "/timm/other", "hub: timm/other"},
		{"https://example.com/timm/other/b1.pt", "hub: \"https://example.com/timm/other/b1.pt\" is no name of a model"},
	} {
		if _, err := Open(t.Context(), test.name); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	for _, before := range []string{"hf://", "hf-hub:", hub.DefaultEndpoint + "/"} {
		if _, err := Open(t.Context(), before+name); err != nil {
			t.Error(err)
		}
	}
}

// TestPrepareInterrupted: whatever Prepare waits for, it returns when ctx ends, with
// ctx's error.
func TestPrepareInterrupted(t *testing.T) {
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	asked, cancelAll := context.WithCancel(t.Context())
	hub := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancelAll()
		<-r.Context().Done() // the hub never answers
	}))
	t.Cleanup(hub.Close)
	t.Setenv("HF_ENDPOINT", hub.URL)
	if _, err := Prepare(asked, "timm/efficientvit_b1.r224_in1k", t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("a download: error %v", err)
	}
	if _, err := Prepare(asked, "", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("drawing scenes: error %v", err)
	}
}
