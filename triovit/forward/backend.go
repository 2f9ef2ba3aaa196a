// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	backends "github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gotriovit/gotriovit/internal/platform"
)

// Backend returns the backend of this process: GoMLX's Go backend, or XLA with
// TRIOVIT_BACKEND=xla. An unknown name is an error, and so is XLA where it is not built in
// or its plug-in does not load.
func Backend() (backends.Backend, error) { return chosen() }

var chosen = sync.OnceValues(func() (backends.Backend, error) {
	name, err := platform.Backend()
	switch {
	case err != nil:
		return nil, err
	case name == platform.XLA:
		return openXLA()
	}
	platform.WarnWithoutSIMD()
	keepMargin(0) // the margin serves graphs that no Executor runs
	return gobackend.GetBackend(), nil
})

// graphVersion changes when the graph of the same network computes other values than
// before, beyond the last digits.
const graphVersion = 1

// Platform names the parts that decide the last digits of a result: this package's graph,
// the backend, its version and its vector instructions. Results of two platforms are never
// mixed.
func Platform() string { return platformName() }

var platformName = sync.OnceValue(func() string {
	// A backend that cannot be opened makes no results, so that its name does not matter.
	backend, modules := platform.Go, []string{"github.com/gomlx/gomlx", "github.com/gomlx/compute"}
	if asked := os.Getenv("TRIOVIT_BACKEND"); asked != "" && asked != platform.Go {
		backend, modules = asked, append(modules, "github.com/gomlx/go-xla")
	}
	name := fmt.Sprintf("graph %d, %s %s", graphVersion, backend, runtime.GOARCH)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	for _, s := range info.Settings {
		if s.Key == "GOEXPERIMENT" {
			name += " " + s.Value
		}
	}
	if path := platform.SIMD(); path != "" && path != "AVX2" { // package simd names AVX2 itself
		name += " " + path
	}
	for _, m := range info.Deps {
		if slices.Contains(modules, m.Path) {
			name += " " + m.Version
		}
	}
	return name
})
