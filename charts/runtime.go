// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gotriovit/gotriovit/internal/regular"
)

// runtimeEnv names the ECharts runtime file when it lies at no usual place.
const runtimeEnv = "TRIOVIT_ECHARTS"

// runtimePlaces are where the runtime is looked for, relative to the working
// folder, the folder of this source, and every folder above them.
var runtimePlaces = [...]string{
	"build/echarts/echarts.min.js",
	"node_modules/echarts/dist/echarts.min.js",
}

// maxRuntime bounds the script in bytes: ECharts' takes 1 MB.
const maxRuntime = 64 << 20

// readRuntime returns Apache ECharts' minified script.
func readRuntime() ([]byte, error) {
	if path := os.Getenv(runtimeEnv); path != "" {
		b, err := regular.Read(path, maxRuntime)
		if err != nil {
			return nil, fmt.Errorf("charts: ECharts runtime named by %s: %w", runtimeEnv, err)
		}
		return b, nil
	}
	_, source, _, _ := runtime.Caller(0)
	starts := []string{filepath.Dir(source)}
	if wd, err := os.Getwd(); err == nil {
		starts = append([]string{wd}, starts...)
	}
	return findRuntime(starts)
}

func findRuntime(starts []string) ([]byte, error) {
	for _, dir := range starts {
		for {
			for _, place := range runtimePlaces {
				b, err := regular.Read(filepath.Join(dir, filepath.FromSlash(place)), maxRuntime)
				if err == nil {
					return b, nil
				}
				if !errors.Is(err, fs.ErrNotExist) {
					return nil, fmt.Errorf("charts: ECharts runtime: %w", err)
				}
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return nil, fmt.Errorf("charts: no ECharts runtime: run `make kernel`, or name echarts.min.js in %s (looked for %s in %s and above)",
		runtimeEnv, strings.Join(runtimePlaces[:], " and "), strings.Join(starts, ", "))
}

// readyEvent is dispatched on the window once the runtime is there; figures
// that were drawn before listen for it.
const readyEvent = "gotriovit-echarts"

// Runtime returns HTML that gives a page Apache ECharts without a request to any host: it
// contains the script, compressed. A page needs it once. ECharts is stored under a name of
// this module, window.gotriovit.echarts, because other programs in the page set and delete
// the usual name. It works beside require.js, whose define it hides from the script.
func Runtime() (string, error) {
	script, err := readRuntime()
	if err != nil {
		return "", err
	}
	packed, err := pack(script)
	if err != nil {
		return "", err
	}
	return `<script>(function(){
if(window.gotriovit)return;
` + inflateScript + `
window.gotriovit={inflate:inflate};
inflate("` + packed + `").then(function(source){
var module={exports:{}};
new Function("define","module","exports",source).call(window,undefined,module,module.exports);
window.gotriovit.echarts=module.exports;
window.dispatchEvent(new Event("` + readyEvent + `"));
});
})();</script>
`, nil
}

// inflateScript defines inflate, which promises the text of what [pack] has made.
const inflateScript = `function inflate(packed){
var bytes=Uint8Array.from(atob(packed),function(c){return c.charCodeAt(0)});
return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}`

// pack returns a script compressed and as base64, for inflateScript.
func pack(script []byte) (string, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(script); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}
