// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/table"
)

// An Assumption is one value of a configuration that no paper states for this
// accelerator.
type Assumption struct {
	// Field is the value's path in YAML, such as "buffers.input.kib".
	Field string `json:"field"`
	// Value is written as in YAML.
	Value string `json:"value"`
	// Why is the reason of the preset's value, or the change.
	Why string `json:"why"`
}

// String is the assumption on one line.
func (a Assumption) String() string { return fmt.Sprintf("%s = %s: %s", a.Field, a.Value, a.Why) }

// Assumptions are the assumed values behind a report.
type Assumptions []Assumption

// String returns a line for each, for the end of a report's page.
func (list Assumptions) String() string {
	var s strings.Builder
	for _, a := range list {
		fmt.Fprintf(&s, "assumption: %s\n", a)
	}
	return s.String()
}

// Table has a row for each assumption.
func (list Assumptions) Table() table.Table {
	t := table.Table{Columns: table.Columns("assumption", "value", "why"), LeftText: true}
	for _, a := range list {
		t.Rows = append(t.Rows, []any{a.Field, a.Value, a.Why})
	}
	return t
}

// Assumptions lists every value that does not come from the paper or its companion, in the
// order of the fields: the assumptions of [ZCU102], and the changes by this configuration.
func (c Config) Assumptions() Assumptions {
	preset := ZCU102()
	var list Assumptions
	for i := range fields {
		f := &fields[i]
		value, given := f.text(&c), f.text(&preset)
		switch {
		case value != given && f.stated != "":
			list = append(list, Assumption{f.path, value, fmt.Sprintf("changed from %s, which is stated in %s", given, f.stated)})
		case value != given:
			list = append(list, Assumption{f.path, value, fmt.Sprintf("changed from %s, which is assumed: %s", given, f.assumed)})
		case f.stated == "":
			list = append(list, Assumption{f.path, value, f.assumed})
		}
	}
	return list
}
