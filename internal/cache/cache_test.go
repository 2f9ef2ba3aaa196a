// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestMain lets the test binary act as another process that uses the cache.
func TestMain(m *testing.M) {
	flag.Parse() // Parse reads -test.v, which shows warnings and bars
	switch dir := os.Getenv("CACHE_TEST_DIR"); os.Getenv("CACHE_TEST_ROLE") {
	case "writer": // the process writes one entry again and again
		for c := Open(dir); ; {
			if err := c.Put(context.Background(), "entry", payload); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println("written")
		}
	case "sleeper": // the process is inside a stage until it is killed
		_, err := Do(context.Background(), Open(dir), "stage", 1, nil, func() (int, error) {
			fmt.Println("computing")
			time.Sleep(time.Hour)
			return 0, nil
		})
		fmt.Println(err)
		os.Exit(1)
	case "waiter": // the process waits for a stage until a signal ends the wait
		ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
		_, err := Do(ctx, Open(dir), "stage", 1, nil, func() (int, error) { return 0, nil })
		fmt.Println(err, errors.Is(err, context.Canceled))
		os.Exit(0)
	case "reporter":
		report(dir)
	case "two reasons": // the process stores two results in one cache, which fails for two reasons
		c := Open(dir)
		c.MaxBytes = 100
		for _, size := range []int{1000, 10} {
			if _, err := Do(context.Background(), c, strconv.Itoa(size), 1, nil, func() ([]byte, error) { return payload[:size], nil }); err != nil {
				fmt.Println(err)
			}
		}
		fmt.Println("first:", c.Warning())
		os.Exit(0)
	case "computer": // the process computes stages that other processes compute too
		for i := range 20 {
			got, err := Do(context.Background(), Open(dir), "shared", 1, []string{strconv.Itoa(i)}, func() ([]int, error) {
				fmt.Println("computed", i)
				return make([]int, 1000+i), nil
			})
			if err != nil || len(got) != 1000+i {
				fmt.Println("result", len(got), err)
				os.Exit(1)
			}
		}
	default:
		if limited, ok := limitedRoles[os.Getenv("CACHE_TEST_ROLE")]; ok {
			limited(dir)
		}
		os.Exit(m.Run())
	}
}

// limitedRoles holds the roles that use the means of one operating system.
var limitedRoles = map[string]func(dir string){}

var payload = bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB

// process returns the command that starts another process with the given role.
func process(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.v")
	cmd.Env = append(os.Environ(), "CACHE_TEST_ROLE="+role, "CACHE_TEST_DIR="+dir)
	return cmd
}

// report runs a stage that an earlier process ran, and another stage twice. It prints
// how often each was computed and why a result was not stored.
func report(dir string) {
	c := Open(dir)
	for _, stage := range []string{"old", "new", "new"} {
		calls := 0
		got, err := Do(context.Background(), c, stage, 1, nil, func() ([]byte, error) { calls++; return payload, nil })
		fmt.Printf("%s: %d bytes, computed %d times, %v\n", stage, len(got), calls, err)
	}
	fmt.Println(c.Warning())
	os.Exit(0)
}

func TestPutGet(t *testing.T) {
	c := Open(filepath.Join(t.TempDir(), "made", "when", "needed"))
	if data, ok := c.Get("a"); ok {
		t.Errorf("empty cache has %q", data)
	}
	for _, want := range []string{"first", "second", ""} {
		if err := c.Put(t.Context(), "a", []byte(want)); err != nil {
			t.Fatal(err)
		}
		if data, ok := c.Get("a"); !ok || string(data) != want {
			t.Errorf("got %q, %v, want %q", data, ok, want)
		}
	}
	files, err := os.ReadDir(c.Dir())
	if err != nil || len(files) != 1 {
		t.Errorf("folder holds %v, want one entry: %v", files, err)
	}
}

func TestDamagedEntryIsAbsent(t *testing.T) {
	c := Open(t.TempDir())
	if err := c.Put(t.Context(), "a", []byte("contents")); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(c.path("a"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		damaged := bytes.Clone(whole)
		if rapid.Bool().Draw(t, "truncate") {
			damaged = damaged[:rapid.IntRange(0, len(whole)-1).Draw(t, "length")]
		} else {
			damaged[rapid.IntRange(0, len(whole)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		if err := os.WriteFile(c.path("a"), damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if data, ok := c.Get("a"); ok {
			t.Fatalf("got %q from a damaged file", data)
		}
	})
	if err := c.Put(t.Context(), "a", []byte("repaired")); err != nil {
		t.Fatal(err)
	}
	if data, ok := c.Get("a"); !ok || string(data) != "repaired" {
		t.Errorf("after another Put: %q, %v", data, ok)
	}
}

func TestKeySeparatesParts(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a", "", "b"}, {"\x00"}} {
		key := Key(parts...)
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have the same key", parts, other)
		}
		seen[key] = parts
		if len(key) != 64 || key != Key(parts...) {
			t.Errorf("key of %q: %q", parts, key)
		}
	}
}

func TestEvictsLeastRecentlyUsed(t *testing.T) {
	c := Open(t.TempDir())
	size := headerSize + 1000
	c.MaxBytes = int64(3 * size)
	past := time.Now().Add(-time.Hour)
	put := func(key string, minute int) {
		t.Helper()
		if err := c.Put(t.Context(), Key(key), make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		when := past.Add(time.Duration(minute) * time.Minute)
		if err := os.Chtimes(c.path(Key(key)), when, when); err != nil {
			t.Fatal(err)
		}
	}
	put("a", 1)
	put("b", 2)
	put("c", 3)
	if _, ok := c.Get(Key("a")); !ok { // entry a is the last one used now
		t.Fatal("a is absent")
	}
	put("d", 4)
	put("e", 5)
	for key, want := range map[string]bool{"a": true, "b": false, "c": false, "d": true, "e": true} {
		if _, ok := c.Get(Key(key)); ok != want {
			t.Errorf("%s is there: %v, want %v", key, ok, want)
		}
	}
	if err := c.Put(t.Context(), Key("big"), make([]byte, 3*size)); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("entry larger than the cache: got error %v", err)
	}
}

func TestRemovesAbandonedFiles(t *testing.T) {
	c, key, held := Open(t.TempDir()), Key("old"), Key("held")
	unlock, err := lock(t.Context(), filepath.Join(c.Dir(), held+lockSuffix), "")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	for _, test := range []struct {
		name    string
		age     time.Duration
		removed bool
	}{
		{key + ".entry.writing-X", 2 * abandoned, true},
		{key + ".entry.writing-Y", 0, false},
		{key + ".lock", 2 * abandoned, true},
		{Key("young") + ".lock", 0, false},
		{held + ".lock", 2 * abandoned, false},
		{"yarn.lock", 2 * abandoned, false},
		{"thesis.tex.writing-2", 2 * abandoned, false},
	} {
		path := filepath.Join(c.Dir(), test.name)
		f, err := os.OpenFile(path, os.O_CREATE, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		when := time.Now().Add(-test.age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		if err := c.Put(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err != nil) != test.removed {
			t.Errorf("%s: %v, want it removed: %v", test.name, err, test.removed)
		}
	}
}

// TestFilesOfOthers: in a folder with other files the cache never removes these, even
// if it is full.
func TestFilesOfOthers(t *testing.T) {
	c := Open(t.TempDir())
	c.MaxBytes = int64(headerSize)
	for _, name := range []string{"diary.entry", "probe"} {
		if err := os.WriteFile(filepath.Join(c.Dir(), name), payload, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"a", "b"} {
		if err := c.Put(t.Context(), Key(key), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n, size, err := c.Usage(); n != 1 || size != int64(headerSize) || err != nil {
		t.Errorf("%d entries of %d bytes, %v, want one", n, size, err)
	}
	for _, name := range []string{"diary.entry", "probe"} {
		if data, err := os.ReadFile(filepath.Join(c.Dir(), name)); !bytes.Equal(data, payload) {
			t.Errorf("%s has %d bytes, %v", name, len(data), err)
		}
	}
}

func TestOpenDefaults(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", "/named")
	if dir := Open("").Dir(); dir != "/named" {
		t.Errorf("with TRIOVIT_CACHE: %q", dir)
	}
	if dir := Open("/given").Dir(); dir != "/given" {
		t.Errorf("with a folder: %q", dir)
	}
	t.Setenv("TRIOVIT_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "/xdg")
	t.Setenv("HOME", "/home/user")
	if user, err := os.UserCacheDir(); err != nil || Open("").Dir() != filepath.Join(user, "gotriovit") {
		t.Errorf("without: %q, user's folder %q: %v", Open("").Dir(), user, err)
	}
}

type result struct {
	Values []float32
	Names  map[string]int
}

func TestDoKeepsEveryBit(t *testing.T) {
	c := Open(t.TempDir())
	want := &result{
		Values: []float32{0, 1.0 / 3, float32(math.NaN()), float32(math.Inf(-1)), math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))},
		Names:  map[string]int{"qkv": 3},
	}
	calls := 0
	for range 3 {
		got, err := Do(t.Context(), c, "observe", 1, []string{"input"}, func() (*result, error) {
			calls++
			return want, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Values {
			if math.Float32bits(v) != math.Float32bits(want.Values[i]) {
				t.Errorf("value %d: got %v, want %v", i, v, want.Values[i])
			}
		}
		if diff := cmp.Diff(want.Names, got.Names); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if calls != 1 {
		t.Errorf("computed %d times, want once", calls)
	}
	if c.Warning() != nil {
		t.Errorf("warning %v", c.Warning())
	}
}

func TestDoDistinguishes(t *testing.T) {
	c := Open(t.TempDir())
	calls := 0
	do := func(stage string, version int, inputs ...string) {
		t.Helper()
		want := calls
		got, err := Do(t.Context(), c, stage, version, inputs, func() (int, error) { calls++; return want, nil })
		if err != nil || got != want {
			t.Errorf("%s version %d of %q: got the result of call %d, %v", stage, version, inputs, got, err)
		}
	}
	do("a", 1, "x")
	do("b", 1, "x")
	do("a", 2, "x")
	do("a", 1, "y")
	do("a", 1, "x", "y")
}

func TestDoOfAnotherTypeComputes(t *testing.T) {
	c := Open(t.TempDir())
	if _, err := Do(t.Context(), c, "s", 1, nil, func() (string, error) { return "text", nil }); err != nil {
		t.Fatal(err)
	}
	if got, err := Do(t.Context(), c, "s", 1, nil, func() (int, error) { return 7, nil }); got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestDoErrors(t *testing.T) {
	c := Open(t.TempDir())
	failure := errors.New("no pictures")
	if _, err := Do(t.Context(), c, "s", 1, nil, func() (int, error) { return 5, failure }); err != failure {
		t.Errorf("got error %v, want the stage's own", err)
	}
	if got, err := Do(t.Context(), c, "s", 1, nil, func() (int, error) { return 6, nil }); got != 6 || err != nil {
		t.Errorf("after a failure: got %d, %v", got, err)
	}
	_, err := Do(t.Context(), c, "channels", 1, nil, func() (chan int, error) { return make(chan int), nil })
	if err == nil || !strings.Contains(err.Error(), "stage channels") {
		t.Errorf("type that cannot be encoded: got error %v", err)
	}
}

func TestUnwritableFolderStillComputes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Cache{"below a file": Open(filepath.Join(file, "cache")), "nil": nil} {
		t.Run(name, func(t *testing.T) {
			for want := range 2 {
				if got, err := Do(t.Context(), c, "s", 1, nil, func() (int, error) { return want, nil }); got != want || err != nil {
					t.Errorf("got %d, %v, want %d", got, err, want)
				}
			}
			if c == nil {
				return
			}
			if err := c.Warning(); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "TRIOVIT_CACHE") {
				t.Errorf("warning %v, want one that names the folder and the remedy", err)
			}
		})
	}
}

func TestGoroutinesComputeOnce(t *testing.T) {
	dir := t.TempDir()
	var calls atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			got, err := Do(t.Context(), Open(dir), "s", 1, nil, func() (int, error) {
				time.Sleep(10 * time.Millisecond)
				return int(calls.Add(1)), nil
			})
			if got != 1 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	group.Wait()
	if calls.Load() != 1 {
		t.Errorf("computed %d times, want once", calls.Load())
	}
}

func TestProcessesComputeOnce(t *testing.T) {
	dir := t.TempDir()
	outputs := make([]string, 4)
	var group sync.WaitGroup
	for i := range outputs {
		group.Go(func() {
			out, err := process(t, "computer", dir).CombinedOutput()
			if err != nil {
				t.Errorf("process %d: %v: %s", i, err, out)
			}
			outputs[i] = string(out)
		})
	}
	group.Wait()
	if n := strings.Count(strings.Join(outputs, ""), "computed"); n != 20 {
		t.Errorf("20 stages were computed %d times", n)
	}
}

func TestKilledWriterLeavesWholeEntry(t *testing.T) {
	dir := t.TempDir()
	c := Open(dir)
	for round := range 8 {
		cmd := process(t, "writer", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// After its first entry the writer is nearly always inside a write.
		if _, err := out.Read(make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(round) * 700 * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		if data, ok := c.Get("entry"); !ok || !bytes.Equal(data, payload) {
			t.Fatalf("round %d: got %d bytes, %v", round, len(data), ok)
		}
		if err := c.Put(t.Context(), "other", []byte{byte(round)}); err != nil { // the killed process's locks are free
			t.Fatal(err)
		}
	}
}

func TestKilledStageLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	cmd := process(t, "sleeper", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 9)); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if got, err := Do(t.Context(), Open(dir), "stage", 1, nil, func() (int, error) { return 9, nil }); got != 9 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("folder holds %v, want one entry: %v", files, err)
	}
}

// TestWarnsOncePerStage: if the cache's folder is not a folder, each stage warns once.
// The warning says where and why nothing is stored.
func TestWarnsOncePerStage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := process(t, "reporter", file)
	var seen strings.Builder
	cmd.Stderr = &seen
	if _, err := cmd.Output(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(seen.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one for each of two stages: %q", len(lines), lines)
	}
	for i, stage := range []string{"stage old: ", "stage new: "} {
		for _, part := range []string{stage, file, "not a directory", "TRIOVIT_CACHE"} {
			if !strings.Contains(lines[i], part) {
				t.Errorf("warning %q lacks %q", lines[i], part)
			}
		}
	}
}

// TestWaitForAnotherProcess: while another process computes the same result, a wait
// shows that process. A signal ends the wait with an error that names it.
func TestWaitForAnotherProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("a wait shows itself after three seconds")
	}
	dir := t.TempDir()
	sleeper := process(t, "sleeper", dir)
	computing, err := sleeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleeper.Wait()
	defer sleeper.Process.Kill()
	if _, err := computing.Read(make([]byte, 9)); err != nil {
		t.Fatal(err)
	}
	waiter := process(t, "waiter", dir)
	var result strings.Builder
	waiter.Stdout = &result
	shown, err := waiter.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := waiter.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := shown.Read(line)
	if want := fmt.Sprintf("wait for process %d, which computes the same ...", sleeper.Process.Pid); err != nil || !strings.Contains(string(line[:n]), want) {
		t.Errorf("it shows %q, %v, want %q", line[:n], err, want)
	}
	waiter.Process.Signal(os.Interrupt)
	if err := waiter.Wait(); err != nil {
		t.Error(err)
	}
	want := fmt.Sprintf("stage stage: waited for process %d, which computes the same: ", sleeper.Process.Pid)
	if got := result.String(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " true\n") {
		t.Errorf("result %q, want %q and the context's error", got, want)
	}
}

// TestCancelledWait: a wait for another call of this process ends with the context,
// although the stage continues.
func TestCancelledWait(t *testing.T) {
	dir, computing, finish := t.TempDir(), make(chan bool), make(chan bool)
	var stage sync.WaitGroup
	stage.Go(func() {
		Do(t.Context(), Open(dir), "s", 1, nil, func() (int, error) {
			close(computing)
			<-finish
			return 1, nil
		})
	})
	<-computing
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("no time")
	cancel(reason)
	_, err := Do(ctx, Open(dir), "s", 1, nil, func() (int, error) { return 2, nil })
	if want := "stage s: waited for another call of this process, which computes the same: no time"; !errors.Is(err, reason) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	close(finish)
	stage.Wait()
	if got, err := Do(ctx, Open(dir), "s", 1, nil, func() (int, error) { return 3, nil }); got != 1 || err != nil {
		t.Errorf("what the other call kept: %d, %v, want 1", got, err)
	}
}

// TestHolder: for a lock file of any content, the name of the holder is printable.
func TestHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got := holder(path); got != "another process" {
		t.Errorf("without a file: %q", got)
	}
	for _, test := range []struct{ contents, want string }{
		{"", "another process"},
		{"yarn", "another process"},
		{"7\x1b[2J", "another process"},
		{"7 \x1b[2J", "another process"},
		{"7 elsewhere\n", "process 7 on elsewhere"},
		{"7", "another process"},
		{fmt.Sprintln(-7, host), "another process"},
		{fmt.Sprintln(7, host), "process 7"},
		{fmt.Sprintln(os.Getpid(), host), "another call of this process"},
		{"7 " + strings.Repeat("x", 1000), "process 7 on " + strings.Repeat("x", 298)},
	} {
		if err := os.WriteFile(path, []byte(test.contents), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := holder(path); got != test.want {
			t.Errorf("of %.20q: %q, want %q", test.contents, got, test.want)
		}
	}
}

func BenchmarkDoWarm(b *testing.B) {
	c := Open(b.TempDir())
	values := make([]float32, 1<<20)
	for i := range values {
		values[i] = float32(math.Sqrt(float64(i)))
	}
	for b.Loop() {
		if _, err := Do(b.Context(), c, "s", 1, nil, func() ([]float32, error) { return values, nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEachStageTellsItsReason: a stage whose result cannot be stored warns of its own
// reason. [Cache.Warning] returns the first one. A cache without a folder says why it
// has none.
func TestEachStageTellsItsReason(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := process(t, "two reasons", filepath.Join(file, "below")).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(lines) != 3 {
		t.Fatalf("%v: %q, want two warnings and the first reason", err, lines)
	}
	for i, want := range []string{"allowed are 100 in all", "not a directory", "allowed are 100 in all"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want)
		}
	}
	for _, v := range []string{"TRIOVIT_CACHE", "XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(v, "")
	}
	c := Open("")
	if err := c.Put(t.Context(), "key", payload); err == nil || err != c.Warning() || !strings.Contains(err.Error(), "no cache: set TRIOVIT_CACHE") {
		t.Errorf("without a folder: %v, want the reason of Open, %v", err, c.Warning())
	}
}
