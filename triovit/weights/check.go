// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxListed is the largest number of names of one kind in an error's text.
const maxListed = 5

// maxName is the largest number of bytes of a name in an error's text.
const maxName = 120

// MismatchError tells how a [Set] differs from the parameters of a network. Its slices
// are complete and sorted by name. The text of the error lists at most five names per
// slice.
type MismatchError struct {
	Missing   []string   // names of parameters that are wanted and not in the set
	Extra     []string   // names of tensors that are in the set and not wanted
	Misshapen []Misshape // tensors of the set that are wanted in another shape
}

// Misshape describes a tensor whose shape differs from the wanted one. Name is the
// parameter's name, Got the tensor's shape and Want the network's.
type Misshape struct {
	Name      string
	Got, Want []int
}

// Error returns the differences as one line.
func (e *MismatchError) Error() string {
	misshapen := make([]string, len(e.Misshapen))
	for i, m := range e.Misshapen {
		misshapen[i] = fmt.Sprintf("%s is %v, want %v", Printable(m.Name), m.Got, m.Want)
	}
	var parts []string
	for _, kind := range []struct {
		what  string
		items []string
	}{{"missing", e.Missing}, {"extra", printables(e.Extra)}, {"misshapen", misshapen}} {
		if len(kind.items) == 0 {
			continue
		}
		listed := strings.Join(kind.items[:min(maxListed, len(kind.items))], ", ")
		if more := len(kind.items) - maxListed; more > 0 {
			listed += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", len(kind.items), kind.what, listed))
	}
	return "weights: the tensors do not fit the network: " + strings.Join(parts, "; ")
}

// Printable returns a tensor's name for a line of text. A file may give a tensor any
// name. A long name is cut after 120 bytes. A name is quoted if strconv.Quote would
// change one of its characters, such as a line break.
func Printable(name string) string {
	if len(name) > maxName {
		name = name[:maxName] + "..."
	}
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name {
		return quoted
	}
	return name
}

func printables(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = Printable(name)
	}
	return all
}

// Check compares the set with the names and shapes that a network needs. See
// [CheckShapes].
func (s Set) Check(want map[string][]int) error { return CheckShapes(s.Shapes(), want) }

// CheckShapes compares the names and shapes of tensors with those that a network needs.
// It returns all differences as one error, a [*MismatchError]. BatchNorm's
// num_batches_tracked may be present or not, because no inference needs it.
func CheckShapes(got, want map[string][]int) error {
	e := &MismatchError{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		shape, ok := got[name]
		switch {
		case isCounter(name):
		case !ok:
			e.Missing = append(e.Missing, name)
		case !slices.Equal(shape, want[name]):
			e.Misshapen = append(e.Misshapen, Misshape{name, shape, want[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok && !isCounter(name) {
			e.Extra = append(e.Extra, name)
		}
	}
	if len(e.Missing)+len(e.Extra)+len(e.Misshapen) == 0 {
		return nil
	}
	return e
}

// isCounter tells whether a name is BatchNorm's count of training batches.
func isCounter(name string) bool {
	return name == "num_batches_tracked" || strings.HasSuffix(name, ".num_batches_tracked")
}
