// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	own := debug.Module{Path: module, Version: "v1.2.3"}
	for _, c := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"a release", debug.BuildInfo{Main: own}, "v1.2.3"},
		{"a test", debug.BuildInfo{Main: debug.Module{Path: module}}, "(devel)"},
		{"a working tree", debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123"}, {Key: "vcs.modified", Value: "true"}}}, "(devel) 0123 modified"},
		{"another program", debug.BuildInfo{Main: debug.Module{Path: "example.com/a", Version: "v9.0.0"}, Deps: []*debug.Module{{Path: "example.com/b"}, &own}}, "v1.2.3"},
		{"a program without it", debug.BuildInfo{Main: debug.Module{Path: "example.com/a"}}, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := versionOf(&c.info); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
