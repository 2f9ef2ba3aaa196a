// SPDX-License-Identifier: Apache-2.0

// Package onnxruntime runs ONNX models for tests, in the Python package onnxruntime.
//
// The Python interpreter is the one that TRIOVIT_ONNX_PYTHON names. Without this
// variable it is the one in build/onnxruntime, which `make onnxruntime` installs. A
// test without an interpreter is skipped with a message, or fails if
// TRIOVIT_REQUIRE_ONNXRUNTIME=1.
package onnxruntime

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

//go:embed run.py
var script string

// A Job is a model with its inputs. All inputs have the same number of pictures.
type Job struct {
	Model  []byte
	Inputs []Array
}

// An Array is an input of float32 or int32 elements. Its first axis counts the
// pictures.
type Array struct {
	Name  string
	Shape []int
	Data  any // a []float32 or []int32
}

// Bytes holds the elements of an output, four bytes each.
type Bytes []byte

// Floats returns the elements of an output of float32 elements.
func (b Bytes) Floats() []float32 { return decoded[float32](b) }

// Integers returns the elements of an output of int32 elements.
func (b Bytes) Integers() []int32 { return decoded[int32](b) }

func decoded[T float32 | int32](b Bytes) []T {
	values := make([]T, len(b)/4)
	binary.Decode(b, binary.LittleEndian, values) // Decode fills all of values
	return values
}

// python returns the path of the interpreter. Without one it ends the test.
func python(tb testing.TB) string {
	tb.Helper()
	path := os.Getenv("TRIOVIT_ONNX_PYTHON")
	if path == "" {
		_, file, _, _ := runtime.Caller(0)
		path = filepath.Join(filepath.Dir(file), "..", "..", "build", "onnxruntime", "bin", "python")
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("TRIOVIT_REQUIRE_ONNXRUNTIME") == "1" {
			tb.Fatalf("ONNX Runtime is required (TRIOVIT_REQUIRE_ONNXRUNTIME=1) but absent: make onnxruntime installs it (%v)", err)
		}
		tb.Skip("ONNX Runtime is absent: make onnxruntime installs it")
	}
	return path
}

// Need ends the test if [Run] has no interpreter. A test calls it before long
// preparations.
func Need(tb testing.TB) {
	tb.Helper()
	python(tb)
}

// Run runs jobs and returns the outputs of each job, for all pictures together.
func Run(tb testing.TB, jobs ...Job) [][]Bytes {
	tb.Helper()
	interpreter := python(tb)
	dir := tb.TempDir()
	for i, job := range jobs {
		if err := job.write(filepath.Join(dir, strconv.Itoa(i))); err != nil {
			tb.Fatal(err)
		}
	}
	// The interpreter's environment holds only its own packages. The option -I keeps
	// the user's packages out.
	command := exec.Command(interpreter, "-I", "-c", script, dir)
	if out, err := command.CombinedOutput(); err != nil {
		tb.Fatalf("ONNX Runtime: %v\n%s", err, out)
	}
	all := make([][]Bytes, len(jobs))
	for i := range jobs {
		for n := 0; ; n++ {
			data, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i), fmt.Sprintf("%d.output", n)))
			if os.IsNotExist(err) && n > 0 {
				break
			}
			if err != nil {
				tb.Fatal(err)
			}
			all[i] = append(all[i], data)
		}
	}
	return all
}

// write writes the files of a job, which the script reads, into a new folder.
func (j *Job) write(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	var inputs [][3]any
	for i, a := range j.Inputs {
		file := fmt.Sprintf("%d.input", i)
		inputs = append(inputs, [3]any{a.Name, a.Shape, file})
		data, err := binary.Append(nil, binary.LittleEndian, a.Data)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), data, 0o666)
		}
		if err != nil {
			return err
		}
	}
	list, err := json.Marshal(inputs)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "inputs.json"), list, 0o666)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "model.onnx"), j.Model, 0o666)
	}
	return err
}
