// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/internal/regular"
)

// FromEnvironment returns the client that huggingface_hub's variables describe
// (huggingface_hub/constants.py):
//
//   - HF_ENDPOINT is the address of the hub.
//   - HF_HUB_CACHE, or the older HUGGINGFACE_HUB_CACHE, is the folder of the cache.
//     Without them the folder is "hub" in HF_HOME, which by default is "huggingface" in
//     XDG_CACHE_HOME or in ~/.cache.
//   - HF_HUB_OFFLINE, or TRANSFORMERS_OFFLINE, is 1, ON, YES or TRUE if no request may
//     be sent.
//   - HF_TOKEN, or the older HUGGING_FACE_HUB_TOKEN, is the token. Without them the
//     token is the one that "hf auth login" stored in the file HF_TOKEN_PATH, which by
//     default is "token" in HF_HOME. If HF_HUB_DISABLE_IMPLICIT_TOKEN is 1, ON, YES or
//     TRUE, no token is sent.
//
// An empty variable counts as not set. In folders ~, ~user, $NAME and ${NAME} are
// expanded. Line feeds in a token and spaces around it are removed. A token file that
// cannot be read is no error, because public models need no token; the error of a model
// that the hub refuses then names the file. FromEnvironment returns an error if the
// folder of the cache cannot be determined.
func FromEnvironment() (*Client, error) {
	dir, err := place("hub", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
	if err != nil {
		return nil, fmt.Errorf("hub: no folder for downloads: set HF_HOME: %w", err)
	}
	c := &Client{
		Endpoint: strings.TrimRight(cmp.Or(os.Getenv("HF_ENDPOINT"), DefaultEndpoint), "/"),
		Dir:      dir,
		Offline:  isTrue(firstSet("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
	}
	c.Token, c.login = token()
	return c, nil
}

// firstSet returns the value of the first variable that is not empty.
func firstSet(variables ...string) string {
	for _, v := range variables {
		if value := os.Getenv(v); value != "" {
			return value
		}
	}
	return ""
}

func isTrue(value string) bool {
	return slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(value))
}

// place returns the path in the first variable that is set. If none is set, it returns
// the path of name in HF_HOME.
func place(name string, variables ...string) (string, error) {
	if path := firstSet(variables...); path != "" {
		return expand(path)
	}
	caches := cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join("~", ".cache"))
	home, err := expand(cmp.Or(os.Getenv("HF_HOME"), filepath.Join(caches, "huggingface")))
	return filepath.Join(home, name), err
}

var variable = regexp.MustCompile(`\$(\w+|\{[^}]*\})`)

// expand does the work of Python's os.path.expanduser and then os.path.expandvars. A
// variable that is not set keeps its written form. An unknown user is an error.
func expand(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		name := rest
		if end := strings.IndexAny(rest, "/"+string(filepath.Separator)); end >= 0 {
			name = rest[:end]
		}
		home, err := homeOf(name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		path = home + rest[len(name):]
	}
	return variable.ReplaceAllStringFunc(path, func(written string) string {
		if value, ok := os.LookupEnv(strings.Trim(written, "${}")); ok {
			return value
		}
		return written
	}), nil
}

// homeOf returns the home folder of a user, or of the current user if the name is
// empty.
func homeOf(name string) (string, error) {
	if home, err := os.UserHomeDir(); name == "" && err == nil {
		return home, nil
	}
	u, err := user.Current()
	if name != "" {
		u, err = user.Lookup(name)
	}
	if err != nil {
		return "", err
	}
	return u.HomeDir, nil
}

// maxText is the largest size in bytes of a file that holds one line: a token or a
// commit's id.
const maxText = 1 << 12

// token returns the user's token (huggingface_hub/utils/_auth.py). The remark becomes
// part of the error of a refusal. It says where the token is from, or why there is
// none.
func token() (token, remark string) {
	if isTrue(os.Getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		return "", " (HF_HUB_DISABLE_IMPLICIT_TOKEN is set)"
	}
	for _, v := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} {
		if text := clean(os.Getenv(v)); text != "" {
			return checked(text, v)
		}
	}
	path, err := place("token", "HF_TOKEN_PATH")
	if err != nil {
		return "", fmt.Sprintf(" (%v)", err)
	}
	data, err := regular.Read(path, maxText)
	switch text := clean(string(data)); {
	case errors.Is(err, fs.ErrNotExist):
		return "", ""
	case err != nil:
		return "", fmt.Sprintf(" (%v)", err)
	case text == "":
		return "", fmt.Sprintf(" (%s is empty)", path)
	default:
		return checked(text, path)
	}
}

func clean(token string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(token))
}

// checked returns the token if an HTTP header can hold it, else an empty token.
func checked(token, from string) (_, remark string) {
	if strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return "", fmt.Sprintf(" (%s holds no token: a token is of ASCII letters, digits and signs)", from)
	}
	return token, " of " + from
}
