// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/internal/yamlfile"
)

// version is the only version of the file format so far.
const version = 1

// maxFile bounds the parser's input, in bytes. EfficientViT-B3's operations and tensors
// take 270 KiB.
const maxFile = 1 << 20

// ReadFile reads a workload from a YAML file, as [Read] does.
func ReadFile(path string) (*Workload, error) {
	data, err := regular.Read(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("workload: %w", err)
	}
	return Read(path, data)
}

// Read reads the caller's own workload from YAML; name stands for the file in errors,
// which name the line and the field:
//
//	version: 1
//	name: a separable convolution
//	operations:
//	  - {name: dw, form: depthwise convolution, role: DW, height: 56, width: 56, output_channels: 64, kernel: 3, feeds: pw}
//	  - {name: pw, form: convolution, role: PW2, height: 56, width: 56, output_channels: 32, input_channels: 64, kernel: 1}
//	  - {name: pw.requantize, form: elementwise, unit: requantization, elements: 100352}
//	tensors: # may be left out
//	  - {elements: 200704, readers: [{operation: dw, elements: 200704}]} # no maker: the picture
//	  - {maker: dw, elements: 200704, readers: [{operation: pw, elements: 200704}]}
//	  - {maker: pw, elements: 100352}
//
// Forms, units and roles have their names in reports. An operation has the sizes of its
// form, as [Operation] describes them. A convolution has height, width, output_channels,
// input_channels, kernel, groups and stride. A depthwise convolution has the same without
// input_channels and groups. Either may have weight_bits from 1 to 8, its own width of
// weights. A matrix product has heads, rows, inner and columns, and an elementwise
// operation elements and its unit. Input channels are those of a group. Stride and groups
// default to 1, and the label to the role. The result is valid: an error between
// operations, such as the name of one that is not listed, also has its line.
func Read(name string, data []byte) (*Workload, error) {
	w, err := read(name, data)
	return w, yamlfile.Cut(err)
}

func read(name string, data []byte) (*Workload, error) {
	file, err := yamlfile.Parse(name, data, maxFile)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: %d documents: a workload is one", name, len(file.Docs))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s: no version: the file must say \"version: %d\"", name, version)
	}
	p := fileParser{file: name}
	w, err := p.workload(file.Docs[0].Body)
	if err != nil {
		return nil, err
	}
	link(w.Ops)
	if f := w.fault(); f != nil {
		return nil, p.at(nodeAt(file.Docs[0].Body, f.path), f.path, f.err)
	}
	return w, nil
}

// nodeAt returns the node of a path, or the nearest node around it.
func nodeAt(root ast.Node, path string) ast.Node {
	for path != "" {
		if p, err := yaml.PathString("$." + path); err == nil {
			if node, err := p.FilterNode(root); err == nil && node != nil {
				return node
			}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return root
}

// A fileParser walks the parsed file.
type fileParser struct{ file string }

// at adds the place to an error.
func (p *fileParser) at(node ast.Node, path string, err error) error {
	return yamlfile.At(p.file, node, path, err)
}

// workload reads the whole file.
func (p *fileParser) workload(node ast.Node) (*Workload, error) {
	entries, err := p.entries("workload", node)
	if err != nil {
		return nil, err
	}
	w := new(Workload)
	var lists, scalars []*ast.MappingValueNode
	for _, e := range entries {
		if key := e.Key.GetToken().Value; key == "operations" || key == "tensors" {
			lists = append(lists, e)
		} else {
			scalars = append(scalars, e)
		}
	}
	if _, err := p.fill("", node, scalars, w.fields(), "operations", "tensors"); err != nil {
		return nil, err
	}
	for _, e := range lists {
		if e.Key.GetToken().Value == "operations" {
			w.Ops, err = list(p, "operations", e.Value, p.operation)
		} else {
			w.Tensors, err = list(p, "tensors", e.Value, p.tensor)
		}
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

// operation reads one operation. It reads the form first, since the form decides the
// fields.
func (p *fileParser) operation(path string, node ast.Node) (Operation, error) {
	o := Operation{}
	entries, err := p.entries(path, node)
	if err != nil {
		return o, err
	}
	form := field{name: "form", value: &o.Form}
	i := slices.IndexFunc(entries, func(e *ast.MappingValueNode) bool { return e.Key.GetToken().Value == form.name })
	if i < 0 {
		return o, p.missing(node, path, form)
	}
	if err := form.set(entries[i].Value); err != nil {
		return o, p.at(entries[i].Value, path+".form", err)
	}
	if o.Form != Elementwise {
		o.Unit = Engines
	}
	if o.Form == Convolution || o.Form == Depthwise {
		o.Stride, o.Groups = 1, 1
	}
	given, err := p.fill(path, node, entries, o.fields())
	if err != nil {
		return o, err
	}
	if o.Form == Depthwise {
		o.Cin, o.Groups = 1, o.Cout
	}
	if !given["label"] {
		o.Label = o.Role.String()
	}
	if err := o.check(); err != nil {
		return o, p.at(node, path, err)
	}
	return o, nil
}

// tensor reads one tensor.
func (p *fileParser) tensor(path string, node ast.Node) (Tensor, error) {
	t := Tensor{}
	entries, err := p.entries(path, node)
	if err != nil {
		return t, err
	}
	if i := slices.IndexFunc(entries, func(e *ast.MappingValueNode) bool { return e.Key.GetToken().Value == "readers" }); i >= 0 {
		if t.Readers, err = list(p, path+".readers", entries[i].Value, p.reading); err != nil {
			return t, err
		}
		entries = slices.Delete(slices.Clone(entries), i, i+1)
	}
	_, err = p.fill(path, node, entries, t.fields(), "readers")
	return t, err
}

// reading reads one reader of a tensor.
func (p *fileParser) reading(path string, node ast.Node) (Reading, error) {
	r := Reading{}
	entries, err := p.entries(path, node)
	if err == nil {
		_, err = p.fill(path, node, entries, r.fields())
	}
	return r, err
}

// list reads the items of a list.
func list[T any](p *fileParser, path string, node ast.Node, item func(string, ast.Node) (T, error)) ([]T, error) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, p.at(node, path, fmt.Errorf("%s must be a list", yamlfile.Excerpt(node)))
	}
	var items []T
	for i, n := range sequence.Values {
		v, err := item(fmt.Sprintf("%s[%d]", path, i), n)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}

// entries returns the fields of a node.
func (p *fileParser) entries(path string, node ast.Node) ([]*ast.MappingValueNode, error) {
	if entries, ok := yamlfile.Fields(node); ok {
		return entries, nil
	}
	return nil, p.at(node, path, fmt.Errorf("%s must be fields, each on its line", yamlfile.Excerpt(node)))
}

// fill stores the entries in the fields and returns the names of the fields that the file
// gives. lists are the fields read elsewhere; the error for an unknown name lists them
// too.
func (p *fileParser) fill(path string, node ast.Node, entries []*ast.MappingValueNode, fields []field, lists ...string) (map[string]bool, error) {
	given := make(map[string]bool)
	for _, e := range entries {
		name := e.Key.GetToken().Value
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			var names []string
			for _, f := range fields {
				names = append(names, f.name)
			}
			return nil, p.at(e.Key, join(path, name), fmt.Errorf("no such field: have %s", strings.Join(append(names, lists...), ", ")))
		}
		if err := fields[i].set(e.Value); err != nil {
			return nil, p.at(e.Value, join(path, name), err)
		}
		given[name] = true
	}
	for _, f := range fields {
		if !f.optional && !given[f.name] {
			return nil, p.missing(node, path, f)
		}
	}
	return given, nil
}

func (p *fileParser) missing(node ast.Node, path string, f field) error {
	return p.at(node, join(path, f.name), fmt.Errorf("missing: it must be %s", f.allowed()))
}

// join adds a field's name to a path. A name that could take several lines is quoted.
func join(path, name string) string {
	if !printable(name) {
		name = strconv.Quote(name[:min(len(name), 40)])
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// YAML writes the workload, an operation on each line. [Read] reads a valid workload back
// if its names are printable text of at most 200 bytes and its stride and groups are at
// most 2^50.
func (w *Workload) YAML() []byte {
	var b bytes.Buffer
	for _, f := range w.fields() {
		if !f.omitted() {
			fmt.Fprintf(&b, "%s: %s\n", f.name, f.text())
		}
	}
	b.WriteString("operations:\n")
	for i := range w.Ops {
		fmt.Fprintf(&b, "  - {%s}\n", flow(w.Ops[i].fields()))
	}
	if len(w.Tensors) > 0 {
		b.WriteString("tensors:\n")
	}
	for i := range w.Tensors {
		t := &w.Tensors[i]
		fmt.Fprintf(&b, "  - {%s", flow(t.fields()))
		for j := range t.Readers {
			separator := ", "
			if j == 0 {
				separator = ", readers: ["
			}
			fmt.Fprintf(&b, "%s{%s}", separator, flow(t.Readers[j].fields()))
		}
		if len(t.Readers) > 0 {
			b.WriteByte(']')
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// flow writes fields on one line.
func flow(fields []field) string {
	var parts []string
	for _, f := range fields {
		if !f.omitted() {
			parts = append(parts, f.name+": "+f.text())
		}
	}
	return strings.Join(parts, ", ")
}
