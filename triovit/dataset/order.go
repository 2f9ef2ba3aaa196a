// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An Order is the order in which class folders are numbered if no list of the classes
// gives another.
type Order uint8

const (
	// TextOrder compares names letter by letter: 0, 1, 10, 2. Torchvision's ImageFolder
	// numbers classes in this order.
	TextOrder Order = iota
	// NaturalOrder compares the numbers in names as numbers, and ignores the case of
	// letters: 0, 1, 2, 10. Timm numbers classes in this order (natural_key in
	// timm/utils/misc.py).
	NaturalOrder
)

// orders holds the name of each order and the library that numbers classes in it.
var orders = [...]struct{ name, who string }{TextOrder: {"text", "torchvision"}, NaturalOrder: {"natural", "timm"}}

// String returns "text" or "natural".
func (o Order) String() string {
	if int(o) < len(orders) {
		return orders[o].name
	}
	return fmt.Sprintf("Order(%d)", uint8(o))
}

// compare compares two names in the order. It returns -1, 0 or 1.
func (o Order) compare(a, b string) int {
	if o == NaturalOrder {
		return compareNaturally(a, b)
	}
	return strings.Compare(a, b)
}

// sorted returns the names sorted in the order.
func (o Order) sorted(names []string) []string {
	return slices.SortedFunc(slices.Values(names), o.compare)
}

var digits = regexp.MustCompile(`[0-9]+`)

// compareNaturally compares two names as timm's natural_key does. Names with equal keys
// are compared as text.
func compareNaturally(a, b string) int {
	return cmp.Or(slices.CompareFunc(naturalParts(a), naturalParts(b), compareParts), strings.Compare(a, b))
}

// naturalParts returns the text before the first number of a name, then in turn a
// number and the text after it.
func naturalParts(name string) []string {
	name = strings.ToLower(name)
	var parts []string
	end := 0
	for _, at := range digits.FindAllStringIndex(name, -1) {
		parts = append(parts, name[end:at[0]], name[at[0]:at[1]])
		end = at[1]
	}
	return append(parts, name[end:])
}

func compareParts(a, b string) int {
	if digits.MatchString(a) && digits.MatchString(b) { // the numbers may have any length
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
	return strings.Compare(a, b)
}

// remark returns a remark if the other order numbers the names differently. It says
// which order is used and how to choose the other. Otherwise it is empty.
func (o Order) remark(names []string) string {
	other := TextOrder + NaturalOrder - o
	mine, others := o.sorted(names), other.sorted(names)
	class := firstDifference(mine, others)
	if class < 0 {
		return ""
	}
	return fmt.Sprintf("classes are numbered in %s order, as %s does: class %d is %q; in %s order, as %s does, it is %q: -class-order, TRIOVIT_CLASS_ORDER or triovit.ClassOrder choose",
		o, orders[o].who, class, mine[class], other, orders[other].who, others[class])
}

// firstDifference returns the first index at which two lists have different names, or
// -1.
func firstDifference(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}
