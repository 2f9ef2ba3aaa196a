// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadChoosesByContent(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string][]byte{
		"pt.bin":          small(t),
		"safetensors.bin": encode(t, smallSet, F32, nil),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(smallSet, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if got.Hash() != smallSet.Hash() {
			t.Errorf("%s: another hash than the set it was written from", name)
		}
	}
}

func TestReadAbsent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent.pt")
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want fs.ErrNotExist with the path", err)
	}
}

func TestHashTellsSetsApart(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	large := New(chunkBytes) // the tensor is several buffers long
	changed := New(chunkBytes)
	changed.Data[chunkBytes-1] = 1
	sets := []Set{
		{"a": large},
		{"a": changed},
		{},
		{"a": {[]int{}, []float32{0}}},
		{"a": {[]int{1}, []float32{0}}},
		{"a": {[]int{1}, []float32{1}}},
		{"a": {[]int{1}, []float32{negativeZero}}},
		{"b": {[]int{1}, []float32{0}}},
		{"a": {[]int{2, 3}, make([]float32, 6)}},
		{"a": {[]int{3, 2}, make([]float32, 6)}},
		{"a": New(3), "b": New(3)},
	}
	seen := map[string]int{}
	for i, s := range sets {
		if j, ok := seen[s.Hash()]; ok {
			t.Errorf("sets %d and %d have the same hash", i, j)
		}
		seen[s.Hash()] = i
	}
	// The hash is that of no bytes (printf '' | sha256sum), because an empty set writes
	// none.
	if got, want := (Set{}).Hash(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; got != want {
		t.Errorf("empty set: got %s, want %s", got, want)
	}
}

func TestCheck(t *testing.T) {
	want := map[string][]int{"a": {2, 3}, "b": {1}, "c": {}, "n.num_batches_tracked": {}}
	for _, tt := range []struct {
		name string
		set  Set
		want *MismatchError
		text string
	}{
		{"fits", Set{"a": New(2, 3), "b": New(1), "c": New()}, nil, ""},
		{"counters do not matter", Set{"a": New(2, 3), "b": New(1), "c": New(), "m.num_batches_tracked": New()}, nil, ""},
		{
			"everything wrong", Set{"a": New(3, 2), "d": New(1), "c": New()},
			&MismatchError{Missing: []string{"b"}, Extra: []string{"d"}, Misshapen: []Misshape{{"a", []int{3, 2}, []int{2, 3}}}},
			"weights: the tensors do not fit the network: 1 missing (b); 1 extra (d); 1 misshapen (a is [3 2], want [2 3])",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.set.Check(want)
			var got *MismatchError
			if errors.As(err, &got) != (tt.want != nil) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err != nil && err.Error() != tt.text {
				t.Errorf("got %q, want %q", err, tt.text)
			}
		})
	}
}

func TestMismatchErrorIsShort(t *testing.T) {
	e := &MismatchError{}
	for i := range 300 {
		e.Missing = append(e.Missing, fmt.Sprintf("w%03d", i))
	}
	want := "300 missing (w000, w001, w002, w003, w004 and 295 more)"
	if got := e.Error(); !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end in %q", got, want)
	}
}
