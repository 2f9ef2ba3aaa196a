// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
)

// Usage returns the number of entries and their size in bytes. A folder that does not
// exist yet has no entries. The error is the reason why results cannot be stored.
func (c *Cache) Usage() (entries int, bytes int64, err error) {
	if err := c.Warning(); err != nil {
		return 0, 0, err
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return 0, 0, err
	}
	probe := c.path(Key("probe"))
	if err := atomicfile.Write(probe, func(io.Writer) error { return nil }); err != nil {
		return 0, 0, err
	}
	os.Remove(probe) // removing fails if another process removed the file
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return 0, 0, err
	}
	for _, file := range files {
		if !own(file.Name()) || !strings.HasSuffix(file.Name(), suffix) {
			continue
		}
		info, err := file.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process removed it
		} else if err != nil {
			return 0, 0, err
		}
		entries, bytes = entries+1, bytes+info.Size()
	}
	return entries, bytes, nil
}
