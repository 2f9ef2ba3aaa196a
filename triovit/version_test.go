// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// TestEvaluateVersion keeps evaluateVersion honest: fixed logits and labels
// have the outcomes that are stored for this version. Where a change of the
// code changes them, cached outcomes are wrong: raise the version and store
// the new digest.
func TestEvaluateVersion(t *testing.T) {
	digests := map[int]string{1: "829a7f22f0f9e46e"}
	rng := rand.New(rand.NewPCG(5, 6))
	logits := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	var outcomes []outcome
	for range 50 {
		outcomes = append(outcomes, outcome{Rank: rank(logits(20), rng.IntN(20))})
	}
	mapping := []uint8{0, 1, 2, 1, 0}
	for i := range 4 {
		truth := make([]uint8, 30*20)
		for i := range truth {
			if truth[i] = uint8(rng.IntN(4)); truth[i] == 3 {
				truth[i] = 255
			}
		}
		label := dataset.Label{W: 30, H: 20, Logits: []preprocess.Filter{preprocess.Bilinear, preprocess.Bicubic}[i%2]}
		predicted := SegmentLabel(logits(8*6*5), []int{6, 8, 5}, label)
		outcomes = append(outcomes, outcome{Confusion: confusion(predicted, truth, mapping, 3)})
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%v", outcomes))
	if got := hex.EncodeToString(sum[:8]); got != digests[evaluateVersion] {
		t.Errorf("outcomes have the digest %s, stored for version %d is %q: raise evaluateVersion", got, evaluateVersion, digests[evaluateVersion])
	}
}
