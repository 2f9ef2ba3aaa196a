// SPDX-License-Identifier: Apache-2.0

package energy

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/internal/yamlfile"
)

const (
	energyVersion = 1
	maxEnergyFile = 1 << 16 // largest size of a file in bytes
	maxPicojoules = 1e9
	maxEnergyKiB  = 1 << 20 // largest buffer, as in a configuration
	maxEnergyText = 200     // largest size of a text in bytes
)

// ReadFile reads a table from a YAML file, as [Read] does.
func ReadFile(path string) (*Table, error) {
	data, err := regular.Read(path, maxEnergyFile)
	if err != nil {
		return nil, fmt.Errorf("energy table: %w", err)
	}
	return Read(path, data)
}

// Read reads a table from YAML. name stands for the file in errors, which name line and
// field:
//
//	version: 1
//	name: our 28 nm process
//	source: measured in March
//	entries:
//	  - {event: 8-bit multiplication, pj: 0.1}
//	  - {event: 32-bit accumulation, pj: 0.05}
//	  - {event: buffer byte, kib: 1024, pj: 6}
//	  - {event: off-chip byte, pj: 150, source: "vendor's calculator"}
//	  - {event: requantization, pj: 0.4}
//
// An event has its name in reports: one of the first four, "8 by 8 bits multiplied in
// auxiliary units", or an auxiliary unit for one of its elements. A buffer's byte has the
// largest size of memory with this price. The price of an event that the file leaves out
// is unknown, and so is the total of any run with such an event. An entry without a source
// has the table's.
func Read(name string, data []byte) (*Table, error) {
	t, err := read(name, data)
	return t, yamlfile.Cut(err)
}

func read(name string, data []byte) (*Table, error) {
	file, err := yamlfile.Parse(name, data, maxEnergyFile)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: %d documents: an energy table is one", name, len(file.Docs))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s: no version: the file must say \"version: %d\"", name, energyVersion)
	}
	r := energyReader(name)
	t := &Table{Multiply8: math.NaN(), Add32: math.NaN(), DRAM: math.NaN(), Auxiliary: math.NaN(),
		Units: make(map[workload.Unit]float64), Sources: make(map[string]string)}
	fields, err := r.fields("energy table", file.Docs[0].Body, "version", "name", "source", "entries")
	if err != nil {
		return nil, err
	}
	if v, ok := yamlfile.Number(fields["version"]); !ok || v != energyVersion {
		return nil, yamlfile.At(name, fields["version"], "version", fmt.Errorf("%s must be %d", yamlfile.Excerpt(fields["version"]), energyVersion))
	}
	if t.Name, err = r.text(fields["name"], "name"); err != nil {
		return nil, err
	}
	if t.Source, err = r.text(fields["source"], "source"); err != nil {
		return nil, err
	}
	list, ok := fields["entries"].(*ast.SequenceNode)
	if !ok {
		return nil, yamlfile.At(name, fields["entries"], "entries", fmt.Errorf("%s must be a list", yamlfile.Excerpt(fields["entries"])))
	}
	given := make(map[string]bool)
	for i, node := range list.Values {
		if err := r.entry(t, fmt.Sprintf("entries[%d]", i), node, given); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(t.SRAM, func(a, b SRAM) int { return cmp.Compare(a.KiB, b.KiB) })
	return t, nil
}

// An energyReader is the name of the file being read.
type energyReader string

// fields returns the values of a node's fields by name. All must be present, except those
// whose name is given with a question mark.
func (r energyReader) fields(path string, node ast.Node, names ...string) (map[string]ast.Node, error) {
	entries, ok := yamlfile.Fields(node)
	if !ok {
		return nil, yamlfile.At(string(r), node, path, fmt.Errorf("%s must be fields", yamlfile.Excerpt(node)))
	}
	values := make(map[string]ast.Node)
	for _, e := range entries {
		key := e.Key.GetToken().Value
		if !slices.Contains(names, key) && !slices.Contains(names, key+"?") {
			return nil, yamlfile.At(string(r), e.Key, path, fmt.Errorf("no field %.40q: have %s", key, strings.ReplaceAll(strings.Join(names, ", "), "?", "")))
		}
		values[key] = e.Value
	}
	for _, n := range names {
		if values[n] == nil && !strings.HasSuffix(n, "?") {
			return nil, yamlfile.At(string(r), node, path, fmt.Errorf("%s is missing", n))
		}
	}
	return values, nil
}

func (r energyReader) number(node ast.Node, path string, low, high float64) (float64, error) {
	x, ok := yamlfile.Number(node)
	if !ok || !(x >= low && x <= high) {
		return 0, yamlfile.At(string(r), node, path, fmt.Errorf("%s must be a number from %.0f to %.0f", yamlfile.Excerpt(node), low, high))
	}
	return x, nil
}

func (r energyReader) text(node ast.Node, path string) (string, error) {
	unprintable := func(c rune) bool { return !unicode.IsPrint(c) }
	s, ok := node.(*ast.StringNode)
	if !ok || s.Value == "" || len(s.Value) > maxEnergyText || !utf8.ValidString(s.Value) || strings.ContainsFunc(s.Value, unprintable) {
		return "", yamlfile.At(string(r), node, path, fmt.Errorf("%s must be 1 to %d bytes of printable text", yamlfile.Excerpt(node), maxEnergyText))
	}
	return s.Value, nil
}

// entry reads one entry into the table.
func (r energyReader) entry(t *Table, path string, node ast.Node, given map[string]bool) error {
	fields, err := r.fields(path, node, "event", "pj", "kib?", "source?")
	if err != nil {
		return err
	}
	event, err := r.text(fields["event"], path+".event")
	if err != nil {
		return err
	}
	pJ, err := r.number(fields["pj"], path+".pj", 0, maxPicojoules)
	if err != nil {
		return err
	}
	if size := fields["kib"]; size != nil != (event == bufferByte) {
		return yamlfile.At(string(r), node, path, fmt.Errorf("%q: a %s has a kib, and nothing else has", event, bufferByte))
	}
	var source string
	if fields["source"] != nil {
		if source, err = r.text(fields["source"], path+".source"); err != nil {
			return err
		}
	}
	entry := event
	unit := slices.IndexFunc(pricedUnits(), func(u workload.Unit) bool { return u.String() == event })
	switch {
	case event == multiplication:
		t.Multiply8 = pJ
	case event == accumulation:
		t.Add32 = pJ
	case event == offChipByte:
		t.DRAM = pJ
	case event == auxiliary:
		t.Auxiliary = pJ
	case event == bufferByte:
		kib, err := r.number(fields["kib"], path+".kib", 1, maxEnergyKiB)
		if err != nil {
			return err
		}
		if kib != math.Trunc(kib) {
			return yamlfile.At(string(r), fields["kib"], path+".kib", fmt.Errorf("%v must be a whole number from 1 to %d", kib, maxEnergyKiB))
		}
		t.SRAM = append(t.SRAM, SRAM{int(kib), pJ, source})
		entry = fmt.Sprintf("%s of %d KiB", event, int(kib))
	case unit >= 0:
		t.Units[pricedUnits()[unit]] = pJ
	default:
		names := []string{multiplication, accumulation, bufferByte, offChipByte, auxiliary}
		for _, u := range pricedUnits() {
			names = append(names, u.String())
		}
		return yamlfile.At(string(r), fields["event"], path+".event", fmt.Errorf("%q must be one of %s", event, strings.Join(names, ", ")))
	}
	if given[entry] {
		return yamlfile.At(string(r), node, path, fmt.Errorf("a second %s", entry))
	}
	given[entry] = true
	if source != "" && event != bufferByte {
		t.Sources[event] = source
	}
	return nil
}

// pricedUnits returns the auxiliary units. An element on the engines is priced by its
// multiplications, and the host's elements are not priced.
func pricedUnits() []workload.Unit {
	return slices.DeleteFunc(workload.Units(), func(u workload.Unit) bool { return u == workload.Engines || u == workload.Host })
}

// YAML writes the table as a start for the caller's own. [Read] reads it back.
func (t *Table) YAML() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "version: %d\nname: %q\nsource: %q\nentries:", energyVersion, t.Name, t.Source)
	empty := b.Len()
	write := func(event string, kib int, pJ float64, source string) {
		if math.IsNaN(pJ) {
			return
		}
		fmt.Fprintf(&b, "\n  - {event: %s, pj: %s", event, strconv.FormatFloat(pJ, 'f', -1, 64))
		if kib > 0 {
			fmt.Fprintf(&b, ", kib: %d", kib)
		}
		if source != "" {
			fmt.Fprintf(&b, ", source: %q", source)
		}
		b.WriteString("}")
	}
	write(multiplication, 0, t.Multiply8, t.Sources[multiplication])
	write(accumulation, 0, t.Add32, t.Sources[accumulation])
	for _, s := range t.SRAM {
		write(bufferByte, s.KiB, s.Byte, s.Source)
	}
	write(offChipByte, 0, t.DRAM, t.Sources[offChipByte])
	write(auxiliary, 0, t.Auxiliary, t.Sources[auxiliary])
	for _, u := range pricedUnits() {
		if pJ, ok := t.Units[u]; ok {
			write(u.String(), 0, pJ, t.Sources[u.String()])
		}
	}
	if b.Len() == empty {
		b.WriteString(" []")
	}
	b.WriteString("\n")
	return b.Bytes()
}
