// SPDX-License-Identifier: Apache-2.0

// Package jsonlist reads lists from a user's JSON. It counts the elements before it
// allocates the list: package json continues after an element that it cannot read, and
// grows a list by copying.
package jsonlist

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/json/jsontext"
	"fmt"
)

// Unmarshal reads a list, or null, of at most the given number of elements. kind is the
// kind of the elements, such as '{'.
func Unmarshal[T any](list *[]T, data []byte, kind jsontext.Kind, most int) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != '[' {
		return cmp.Or(err, json.Unmarshal(data, list))
	}
	n := 0
	for ; d.PeekKind() != ']'; n++ {
		if n == most {
			return fmt.Errorf("a list of more than %d elements, which are all that is allowed", most)
		}
		if got := d.PeekKind(); got != kind {
			return fmt.Errorf("element %d of a list is a %s, want a %s", n, got, kind)
		}
		if err := d.SkipValue(); err != nil {
			return err
		}
	}
	*list = make([]T, 0, n)
	return json.Unmarshal(data, list)
}
