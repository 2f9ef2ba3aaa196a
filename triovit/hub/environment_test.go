// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// without clears the variables that a user may have set. It returns a home folder with
// a token.
func without(t *testing.T) (home string) {
	home = t.TempDir()
	for _, v := range []string{"HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",
		"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	keep(t, filepath.Join(home, ".cache", "huggingface", "token"), "login\n")
	return home
}

func keep(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestFromEnvironment: each variable means the same as in huggingface_hub. HOME in a
// row stands for the home folder.
func TestFromEnvironment(t *testing.T) {
	type variables = map[string]string
	const login = "/.cache/huggingface/token"
	for _, test := range []struct {
		name  string
		set   variables
		dir   string
		token string
		login string // login of the client
	}{
		{"nothing", nil, "HOME/.cache/huggingface/hub", "login", " of HOME" + login},
		{"XDG_CACHE_HOME", variables{"XDG_CACHE_HOME": "~/caches"}, "HOME/caches/huggingface/hub", "", ""},
		{"HF_HOME", variables{"HF_HOME": "relative"}, "relative/hub", "", ""},
		{"HF_HOME with a tilde", variables{"HF_HOME": "~/.cache/huggingface"}, "HOME/.cache/huggingface/hub", "login", " of HOME" + login},
		{"HF_HOME that is a tilde", variables{"HF_HOME": "~"}, "HOME/hub", "", ""},
		{"HF_HOME with variables", variables{"HF_HOME": "$HOME/${SCRATCH}s", "SCRATCH": "hub's"}, "HOME/hub'ss/hub", "", ""},
		{"HF_HOME with an unknown variable", variables{"HF_HOME": "a/$NO_SUCH/${NO SUCH}/$"}, "a/$NO_SUCH/${NO SUCH}/$/hub", "", ""},
		{"a tilde that is a name's", variables{"HF_HOME": "a/~/b"}, "a/~/b/hub", "", ""},
		{"HF_HUB_CACHE", variables{"HF_HUB_CACHE": "~/$NAME", "NAME": "x", "HUGGINGFACE_HUB_CACHE": "y"}, "HOME/x", "login", " of HOME" + login},
		{"HUGGINGFACE_HUB_CACHE", variables{"HUGGINGFACE_HUB_CACHE": "~/y", "HF_HOME": "z"}, "HOME/y", "", ""},
		{"HF_TOKEN", variables{"HF_TOKEN": "first", "HUGGING_FACE_HUB_TOKEN": "second"}, "HOME/.cache/huggingface/hub", "first", " of HF_TOKEN"},
		{"HUGGING_FACE_HUB_TOKEN", variables{"HUGGING_FACE_HUB_TOKEN": "second"}, "HOME/.cache/huggingface/hub", "second", " of HUGGING_FACE_HUB_TOKEN"},
		{"with a line feed", variables{"HF_TOKEN": " fi\r\nrst\n"}, "HOME/.cache/huggingface/hub", "first", " of HF_TOKEN"},
		{"of spaces", variables{"HF_TOKEN": " \n"}, "HOME/.cache/huggingface/hub", "login", " of HOME" + login},
		{"of two words", variables{"HF_TOKEN": "Bearer first"}, "HOME/.cache/huggingface/hub", "", " (HF_TOKEN holds no token: a token is of ASCII letters, digits and signs)"},
		{"none is wanted", variables{"HF_TOKEN": "first", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "true"}, "HOME/.cache/huggingface/hub", "", " (HF_HUB_DISABLE_IMPLICIT_TOKEN is set)"},
		{"HF_TOKEN_PATH", variables{"HF_TOKEN_PATH": "~/spaces and\r\n"}, "HOME/.cache/huggingface/hub", "", ""},
		{"file with spaces", variables{"HF_TOKEN_PATH": "$HOME/windows"}, "HOME/.cache/huggingface/hub", "windows", " of HOME/windows"},
		{"file of another encoding", variables{"HF_TOKEN_PATH": "~/utf16"}, "HOME/.cache/huggingface/hub", "", " (HOME/utf16 holds no token: a token is of ASCII letters, digits and signs)"},
		{"empty file", variables{"HF_TOKEN_PATH": "~/empty"}, "HOME/.cache/huggingface/hub", "", " (HOME/empty is empty)"},
		{"folder", variables{"HF_TOKEN_PATH": "~"}, "HOME/.cache/huggingface/hub", "", " (HOME: a folder, allowed are regular files)"},
		{"tokens that are stored only", variables{"HF_TOKEN_PATH": "~/stored/token"}, "HOME/.cache/huggingface/hub", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := without(t)
			for name, text := range map[string]string{"windows": " windows \r\n", "utf16": "\xff\xfeu\x00t\x00f\x00", "empty": "\n", "stored/stored_tokens": "[mine]\nhf_token = x\n"} {
				keep(t, filepath.Join(home, filepath.FromSlash(name)), text)
			}
			for v, value := range test.set {
				t.Setenv(v, value)
			}
			c, err := FromEnvironment()
			if err != nil {
				t.Fatal(err)
			}
			want := Client{Endpoint: DefaultEndpoint, Token: test.token, Dir: filepath.FromSlash(strings.ReplaceAll(test.dir, "HOME", home)),
				login: strings.ReplaceAll(test.login, "HOME", home)}
			if *c != want {
				t.Errorf("%+v, want %+v", *c, want)
			}
		})
	}
}

func TestFromEnvironmentSwitches(t *testing.T) {
	for _, test := range []struct {
		variable, value string
		endpoint        string
		offline         bool
	}{
		{"HF_ENDPOINT", "http://mirror//", "http://mirror", false},
		{"HF_HUB_OFFLINE", "1", DefaultEndpoint, true},
		{"HF_HUB_OFFLINE", "On", DefaultEndpoint, true},
		{"HF_HUB_OFFLINE", "yes", DefaultEndpoint, true},
		{"HF_HUB_OFFLINE", "True", DefaultEndpoint, true},
		{"HF_HUB_OFFLINE", "0", DefaultEndpoint, false},
		{"HF_HUB_OFFLINE", "no", DefaultEndpoint, false},
		{"TRANSFORMERS_OFFLINE", "1", DefaultEndpoint, true},
	} {
		without(t)
		t.Setenv(test.variable, test.value)
		c, err := FromEnvironment()
		if err != nil || c.Endpoint != test.endpoint || c.Offline != test.offline {
			t.Errorf("%s=%s: %+v, %v", test.variable, test.value, c, err)
		}
		t.Setenv(test.variable, "")
	}
}

// TestHomeOfAUser: a tilde before a name is the home folder of that user. An unknown
// user is an error.
func TestHomeOfAUser(t *testing.T) {
	without(t)
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	t.Setenv("HF_HOME", "~"+me.Username+"/hf")
	if c, err := FromEnvironment(); err != nil || c.Dir != filepath.Join(me.HomeDir, "hf", "hub") {
		t.Errorf("%+v, %v", c, err)
	}
	t.Setenv("HF_HOME", "~nobody-of-this-name/hf")
	if c, err := FromEnvironment(); err == nil || !strings.Contains(err.Error(), "~nobody-of-this-name/hf") || !strings.Contains(err.Error(), "HF_HOME") {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestLogin: a model that is not public is read with the token of "hf auth login". The
// token is sent to the hub only. The error of a refusal names the source of the token.
func TestLogin(t *testing.T) {
	home := without(t)
	w := newWorld(t)
	w.token = "login"
	t.Setenv("HF_ENDPOINT", w.hub.URL)
	c, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	mustFetch(t, w, c, repo, "model.safetensors")
	if w.leaks != 0 {
		t.Error("the token reached another host")
	}
	file := filepath.Join(home, ".cache", "huggingface", "token")
	for _, test := range []struct {
		name  string
		spoil func()
		want  string
	}{
		{"another token", func() { keep(t, file, "secret") }, "the token of " + file},
		{"a page instead of a token", func() { keep(t, file, "<html> secret </html>") }, "for a token (" + file + " holds no token"},
		{"no token", func() { os.Remove(file) }, "hf auth login"},
		{"a gated model", func() { w.token, w.status, w.code = "", 403, "GatedRepo" }, "hf auth login"},
		{"a gated model and a token", func() { t.Setenv("HF_TOKEN", "secret") }, "owner of the token of HF_TOKEN"},
	} {
		test.spoil()
		if c, err = FromEnvironment(); err != nil {
			t.Fatal(err)
		}
		_, err := fetch(t, c, repo)
		wantError(t, err, test.want)
	}
}
