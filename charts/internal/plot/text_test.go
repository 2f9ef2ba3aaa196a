// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"testing"
)

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{ // a letter m is 10 pixels wide, a blank 3.3
		"": "", "m": "m", "m m m": "m m\nm", "mm m m": "mm\nm m", "mmmm m": "mmmm\nm", "m mmmm": "m\nmmmm",
	} {
		if got := Wrap(text, 10, 24); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestShortName(t *testing.T) {
	for name, want := range map[string]string{"efficientvit-seg-b0-scenes": "seg-b0-scenes", "deit-tiny": "deit-tiny", "b1-r224": "b1-r224"} {
		if got := ShortName(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}
