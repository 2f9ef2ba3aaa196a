// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"runtime/debug"
	"slices"
)

const module = "github.com/gotriovit/gotriovit"

// Version returns the version of this module in the running program, or "(devel)" for a
// working tree. If the build recorded the revision, Version adds it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	if info.Main.Path != module {
		if i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module }); i >= 0 {
			return info.Deps[i].Version
		}
		return "unknown"
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			version += " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			version += " modified"
		}
	}
	return version
}
