// SPDX-License-Identifier: Apache-2.0

// Package hwtest has the functions that the tests of the accelerator simulator share.
package hwtest

import (
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// T is a test, a benchmark or a drawn case of a property.
type T interface {
	Helper()
	Fatal(...any)
}

// Network returns the operations of a variant of EfficientViT, such as "b1-r224".
func Network(t T, variant string, options ...efficientvit.Option) *workload.Workload {
	t.Helper()
	net, err := efficientvit.Describe(variant, options...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := workload.FromNetwork(net)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
