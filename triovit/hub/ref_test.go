// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/hostile"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name string
		want Ref
	}{
		{"timm/efficientvit_b1.r224_in1k", Ref{"timm/efficientvit_b1.r224_in1k", "main", ""}},
		{"hf://timm/efficientvit_b1.r224_in1k@v1.0", Ref{"timm/efficientvit_b1.r224_in1k", "v1.0", ""}},
		{"mit-han-lab/efficientvit-cls/b1/r224.pt", Ref{"mit-han-lab/efficientvit-cls", "main", "b1/r224.pt"}},
		{"a/b@refs%2Fpr%2F1/model.safetensors", Ref{"a/b", "refs/pr/1", "model.safetensors"}},
		{"hf-hub:timm/b1@v1.0", Ref{"timm/b1", "v1.0", ""}},
		{"hf_hub:timm/b1", Ref{"timm/b1", "main", ""}},
		{DefaultEndpoint + "/timm/b1", Ref{"timm/b1", "main", ""}},
		{DefaultEndpoint + "/timm/b1/", Ref{"timm/b1", "main", ""}},
		{strings.Replace(DefaultEndpoint, "https", "http", 1) + "/timm/b1?library=timm#how-to", Ref{"timm/b1", "main", ""}},
		{strings.ToUpper(DefaultEndpoint) + "/timm/b1", Ref{"timm/b1", "main", ""}},
		{strings.TrimPrefix(DefaultEndpoint, "https://") + "/timm/b1", Ref{"timm/b1", "main", ""}},
		{"hf-hub:" + shortEndpoint + "/timm/b1", Ref{"timm/b1", "main", ""}},
		{DefaultEndpoint + "/timm/b1/tree/v1.0", Ref{"timm/b1", "v1.0", ""}},
		{DefaultEndpoint + "/timm/b1/tree/main/", Ref{"timm/b1", "main", ""}},
		{DefaultEndpoint + "/timm/b1/commit/" + commit, Ref{"timm/b1", commit, ""}},
		{DefaultEndpoint + "/timm/b1/blob/main/model.safetensors", Ref{"timm/b1", "main", "model.safetensors"}},
		{DefaultEndpoint + "/mit-han-lab/cls/resolve/main/b1/r%20224.pt?download=true", Ref{"mit-han-lab/cls", "main", "b1/r 224.pt"}},
		{DefaultEndpoint + "/a/b/tree/refs%2Fpr%2F1", Ref{"a/b", "refs/pr/1", ""}},
		{DefaultEndpoint + "/a/b/resolve/refs/pr/1/b1.pt", Ref{"a/b", "refs/pr/1", "b1.pt"}},
		{"https://mirror.example:8080/hub/timm/b1/raw/main/b1.pt", Ref{"timm/b1", "main", "b1.pt"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HF_ENDPOINT", "https://mirror.example:8080/hub/")
			got, err := Parse(test.name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if again, err := Parse(got.String()); err != nil || again != got {
				t.Errorf("%q is read as %v (%v)", got.String(), again, err)
			}
		})
	}
	for _, name := range []string{"", "b0", "/a/b", "./a/b", "../b", "a/..", "a/b/", "a/b/../c", "a/b/c/../../../d", "a/b@", "a/b@../x", "a/b@/x",
		"a/b\nc", "a/b/c\n", `a/b/c\d`, "https://a/b", "a//b", "hf://", "a/b/C:x", "a/" + strings.Repeat("x", 97),
		DefaultEndpoint + "/timm", DefaultEndpoint + "/timm/b1/discussions/1", DefaultEndpoint + "/timm/b1/tree",
		DefaultEndpoint + "/timm/b1/tree/../../x", DefaultEndpoint + "/timm/b1/blob/main/..%2F..%2Fx", DefaultEndpoint + "/%2e%2e/b1",
		DefaultEndpoint + "/a%2Fb/c", DefaultEndpoint + "/a/b/blob/main/%zz", DefaultEndpoint + "/a/b/tree/a%252Fb",
		DefaultEndpoint + "/datasets/a/b", DefaultEndpoint + "/spaces/a", "datasets/a", "hf://" + strings.TrimPrefix(DefaultEndpoint, "https://") + "/a",
		DefaultEndpoint + ".example/timm/b1", "https://example.com/timm/b1", "https://mirror.example/timm/b1", "ftp://example.com/a/b"} {
		if ref, err := Parse(name); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is read as %+v, error %v", name, ref, err)
		}
	}
}

// FuzzParse: the file and the revision of any accepted name stay below the folder to
// which they are joined.
func FuzzParse(f *testing.F) {
	f.Add("timm/efficientvit_b1.r224_in1k@main/model.safetensors")
	f.Add("a/b@..%2F..%2Fx/../y")
	f.Add(DefaultEndpoint + "/a/b/blob/refs%2Fpr%2F1/..%2Fx?y#z")
	f.Fuzz(func(t *testing.T, name string) {
		var ref Ref
		if hostile.Read(t, len(name), func() (err error) { ref, err = Parse(name); return }) != nil {
			return
		}
		if again, err := Parse(ref.String()); err != nil || again != ref {
			t.Fatalf("%q is read as %+v, then as %+v (%v)", name, ref, again, err)
		}
		for _, p := range []string{"models--" + strings.ReplaceAll(ref.Repo, "/", "--"), ref.Revision, "x/" + ref.File} {
			if joined := filepath.Join("root", p); !strings.HasPrefix(joined, "root"+string(filepath.Separator)) {
				t.Fatalf("%q leads to %s", name, joined)
			}
		}
	})
}

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name, ask, want, err string
		files                []string
	}{
		{name: "safetensors first", files: []string{"a.pt", "model.safetensors", "pytorch_model.bin"}, want: "model.safetensors"},
		{name: "the only one", files: []string{"README.md", "weights/b0.pt"}, want: "weights/b0.pt"},
		{name: "PyTorch's", files: []string{"training_args.bin", "pytorch_model.bin"}, want: "pytorch_model.bin"},
		{name: "as asked", files: []string{"a.pt", "b.pt"}, ask: "b.pt", want: "b.pt"},
		{name: "several", files: []string{"a.pt", "b.pt"}, err: "a.pt, b.pt"},
		{name: "none", files: []string{"README.md"}, err: "no checkpoint"},
		{name: "not there", files: []string{"a.pt"}, ask: "b.pt", err: "no file b.pt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := choose(test.files, test.ask)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
