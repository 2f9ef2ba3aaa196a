// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/progress"
)

// Do returns the result of a stage. If there is an entry for its name, version and
// inputs, Do reads it. Otherwise Do calls compute and stores the result. The inputs
// must name everything on which the result depends. The version must change with the
// code.
//
// If two calls ask for the same result at the same time, one computes it and the other
// waits, and shows for which process it waits. The wait ends if ctx ends, and the error
// then wraps ctx's cause. If compute fails, or its process is killed, nothing is
// stored. A result that cannot be stored is still returned, with a warning: see
// [Cache.Warning].
//
// Results are stored with encoding/gob. It preserves every bit of a float, NaN
// included, and ignores unexported fields. Every result that Do returns was encoded and
// decoded, so the first call and later calls return the same value. A type that gob
// cannot encode is an error.
func Do[T any](ctx context.Context, c *Cache, stage string, version int, inputs []string, compute func() (T, error)) (T, error) {
	var none T
	key := Key(append([]string{stage, strconv.Itoa(version)}, inputs...)...)
	if value, ok := get[T](c, key); ok {
		return value, nil
	}
	if c != nil && c.dir != "" && os.MkdirAll(c.dir, 0o777) == nil {
		unlock, err := lock(ctx, filepath.Join(c.dir, key+lockSuffix), "computes the same")
		if err != nil {
			return none, fmt.Errorf("stage %s: %w", stage, err)
		}
		defer unlock()
		if value, ok := get[T](c, key); ok { // another call computed it during the wait
			return value, nil
		}
	}
	value, err := compute()
	if err != nil {
		return none, err
	}
	var buffer bytes.Buffer
	if err := gob.NewEncoder(&buffer).Encode(&value); err != nil {
		return none, fmt.Errorf("stage %s: encode its result: %w", stage, err)
	}
	if err := c.Put(ctx, key, buffer.Bytes()); err != nil {
		progress.Warn(fmt.Sprintf("stage %s: %v", stage, err))
	}
	var decoded T
	if err := gob.NewDecoder(&buffer).Decode(&decoded); err != nil {
		return none, fmt.Errorf("stage %s: decode its result: %w", stage, err)
	}
	return decoded, nil
}

// get decodes an entry. An entry that other code wrote under the same version, and that
// is not a T, counts as absent.
func get[T any](c *Cache, key string) (value T, ok bool) {
	data, ok := c.Get(key)
	if !ok {
		return value, false
	}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&value); err != nil {
		var none T
		return none, false
	}
	return value, true
}
