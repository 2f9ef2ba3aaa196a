// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// pluginFile is the plug-in's file name, by which github.com/gomlx/go-xla finds it.
const pluginFile = "pjrt_c_api_cpu_plugin.so"

// checkPlugin searches a list of folders for XLA's plug-in, and checks that the file is
// complete. The plug-in's loader does not check this: a truncated file ends the process
// with a bus error.
func checkPlugin(folders string) error {
	for _, folder := range filepath.SplitList(folders) {
		path := filepath.Join(folder, pluginFile)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := checkLibrary(path); err != nil {
			return fmt.Errorf("%s is no plug-in: %w", path, err)
		}
		return nil
	}
	return fmt.Errorf("there is no %s in %s", pluginFile, folders)
}

// checkLibrary returns an error unless a file is an ELF file with its table of
// sections, which is at the end of the file. The file must also export the one function
// of a PJRT plug-in.
func checkLibrary(path string) error {
	library, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer library.Close()
	symbols, err := library.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return err
	}
	const function = "GetPjrtApi"
	if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == function && s.Section != elf.SHN_UNDEF }) {
		return fmt.Errorf("it exports no %s", function)
	}
	return nil
}
