// SPDX-License-Identifier: Apache-2.0

// Package maketest holds the test of the Makefile: it checks the arguments that the
// targets pass to the programs that they run, in a checkout below a folder with spaces.
//
// A scratch checkout has the files that the Makefile reads, and no Go package. The
// programs go, npm, gofmt and Python are stand-ins, found first in PATH. Each stand-in
// records its arguments, its folder and its environment, and makes the files that make
// expects of it. Scripts of the standard library run on the real Python. Each target
// therefore runs in a fraction of a second. The test sees the paths that would reach a
// kernel, a test or pip, whether they are given on make's command line or in the
// environment. The folders around the checkout hold files whose names are the parts of
// its path between the spaces. None of these files may change.
package maketest
