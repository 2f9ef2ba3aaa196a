// SPDX-License-Identifier: Apache-2.0

//go:build linux

package slurmtest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shards is the size of each array.
const shards = 3

// A work is a command line whose work can be divided into shards.
type work struct {
	name string
	args []string
	// stop interrupts a task in the middle. Process pid of the task is stopped. If stop
	// is nil, no task is interrupted.
	stop func(t *testing.T, c *cluster, task string, pid int)
	// again submits the second task alone a second time.
	again bool
}

var works = []work{
	{"evaluate", []string{"evaluate", "-recipe", "TrioViT", "-calibration-sample", "12", "-sample", "3"}, requeued, false},
	{"ladder", []string{"ladder", "-recipes", "TrioViT, Vanilla", "-calibration-sample", "12", "-sample", "4"}, killed, false},
	{"diagnose", []string{"diagnose", "-levels", "class", "-pictures", "2", "-calibration-sample", "24"}, nil, false},
	{"explore", []string{"explore", "-timing", "event", "-model", "b1-r224,b2-r224", "-axis", "copies=4,8,16", "-axis", "mat.lanes=4,8"}, nil, true},
}

// TestArray runs every kind of work as an array of the script. One task is killed and
// one is requeued, both inside a stage. The merged result equals, to the byte, that of
// a single run that computed all of it.
func TestArray(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a Slurm and runs a network a dozen times: run without -short")
	}
	c := newCluster(t)
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	program := c.file("triovit")
	build := c.command("go", "build", "-o", program, "./cmd/triovit")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		logs, _ := filepath.Glob(c.file("*.log"))
		for _, log := range logs {
			if t.Failed() {
				t.Logf("%s:\n%s", filepath.Base(log), tail(log))
			}
		}
	})
	printed := map[string]string{}
	alone := *c
	alone.env = slices.Concat(c.env, []string{"TRIOVIT_CACHE=" + c.file("cache of the single run")})
	for _, w := range works {
		printed[w.name] = alone.output(t, program, slices.Concat(w.args, []string{"-out", c.file(w.name + " alone")})...)
	}

	c.env = append(c.env, "TRIOVIT="+program, "TRIOVIT_CACHE="+c.file("cache"))
	script := filepath.Join(root, "scripts", "slurm", "array.sbatch")
	nodes := map[string]bool{}
	for _, w := range works {
		t.Run(w.name, func(t *testing.T) {
			job := c.output(t, "sbatch", append([]string{"--parsable", fmt.Sprintf("--array=1-%d", shards), script}, w.args...)...)
			folder := c.file("shards-" + job)
			if w.stop != nil {
				w.stop(t, c, job+"_2", c.catch(t, program, w.name, filepath.Join(folder, "2.json")))
			}
			for i := range shards {
				task := fmt.Sprintf("%s_%d", job, i+1)
				told := c.ended(t, task)
				restarts := "0"
				if w.stop != nil && i == 1 {
					restarts = "1"
				}
				if told["JobState"] != "COMPLETED" || told["Restarts"] != restarts {
					t.Errorf("task %s is %s after %s restarts, want COMPLETED after %s", task, told["JobState"], told["Restarts"], restarts)
				}
				nodes[told["NodeList"]] = true
			}
			if w.again {
				if err := os.Remove(filepath.Join(folder, "2.json")); err != nil {
					t.Fatal(err)
				}
				submit := c.command("sbatch", slices.Concat([]string{"--parsable", "--array=2", script}, w.args)...)
				submit.Env = append(submit.Env, fmt.Sprintf("SHARDS=%d", shards), "OUT="+folder)
				job, err := submit.Output()
				if err != nil {
					t.Fatal(err)
				}
				c.ended(t, strings.TrimSpace(string(job))+"_2")
			}
			files, err := filepath.Glob(filepath.Join(folder, "*.json"))
			if err != nil || len(files) != shards {
				t.Fatalf("the tasks left %q (%v)", files, err)
			}
			merged := c.output(t, program, append([]string{"merge", "-out", c.file(w.name + " merged")}, files...)...)
			if merged != printed[w.name] {
				t.Errorf("printed (-single +merged):\n%s", cmp.Diff(printed[w.name], merged))
			}
			single, many := tree(t, c.file(w.name+" alone")), tree(t, c.file(w.name+" merged"))
			delete(single, "/map.html") // a merge has no network to map
			if d := cmp.Diff(single, many); d != "" {
				t.Errorf("files (-single +merged):\n%s", d)
			}
		})
	}
	if len(nodes) != 2 {
		t.Errorf("the tasks ran on %v, want both nodes", nodes)
	}
}

// ended waits until a task ends, and returns Slurm's properties of it.
func (c *cluster) ended(t *testing.T, task string) (told map[string]string) {
	t.Helper()
	c.await(t, task+" ends", func() bool {
		told = c.task(t, task)
		return told["JobState"] != "PENDING" && told["JobState"] != "RUNNING" && told["JobState"] != "COMPLETING"
	})
	return told
}

// catch waits until the second shard's process computes a stage, and stops it there.
// The process then holds the lock of an entry of the cache, and has not written the
// entry's file.
func (c *cluster) catch(t *testing.T, program, name, file string) int {
	t.Helper()
	var pid int
	second := fmt.Sprintf("2/%d", shards)
	c.await(t, "the second task of "+name+" computes", func() bool {
		if pid = running(program, name, second); pid == 0 || syscall.Kill(pid, syscall.SIGSTOP) != nil {
			return false
		}
		locks, _ := filepath.Glob(c.file("cache/*.lock"))
		for _, lock := range locks {
			if data, err := os.ReadFile(lock); err == nil && strings.HasPrefix(string(data), strconv.Itoa(pid)+" ") {
				return true
			}
		}
		syscall.Kill(pid, syscall.SIGCONT)
		return false
	})
	if _, err := os.Stat(file); err == nil {
		t.Fatalf("%s is there, so that nothing is interrupted", file)
	}
	return pid
}

// running returns the id of the process of a program with arguments, or 0.
func running(program string, args ...string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range processes {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(line, []byte(program+"\x00")) {
			continue
		}
		all := true
		for _, arg := range args {
			all = all && bytes.Contains(line, []byte("\x00"+arg+"\x00"))
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && all {
			return pid
		}
	}
	return 0
}

// killed kills the task's process, as the system does if memory runs out, and requeues
// the failed task.
func killed(t *testing.T, c *cluster, task string, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.await(t, task+" has failed", func() bool { return c.task(t, task)["JobState"] == "FAILED" })
	requeue(t, c, task)
}

// requeued requeues the running task, as Slurm does for a task of higher priority.
func requeued(t *testing.T, c *cluster, task string, pid int) {
	t.Helper()
	requeue(t, c, task)
	syscall.Kill(pid, syscall.SIGCONT) // the process has ended if Slurm was faster
}

// requeue requeues a task and starts it at once. Slurm would start it again after two
// minutes.
func requeue(t *testing.T, c *cluster, task string) {
	t.Helper()
	c.output(t, "scontrol", "requeue", task)
	c.await(t, task+" waits", func() bool { return c.task(t, task)["JobState"] == "PENDING" })
	c.await(t, task+" may begin", func() bool {
		return c.command("scontrol", "update", "JobId="+task, "StartTime=now").Run() == nil
	})
}

// tree returns the content of a file, or of each file of a folder by its path below the
// folder.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, root)] = string(data)
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s holds %d files (%v)", root, len(all), err)
	}
	return all
}
