// SPDX-License-Identifier: Apache-2.0

// Package maketest holds the test of the Makefile: it checks the arguments that the
// targets pass to the programs that they run, in a checkout below a folder with spaces.
//
// A scratch checkout has the files that the Makefile reads, and no Go package. The
// programs go, npm, gofmt and Python are stand-ins, found first in PATH: each records its
// arguments, its folder and its environment, and makes the files that make expects of it.
// Scripts of the standard library run on the real Python. So each target runs in a
// fraction of a second, and the test sees the paths that would reach a kernel, a test or
// pip, given on make's command line or in the environment. The folders around the checkout
// hold files named like the pieces of its path between the spaces: none of them may
// change.
package maketest
