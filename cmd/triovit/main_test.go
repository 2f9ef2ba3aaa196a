// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// childEnv is set where the test program is to be the command itself, which says
// that it is ready for signals.
const (
	childEnv = "TRIOVIT_TEST_COMMAND"
	ready    = "ready for signals"
)

// TestMain gives all tests one empty cache, and no model and pictures but the
// built-in ones.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		ctx := untilSignal()
		fmt.Fprintln(os.Stderr, ready)
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}
	dir, err := os.MkdirTemp("", "gotriovit")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("TRIOVIT_CACHE", dir)
	os.Unsetenv("TRIOVIT_MODEL")
	os.Unsetenv("TRIOVIT_DATA")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// call runs a command line.
func call(t testing.TB, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errors strings.Builder
	status = run(context.Background(), args, &out, &errors)
	return status, out.String(), errors.String()
}

// must runs a command line that succeeds, and returns what it printed.
func must(t testing.TB, args ...string) string {
	t.Helper()
	status, out, errors := call(t, args...)
	if status != succeeded || errors != "" {
		t.Fatalf("triovit %s: status %d, %s", strings.Join(args, " "), status, errors)
	}
	return out
}

// golden compares with a file in testdata, which UPDATE_GOLDEN=1 writes anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; UPDATE_GOLDEN=1 takes the new one (-stored +printed):\n%s", path, d)
	}
}

// masked hides what may differ in the last digits between machines with other
// vector instructions: fractions and digests.
func masked(text string) string {
	text = regexp.MustCompile(`\d+\.\d`).ReplaceAllString(text, "#.#")
	text = regexp.MustCompile(`(#\.#)\d*`).ReplaceAllString(text, "$1")
	text = regexp.MustCompile(`[+-]#`).ReplaceAllString(text, "±#")
	return regexp.MustCompile(`digest [0-9a-f]+`).ReplaceAllString(text, "digest #")
}

func head(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[:min(lines, len(all))], "")
}

// TestGoldenHardware: the accelerator's commands compute integers, the same on
// every machine.
func TestGoldenHardware(t *testing.T) {
	dir := t.TempDir()
	config, own := filepath.Join(dir, "half.yaml"), filepath.Join(dir, "own.yaml")
	writeFile(t, config, "version: 1\nname: half the copies\ncopies: 8\n")
	writeFile(t, own, "version: 1\nname: one layer\noperations:\n  - {name: pw, form: convolution, role: PW2, height: 56, width: 56, output_channels: 32, input_channels: 64, kernel: 1}\n")
	for _, c := range []struct {
		name  string
		args  []string
		lines int // that are held: the simulator's packages test the rest
	}{
		{"help", []string{"help"}, 99},
		{"help-merge", []string{"help", "merge"}, 99},
		{"simulate-event", []string{"simulate"}, 4},
		{"simulate-closed", []string{"simulate", "-timing", "closed", "-config", config}, 4},
		{"simulate-own", []string{"simulate", "-model", own, "-pipelines", "none", "-batch", "2"}, 4},
		{"explore-closed", []string{"explore", "-model", "b1-r224,b2-r224", "-dsps", "1024", "-axis", "copies=8,16,32", "-axis", "mat.lanes=4,8"}, 15},
		{"explore-event", []string{"explore", "-timing", "event", "-axis", "copies=8,16", "-objectives", "fps,dsps"}, 7},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.name, head(must(t, c.args...), c.lines)) })
	}
}

// TestGoldenExperiment goes the whole way on a few drawn scenes: profile,
// quantize, evaluate in shards, merge, report.
func TestGoldenExperiment(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on drawn scenes: run without -short")
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	small := func(command string, args ...string) []string {
		return append([]string{command, "-calibration-sample", "12"}, args...)
	}
	golden(t, "profile", head(must(t, small("profile", "-out", file("p.profile"))...), 1))
	golden(t, "quantize", masked(must(t, small("quantize", "-profile", file("p.profile"), "-recipe", "TrioViT", "-out", file("grids.json"))...)))

	few := func(args ...string) []string {
		return append(small("evaluate", "-sample", "6", "-profile", file("p.profile")), args...)
	}
	whole := must(t, few("-quantized", file("grids.json"), "-out", file("whole.json"))...)
	golden(t, "evaluate", masked(whole))
	if byName := must(t, few("-recipe", "TrioViT")...); byName != whole {
		t.Errorf("by the recipe's name:\n%s, on stored grids:\n%s", byName, whole)
	}
	if observed := must(t, small("evaluate", "-sample", "6", "-recipe", "TrioViT")...); observed != whole {
		t.Errorf("without the profile's file:\n%s, with it:\n%s", observed, whole)
	}
	var shards []string
	for i := range 3 {
		name := file(fmt.Sprintf("%d.json", i+1))
		must(t, few("-quantized", file("grids.json"), "-shard", fmt.Sprintf("%d/3", i+1), "-out", name)...)
		shards = append([]string{name}, shards...) // the last comes first
	}
	merged := must(t, append([]string{"merge", "-out", file("merged.json")}, shards...)...)
	if merged != whole {
		t.Errorf("merged %s, whole %s", merged, whole)
	}
	if a, b := readFile(t, file("merged.json")), readFile(t, file("whole.json")); a != b {
		t.Errorf("merged file (-whole +merged):\n%s", cmp.Diff(b, a))
	}
	must(t, few("-out", file("float.json"))...)
	golden(t, "report", masked(must(t, "report", file("float.json"), file("merged.json"))))

	var report struct {
		Reports []struct {
			Images int
			Scores map[string]struct{ Value, Lo, Hi float64 }
		}
		Compared []struct {
			A, B       string
			Difference struct{ Value, Lo, Hi float64 }
		}
	}
	if err := json.Unmarshal([]byte(must(t, "report", "-json", file("float.json"), file("merged.json"))), &report); err != nil {
		t.Fatal(err)
	}
	float, trio, paired := report.Reports[0].Scores["mIoU"], report.Reports[1].Scores["mIoU"], report.Compared[0]
	if report.Reports[0].Images != 17 || float.Value < 0.75 || trio.Value < 0.7 {
		t.Errorf("%+v: the built-in model has about 80 mIoU", report)
	}
	if paired.A != "float" || paired.B != "TrioViT" || paired.Difference.Value != trio.Value-float.Value {
		t.Errorf("%+v", paired)
	}
	if (paired.Difference.Hi-paired.Difference.Lo)*2 > float.Hi-float.Lo {
		t.Errorf("the paired interval, %+v, is hardly narrower than the score's, %+v", paired.Difference, float)
	}

	t.Run("refusals", func(t *testing.T) {
		for _, c := range []struct {
			name string
			args []string
			want string
		}{
			{"missing shard", []string{"merge", file("1.json"), file("3.json")}, "shard 2/3 is missing"},
			{"doubled shard", []string{"merge", file("1.json"), file("2.json"), file("2.json"), file("3.json")}, "shard 2/3 (" + file("2.json") + ") is given twice"},
			{"foreign shard", []string{"merge", file("float.json"), file("2.json")}, `2.json) has another recipe, "TrioViT"`},
			{"other pictures", []string{"report", file("float.json"), file("1.json")}, "shard 1/1 has other pictures than shard 1/3"},
			{"observer from a profile", []string{"evaluate", "-sample", "6", "-profile", file("p.profile"), "-recipe", "TrioViT by OMSE"}, "without -profile the pictures are observed"},
			{"other calibration", []string{"evaluate", "-sample", "6", "-calibration-sample", "16", "-quantized", file("grids.json")}, "the grids are others than stored"},
		} {
			status, out, errors := call(t, c.args...)
			if status != failed || out != "" || !strings.Contains(errors, c.want) || strings.Count(errors, "\n") != 1 {
				t.Errorf("%s: status %d, printed %q, error %q, want %q", c.name, status, out, errors, c.want)
			}
		}
	})
}

func TestExitStatus(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	writeFile(t, text, "no JSON")
	other, unknown := filepath.Join(dir, "other.json"), filepath.Join(dir, "unknown.json")
	writeFile(t, other, `{"format": "gotriovit grids 9"}`)
	writeFile(t, unknown, `{"format": "gotriovit grids 1", "recipe": "Vanila"}`)
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"nothing", nil, misused, "usage: triovit command"},
		{"unknown command", []string{"paint"}, misused, `no command "paint"`},
		{"help of an unknown command", []string{"help", "paint"}, misused, `no command "paint"`},
		{"unknown flag", []string{"merge", "-x", "a"}, misused, "not defined: -x"},
		{"an argument too many", []string{"doctor", "now"}, misused, `"now" is given`},
		{"flag behind an argument", []string{"merge", "a.json", "-out", "b"}, misused, "flags come before arguments"},
		{"no report", []string{"report"}, misused, "no report is given"},
		{"absent report", []string{"report", filepath.Join(dir, "absent.json")}, failed, "absent.json"},
		{"no report in the file", []string{"merge", text}, failed, "invalid character"},
		{"shard", []string{"evaluate", "-shard", "5/4"}, misused, "shard 5/4: allowed are 1/n to n/n"},
		{"recipe", []string{"evaluate", "-recipe", "Vanila"}, misused, `no recipe "Vanila"`},
		{"recipe of the ladder", []string{"ladder", "-recipes", "TrioViT,Vanila"}, misused, `no recipe "Vanila"`},
		{"recipes beside costs", []string{"ladder", "-costs", "-recipes", "TrioViT"}, misused, "-costs has recipes of its own"},
		{"recipe twice", []string{"evaluate", "-recipe", "TrioViT", "-quantized", text}, misused, "the file holds them"},
		{"sample", []string{"evaluate", "-sample", "0x"}, misused, "-sample"},
		{"negative sample", []string{"evaluate", "-sample", "-1"}, misused, "-sample -1: at least 1"},
		{"no calibration sample", []string{"profile", "-calibration-sample", "0"}, misused, "-calibration-sample 0"},
		{"grids", []string{"evaluate", "-quantized", text}, failed, "text: invalid character"},
		{"format of grids", []string{"evaluate", "-quantized", other}, failed, `the format is "gotriovit grids 9"`},
		{"recipe of grids", []string{"evaluate", "-quantized", unknown}, failed, `unknown.json: no recipe "Vanila"`},
		{"width beside grids", []string{"evaluate", "-quantized", unknown, "-weight-bits", "4"}, misused, "the file holds them"},
		{"profile", []string{"quantize", "-profile", text}, failed, `not a file of "gotriovit profile`},
		{"bits", []string{"quantize", "-calibration-sample", "48", "-weight-bits", "40"}, failed, "40"},
		{"model without data", []string{"ladder", "-model", "x.pt"}, failed, "TRIOVIT_DATA"},
		{"absent model", []string{"profile", "-model", "x.pt", "-data", dir}, failed, "x.pt"},
		{"variant", []string{"simulate", "-model", "b9"}, failed, `no variant "b9"`},
		{"timing", []string{"simulate", "-timing", "guess"}, misused, "allowed are event, closed"},
		{"trace of the closed form", []string{"simulate", "-timing", "closed", "-trace", "x"}, misused, "the closed form has no events"},
		{"energy of the closed form", []string{"simulate", "-timing", "closed", "-energy", "x"}, misused, "the closed form has no events"},
		{"energy of a survey by the closed form", []string{"explore", "-axis", "copies=8", "-energy", "x"}, misused, "the closed form has no events"},
		{"energy table", []string{"simulate", "-energy", text}, failed, "text:1: energy table"},
		{"absent energy table", []string{"simulate", "-energy", filepath.Join(dir, "absent.yaml")}, failed, "absent.yaml"},
		{"configuration", []string{"simulate", "-config", text}, failed, "text"},
		{"no axis", []string{"explore"}, misused, "no -axis"},
		{"axis", []string{"explore", "-axis", "copies"}, misused, "want field=value,value"},
		{"field", []string{"explore", "-axis", "lanes=4"}, misused, "lanes"},
		{"value", []string{"explore", "-axis", "copies=4,many"}, misused, `"many" must be a whole number`},
		{"objective", []string{"explore", "-axis", "copies=4", "-objectives", "beauty"}, misused, `no objective "beauty"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errors := call(t, c.args...)
			if status != c.status || out != "" || !strings.Contains(errors, c.want) {
				t.Errorf("status %d, printed %q, error %q; want %d and %q", status, out, errors, c.status, c.want)
			}
			if len(c.args) > 0 && strings.Count(errors, "\n") != 1 {
				t.Errorf("error of several lines: %q", errors)
			}
		})
	}
}

// TestInterrupted: a command that a signal ends says so by its status.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, args := range [][]string{
		{"profile", "-calibration-sample", "47"},
		{"evaluate", "-sample", "99"},
		{"simulate"},
		{"explore", "-axis", "copies=8,16"},
	} {
		var out, errors strings.Builder
		if status := run(ctx, args, &out, &errors); status != interrupted || out.Len() > 0 || !strings.Contains(errors.String(), "interrupted; run it again") {
			t.Errorf("%s: status %d, printed %q, error %q", args[0], status, out.String(), errors.String())
		}
	}
}

// TestHelp: every command tells what it is for and lists its flags.
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

func TestDoctor(t *testing.T) {
	t.Setenv("TRIOVIT_MODEL", filepath.Join(t.TempDir(), "absent.pt"))
	status, out, errors := call(t, "doctor", "-json")
	var d struct {
		OK     bool
		Checks []struct{ Name, Found string }
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	if status != failed || d.OK || len(d.Checks) < 5 || !strings.Contains(out, "absent.pt") || !strings.Contains(errors, "not everything is right") {
		t.Errorf("status %d, %s, error %q", status, out, errors)
	}
}

// TestJSON: every command that simulates prints one line of JSON with its main
// number.
func TestJSON(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"simulate", "-json"}, `"cycles":296449`},
		{[]string{"simulate", "-json", "-timing", "closed"}, `"cycles":250343`},
		{[]string{"explore", "-json", "-axis", "copies=16"}, `"values":{"copies":16},"dsps":1024,"brams":642,"cycles":250343.125`},
	} {
		out := must(t, c.args...)
		if !json.Valid([]byte(out)) || strings.Count(out, "\n") != 1 || !strings.Contains(out, c.want) {
			t.Errorf("%v printed %.200q", c.args, out)
		}
	}
}

// TestTrace: the files of a simulation are what viewers and spreadsheets read.
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
	if status, _, errors := call(t, "simulate", "-trace", filepath.Join(t.TempDir(), "absent", "t.json")); status != failed || !strings.Contains(errors, "absent") {
		t.Errorf("status %d, error %q", status, errors)
	}
}

// TestEnergy: a simulation is priced by the table of the flag. What it leaves out
// is unknown, to a survey too.
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
			page := must(t, append([]string{"explore", "-timing", "event", "-axis", "copies=16", "-objectives", "fps,energy"}, c.args...)...)
			if ranked := !strings.Contains(page, "1 points cannot be ranked: ours has no entry for 8-bit multiplication"); ranked != c.known {
				t.Errorf("the point is ranked: %t\n%s", ranked, page)
			}
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
