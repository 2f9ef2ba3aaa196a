// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"errors"
	"strings"
	"testing"
)

// recorder records whether a test failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

var sink []byte

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name      string
		size      int
		allocates int
		err       error
		fails     bool
	}{
		{"nothing", 0, 0, nil, false},
		{"an error", 0, 0, errors.New("cut off"), false},
		{"an error of two lines", 0, 0, errors.New("cut\noff"), true},
		{"an error that quotes the file", 0, 0, errors.New(strings.Repeat("x", maxError+1)), true},
		{"the longest error", 0, 0, errors.New(strings.Repeat("x", maxError)), false},
		{"within the allowance", 0, Allowance / 2, nil, false},
		{"beyond the allowance", 0, Allowance + 1, nil, true},
		{"as the file justifies", Allowance, 2 * Allowance, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &recorder{TB: t}
			err := Read(r, test.size, func() error { sink = make([]byte, test.allocates); return test.err })
			if err != test.err || r.failed != test.fails {
				t.Errorf("error %v, failed %v: want %v, %v", err, r.failed, test.err, test.fails)
			}
		})
	}
}
