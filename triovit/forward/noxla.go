// SPDX-License-Identifier: Apache-2.0

//go:build !xla

package forward

import (
	"errors"

	backends "github.com/gomlx/compute"
)

// openXLA is never reached: platform.Backend names no XLA in such a build.
func openXLA() (backends.Backend, error) { return nil, errors.ErrUnsupported }
