// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Selection picks operations by role and by name. Its zero value picks all.
type Selection struct {
	// Roles are the roles that are picked; none means all.
	Roles []efficientvit.Role
	// Name is a regular expression that some part of the operation's name must
	// match, such as `stages\.3\.`; empty means any.
	Name string
}

// String tells the selection in words.
func (s Selection) String() string {
	what := "all operations"
	if len(s.Roles) > 0 {
		names := make([]string, len(s.Roles))
		for i, r := range s.Roles {
			names[i] = r.String()
		}
		what = strings.Join(names, ", ")
	}
	if s.Name != "" {
		what += fmt.Sprintf(" with a name like %q", s.Name)
	}
	return what
}

// Roles returns the selection of these roles.
func Roles(roles ...efficientvit.Role) Selection { return Selection{Roles: roles} }

// Operations returns the selection of the operations of these names, and of no other.
func Operations(names ...string) Selection {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return Selection{Name: "^(" + strings.Join(quoted, "|") + ")$"}
}

// MBConvs picks the three convolutions of every MBConv.
var MBConvs = Roles(efficientvit.PW1, efficientvit.DW, efficientvit.PW2)

// matcher returns the selection as a predicate.
func (s Selection) matcher() (func(*efficientvit.Op) bool, error) {
	name, err := regexp.Compile(s.Name)
	if err != nil {
		return nil, fmt.Errorf("name pattern %q: %w", s.Name, err)
	}
	return func(op *efficientvit.Op) bool {
		return (len(s.Roles) == 0 || slices.Contains(s.Roles, op.Role)) && name.MatchString(op.Name)
	}, nil
}
