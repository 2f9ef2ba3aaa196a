// SPDX-License-Identifier: Apache-2.0

// The program goimports adds the missing imports to a notebook's cell. GoNB runs it for each
// cell, under this name and as
//
//	goimports -w FILE
//
// The goimports of golang.org/x/tools reads all folders of the module cache for a cell that
// uses a package of this module, which takes longer than linking a small cell. This program
// first searches the modules of the file's go.work, whose packages have the names of their
// folders. It leaves all other names to x/tools.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/imports"
)

func main() {
	write := flag.Bool("w", false, "write the result to the file, not to standard output")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: goimports [-w] FILE")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *write); err != nil {
		scanner.PrintError(os.Stderr, err)
		os.Exit(2)
	}
}

func run(file string, write bool) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	own, err := workspaceImports(file, src)
	if err != nil {
		return err
	}
	out, err := imports.Process(file, own, nil)
	if err != nil {
		return err
	}
	if write {
		return os.WriteFile(file, out, 0o666)
	}
	_, err = os.Stdout.Write(out)
	return err
}

// workspaceImports returns the source of a file with an import for each package of the
// go.work's modules that it uses and does not import. A source that does not parse is
// returned unchanged, and so is a name that several packages or none could mean.
func workspaceImports(file string, src []byte) ([]byte, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, src, 0)
	if err != nil {
		return src, nil // x/tools says where the error is
	}
	missing := missingPackages(parsed)
	if len(missing) == 0 {
		return src, nil
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	modules, err := workspace(folder)
	if err != nil {
		return nil, err
	}
	found := map[string][]string{} // import paths by the package's name
	for _, m := range modules {
		if err := m.find(missing, found); err != nil {
			return nil, err
		}
	}
	var added strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if len(found[name]) == 1 {
			fmt.Fprintf(&added, "\nimport %q", found[name][0])
		}
	}
	end := int(parsed.Name.End() - parsed.FileStart)
	return slices.Concat(src[:end], []byte(added.String()), src[end:]), nil
}

// missingPackages returns the names that a file uses as a package's, X in X.Y, without a
// declaration or an import, each with the identifiers used of it.
func missingPackages(f *ast.File) map[string][]string {
	open := map[*ast.Ident]bool{}
	for _, id := range f.Unresolved {
		open[id] = true
	}
	missing := map[string][]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && open[x] && s.Sel.IsExported() {
				missing[x.Name] = append(missing[x.Name], s.Sel.Name)
			}
		}
		return true
	})
	for _, spec := range f.Imports {
		if spec.Name != nil {
			delete(missing, spec.Name.Name)
		} else if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			delete(missing, path.Base(p))
		}
	}
	return missing
}

// A module is a module of a go.work: its path and its folder.
type module struct{ path, folder string }

// workspace returns the modules of the go.work in a folder or above it, none where there
// is no go.work.
func workspace(folder string) ([]module, error) {
	file := filepath.Join(folder, "go.work")
	data, err := os.ReadFile(file)
	if parent := filepath.Dir(folder); errors.Is(err, fs.ErrNotExist) && parent != folder {
		return workspace(parent)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork(file, data, nil)
	if err != nil {
		return nil, err
	}
	var modules []module
	for _, use := range work.Use {
		m := module{folder: filepath.FromSlash(use.Path)}
		if !filepath.IsAbs(m.folder) {
			m.folder = filepath.Join(folder, m.folder)
		}
		data, err := os.ReadFile(filepath.Join(m.folder, "go.mod"))
		if err != nil {
			return nil, err
		}
		m.path = modfile.ModulePath(data)
		modules = append(modules, m)
	}
	return modules, nil
}

// outside are folders of a checkout that hold no package which a cell can import.
var outside = []string{"build", "internal", "node_modules", "testdata", "vendor"}

// find adds the import path of each package of the module that has a missing name and
// exports all that is used of it.
func (m module) find(missing, found map[string][]string) error {
	return filepath.WalkDir(m.folder, func(folder string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() || folder == m.folder {
			return err
		}
		name := e.Name()
		if slices.Contains(outside, name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return fs.SkipDir // another module
		}
		if used := missing[name]; used != nil && exports(folder, used) {
			below, err := filepath.Rel(m.folder, folder)
			if err != nil {
				return err
			}
			found[name] = append(found[name], path.Join(m.path, filepath.ToSlash(below)))
		}
		return nil
	})
}

// exports reports whether the package in a folder has the folder's name and declares all
// the identifiers.
func exports(folder string, identifiers []string) bool {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return false
	}
	left := map[string]bool{}
	for _, id := range identifiers {
		left[id] = true
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil || parsed.Name.Name != filepath.Base(folder) {
			return false
		}
		for id := range parsed.Scope.Objects {
			delete(left, id)
		}
		if len(left) == 0 {
			return true
		}
	}
	return false
}
