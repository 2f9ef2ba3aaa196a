// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package calib

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// stages observes a small network, saves the profile, quantizes, evaluates, and
// returns what a user sees of that. The cache is in the folder too.
func stages(t *testing.T, folder string) string {
	t.Setenv("TRIOVIT_CACHE", filepath.Join(folder, "cache"))
	net, err := triovit.Describe("b0-r224", triovit.InputSize(64, 64), triovit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	model := &triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}
	data := noise(t, 40, 64)
	profile, err := Observe(context.Background(), model, data)
	if err != nil {
		t.Fatal(err)
	}
	if err := profile.Save(filepath.Join(folder, "profile")); err != nil {
		t.Fatal(err)
	}
	q, err := Quantize(model, profile, TrioViT)
	if err != nil {
		t.Fatal(err)
	}
	report, err := triovit.Evaluate(context.Background(), q, data)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	return q.ID() + "\n" + string(scores)
}

// TestKilledStages kills the stages at 50 random moments. After each, every
// entry of the cache is whole and one of the undisturbed run, the profile is
// absent or equal, and nothing else lies there but what is known as unfinished.
// A run that may end has the undisturbed run's result to the bit.
func TestKilledStages(t *testing.T) {
	if folder := os.Getenv("CALIB_TEST_STAGES"); folder != "" { // the process to be killed
		if err := os.WriteFile(filepath.Join(folder, "result"), []byte(stages(t, folder)), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if testing.Short() {
		t.Skip("runs a hundred processes")
	}
	child := func(folder string) *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledStages$")
		cmd.Env = append(os.Environ(), "CALIB_TEST_STAGES="+folder, "TMPDIR="+t.TempDir())
		return cmd
	}
	finish := func(folder string) {
		t.Helper()
		if out, err := child(folder).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	var want *leavings
	took := time.Hour
	for range 3 { // the first also loads the program
		undisturbed, start := t.TempDir(), time.Now()
		finish(undisturbed)
		took = min(took, time.Since(start))
		want = check(t, undisturbed, want)
	}

	// kill starts the stages and ends them after a time; it reports whether
	// they were still running.
	kill := func(folder string, after time.Duration) bool {
		cmd := child(folder)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		defer timer.Stop()
		var exit *exec.ExitError
		err := cmd.Wait()
		if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == -1) { // -1: by a signal
			t.Fatal(err)
		}
		return err != nil
	}
	folder, killed, finished := t.TempDir(), 0, 0
	for attempts := 0; killed < 50; attempts++ {
		if attempts == 500 {
			t.Fatalf("only %d of %d processes were killed before they ended", killed, attempts)
		}
		ended := !kill(folder, time.Duration(rand.Int64N(int64(took))))
		if !ended {
			killed++
		}
		check(t, folder, want)
		if !ended && killed%10 == 0 {
			finish(folder)
			ended = true
		}
		if ended { // and from the beginning again
			finished++
			if got := check(t, folder, want); got.result != want.result || got.profile == nil || len(got.entries) != len(want.entries) {
				t.Errorf("after kills the result is %q with %d entries, undisturbed %q with %d", got.result, len(got.entries), want.result, len(want.entries))
			}
			folder = t.TempDir()
		}
	}
	t.Logf("%d processes killed, %d allowed to end; undisturbed one takes %v", killed, finished, took)
}

// leavings are what the stages left in a folder.
type leavings struct {
	result  string
	profile *Profile
	entries map[string]bool // whole ones, by name
}

// check returns what lies in a folder; all must be whole. Names and profile are
// those of the undisturbed run, where it is given.
func check(t *testing.T, folder string, want *leavings) *leavings {
	t.Helper()
	got := &leavings{entries: make(map[string]bool)}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(folder, "cache", "*"))
	if err != nil {
		t.Fatal(err)
	}
	store := cache.Open(filepath.Join(folder, "cache"))
	for _, path := range append(files, entries...) {
		name := filepath.Base(path)
		key, isEntry := strings.CutSuffix(name, ".entry")
		switch {
		case name == "cache", atomicfile.Temporary(name), strings.HasSuffix(name, ".lock"):
		case name == "result":
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got.result = string(data)
		case name == "profile":
			if got.profile, err = LoadProfile(path); err != nil {
				t.Fatal(err)
			}
			if want != nil && !reflect.DeepEqual(got.profile, want.profile) {
				t.Fatal("the profile is not the undisturbed one")
			}
		case isEntry:
			if _, ok := store.Get(key); !ok {
				t.Fatalf("entry %s is damaged", name)
			}
			if want != nil && !want.entries[name] {
				t.Fatalf("entry %s is none of the undisturbed run", name)
			}
			got.entries[name] = true
		default:
			t.Fatalf("%s was left", path)
		}
	}
	return got
}
