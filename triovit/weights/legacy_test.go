// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
)

func parseLegacy(file []byte) (Set, error) {
	return readFrom(openLegacy(bytes.NewReader(file), int64(len(file))))
}

var legacyValue = ts.Dict{
	{Key: "epoch", Value: 3},
	{Key: "state_dict", Value: ts.StateDict{{Key: "w", Value: ts.Full(2.5, 2, 3)}, {Key: "b", Value: ts.Full(-1, 2)}}},
}

func TestReadLegacy(t *testing.T) {
	file, err := openFile(t, "a.pt", ts.Legacy(legacyValue))
	if err != nil {
		t.Fatal(err)
	}
	want := Set{"w": {Shape: []int{2, 3}, Data: []float32{2.5, 2.5, 2.5, 2.5, 2.5, 2.5}}, "b": {Shape: []int{2}, Data: []float32{-1, -1}}}
	for range 2 { // the loop reads the same file twice
		got, err := file.Read(0, map[string]string{"w": "w", "b": "b"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestReadLegacyTruncated(t *testing.T) {
	file := ts.Legacy(legacyValue)
	for n := range file {
		if set, err := parseLegacy(file[:n]); err == nil {
			t.Fatalf("%d of %d bytes: got %v, want an error", n, len(file), set)
		}
	}
}

func TestReadLegacyRefuses(t *testing.T) {
	file := string(ts.Legacy(legacyValue))
	replaced := func(from, to any) string {
		a, b := string(ts.Pickle(from)), string(ts.Pickle(to))
		if !strings.Contains(file, a) {
			t.Fatalf("the file has no %q", a)
		}
		return strings.Replace(file, a, b, 1)
	}
	keys := ts.List{"-1", "2.5"}
	for _, test := range []struct{ name, file, want string }{
		{"another version", replaced(1001, 1002), "another version"},
		{"big-endian", strings.Replace(file, "little_endian\x88", "little_endian\x89", 1), "big-endian"},
		{"no list of keys", replaced(keys, 1), "keys are int"},
		{"a key of no tensor", replaced(keys, ts.List{"-1", "7"}), "storage 7"},
		{"a key that is no str", replaced(keys, ts.List{"-1", 7}), "storage 7"},
		{"a key twice", replaced(keys, ts.List{"-1", "-1"}), "storage -1 is listed twice"},
		{"a storage that is not there", replaced(keys, ts.List{"-1"}), `no storage "2.5"`},
		{"elements of no known size", strings.ReplaceAll(file, "FloatStorage", "QInt8Storage"), "no known size"},
		{"a part of another storage", strings.Replace(file, "N"+"tQ", "K\x01tQ", 1), "persistent id"},
		{"a storage longer than the file", file[:len(file)-12] + "\xff\xff\xff\xff\xff\xff\xff\x7f" + file[len(file)-4:], "exceed the file"},
		{"a storage of another length", file[:len(file)-12] + "\x00" + file[len(file)-11:], "0 bytes, want 1 elements"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := parseLegacy([]byte(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, error %v, want %q", set, err, test.want)
			}
		})
	}
}
