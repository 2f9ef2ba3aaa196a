// SPDX-License-Identifier: Apache-2.0

package browsertest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A lab is a running JupyterLab.
type lab struct {
	cmd  *exec.Cmd
	base string
}

const token = "browsertest"

// startLab starts a JupyterLab on the bench's folder, with its own settings and
// signatures, and waits until it answers. It uses the built-in model for any
// environment of the test.
func (b *bench) startLab(t *testing.T) *lab {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	log, err := os.OpenFile(filepath.Join(b.out, "jupyterlab.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(b.python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
		fmt.Sprintf("--port=%d", port), "--ServerApp.port_retries=0", "--IdentityProvider.token="+token, "--ServerApp.root_dir="+b.folder)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !slices.Contains([]string{"TRIOVIT_MODEL", "TRIOVIT_WEIGHTS", "TRIOVIT_DATA"}, name) {
			cmd.Env = append(cmd.Env, v)
		}
	}
	own := t.TempDir()
	for _, v := range []string{"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"} {
		cmd.Env = append(cmd.Env, v+"="+filepath.Join(own, v))
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &lab{cmd: cmd, base: fmt.Sprintf("http://127.0.0.1:%d", port)}
	t.Cleanup(func() { l.stop(t) })
	for range 600 {
		if answer, err := http.Get(l.base + "/api/status?token=" + token); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return l
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("JupyterLab does not answer: see %s", log.Name())
	return nil
}

// notebook returns the address of a notebook in a workspace without other tabs.
func (l *lab) notebook(name string) string {
	return fmt.Sprintf("%s/lab/tree/%s.ipynb?token=%s&reset", l.base, name, token)
}

// stop ends the server and with it the kernels. It may be called twice.
func (l *lab) stop(t *testing.T) {
	t.Helper()
	if l.cmd.ProcessState != nil {
		return
	}
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	l.cmd.Wait() // the signal's exit status is expected
}
