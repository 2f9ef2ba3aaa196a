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
		published  int
	}{
		{"b1", 224, false, "shorter side 236 bicubic, centre 224x224", 224},
		{"b1", 256, false, "shorter side 270 bicubic, centre 256x256", 256},
		{"b1", 288, false, "shorter side 304 bicubic, centre 288x288", 288},
		{"b1", 288, true, "shorter side 288 bicubic, centre 288x288", 288},
		{"b2", 224, false, "shorter side 224 bicubic, centre 224x224", 224},
		{"b2", 224, true, "shorter side 235 bicubic, centre 224x224", 224},
		{"b3", 288, false, "shorter side 288 bicubic, centre 288x288", 288},
		{"b0", 288, false, "shorter side 304 bicubic, centre 288x288", 224},
		{"b1", 128, true, "shorter side 134 bicubic, centre 128x128", 224},
		{"b1", 240, true, "shorter side 252 bicubic, centre 240x240", 224},
		{"b1", 512, true, "shorter side 512 bicubic, centre 512x512", 288},
	} {
		p, published, err := ForEfficientViT(test.backbone, test.resolution, test.timm)
		if err != nil || p.String() != test.want || published != test.published {
			t.Errorf("%s at %d, timm %v: %q, that of %d (%v), want %q, that of %d", test.backbone, test.resolution, test.timm, p, published, err, test.want, test.published)
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
	for want, wrong := range map[string]struct {
		backbone   string
		resolution int
	}{`"b9"`: {"b9", 224}, "0x0": {"b1", 0}} {
		if _, _, err := ForEfficientViT(wrong.backbone, wrong.resolution, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
