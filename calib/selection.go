// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Selection picks operations by role and by name. Its zero value picks all; with several
// conditions an operation must meet each.
type Selection struct {
	// Roles are the roles that are picked; none means all.
	Roles []efficientvit.Role
	// Name is a regular expression that some part of the operation's name must
	// match, such as `stages\.3\.`; empty means any.
	Name string
	// Operations are the names of the operations that are picked; none means all.
	Operations []string
}

// String tells the selection in words.
func (s Selection) String() string {
	what := "all operations"
	if len(s.Roles) > 0 {
		what = rolesOf(s.Roles)
	}
	if len(s.Operations) > 0 {
		what += " named " + strings.Join(s.Operations, ", ")
	}
	if s.Name != "" {
		what += fmt.Sprintf(" with a name like %q", s.Name)
	}
	return what
}

// Roles returns the selection of these roles.
func Roles(roles ...efficientvit.Role) Selection { return Selection{Roles: roles} }

// Operations returns the selection of the operations of these names.
func Operations(names ...string) Selection { return Selection{Operations: names} }

// MBConvs picks the three convolutions of every MBConv.
var MBConvs = Roles(efficientvit.PW1, efficientvit.DW, efficientvit.PW2)

// matcher returns the selection as a predicate.
func (s Selection) matcher() (func(*efficientvit.Op) bool, error) {
	name, err := regexp.Compile(s.Name)
	if err != nil {
		return nil, fmt.Errorf("name pattern %q: %w", s.Name, err)
	}
	return func(op *efficientvit.Op) bool {
		return (len(s.Roles) == 0 || slices.Contains(s.Roles, op.Role)) && name.MatchString(op.Name) &&
			(len(s.Operations) == 0 || slices.Contains(s.Operations, op.Name))
	}, nil
}

// all says whether every operation is picked.
func (s Selection) all() bool { return len(s.Roles) == 0 && s.Name == "" && len(s.Operations) == 0 }

// in is matcher for a network. An operation that the selection names and the network lacks
// is an error.
func (s Selection) in(net *efficientvit.Network) (func(*efficientvit.Op) bool, error) {
	for _, name := range s.Operations {
		if net.Op(name) == nil {
			return nil, fmt.Errorf("no operation of %s is named %.100q", net.Name, name)
		}
	}
	return s.matcher()
}
