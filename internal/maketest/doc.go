// SPDX-License-Identifier: Apache-2.0

// Package maketest holds the test of the Makefile: what its targets give to the
// programs that they run, in a checkout below a folder with spaces.
//
// A scratch checkout has the files that the Makefile reads, and no Go package. The
// programs go, npm, gofmt and Python are stand-ins, found first in PATH: each
// writes down its arguments, its folder and its environment, and leaves the files
// that make expects of it. Scripts of the standard library run on the real Python.
// So each target runs in a fraction of a second, and the test sees the paths that
// would reach a kernel, a test or pip, given on make's command line or in the
// environment. Around the checkout lie files with the names that its path has
// where it is cut at a space: none of them may change.
package maketest
