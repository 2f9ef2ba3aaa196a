// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"strings"
	"testing"
)

// TestForEfficientViT: the shorter sides that the two sources resize to.
func TestForEfficientViT(t *testing.T) {
	for _, test := range []struct {
		backbone   string
		resolution int
		timm       bool
		want       string
	}{
		{"b1", 224, false, "shorter side 236 bicubic, centre 224x224"},
		{"b1", 256, false, "shorter side 270 bicubic, centre 256x256"},
		{"b1", 288, false, "shorter side 304 bicubic, centre 288x288"},
		{"b1", 288, true, "shorter side 288 bicubic, centre 288x288"},
		{"b2", 224, false, "shorter side 224 bicubic, centre 224x224"},
		{"b2", 224, true, "shorter side 236 bicubic, centre 224x224"},
		{"b3", 288, false, "shorter side 288 bicubic, centre 288x288"},
	} {
		p, err := ForEfficientViT(test.backbone, test.resolution, test.timm)
		if err != nil || p.String() != test.want {
			t.Errorf("%s at %d, timm %v: %q (%v), want %q", test.backbone, test.resolution, test.timm, p, err, test.want)
		}
	}
	differ := 0
	for _, c := range Crops {
		if c.Official != c.Timm {
			differ++
		}
	}
	if differ != 4 {
		t.Errorf("the sources differ for %d", differ)
	}
	if _, err := ForEfficientViT("b0", 288, false); err == nil || !strings.Contains(err.Error(), `"b0" at 288`) || !strings.Contains(err.Error(), "b3 at 288") {
		t.Errorf("error %v", err)
	}
}
