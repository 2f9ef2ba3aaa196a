// SPDX-License-Identifier: Apache-2.0

package jsonlist

import (
	"encoding/json/jsontext"
	"slices"
	"strings"
	"testing"
)

func TestUnmarshal(t *testing.T) {
	for _, c := range []struct {
		name, data string
		kind       jsontext.Kind
		want       []any
		err        string
	}{
		{"texts", `["a", "b"]`, '"', []any{"a", "b"}, ""},
		{"as many as are allowed", `[1, 2, 3]`, '0', []any{1., 2., 3.}, ""},
		{"none", `[]`, '0', []any{}, ""},
		{"null", `null`, '0', nil, ""},
		{"too many", `[1, 2, 3, 4]`, '0', nil, "a list of more than 3 elements"},
		{"another kind", `[1, null]`, '0', nil, "element 1 of a list is a null, want a number"},
		{"no list", `{"a": 1}`, '0', nil, "cannot unmarshal"},
		{"cut off", `[1, 2`, '0', nil, "element 2 of a list is"},
		{"nothing", ``, '0', nil, "EOF"},
	} {
		var got []any
		err := Unmarshal(&got, []byte(c.data), c.kind, 3)
		switch {
		case c.err == "" && (err != nil || !slices.Equal(got, c.want)):
			t.Errorf("%s: %v (%v), want %v", c.name, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
	}
}
