// SPDX-License-Identifier: Apache-2.0

//go:build !xla

package platform

// HasXLA tells whether the program was built with the tag xla.
const HasXLA = false
