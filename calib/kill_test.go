// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package calib

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// stages observes a small network, saves the profile, quantizes, evaluates, and
// returns what a user sees of that. The cache is in the folder too. It says at
// which stage it is.
func stages(t *testing.T, folder string, at func(stage string)) string {
	t.Setenv("TRIOVIT_CACHE", filepath.Join(folder, "cache"))
	net, err := efficientvit.Describe("b0-r224", efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
	if err != nil {
		t.Fatal(err)
	}
	at("observe")
	profile, err := Observe(context.Background(), model, noise(t, 16, 64))
	if err != nil {
		t.Fatal(err)
	}
	if err := profile.Save(filepath.Join(folder, "profile")); err != nil {
		t.Fatal(err)
	}
	at("quantize")
	q, err := Quantize(model, profile, TrioViT)
	if err != nil {
		t.Fatal(err)
	}
	at("evaluate")
	report, err := triovit.Evaluate(context.Background(), q, noise(t, triovit.BatchSize(net)+8, 64)) // the pictures make two entries
	if err != nil {
		t.Fatal(err)
	}
	scores, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	return q.ID() + "\n" + string(scores)
}

// TestKilledStages kills the stages at 50 random moments: within each stage,
// and while an entry of the cache is written. Every time what they leave is
// whole and of the undisturbed run, and running them again to their end has the
// undisturbed run's result to the bit.
func TestKilledStages(t *testing.T) {
	if folder := os.Getenv("CALIB_TEST_STAGES"); folder != "" { // this is the process to be killed
		result := stages(t, folder, func(stage string) { fmt.Println(stage) })
		if err := os.WriteFile(filepath.Join(folder, "result"), []byte(result), 0o666); err != nil {
			t.Fatal(err)
		}
		fmt.Println("end")
		return
	}
	if testing.Short() {
		t.Skip("runs a hundred processes")
	}
	folders := t.TempDir()
	folder := func() string {
		dir, err := os.MkdirTemp(folders, "")
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	// run runs the stages in a process, tells at each where it is and how to
	// kill it, and reports whether the process came to its end.
	run := func(dir string, at func(ctx context.Context, stage string, kill func())) (ended bool) {
		t.Helper()
		ctx, kill := context.WithCancel(t.Context())
		defer kill()
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledStages$")
		cmd.Env = append(os.Environ(), "CALIB_TEST_STAGES="+dir, "TMPDIR="+folders)
		var complaints strings.Builder
		cmd.Stderr = &complaints
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			at(ctx, lines.Text(), kill)
		}
		cmd.Wait()
		code := cmd.ProcessState.ExitCode() // a signal gives -1
		if code > 0 {
			t.Fatalf("exit code %d: %s", code, complaints.String())
		}
		return code == 0
	}

	var want *leavings
	took := map[string]time.Duration{} // time of an undisturbed stage
	for i := range 3 {                 // the first round also loads the program
		dir, stage, start := folder(), "", time.Now()
		run(dir, func(_ context.Context, next string, _ func()) {
			if d := time.Since(start); i == 0 || d < took[stage] {
				took[stage] = d
			}
			stage, start = next, time.Now()
		})
		want = check(t, dir, want)
	}
	targets, hits, killed := []string{"observe", "quantize", "evaluate", "write"}, map[string]int{}, 0
	for attempts := 0; killed < 50; attempts++ {
		if attempts == 500 {
			t.Fatalf("only %d of %d processes were killed before they ended", killed, attempts)
		}
		target, dir, last := targets[attempts%len(targets)], folder(), ""
		ended := run(dir, func(ctx context.Context, stage string, kill func()) {
			last = stage
			switch {
			case stage == target:
				time.AfterFunc(rand.N(took[stage]), kill)
			case target == "write" && stage == "observe":
				go killWriter(ctx, filepath.Join(dir, "cache"), kill)
			}
		})
		if !ended {
			killed++
			hits[last]++
			if check(t, dir, want).unfinished > 0 {
				hits["write"]++
			}
			run(dir, func(context.Context, string, func()) {})
			if got := check(t, dir, want); got.result != want.result || got.profile == nil || len(got.entries) != len(want.entries) {
				t.Errorf("killed in %s and run again: the result is %q with %d entries, undisturbed %q with %d", last, got.result, len(got.entries), want.result, len(want.entries))
			}
		}
		os.RemoveAll(dir)
	}
	for _, target := range targets {
		if hits[target] == 0 {
			t.Errorf("no process was killed in %s", target)
		}
	}
	t.Logf("killed by where they were, of these in a write as well: %v; undisturbed stages take %v", hits, took)
}

// killWriter kills as soon as an unfinished file shows in a folder.
func killWriter(ctx context.Context, folder string, kill func()) {
	for ctx.Err() == nil {
		files, _ := os.ReadDir(folder)
		for _, file := range files {
			if atomicfile.Temporary(file.Name()) {
				kill()
			}
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// leavings are what the stages left in a folder.
type leavings struct {
	result  string
	profile *Profile
	entries map[string]bool // the whole entries, by name
	// unfinished are the temporary files.
	unfinished int
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
		case name == "cache", strings.HasSuffix(name, ".lock"):
		case atomicfile.Temporary(name):
			got.unfinished++
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
