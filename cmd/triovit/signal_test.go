// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A process is the result of a command line that ran in a process of its own.
type process struct {
	status         int
	stdout, stderr string
	files          map[string]string // contents of the files, by name
	took           time.Duration     // time since the process was ready for signals
}

// inProcess runs a command line in an empty folder with an empty cache. When the process
// is ready, inProcess waits for the moment to send a signal. It sends none if moment is
// nil.
func inProcess(t *testing.T, args []string, moment func() <-chan time.Time) process {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), childEnv+"=1", "TRIOVIT_CACHE="+t.TempDir(), "TRIOVIT_PROGRESS=0")
	var stdout strings.Builder
	cmd.Stdout = &stdout
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stderr := bufio.NewReader(pipe)
	if line, err := stderr.ReadString('\n'); line != ready+"\n" {
		t.Fatalf("%v: begins with %q (%v)", args, line, err)
	}
	start := time.Now()
	if moment != nil {
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			select {
			case <-moment():
				cmd.Process.Signal(syscall.SIGINT)
			case <-ended:
			}
		}()
	}
	rest, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // the error is the status
	p := process{cmd.ProcessState.ExitCode(), stdout.String(), string(rest), map[string]string{}, time.Since(start)}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			p.files[name] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSignalDuringDownload: a hub that stops in the middle of a file does not stop the
// command from ending.
func TestSignalDuringDownload(t *testing.T) {
	stalled := make(chan time.Time, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/api/models/birds/b0/revision/main", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"sha": "%040d", "siblings": [{"rfilename": "model.safetensors", "size": 1000, "blobId": "%040d"}]}`, 1, 2)
	})
	mux.HandleFunc("/birds/b0/resolve/", func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 500))
		w.(http.Flusher).Flush()
		stalled <- time.Now()
		<-r.Context().Done()
	})
	hub := httptest.NewServer(mux)
	t.Cleanup(hub.Close)
	t.Setenv("HF_ENDPOINT", hub.URL)
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	t.Setenv("HF_HUB_OFFLINE", "")
	p := inProcess(t, []string{"profile", "-model", "birds/b0", "-data", "."}, func() <-chan time.Time { return stalled })
	if p.status != interrupted || p.stdout != "" || p.stderr != "triovit profile: interrupted; stages that ended are kept\n" {
		t.Errorf("status %d, printed %q, error %q", p.status, p.stdout, p.stderr)
	}
}

// TestSignal sends every command a signal at random moments. Either the command ends as
// if it was not disturbed, or its status says that it was interrupted and it prints
// nothing. No file that it leaves is half written.
func TestSignal(t *testing.T) {
	if testing.Short() {
		t.Skip("runs dozens of processes")
	}
	given := t.TempDir()
	profile, one, two := filepath.Join(given, "profile"), filepath.Join(given, "1.json"), filepath.Join(given, "2.json")
	must(t, "profile", "-calibration-sample", "47", "-out", profile)
	for i, path := range []string{one, two} {
		must(t, "evaluate", "-sample", "20", "-shard", []string{"1/2", "2/2"}[i], "-out", path)
	}
	for _, args := range [][]string{
		{"doctor"},
		{"profile", "-calibration-sample", "47", "-out", "p"},
		{"quantize", "-profile", profile, "-out", "grids.json"},
		{"evaluate", "-profile", profile, "-recipe", "TrioViT", "-sample", "20", "-out", "report.json"},
		{"merge", "-out", "whole.json", one, two},
		{"report", one},
		{"ladder", "-calibration-sample", "47", "-sample", "20", "-recipes", "Vanilla", "-out", "."},
		{"simulate", "-model", "b3-r288", "-trace", "trace.json", "-csv", "steps.csv"},
		{"explore", "-timing", "event", "-axis", "copies=4,8,12,16"},
	} {
		t.Run(args[0], func(t *testing.T) {
			want := inProcess(t, args, nil)
			if want.status != succeeded || want.stderr != "" {
				t.Fatalf("undisturbed: status %d, %s", want.status, want.stderr)
			}
			for range 2 {
				after := time.Duration(rand.Int64N(int64(want.took)))
				got := inProcess(t, args, func() <-chan time.Time { return time.After(after) })
				for name, contents := range got.files {
					if contents != want.files[name] {
						t.Errorf("after %v %s is not the undisturbed one", after, name)
					}
				}
				switch got.status {
				case succeeded:
					if d := cmp.Diff(want.stdout, got.stdout); args[0] != "doctor" && d != "" || len(got.files) != len(want.files) || got.stderr != "" {
						t.Errorf("after %v: %d files, error %q, -undisturbed +printed:\n%s", after, len(got.files), got.stderr, d)
					}
				case interrupted:
					if got.stdout != "" || got.stderr != "triovit "+args[0]+": interrupted; stages that ended are kept\n" {
						t.Errorf("after %v: printed %q, error %q", after, got.stdout, got.stderr)
					}
				default:
					t.Errorf("after %v: status %d, error %q", after, got.status, got.stderr)
				}
				t.Logf("%v of %v: status %d", after, want.took, got.status)
			}
		})
	}
}
