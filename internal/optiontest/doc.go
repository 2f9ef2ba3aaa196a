// SPDX-License-Identifier: Apache-2.0

// Package optiontest holds the test of the comments of options: each must say which
// setting its zero value takes. It reads the sources of the module. The settings
// themselves are the tests TestZeroOptions and TestZeroSettings of the packages.
package optiontest
