// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestChanges(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "shorter side 236 bicubic, centre 224x224"},
		{"crop=1", "shorter side 224 bicubic, centre 224x224"},
		{"crop=0", "resize 224x224 bicubic"},
		{"size=288", "shorter side 304 bicubic, centre 288x288"},
		{"filter=bilinear, size=512x256,crop=0", "resize 512x256 bilinear"},
		{"filter=bicubic,crop=0.875,size=256", "shorter side 293 bicubic, centre 256x256"},
	} {
		c, err := ParseChanges(test.text)
		if got := c.Apply(ImageNet(224, 0.95)).String(); err != nil || got != test.want {
			t.Errorf("%q: %s (%v), want %s", test.text, got, err, test.want)
		}
	}
	for text, want := range map[string]string{
		"size": "size=256", "size=": "size=256", "size=0": "size=256", "size=224x": "size=256", "size=99999": "size=256",
		"crop=half": "crop=0.95", "crop=NaN": "0.1 to 1", "crop=1.5": "0.1 to 1", "filter=lanczos": "bilinear", "256": "size=256", "crop=1,": "commas", ",": "commas",
	} {
		if _, err := ParseChanges(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", text, err, want)
		}
	}
}

// TestChangesAreAllowed: whatever is read makes of an allowed pipeline an allowed
// one.
func TestChangesAreAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(size|crop|filter)?=?(0?\.?[0-9]{0,3}|bi(linear|cubic)|8x9)?(,size=7)?`).Draw(t, "text")
		c, err := ParseChanges(text)
		if err != nil {
			return
		}
		if err := c.Apply(ImageNet(16, 0.5)).Check(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
