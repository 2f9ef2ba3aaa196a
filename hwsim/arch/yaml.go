// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/internal/yamlfile"
)

// version is the only version of the file format so far.
const version = 1

// maxFile bounds the parser's input, in bytes. All fields with their comments take 4 KiB.
const maxFile = 1 << 14

// ReadFile reads a configuration from a YAML file, as [Read] does.
func ReadFile(path string) (Config, error) {
	data, err := regular.Read(path, maxFile)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return Read(path, data)
}

// Read reads a configuration from YAML; name stands for the file in errors. The file must
// give the format's version, which is 1. A field that the file leaves out keeps the value
// of [ZCU102].
func Read(name string, data []byte) (Config, error) {
	c, err := read(name, data)
	return c, yamlfile.Cut(err)
}

func read(name string, data []byte) (Config, error) {
	file, err := yamlfile.Parse(name, data, maxFile)
	if err != nil {
		return Config{}, err
	}
	r := reader{file: name, config: ZCU102()}
	for i, doc := range file.Docs {
		if i > 0 {
			return Config{}, fmt.Errorf("%s: %d documents: a configuration is one", name, len(file.Docs))
		}
		if err := r.mapping("", doc.Body); err != nil {
			return Config{}, err
		}
	}
	if !r.versioned {
		return Config{}, fmt.Errorf("%s: no version: the file must say \"version: %d\"", name, version)
	}
	return r.config, nil
}

// A reader walks the parsed file and stores its values.
type reader struct {
	file      string
	config    Config
	versioned bool
}

// at adds the place to an error.
func (r *reader) at(node ast.Node, path string, err error) error {
	if quoted := strconv.Quote(path); quoted[1:len(quoted)-1] != path {
		path = quoted[:min(len(quoted), 60)] // a name over several lines is quoted
	}
	return yamlfile.At(r.file, node, path, err)
}

// mapping reads the fields below a path.
func (r *reader) mapping(path string, node ast.Node) error {
	if node == nil {
		return nil // the file is empty, and lacks its version
	}
	entries, ok := yamlfile.Fields(node)
	if !ok {
		if path == "" {
			path = "configuration"
		}
		return r.at(node, path, fmt.Errorf("%s must be fields, each on its line", yamlfile.Excerpt(node)))
	}
	for _, entry := range entries {
		below := entry.Key.GetToken().Value
		if path != "" {
			below = path + "." + below
		}
		if err := r.entry(below, entry); err != nil {
			return err
		}
	}
	return nil
}

// entry reads one field or one group of fields.
func (r *reader) entry(path string, entry *ast.MappingValueNode) error {
	value := entry.Value
	switch path {
	case "version":
		if value.String() != strconv.Itoa(version) {
			return r.at(value, path, fmt.Errorf("%s must be %d", yamlfile.Excerpt(value), version))
		}
		r.versioned = true
		return nil
	case "name":
		s, ok := value.(*ast.StringNode)
		if !ok {
			return r.at(value, path, fmt.Errorf("%s must be a string", yamlfile.Excerpt(value)))
		}
		if err := checkName(s.Value); err != nil {
			return r.at(value, path, err)
		}
		r.config.Name = s.Value
		return nil
	}
	if i := slices.IndexFunc(fields, func(f field) bool { return f.path == path }); i >= 0 {
		if err := r.scalar(&fields[i], value); err != nil {
			return r.at(value, path, err)
		}
		return nil
	}
	if slices.ContainsFunc(fields, func(f field) bool { return strings.HasPrefix(f.path, path+".") }) {
		return r.mapping(path, value)
	}
	return r.at(entry.Key, path, fmt.Errorf("no such field: have %s", strings.Join(siblings(path), ", ")))
}

// scalar reads one value.
func (r *reader) scalar(f *field, node ast.Node) error {
	if x, ok := yamlfile.Number(node); ok {
		return f.setNumber(&r.config, x)
	}
	if word, ok := node.(*ast.StringNode); ok {
		return f.setText(&r.config, word.Value)
	}
	return fmt.Errorf("%s must be %s", yamlfile.Excerpt(node), f.allowed())
}

// siblings returns the names that are allowed at the place of an unknown one.
func siblings(path string) []string {
	group := path[:strings.LastIndexByte(path, '.')+1]
	var names []string
	if group == "" {
		names = []string{"version", "name"}
	}
	for i := range fields {
		if rest, ok := strings.CutPrefix(fields[i].path, group); ok {
			name, _, _ := strings.Cut(rest, ".")
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// MarshalJSON writes the name and all fields, grouped and named as in YAML.
func (c Config) MarshalJSON() ([]byte, error) {
	root := map[string]any{"name": c.Name}
	for i := range fields {
		path := strings.Split(fields[i].path, ".")
		group := root
		for _, name := range path[:len(path)-1] {
			if group[name] == nil {
				group[name] = make(map[string]any)
			}
			group = group[name].(map[string]any)
		}
		group[path[len(path)-1]] = fields[i].at(&c)
	}
	return json.Marshal(root)
}

// YAML writes all fields of the configuration, each with its origin as a
// comment. [Read] gives the configuration back.
func (c Config) YAML() []byte {
	origin := make(map[string]string)
	for _, a := range c.Assumptions() {
		origin[a.Field] = "assumption: " + a.Why
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "version: %d\nname: %q\n", version, c.Name)
	var open []string // the groups around the last field
	for i := range fields {
		f := &fields[i]
		path := strings.Split(f.path, ".")
		groups, leaf := path[:len(path)-1], path[len(path)-1]
		for depth, group := range groups {
			if depth >= len(open) || !slices.Equal(open[:depth+1], groups[:depth+1]) {
				fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", depth), group)
			}
		}
		open = groups
		from := f.stated
		if a, ok := origin[f.path]; ok {
			from = a
		}
		fmt.Fprintf(&b, "%s%s: %s # %s\n", strings.Repeat("  ", len(groups)), leaf, f.text(&c), from)
	}
	return b.Bytes()
}
