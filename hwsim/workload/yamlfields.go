// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/gotriovit/gotriovit/internal/yamlfile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A field is one value of a workload in YAML. Reading, writing and the errors use it.
type field struct {
	name     string
	optional bool
	// otherwise is the text of an optional field's value where the file leaves the field
	// out.
	otherwise string
	value     any // pointer to the value that is read or written
}

// A formatVersion has only the value that this package reads.
type formatVersion int

const (
	maxText = 200 // largest size of a text in bytes
	maxGOP  = 1e9
)

func (w *Workload) fields() []field {
	v := formatVersion(version)
	return []field{
		{name: "version", value: &v},
		{name: "name", value: &w.Name},
		{name: "printed_gop", value: &w.PrintedGOP, optional: true, otherwise: "0"},
	}
}

// fields returns the fields of the operation's form.
func (o *Operation) fields() []field {
	none := strconv.Quote("")
	fields := []field{
		{name: "name", value: &o.Name},
		{name: "form", value: &o.Form},
		{name: "role", value: &o.Role, optional: true, otherwise: strconv.Quote(efficientvit.NoRole.String())},
		{name: "label", value: &o.Label, optional: true, otherwise: strconv.Quote(o.Role.String())},
		{name: "block", value: &o.Block, optional: true, otherwise: none},
		{name: "head", value: &o.Head, optional: true, otherwise: "false"},
	}
	height, width := field{name: "height", value: &o.H}, field{name: "width", value: &o.W}
	outputs, kernel := field{name: "output_channels", value: &o.Cout}, field{name: "kernel", value: &o.Kernel}
	stride := field{name: "stride", value: &o.Stride, optional: true, otherwise: "1"}
	bits := field{name: "weight_bits", value: &o.WeightBits, optional: true, otherwise: "0"}
	switch o.Form {
	case Convolution:
		return append(fields, height, width, outputs, field{name: "input_channels", value: &o.Cin}, kernel,
			field{name: "groups", value: &o.Groups, optional: true, otherwise: "1"}, stride, bits)
	case Depthwise:
		return append(fields, height, width, outputs, kernel, stride, bits,
			field{name: "feeds", value: &o.Feeds, optional: true, otherwise: none})
	case Product:
		return append(fields, field{name: "heads", value: &o.Heads}, field{name: "rows", value: &o.Rows},
			field{name: "inner", value: &o.Inner}, field{name: "columns", value: &o.Cols})
	}
	return append(fields, field{name: "unit", value: &o.Unit}, field{name: "elements", value: &o.Elements})
}

func (t *Tensor) fields() []field {
	return []field{
		{name: "maker", value: &t.Maker, optional: true, otherwise: strconv.Quote("")},
		{name: "elements", value: &t.Elements},
	}
}

func (r *Reading) fields() []field {
	return []field{{name: "operation", value: &r.Op}, {name: "elements", value: &r.Elements}}
}

// omitted reports whether a file need not give the field.
func (f *field) omitted() bool { return f.optional && f.text() == f.otherwise }

// text returns the value as YAML writes it.
func (f *field) text() string {
	switch v := f.value.(type) {
	case *string:
		return strconv.Quote(*v)
	case *float64:
		return strconv.FormatFloat(*v, 'f', -1, 64)
	case *int:
		return strconv.Itoa(*v)
	case *int64:
		return strconv.FormatInt(*v, 10)
	case *bool:
		return strconv.FormatBool(*v)
	case *formatVersion:
		return strconv.Itoa(int(*v))
	}
	return strconv.Quote(fmt.Sprint(f.value)) // the value is a Form, Unit or Role
}

// allowed describes the allowed values.
func (f *field) allowed() string {
	switch f.value.(type) {
	case *string:
		text := fmt.Sprintf("a string of 1 to %d bytes, printable, without spaces around it", maxText)
		if f.optional {
			text += ", or \"\""
		}
		return text
	case *float64:
		return fmt.Sprintf("a number from 0 to %.0f", maxGOP)
	case *bool:
		return "true or false"
	case *formatVersion:
		return strconv.Itoa(version)
	case *int, *int64:
		return fmt.Sprintf("a whole number from 1 to %d", int64(maxSteps))
	}
	return "one of " + strings.Join(f.names(), ", ")
}

// names returns the names of a Form, Unit or Role.
func (f *field) names() []string {
	var names []string
	switch f.value.(type) {
	case *Form:
		for v := Convolution; v < formEnd; v++ {
			names = append(names, v.String())
		}
	case *Unit:
		for _, v := range Units() {
			names = append(names, v.String())
		}
	case *efficientvit.Role:
		// A value without a name is no role.
		for v := efficientvit.NoRole; v.String() != fmt.Sprintf("Role(%d)", uint8(v)); v++ {
			names = append(names, v.String())
		}
	}
	return names
}

// set stores a node's value, or returns an error with the allowed values.
func (f *field) set(node ast.Node) error {
	ok := false
	switch v := f.value.(type) {
	case *string:
		s, is := node.(*ast.StringNode)
		if ok = is && (printable(s.Value) || f.optional && s.Value == ""); ok {
			*v = s.Value
		}
	case *float64:
		var x float64
		if x, ok = number(node, 0, maxGOP); ok {
			*v = x
		}
	case *int:
		var x float64
		if x, ok = whole(node, 1, maxSteps); ok {
			*v = int(x)
		}
	case *int64:
		var x float64
		if x, ok = whole(node, 1, maxSteps); ok {
			*v = int64(x)
		}
	case *bool:
		b, is := node.(*ast.BoolNode)
		if ok = is; ok {
			*v = b.Value
		}
	case *formatVersion:
		_, ok = whole(node, version, version)
	default:
		s, is := node.(*ast.StringNode)
		if ok = is; ok {
			ok = f.choose(s.Value)
		}
	}
	if !ok {
		return fmt.Errorf("%s must be %s", yamlfile.Excerpt(node), f.allowed())
	}
	return nil
}

// choose stores the Form, Unit or Role with the given name, and reports whether there is
// one.
func (f *field) choose(name string) bool {
	for i, n := range f.names() {
		if n != name {
			continue
		}
		switch v := f.value.(type) {
		case *Form:
			*v = Convolution + Form(i)
		case *Unit:
			*v = Units()[i]
		case *efficientvit.Role:
			*v = efficientvit.NoRole + efficientvit.Role(i)
		}
		return true
	}
	return false
}

// whole returns a whole number within limits.
func whole(node ast.Node, low, high float64) (float64, bool) {
	x, ok := number(node, low, high)
	return x, ok && x == math.Trunc(x)
}

// number returns a number within limits.
func number(node ast.Node, low, high float64) (x float64, ok bool) {
	x, ok = yamlfile.Number(node)
	return x, ok && x >= low && x <= high // the result is false for NaN
}

// printable reports whether a name fits on one line of a report.
func printable(s string) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return s != "" && len(s) <= maxText && utf8.ValidString(s) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unprintable)
}
