// SPDX-License-Identifier: Apache-2.0

// Package cache keeps the results of stages between processes.
//
// A Go kernel for notebooks compiles every cell into a new process, so values do not
// survive from cell to cell. A stage (observe, evaluate) is therefore a pure function
// of its inputs, and its result is stored in a file. Another call reads the file. [Do]
// does both:
//
//	c := cache.Open("")
//	profile, err := cache.Do(ctx, c, "observe", 1, []string{networkHash, data.Fingerprint()},
//		func() (*Profile, error) { return observe(network, data) })
//
// The name of an entry is the hash of everything on which the result depends ([Key]).
// An entry can therefore become unused but never wrong. Writing is atomic, and every
// entry has a checksum. After a killed process, a full disk or a damaged file, a result
// is computed again; it is never wrong. The folder may be deleted at any time. To keep
// it below [Cache.MaxBytes], the cache removes the entries that were unused for the
// longest time.
package cache

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/regular"
)

// DefaultMaxBytes is the default bound of a cache's size, in bytes.
const DefaultMaxBytes = 2 << 30

// Cache is a folder of results. Several processes and goroutines may use one folder at
// the same time. A nil Cache stores nothing.
type Cache struct {
	// MaxBytes is the largest size of all entries together, in bytes. It must be set
	// before the first use.
	MaxBytes int64

	dir     string
	mu      sync.Mutex
	warning error
}

// Open returns the cache in the given folder, which is made when the first entry is
// written. If dir is empty, the folder is $TRIOVIT_CACHE, or else the folder gotriovit
// in the user's cache folder. Open does not fail. If the cache cannot be written, every
// result is computed again and [Cache.Warning] returns the reason.
func Open(dir string) *Cache {
	c := &Cache{MaxBytes: DefaultMaxBytes, dir: dir}
	if c.dir == "" {
		c.dir = os.Getenv("TRIOVIT_CACHE")
	}
	if c.dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			c.warn(fmt.Errorf("no cache: set TRIOVIT_CACHE to a folder: %w", err))
			return c
		}
		c.dir = filepath.Join(user, "gotriovit")
	}
	return c
}

// Dir returns the cache's folder, or "" if there is none.
func (c *Cache) Dir() string {
	if c == nil {
		return ""
	}
	return c.dir
}

// Warning returns the first reason why a result could not be stored, or nil. Such a
// result is right, but it is computed again the next time.
func (c *Cache) Warning() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.warning
}

func (c *Cache) warn(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warning == nil {
		c.warning = err
	}
}

// Key returns the name of the entry that depends on the given parts. It is the SHA-256,
// in hexadecimal digits, of the parts and their lengths.
func Key(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// An entry's file has a magic number, the SHA-256 of the payload and the payload. A new
// format must get a new number.
const (
	magic      = "triovit1"
	headerSize = len(magic) + sha256.Size
	suffix     = ".entry"
	lockSuffix = ".lock"
	evictLock  = "evict" + lockSuffix
)

// own reports whether the cache made a file. A user may choose a folder with other
// files, such as a yarn.lock. Other files are not counted and never removed.
func own(name string) bool {
	key, _, _ := strings.Cut(name, ".")
	_, err := hex.DecodeString(key)
	return err == nil && len(key) == 2*sha256.Size || name == evictLock
}

func (c *Cache) path(key string) string { return filepath.Join(c.dir, key+suffix) }

// Get returns the entry with the given key, and whether there is one. A truncated or
// otherwise damaged entry counts as absent.
func (c *Cache) Get(key string) ([]byte, bool) {
	if c == nil || c.dir == "" {
		return nil, false
	}
	path := c.path(key)
	data, err := regular.Read(path, c.MaxBytes)
	if err != nil || len(data) < headerSize || string(data[:len(magic)]) != magic {
		return nil, false
	}
	payload := data[headerSize:]
	if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], data[len(magic):headerSize]) {
		return nil, false
	}
	now := time.Now()
	os.Chtimes(path, now, now) // the time marks the entry as used; a read-only cache is never evicted
	return payload, true
}

// Put writes an entry. Readers see either the complete entry or none. An error is also
// stored for [Cache.Warning]. If ctx ends while another process removes old entries,
// this process removes none.
func (c *Cache) Put(ctx context.Context, key string, payload []byte) error {
	if c == nil {
		return nil
	}
	if c.dir == "" {
		return c.Warning() // [Open] stored the reason why there is no folder
	}
	err := c.put(ctx, key, payload)
	if err != nil {
		err = fmt.Errorf("cache in %q keeps no results: %w (set TRIOVIT_CACHE to a folder that can be written)", c.dir, err)
		c.warn(err)
	}
	return err
}

func (c *Cache) put(ctx context.Context, key string, payload []byte) error {
	size := int64(headerSize + len(payload))
	if size > c.MaxBytes {
		return fmt.Errorf("a result of %d bytes: allowed are %d in all", size, c.MaxBytes)
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return err
	}
	sum := sha256.Sum256(payload)
	err := atomicfile.Write(c.path(key), func(w io.Writer) error {
		for _, part := range [][]byte{[]byte(magic), sum[:], payload} {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Only one process at a time adds up sizes and removes entries. Two would both
	// remove entries, and thus too many.
	unlock, err := lock(ctx, filepath.Join(c.dir, evictLock), "removes old results")
	if err != nil {
		return nil // the entry remains
	}
	defer unlock()
	return c.evict(key + suffix)
}

// abandoned is the age from which a temporary file counts as one without a writer. From
// this age a lock file is checked for a holder.
const abandoned = time.Hour

// evict removes the files of killed writers. Then it removes the entries that were
// unused for the longest time, except keep, until the rest has at most MaxBytes.
func (c *Cache) evict(keep string) error {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	var entries []fs.FileInfo
	var total int64
	for _, file := range files {
		info, err := file.Info()
		switch {
		case err != nil: // another process removed it
		case !own(file.Name()):
		case time.Since(info.ModTime()) > abandoned && atomicfile.Temporary(file.Name()):
			os.Remove(filepath.Join(c.dir, file.Name()))
		case time.Since(info.ModTime()) > abandoned && strings.HasSuffix(file.Name(), lockSuffix):
			removeFreeLock(filepath.Join(c.dir, file.Name()))
		case strings.HasSuffix(file.Name(), suffix):
			total += info.Size()
			if file.Name() != keep {
				entries = append(entries, info)
			}
		}
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, entry := range entries {
		if total <= c.MaxBytes {
			break
		}
		if err := os.Remove(filepath.Join(c.dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= entry.Size()
	}
	return nil
}
