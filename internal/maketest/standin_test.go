// SPDX-License-Identifier: Apache-2.0

package maketest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The variables through which the test and a stand-in communicate.
const (
	logEnv    = "MAKETEST_LOG"    // file of the calls, with one line of JSON each
	pythonEnv = "MAKETEST_PYTHON" // the real Python
)

// A call is one start of a stand-in.
type call struct {
	Args []string // the program's path as make wrote it, and its arguments
	Dir  string
	Env  map[string]string
}

// TestMain acts as a stand-in if the test binary has the name of a program.
func TestMain(m *testing.M) {
	if os.Getenv(logEnv) == "" {
		os.Exit(m.Run())
	}
	if err := standIn(); err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(1)
	}
}

// standIn records the call and makes the files that make expects of the program.
func standIn() error {
	if err := record(); err != nil {
		return err
	}
	args := os.Args[1:]
	is := func(words ...string) bool { return len(args) >= len(words) && slices.Equal(args[:len(words)], words) }
	after := func(flag string) string {
		if i := slices.Index(args, flag); i >= 0 {
			return args[i+1]
		}
		return ""
	}
	switch filepath.Base(os.Args[0]) {
	case "npm":
		return write(filepath.Join("node_modules", "echarts", "dist", "echarts.min.js"), "npm's")
	case "go":
		switch {
		case is("env", "GOROOT"):
			fmt.Println(os.Getenv("HOME")) // HOME is the folder that has bin/gofmt
		case is("install", "tool"):
			return link(filepath.Join(os.Getenv("GOBIN"), "staticcheck"))
		case is("build") && after("-o") != "":
			return link(after("-o"))
		case is("test", "-list"):
			fmt.Println("FuzzRead\nok  \tsome/package")
		case is("run", "./cmd/triovit", "ladder"):
			return write(filepath.Join(after("-out"), "ladder.svg"), "drawn")
		case len(args) == 0: // the call is of build/bench/go, a peer of bench.py
			return answer()
		}
	case "xla", "integers": // the call is of build/bench
		return answer()
	case "python", "python3":
		switch {
		case is("-m", "venv"):
			return link(filepath.Join(args[2], "bin", "python"))
		case after("--target") != "":
			return os.MkdirAll(filepath.Join(after("--target"), "lammps_jax_pjrt_cpu"), 0o777)
		case is("scripts/kernelspec.py"), is("scripts/check_notebooks.py"), is("scripts/lesson.py", "student"), is("scripts/bench.py"), is("-c"):
			real := exec.Command(os.Getenv(pythonEnv), args...)
			real.Stdout, real.Stderr = os.Stdout, os.Stderr
			return real.Run()
		}
	}
	return nil
}

func record() error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	c := call{os.Args, dir, map[string]string{}}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		c.Env[name] = value
	}
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(os.Getenv(logEnv), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = log.Write(append(line, '\n'))
	return err
}

// answer returns a time for each case to bench.py.
func answer() error {
	for {
		var name string
		if _, err := fmt.Scanln(&name); err != nil {
			return nil
		}
		fmt.Println("1.0")
	}
}

// link makes a stand-in at path.
func link(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	os.Remove(path)
	return os.Symlink(program, path)
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o666)
}
