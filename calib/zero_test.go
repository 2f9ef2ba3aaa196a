// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// TestZeroSettings: the zero value of each rule and of each transform is the setting of its
// source, and a recipe without widths is W8A8.
func TestZeroSettings(t *testing.T) {
	said := map[string]any{
		"MinMax":           MinMax{Bits: 8}, // the point has 8 bits
		"LpSearch":         LpSearch{P: 2.4, Candidates: 80},
		"Percentile":       Percentile{Percent: 99.99},
		"EMA":              EMA{Weight: 0.01},
		"Entropy":          Entropy{},
		"LogDomain":        LogDomain{Bits: 4},
		"LeadingOne":       LeadingOne{IntegerBits: 8, Bits: 4},
		"LogSqrt2":         LogSqrt2{Bits: 4},
		"DivisorFloor":     DivisorFloor{Bits: 8},
		"Migration":        Migration{Quantile: 0.99, Min: 0.1, Max: 64},
		"Shifting":         Shifting{},
		"SmoothQuant":      SmoothQuant{Strength: 0.5},
		"PowerOfTwoFactor": PowerOfTwoFactor{Octaves: 3},
		"OutlierScaling":   OutlierScaling{},
		"ChannelGrids":     ChannelGrids{},
		"InFloat":          InFloat{},
	}
	stats := statsOf(t, []float32{-1, -0.5, 0, 0.25, 3}, []float32{-0.1, 0.7, 2, 2, 90})
	point := efficientvit.Point{Bits: 8, Signed: true}
	for _, name := range rules(t) {
		value, ok := said[name]
		if !ok {
			t.Errorf("%s has a zero value that this test does not have", name)
			continue
		}
		delete(said, name)
		zero := reflect.Zero(reflect.TypeOf(value)).Interface()
		observer, ok := zero.(Observer)
		if !ok {
			if fmt.Sprint(zero) != fmt.Sprint(value) {
				t.Errorf("%s: %v, want %v", name, zero, value)
			}
			continue
		}
		got, err := observer.Choose(stats, point)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want, err := value.(Observer).Choose(stats, point); err != nil || got != want {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
	}
	if len(said) > 0 {
		t.Errorf("rules that do not exist: %v", said)
	}
	if r := (Recipe{}); r.weightBits() != 8 || r.activationBits() != 8 || r.activations() != (MinMax{}) {
		t.Errorf("a recipe without widths is\n%s", r)
	}
}

// rules returns the exported types of the package with a method Choose or Apply.
func rules(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if match, _ := filepath.Match("*_test.go", path); match {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			method, ok := d.(*ast.FuncDecl)
			if !ok || method.Recv == nil || method.Name.Name != "Choose" && method.Name.Name != "Apply" {
				continue
			}
			if of, ok := method.Recv.List[0].Type.(*ast.Ident); ok && of.IsExported() && !slices.Contains(names, of.Name) {
				names = append(names, of.Name)
			}
		}
	}
	return names
}
