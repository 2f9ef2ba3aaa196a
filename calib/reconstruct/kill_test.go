// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/calib"
)

// TestKilled kills a reconstruction at random moments, again and again until one comes
// to its end, which has the result of an undisturbed one to the bit.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("RECONSTRUCT_TEST_FOLDER"); folder != "" { // this is the process to be killed
		t.Setenv("TRIOVIT_CACHE", filepath.Join(folder, "cache"))
		q, pictures := quantized(t, calib.TrioViTPlusInteger)
		r, err := Run(t.Context(), q, pictures, small(4))
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Blocks {
			r.Blocks[i].Took = 0
		}
		blocks, err := json.Marshal(r.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "result"), append([]byte(r.Quantized.ID()+"\n"), blocks...), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if testing.Short() {
		t.Skip("runs a process a dozen times: run without -short")
	}
	// run runs the process, kills it after a time if that is not 0, and returns whether
	// it came to its end.
	run := func(folder string, after time.Duration) bool {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "RECONSTRUCT_TEST_FOLDER="+folder)
		var complaints strings.Builder
		cmd.Stdout = &complaints
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if after > 0 {
			defer time.AfterFunc(after, cancel).Stop()
		}
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code > 0 && ctx.Err() == nil {
			t.Fatalf("exit code %d: %s", code, complaints.String())
		}
		return cmd.ProcessState.Success()
	}
	result := func(folder string) string {
		data, err := os.ReadFile(filepath.Join(folder, "result"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	undisturbed := t.TempDir()
	begun := time.Now()
	if !run(undisturbed, 0) {
		t.Fatal("the undisturbed process did not come to its end")
	}
	whole := time.Since(begun)
	rng := rand.New(rand.NewPCG(1, 2))
	folder, kills := t.TempDir(), 0
	for kills < 10 && !run(folder, time.Duration((0.1+0.4*rng.Float64())*float64(whole))) {
		kills++
	}
	if kills < 2 {
		t.Errorf("the process was killed %d times: too seldom to say anything", kills)
	}
	run(folder, 0)
	if result(folder) != result(undisturbed) {
		t.Error("a reconstruction that was killed found something else")
	}
}
