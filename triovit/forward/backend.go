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

// Backend returns the backend that everything in this process runs on: GoMLX's
// Go backend, or XLA where TRIOVIT_BACKEND=xla asks for it. An unknown name,
// and XLA where it is not built in or its plug-in does not load, is an error.
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
	keepMargin(0) // for graphs that no Executor runs
	return gobackend.GetBackend(), nil
})

// graphVersion changes when the graph of the same network computes something
// else than before, other than in the last digits.
const graphVersion = 1

// Platform names what computes: this package's graph, the backend, its version
// and its vector instructions. Results of two platforms may differ in the last
// digits and are never mixed.
func Platform() string { return platformName() }

var platformName = sync.OnceValue(func() string {
	// A backend that is not to be had makes no results, whatever its name.
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
	if path := platform.SIMD(); path != "" && path != "AVX2" { // AVX2 is what simd by itself says
		name += " " + path
	}
	for _, m := range info.Deps {
		if slices.Contains(modules, m.Path) {
			name += " " + m.Version
		}
	}
	return name
})
