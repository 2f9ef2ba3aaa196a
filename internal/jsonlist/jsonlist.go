// SPDX-License-Identifier: Apache-2.0

// Package jsonlist reads lists from a user's JSON. It counts the elements before it
// allocates the list. Package json would continue after an element that it cannot read,
// and would grow the list by copying.
package jsonlist

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/json/jsontext"
	"fmt"
)

// Unmarshal reads a list of at most most elements, or null, into list. kind is the kind
// of every element, such as '{'. A longer list, and an element of another kind, are
// errors.
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
