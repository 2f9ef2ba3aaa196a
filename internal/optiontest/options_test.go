// SPDX-License-Identifier: Apache-2.0

package optiontest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// settings are structs of options under other names.
var settings = []string{"calib.Recipe", "calib.Selection", "calib.Width", "explore.Limits", "explore.Space", "reconstruct.Quirks"}

// zero is how a comment tells the zero value of a number, a list or an interface.
var zero = regexp.MustCompile(`\b0\b|\bzero\b|\bnil\b|\bnone\b|\bno limit\b|\bempty\b`)

// required are fields without a default: the operation that they belong to needs them.
var required = []string{"explore.Space.Base", "explore.Space.Axes", "explore.Space.Workloads", "explore.Space.Model"}

// free are fields whose zero is a value like any other.
var free = []string{"calib.Recipe.Name", "calib.Recipe.About", "calib.Recipe.Transforms", "calib.Recipe.Points", "calib.Recipe.Widths",
	"calib.LogDomain.Lo", "calib.InFloat.About", "reconstruct.Options.Seed", "reconstruct.Options.Preset", "tables.Options.Seed", "tables.SweepOptions.Seed",
	"schedule.Options.WeightBitsOf", "event.Options.WeightBitsOf"}

// TestZeroIsTold: the comment of every option, or of its struct, says what its zero value
// means. The options are the exported structs called Options, the rules of grids, which
// have a method Choose, the transforms, which have Apply, and the settings above.
func TestZeroIsTold(t *testing.T) {
	structs, methods := map[string]*ast.GenDecl{}, map[string][]string{}
	for _, root := range []string{"calib", "charts", "exercise", "hwsim", "triovit"} {
		err := filepath.WalkDir(filepath.Join("..", "..", root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, d := range file.Decls {
				switch d := d.(type) {
				case *ast.GenDecl:
					if d.Tok == token.TYPE {
						if s := d.Specs[0].(*ast.TypeSpec); s.Name.IsExported() {
							structs[file.Name.Name+"."+s.Name.Name] = d
						}
					}
				case *ast.FuncDecl:
					if d.Recv != nil {
						if of, ok := d.Recv.List[0].Type.(*ast.Ident); ok {
							methods[file.Name.Name+"."+of.Name] = append(methods[file.Name.Name+"."+of.Name], d.Name.Name)
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	for name, d := range structs {
		of, ok := d.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok || !strings.HasSuffix(name, "Options") && !slices.Contains(settings, name) &&
			!slices.Contains(methods[name], "Choose") && !slices.Contains(methods[name], "Apply") {
			continue
		}
		seen++
		if strings.HasSuffix(name, "Options") && !strings.Contains(d.Doc.Text(), "zero value") {
			t.Errorf("%s: the comment does not say what the zero value is", name)
		}
		above := ""
		for _, f := range of.Fields.List {
			if f.Doc.Text() != "" || f.Comment.Text() != "" {
				above = f.Doc.Text() + f.Comment.Text() // the comment of this field and those below it
			}
			if kind, ok := f.Type.(*ast.Ident); ok && (kind.Name == "bool" || kind.IsExported() && kind.Name != "Observer") {
				continue // the value is false, or the zero value of a type that tells it
			}
			if _, ok := f.Type.(*ast.SelectorExpr); ok {
				continue // the type is of another package
			}
			for _, field := range f.Names {
				full := name + "." + field.Name
				if told := zero.MatchString(above) || zero.MatchString(d.Doc.Text()); !told && !slices.Contains(required, full) && !slices.Contains(free, full) {
					t.Errorf("%s: the comment does not say what its zero value means: %q", full, above)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d structs of options are found, more are expected", seen)
	}
}
