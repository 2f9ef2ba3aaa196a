// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxListed is how many names of a kind an error's text lists.
const maxListed = 5

// maxName is how many bytes of a name it shows.
const maxName = 120

// MismatchError tells how a [Set] differs from the parameters of a network.
// Its slices are sorted by name and complete; its text lists a few of each.
type MismatchError struct {
	Missing   []string   // wanted, not in the set
	Extra     []string   // in the set, not wanted
	Misshapen []Misshape // in both, with different shapes
}

// Misshape is a tensor whose shape is not the wanted one.
type Misshape struct {
	Name      string
	Got, Want []int
}

// Error returns one line.
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

// Printable returns a tensor's name as it is where it can stand in a line of
// text; a file may name a tensor anything, and then it is quoted.
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

// Check compares the set with the names and shapes that a network wants: see
// [CheckShapes].
func (s Set) Check(want map[string][]int) error { return CheckShapes(s.Shapes(), want) }

// CheckShapes compares the names and shapes of tensors with those that a network
// wants. All differences are one error, a [*MismatchError]. BatchNorm's
// num_batches_tracked, which no inference needs, may be present or not.
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
