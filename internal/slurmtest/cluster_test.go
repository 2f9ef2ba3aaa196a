// SPDX-License-Identifier: Apache-2.0

//go:build linux

package slurmtest

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// requireEnv is the variable that makes a missing Slurm a failure.
const requireEnv = "TRIOVIT_REQUIRE_SLURM"

// A cluster is a Slurm on this machine, with a controller and two nodes on the loopback
// interface. All of its files are in one folder. It needs neither root nor systemd nor
// cgroups.
type cluster struct {
	dir string
	env []string
}

// patience is the longest wait for Slurm, because a loaded machine is slow.
const patience = 5 * time.Minute

// daemon returns the path of a daemon, which may be outside of the user's PATH.
func daemon(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

// newCluster starts the cluster. It skips the test if Slurm is not installed.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	path := map[string]string{}
	for _, name := range []string{"munged", "slurmctld", "slurmd", "sbatch", "scontrol"} {
		var err error
		if path[name], err = daemon(name); err != nil {
			if os.Getenv(requireEnv) == "1" {
				t.Fatalf("Slurm is required (%s=1), but there is no %s", requireEnv, name)
			}
			t.Skipf("there is no %s, so the array of Slurm is not tested: apt-get install slurm-wlm", name)
		}
	}
	c := &cluster{dir: t.TempDir()}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SLURM_") && (!strings.HasPrefix(v, "TRIOVIT_") || strings.HasPrefix(v, "TRIOVIT_ECHARTS=")) {
			c.env = append(c.env, v)
		}
	}
	c.env = append(c.env, "SLURM_CONF="+c.file("slurm.conf"), "TRIOVIT_PROGRESS=0")
	c.configure(t)
	c.start(t, "munged", path["munged"], "--foreground", "--force", "--key-file="+c.file("munge.key"), "--socket="+c.file("munge.socket"),
		"--pid-file="+c.file("munged.pid"), "--log-file="+c.file("munged.log"), "--seed-file="+c.file("munged.seed"))
	c.await(t, "munged makes its socket", func() bool { _, err := os.Stat(c.file("munge.socket")); return err == nil })
	c.start(t, "slurmctld", path["slurmctld"], "-D", "-f", c.file("slurm.conf"))
	for _, node := range []string{"n1", "n2"} {
		c.start(t, node, path["slurmd"], "-D", "-N", node, "-f", c.file("slurm.conf"))
	}
	c.await(t, "both nodes are idle", func() bool {
		out, err := c.command("sinfo", "--noheader", "--Node", "--format=%T").Output()
		return err == nil && strings.Count(string(out), "idle\n") == 2
	})
	t.Cleanup(func() { // this cleanup runs before the daemons end
		c.command("scancel", "--state=PENDING").Run()
		c.command("scancel", "--signal=KILL", "--full").Run()
		for range 100 {
			if out, err := c.command("squeue", "--noheader").Output(); err != nil || len(out) == 0 {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return c
}

func (c *cluster) file(name string) string { return filepath.Join(c.dir, name) }

// configure writes the cluster's configuration and its key.
func (c *cluster) configure(t *testing.T) {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	own, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	var ports [3]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // all three stay open here, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	key := make([]byte, 1024)
	rand.Read(key)
	conf := fmt.Sprintf(`ClusterName=triovit
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[4]d
SlurmUser=%[2]s
SlurmdUser=%[2]s
AuthType=auth/munge
AuthInfo=socket=%[3]s/munge.socket
StateSaveLocation=%[3]s/state
SlurmdSpoolDir=%[3]s/spool-%%n
SlurmctldPidFile=%[3]s/slurmctld.pid
SlurmdPidFile=%[3]s/%%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=n1 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[5]d CPUs=4 RealMemory=8192
NodeName=n2 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[6]d CPUs=4 RealMemory=8192
PartitionName=all Nodes=n1,n2 Default=YES State=UP
`, host, own.Username, c.dir, ports[0], ports[1], ports[2])
	for name, data := range map[string][]byte{"munge.key": key, "slurm.conf": []byte(conf)} {
		if err := os.WriteFile(c.file(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"state", "spool-n1", "spool-n2"} {
		if err := os.Mkdir(c.file(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// start starts a daemon, which ends with the test. If the test fails, the daemon's log
// is shown.
func (c *cluster) start(t *testing.T, name, path string, args ...string) {
	t.Helper()
	log, err := os.Create(c.file(name + ".out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, c.env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait() // the signal's exit status is expected
		late.Stop()
		log.Close()
		if t.Failed() {
			t.Logf("%s:\n%s", name, tail(c.file(name+".out")))
		}
	})
}

// tail returns the end of a file.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// command returns a command in the cluster's folder and environment.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	return cmd
}

// output returns the output of a program, without the space around it.
func (c *cluster) output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := c.command(name, args...)
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, errors.String())
	}
	return strings.TrimSpace(string(out))
}

// await waits until so returns true.
func (c *cluster) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v it is not so that %s", patience, what)
		}
	}
}

// task returns Slurm's properties of a task of an array, by Slurm's names.
func (c *cluster) task(t *testing.T, task string) map[string]string {
	t.Helper()
	told := map[string]string{}
	for word := range strings.FieldsSeq(c.output(t, "scontrol", "--oneliner", "show", "job", task)) {
		if name, value, ok := strings.Cut(word, "="); ok {
			told[name] = value
		}
	}
	return told
}
