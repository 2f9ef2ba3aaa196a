// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"testing"
)

// TestVersion keeps Version honest: pictures of every kind have the pixels that
// are stored for this version, and one of them through every kind of pipeline. Where a change of the code
// changes them, cached results are wrong: raise the version and store the new
// digest.
func TestVersion(t *testing.T) {
	digests := map[string]string{"preprocess 3": "f914fdb7ac949be8"}
	h := sha256.New()
	for _, file := range fixtures(t) {
		m, err := DecodeFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%d %d %d", m.W, m.H, m.Pix)
	}
	picture, err := DecodeFile(filepath.Join("testdata", "jpeg_420_37x29.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Pipeline{{}, Fixed(24, 16, Bilinear), Classification(32), ImageNet(20, 0.9)} {
		m, err := p.Apply(picture)
		if err != nil {
			t.Fatal(err)
		}
		normal := make([]float32, len(m.Pix))
		m.Normalize(normal)
		fmt.Fprintf(h, "%v %d %d %v", p, m.W, m.H, m.Pix)
		for _, v := range normal {
			fmt.Fprintf(h, " %.0f", math.Round(float64(v)*1e4))
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != digests[Version] {
		t.Errorf("pictures have the digest %s, stored for %s is %q: raise Version", got, Version, digests[Version])
	}
}
