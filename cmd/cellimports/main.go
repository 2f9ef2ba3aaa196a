// SPDX-License-Identifier: Apache-2.0

// The program cellimports adds the missing imports to a notebook's cell. GoNB runs it for each
// cell, under the name goimports and as
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
	"regexp"
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
// go.work's modules that it uses and does not import. Of several packages of a name, the one
// that exports all that is used of it is meant. A single package is meant in any case, so
// that the compiler names an identifier that it lacks. A source that does not parse is
// returned unchanged.
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
	found := map[string][]candidate{} // by the package's name
	for _, m := range modules {
		m.find(missing, found)
	}
	var added strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		meant := slices.DeleteFunc(slices.Clone(found[name]), func(c candidate) bool { return !c.whole })
		if len(meant) == 0 {
			meant = found[name]
		}
		if len(meant) == 1 {
			fmt.Fprintf(&added, "\nimport %q", meant[0].path)
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
			delete(missing, packageName(p))
		}
	}
	return missing
}

// packageName returns the name that a package of an import path most likely has: the last
// element that is no major version.
func packageName(importPath string) string {
	if base := path.Base(importPath); !version.MatchString(base) {
		return base
	}
	return path.Base(path.Dir(importPath))
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// A candidate is a package that a name may mean. It is whole if it exports all that is used
// of the name.
type candidate struct {
	path  string
	whole bool
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
		// The go command tells about a folder without a module.
		if data, err := os.ReadFile(filepath.Join(m.folder, "go.mod")); err == nil {
			m.path = modfile.ModulePath(data)
			modules = append(modules, m)
		}
	}
	return modules, nil
}

// outside are folders of a checkout that hold no package which a cell can import.
var outside = []string{"build", "internal", "node_modules", "testdata", "vendor"}

// find adds each package of the module that has a missing name to the candidates for it.
// A folder that cannot be read has none.
func (m module) find(missing map[string][]string, found map[string][]candidate) {
	_ = filepath.WalkDir(m.folder, func(folder string, e fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir
		}
		if !e.IsDir() || folder == m.folder {
			return nil
		}
		name := e.Name()
		if slices.Contains(outside, name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return fs.SkipDir // another module
		}
		if missing[name] == nil {
			return nil
		}
		below, err := filepath.Rel(m.folder, folder)
		if err != nil {
			return err
		}
		if is, whole := exports(folder, missing[name]); is {
			found[name] = append(found[name], candidate{path.Join(m.path, filepath.ToSlash(below)), whole})
		}
		return nil
	})
}

// exports reports whether a folder holds a package with the folder's name, and whether that
// package declares all the identifiers.
func exports(folder string, identifiers []string) (is, whole bool) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return false, false
	}
	left := map[string]bool{}
	for _, id := range identifiers {
		left[id] = true
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, file.Name()), nil, 0)
		if err != nil || parsed.Name.Name != filepath.Base(folder) {
			return false, false
		}
		is = true
		for id := range parsed.Scope.Objects {
			delete(left, id)
		}
		if len(left) == 0 {
			return true, true
		}
	}
	return is, false
}
