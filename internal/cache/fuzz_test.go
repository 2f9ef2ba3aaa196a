// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"os"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/internal/hostile"
)

// FuzzEntry reads an entry of any content. A sealed entry has the right header, so that
// its payload reaches the decoder.
func FuzzEntry(f *testing.F) {
	var encoded bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(result{[]float32{1, -2}, map[string]int{"qkv": 3}}); err != nil {
		f.Fatal(err)
	}
	f.Add(encoded.Bytes(), true)
	f.Add(encoded.Bytes(), false)
	f.Add(append([]byte(magic), make([]byte, sha256.Size)...), false)
	c := Open(f.TempDir())
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if sealed {
			sum := sha256.Sum256(data)
			data = slices.Concat([]byte(magic), sum[:], data)
		}
		if err := os.WriteFile(c.path("a"), data, 0o666); err != nil {
			t.Fatal(err)
		}
		hostile.Read(t, len(data), func() error {
			if payload, ok := c.Get("a"); ok && !bytes.Equal(payload, data[headerSize:]) {
				t.Errorf("got %q of an entry of %q", payload, data)
			} else if sealed && !ok {
				t.Error("a sealed entry is absent")
			}
			get[result](c, "a")
			return nil
		})
	})
}
