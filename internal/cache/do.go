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

// Do returns the result of a stage: the entry for its name, version and inputs if there is
// one, else the result of compute, which is then stored. The inputs name everything that
// the result depends on. The version changes with the code.
//
// While one process computes, others that ask for the same result wait for it, and show
// which process they wait for. The wait ends with ctx, whose cause the error wraps. If
// compute fails, or its process is killed, nothing is stored. A result that cannot be
// stored is returned all the same, with a warning: see [Cache.Warning].
//
// Results are stored by encoding/gob, which preserves every bit of a float, NaN included,
// and ignores unexported fields. Every result that Do returns has passed the encoding, so
// that the first call and later calls return the same. A type that gob cannot encode is an
// error.
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
		if value, ok := get[T](c, key); ok { // computed while this call waited
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

// get decodes an entry. An entry that is not a T, written by other code under the same
// version, counts as absent.
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
