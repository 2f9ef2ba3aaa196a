// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"fmt"
	"os"
)

// The backends that a user can choose.
const (
	Go  = "go"  // GoMLX's Go backend, which needs no cgo and runs on any machine
	XLA = "xla" // XLA through its PJRT plug-in for CPUs, which needs the build tag xla
)

// Plugin is the environment variable that lists the folders of XLA's plug-in.
// github.com/gomlx/go-xla reads it.
const Plugin = "PJRT_PLUGIN_LIBRARY_PATH"

// Backend returns the backend that TRIOVIT_BACKEND names: Go, also if the variable is
// empty, or XLA. Any other name is an error that says what to do. XLA is such an error
// too if the program was built without it or finds no complete plug-in.
func Backend() (string, error) {
	switch name := os.Getenv("TRIOVIT_BACKEND"); {
	case name == "" || name == Go:
		return Go, nil
	case name != XLA:
		return "", fmt.Errorf("TRIOVIT_BACKEND=%s is unknown: go and xla are allowed", name)
	case !HasXLA:
		return "", fmt.Errorf("TRIOVIT_BACKEND=xla, but the program was built without XLA: run make xla and build with -tags=xla")
	case os.Getenv(Plugin) == "":
		return "", fmt.Errorf("TRIOVIT_BACKEND=xla, but %s is not set: make xla fetches the plug-in and says its folder", Plugin)
	}
	if err := checkPlugin(os.Getenv(Plugin)); err != nil {
		return "", fmt.Errorf("TRIOVIT_BACKEND=xla, but %w (%s): make xla fetches it", err, Plugin)
	}
	return XLA, nil
}
