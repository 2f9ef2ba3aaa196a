// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestBackend(t *testing.T) {
	for _, c := range []struct{ name, asked, plugin, want, err string }{
		{"nothing asked for", "", "", Go, ""},
		{"Go", "go", "", Go, ""},
		{"an unknown one", "abacus", "", "", "TRIOVIT_BACKEND=abacus is unknown: go and xla are allowed"},
		{"no plug-in", "xla", "", "", "make xla"},
		{"another folder", "xla", "somewhere", "", "make xla"},
		{"XLA", "xla", os.Getenv(Plugin), XLA, "built without XLA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TRIOVIT_BACKEND", c.asked)
			t.Setenv(Plugin, c.plugin)
			got, err := Backend()
			if c.want == XLA && HasXLA {
				if c.plugin == "" {
					t.Skip(Plugin + " is not set: make test-xla")
				}
				c.err = ""
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// TestCheckPlugin: a file that is no complete plug-in is refused. The error names its
// path.
func TestCheckPlugin(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
		elf  bool
	}{
		{"none", nil, "there is no " + pluginFile, false},
		{"empty", []byte{}, "EOF", false},
		{"text", []byte(strings.Repeat("not found\n", 20)), "magic", false},
		{"cut short", program[:len(program)/2], "is no plug-in", true},
		{"something else", program, "GetPjrtApi", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.elf && runtime.GOOS != "linux" {
				t.Skip("this program is no ELF file")
			}
			folder := t.TempDir()
			if c.file != nil {
				if err := os.WriteFile(filepath.Join(folder, pluginFile), c.file, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			err := checkPlugin(filepath.Join(folder, "nowhere") + string(filepath.ListSeparator) + folder)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), folder) {
				t.Errorf("error %v, want %q and the folder", err, c.want)
			}
		})
	}
}
