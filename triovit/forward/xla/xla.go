// SPDX-License-Identifier: Apache-2.0

//go:build xla

package xla

import (
	"fmt"
	"strings"

	backends "github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// Open returns XLA on the CPU plug-in in the folder that
// PJRT_PLUGIN_LIBRARY_PATH names. All cores are one device: XLA's default of
// several devices gives each fewer threads than there are. A plug-in that the
// machine cannot load, for want of a library, is an error; what the loader says of
// it is on standard error by then.
func Open() (b backends.Backend, err error) {
	defer func() { // go-xla takes the absent handle of such a plug-in for one
		if r := recover(); r != nil {
			err = fmt.Errorf("XLA's plug-in does not load on this machine: %v", r)
		}
	}()
	xla.EnableAutoInstall(false)
	b, err = xla.NewWithOptions("cpu", pjrt.NamedValuesMap{"cpu_device_count": int64(1)})
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("XLA's plug-in does not load: %s", line)
	}
	return b, nil
}
