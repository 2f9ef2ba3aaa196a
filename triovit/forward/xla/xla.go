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
// several devices gives each fewer threads than there are.
func Open() (backends.Backend, error) {
	xla.EnableAutoInstall(false)
	b, err := xla.NewWithOptions("cpu", pjrt.NamedValuesMap{"cpu_device_count": int64(1)})
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("XLA's plug-in does not load, make xla fetches it: %s", line)
	}
	return b, nil
}
