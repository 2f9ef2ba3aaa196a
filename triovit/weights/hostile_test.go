// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadRefusesSparseGiants: a file of terabytes that holds only a header is refused
// by its size before memory is allocated.
func TestReadRefusesSparseGiants(t *testing.T) {
	const header = `{"a":{"dtype":"F32","shape":[1073741824000],"data_offsets":[0,4294967296000]}}`
	path := filepath.Join(t.TempDir(), "giant.safetensors")
	content := append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(content))+4294967296000); err != nil {
		t.Skipf("no sparse files here: %v", err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "giant.safetensors: has") {
		t.Errorf("error %v", err)
	}
}

// TestErrorsAreShortLines: errors are short lines for any length of a file's values and
// any names of its entries.
func TestErrorsAreShortLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	pickle := func(tensors ...savedTensor) entry {
		return entry{name: "m/data.pkl", content: stateDictPickle(tensors)}
	}
	for _, test := range []struct {
		name  string
		file  []byte
		parse func([]byte) (Set, error)
	}{
		{"name", safetensorsOf(`{"` + long + `":{}}`), parseSafetensors},
		{"dtype", safetensorsOf(`{"w":{"dtype":"` + long + `","shape":[0],"data_offsets":[0,0]}}`), parseSafetensors},
		{"shape", safetensorsOf(`{"w":{"dtype":"F32","shape":[` + strings.Repeat("0,", 1<<19) + `0],"data_offsets":[0,0]}}`), parseSafetensors},
		{"number", safetensorsOf(`{"w":{"dtype":"F32","shape":[1.` + strings.Repeat("1", 1<<20) + `],"data_offsets":[0,0]}}`), parseSafetensors},
		{"tensor of an archive", archiveOf(t, pickle(savedTensor{long, "FloatStorage", "0", 6, 0, []int{2, 3}, []int{3, 1}})), parsePT},
		{"storage", archiveOf(t, pickle(savedTensor{"w", "FloatStorage", long, 6, 0, []int{2, 3}, []int{3, 1}})), parsePT},
		{"two pickles", archiveOf(t, entry{name: "a\nb/data.pkl"}, entry{name: "c\nd/data.pkl"}), parsePT},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.parse(test.file)
			if err == nil || len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") {
				t.Errorf("error of %d bytes: %.200q", len(fmt.Sprint(err)), fmt.Sprint(err))
			}
		})
	}
}

// TestMismatchIsOneLine: the error is one line for any names of a file's tensors.
func TestMismatchIsOneLine(t *testing.T) {
	s := Set{"a\nb\x1b[31m": New(1), strings.Repeat("x", 1000): New(1)}
	err := s.Check(nil)
	if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 500 {
		t.Errorf("error %q", err)
	}
}
