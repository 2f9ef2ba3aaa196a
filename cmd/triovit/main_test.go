// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/cache/cachetest"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// childEnv is an environment variable. If it is set, the test program runs the command
// itself, and prints a line when it is ready for signals.
const (
	childEnv = "TRIOVIT_TEST_COMMAND"
	ready    = "ready for signals"
)

// TestMain gives all tests one empty cache, and only the built-in model and pictures.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		flag.Set("test.v", "true") // the command warns as it does outside a test
		ctx := untilSignal()
		fmt.Fprintln(os.Stderr, ready)
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Unsetenv("TRIOVIT_MODEL")
	os.Unsetenv("TRIOVIT_WEIGHTS")
	os.Unsetenv("TRIOVIT_DATA")
	os.Unsetenv("TRIOVIT_CLASS_ORDER")
	os.Unsetenv("TRIOVIT_PREPROCESS")
	os.Exit(cachetest.Run(m))
}

// TestCacheThatCannotBeWritten: each stage that cannot keep its result says so once, and
// the command does its work.
func TestCacheThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "ladder", "-calibration-sample", "2", "-sample", "8", "-recipes", "Vanilla", "-out", t.TempDir())
	cmd.Env = append(os.Environ(), childEnv+"=1", "TRIOVIT_CACHE="+file, "TRIOVIT_PROGRESS=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "Vanilla") {
		t.Fatalf("%v: printed %q, %q", err, out, stderr.String())
	}
	const because = ": cache in %q keeps no results: mkdir %s: not a directory (set TRIOVIT_CACHE to a folder that can be written)\n"
	want := ready + "\n"
	for _, stage := range []string{"draw", "observe", "evaluate", "health"} {
		want += "stage " + stage + fmt.Sprintf(because, file, file)
	}
	if stderr.String() != want {
		t.Errorf("warned %q, want %q", stderr.String(), want)
	}
}

// call runs a command line.
func call(t testing.TB, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errors strings.Builder
	status = run(context.Background(), args, &out, &errors)
	return status, out.String(), errors.String()
}

// must runs a command line, which must succeed, and returns its output.
func must(t testing.TB, args ...string) string {
	t.Helper()
	status, out, errors := call(t, args...)
	if status != succeeded || errors != "" {
		t.Fatalf("triovit %s: status %d, %s", strings.Join(args, " "), status, errors)
	}
	return out
}

// TestInterrupted: the exit status of a command says that a signal ended it.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, args := range [][]string{
		{"profile", "-calibration-sample", "47"},
		{"freeze", "-calibration-sample", "47"},
		{"evaluate", "-sample", "99"},
		{"simulate"},
		{"explore", "-axis", "copies=8,16"},
	} {
		var out, errors strings.Builder
		if status := run(ctx, args, &out, &errors); status != interrupted || out.Len() > 0 || !strings.Contains(errors.String(), "interrupted; ") {
			t.Errorf("%s: status %d, printed %q, error %q", args[0], status, out.String(), errors.String())
		}
	}
}

// TestHelp: the help of every command describes the command and lists its flags.
func TestHelp(t *testing.T) {
	for _, c := range commands {
		long := must(t, "help", c.name)
		for _, want := range []string{c.about, "usage: triovit " + c.name + " [flags]", c.help, "-json"} {
			if !strings.Contains(long, want) {
				t.Errorf("help %s does not say %q", c.name, want)
			}
		}
		if short := must(t, c.name, "-h"); short != long {
			t.Errorf("%s -h differs from help %s", c.name, c.name)
		}
		if !strings.Contains(must(t, "help"), c.about) {
			t.Errorf("help does not list %s", c.name)
		}
	}
}

// TestRowWithoutScore: if the network overflows with a recipe, the recipe's score is null
// in JSON, and the reason is there.
func TestRowWithoutScore(t *testing.T) {
	float := new(triovit.Report)
	if err := json.Unmarshal([]byte(`{"format":"gotriovit report 1","shard":"1/1","pictures":1,"task":"classification","classes":["a"],"outcomes":[{"id":"x"}]}`), float); err != nil {
		t.Fatal(err)
	}
	row, err := json.Marshal(summarize(&calib.Climb{Float: float, Rungs: []calib.Rung{{Recipe: calib.Vanilla, Unscored: errors.New("it overflows")}}}).Scores[1])
	if want := `{"recipe":"Vanilla","score":null,"changes":0,"unscored":"it overflows"}`; err != nil || string(row) != want {
		t.Errorf("%s (%v), want %s", row, err, want)
	}
}

// TestTrace: viewers and spreadsheets can read the files of a simulation.
func TestTrace(t *testing.T) {
	trace, table := filepath.Join(t.TempDir(), "trace.json"), filepath.Join(t.TempDir(), "steps.csv")
	must(t, "simulate", "-trace", trace, "-csv", table)
	if !json.Valid([]byte(readFile(t, trace))) {
		t.Errorf("the trace is no JSON: %.80q", readFile(t, trace))
	}
	if lines := strings.Split(readFile(t, table), "\n"); len(lines) < 50 || !strings.HasPrefix(lines[0], "name,label,block") {
		t.Errorf("%d lines, the first %.80q", len(lines), lines[0])
	}
	must(t, "simulate", "-timing", "closed", "-csv", table)
	if lines := strings.Split(readFile(t, table), "\n"); len(lines) < 50 || !strings.HasPrefix(lines[0], "name,streamed,label,block") {
		t.Errorf("%d lines of the closed form, the first %.80q", len(lines), lines[0])
	}
}

// TestWidthOfOneOperation: the flag sets the width of the operation that it names, and of
// no other.
func TestWidthOfOneOperation(t *testing.T) {
	type run struct {
		Steps []struct {
			Name  string
			Bytes struct {
				WeightLoads int64 `json:"weight_loads"`
			}
		}
	}
	const name = "backbone.stages.0.op_list.0.main.inverted_conv.conv"
	var eight, mixed run
	for got, args := range map[*run][]string{&eight: nil, &mixed: {"-weight-bits-of", name + "=4"}} {
		if err := json.Unmarshal([]byte(must(t, append([]string{"simulate", "-json"}, args...)...)), got); err != nil {
			t.Fatal(err)
		}
	}
	seen := false
	for i, step := range mixed.Steps {
		want := eight.Steps[i].Bytes.WeightLoads
		if step.Name == name {
			seen, want = true, want/2
		}
		if got := step.Bytes.WeightLoads; got != want {
			t.Errorf("%s loads %d bytes of weights, want %d", step.Name, got, want)
		}
	}
	if !seen {
		t.Errorf("no step is called %s", name)
	}
}

// TestEnergy: the table of the flag prices a simulation. An energy that the table lacks
// is unknown, also in a survey.
func TestEnergy(t *testing.T) {
	prices := filepath.Join(t.TempDir(), "prices.yaml")
	writeFile(t, prices, "version: 1\nname: ours\nsource: measured\nentries:\n  - {event: off-chip byte, pj: 100}\n")
	for _, c := range []struct {
		name  string
		args  []string
		table string
		known bool
	}{
		{"the shipped table", nil, "45 nm, 0.9 V, rough, with derived entries", true},
		{"one of one's own", []string{"-energy", prices}, "ours", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got struct {
				Cycles int
				Energy struct {
					Table  string
					Joules *float64
				}
			}
			if err := json.Unmarshal([]byte(must(t, append([]string{"simulate", "-json"}, c.args...)...)), &got); err != nil {
				t.Fatal(err)
			}
			if got.Cycles == 0 || got.Energy.Table != c.table || (got.Energy.Joules != nil) != c.known {
				t.Errorf("%+v", got)
			}
			page := must(t, append([]string{"explore", "-timing", "event", "-axis", "buffers.input.kib=1024", "-objectives", "fps,energy"}, c.args...)...)
			if ranked := !strings.Contains(page, "1 point cannot be ranked: ours has no entry for 8-bit multiplication"); ranked != c.known {
				t.Errorf("the point is ranked: %t\n%s", ranked, page)
			}
		})
	}
}

// TestAgainst: a simulation prints its differences from a simulation of another
// configuration.
func TestAgainst(t *testing.T) {
	wide := filepath.Join(t.TempDir(), "wide.yaml")
	writeFile(t, wide, "version: 1\nname: wide\nrmac: {lanes: 9}\n")
	page := must(t, "simulate", "-against", wide)
	for _, want := range []string{"296449 cycles, -5859 against 302308 on wide", "rounding of lanes -"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	var got struct {
		Cycles     int64
		Difference struct {
			Cycles int64
			Terms  map[string]int64
			Steps  []struct{ From, To int64 }
		}
	}
	if err := json.Unmarshal([]byte(must(t, "simulate", "-json", "-against", wide)), &got); err != nil {
		t.Fatal(err)
	}
	var terms, steps int64
	for _, n := range got.Difference.Terms {
		terms += n
	}
	for _, s := range got.Difference.Steps {
		steps += s.To - s.From
	}
	if d := got.Difference.Cycles; got.Cycles != 296449 || d != -5859 || terms != d || steps != d {
		t.Errorf("%d cycles, a difference of %d: terms of %d, steps of %d", got.Cycles, d, terms, steps)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// writeClassifier writes a B0 with synthetic weights.
func writeClassifier(t *testing.T, path string, classes int) {
	t.Helper()
	net, err := efficientvit.Describe("b0-r224", efficientvit.Classes(classes))
	if err != nil {
		t.Fatal(err)
	}
	writeWeights(t, path, weights.Synthetic(net.Params()))
}

func writeWeights(t *testing.T, path string, set weights.Set) {
	t.Helper()
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, set, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, file.String())
}

// writeArtefact writes an integer model with a single convolution, under the name of a
// classifier.
func writeArtefact(t *testing.T, path string, classes int) {
	t.Helper()
	m := &integer.Model{Name: "efficientvit-b0-r64", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{64, 64, 3}, Grid: grid.Uniform{Scale: 0.02, Lo: -128, Hi: 127}}},
		{Name: "logits", Inputs: []string{"input"}, Values: integer.Values{Steps: []float64{1}},
			Operation: &integer.Conv{Kernel: 1, Stride: 64, Groups: 1, WeightBits: 8, Weights: make([]int8, 3*classes), Bias: make([]int32, classes)}},
	}}
	m.Picture = integer.Picture{Pipeline: preprocess.Classification(64), Normalization: preprocess.ImageNetNormalization()}
	if err := m.WriteFile(path); err != nil {
		t.Fatal(err)
	}
}

// writePicture writes a PNG, and makes the folders in its path.
func writePicture(t *testing.T, path string, m image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, file.String())
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
