// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// A Program is package app, compiled to WebAssembly.
type Program struct {
	Wasm []byte
	// Starter is the JavaScript that starts it: wasm_exec.js of the same version of Go.
	Starter string
}

const app = "github.com/gotriovit/gotriovit/triovit/integer/page/app"

// release matches the version of a release of Go, before the experiments that it may name.
var release = regexp.MustCompile(`^go1[.0-9a-z]+`)

// Build compiles the program by the go command, of the version of Go that this program was
// compiled with. The sources are those of this package where they still are; otherwise the
// module of the present folder must have or require this module.
func Build(ctx context.Context) (*Program, error) {
	b := builder{env: append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOEXPERIMENT=simd")}
	if v := release.FindString(runtime.Version()); v != "" {
		b.env = append(b.env, "GOTOOLCHAIN="+v)
	}
	if _, file, _, ok := runtime.Caller(0); ok {
		if info, err := os.Stat(filepath.Dir(file)); err == nil && info.IsDir() {
			b.dir = filepath.Dir(file)
		}
	}
	temp, err := os.MkdirTemp("", "triovit-page-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	wasm := filepath.Join(temp, "app.wasm")
	if _, err := b.run(ctx, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", wasm, app); err != nil {
		return nil, err
	}
	root, err := b.run(ctx, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	p := new(Program)
	if p.Wasm, err = os.ReadFile(wasm); err != nil {
		return nil, err
	}
	starter, err := os.ReadFile(filepath.Join(strings.TrimSpace(root), "lib", "wasm", "wasm_exec.js"))
	p.Starter = string(starter)
	return p, err
}

// A builder runs the go command in a folder; the empty one is the present folder.
type builder struct {
	dir string
	env []string
}

func (b builder) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = b.dir, b.env
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	out, err := cmd.Output()
	switch {
	case err == nil:
		return string(out), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("compile the program of the page: the go command is not found: install Go, or add it to PATH")
	}
	why, hint := strings.Join(strings.Fields(trouble.String()), " "), ""
	if b.dir == "" {
		hint = "; write the page in a folder of the module github.com/gotriovit/gotriovit, or of a module that requires it"
	}
	return "", fmt.Errorf("compile the program of the page: go %s: %w: %s%s", args[0], err, why, hint)
}
