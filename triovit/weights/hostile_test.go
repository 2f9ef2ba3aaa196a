// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadRefusesSparseGiants: a file of terabytes that holds only a header is
// refused by its size, before anything is allocated.
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

// TestMismatchIsOneLine: a file may name its tensors anything.
func TestMismatchIsOneLine(t *testing.T) {
	s := Set{"a\nb\x1b[31m": New(1), strings.Repeat("x", 1000): New(1)}
	err := s.Check(nil)
	if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 500 {
		t.Errorf("error %q", err)
	}
}
