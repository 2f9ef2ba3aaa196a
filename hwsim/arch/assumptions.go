// SPDX-License-Identifier: Apache-2.0

package arch

import "fmt"

// An Assumption is one value of a configuration that no paper states for this
// accelerator.
type Assumption struct {
	// Field is the value's path in YAML, such as "buffers.input.kib".
	Field string
	// Value is written as in YAML.
	Value string
	// Why the preset takes the value, or what was changed.
	Why string
}

// String is the assumption on one line.
func (a Assumption) String() string { return fmt.Sprintf("%s = %s: %s", a.Field, a.Value, a.Why) }

// Assumptions lists every value that does not come from the paper or its
// companion, in the order of the fields: what [ZCU102] assumes, and what this
// configuration changes.
func (c Config) Assumptions() []Assumption {
	preset := ZCU102()
	var list []Assumption
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
