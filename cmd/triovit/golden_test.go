// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// transcript runs a command line. It returns the text that a terminal shows, and the exit
// status. It breaks a line of JSON before each object, and replaces the path dir by DIR.
func transcript(t *testing.T, dir string, args ...string) (text string, status int) {
	t.Helper()
	status, out, errors := call(t, args...)
	if out != "" && slices.Contains(args, "-json") {
		if !json.Valid([]byte(out)) || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: not one line of JSON: %.200q", args, out)
		}
		out = strings.ReplaceAll(out, `{"`, "\n{\"")
	}
	var line strings.Builder
	for _, a := range args {
		if strings.ContainsAny(a, " ,") {
			a = `"` + a + `"`
		}
		line.WriteString(" " + a)
	}
	text = fmt.Sprintf("$ triovit%s\n%s%sexit status %d\n", &line, out, errors, status)
	return strings.ReplaceAll(text, dir, "DIR"), status
}

// succeeds returns the transcript of a command line, which must succeed.
func succeeds(t *testing.T, dir string, args ...string) string {
	t.Helper()
	text, status := transcript(t, dir, args...)
	if status != succeeded {
		t.Fatal(text)
	}
	return text
}

// masks hide the values that differ between machines with different vector instructions:
// their description, the last digits of numbers, and values that follow from these.
var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`"(min|max|value|lo|hi)":-?\d[\d.e+-]*`), `"$1":#.#`}, // the number may be whole
	{regexp.MustCompile(`[+-]?\d+\.\d+(e[+-]\d+)?|-?\d+e[+-]\d+`), "#.#"},
	{regexp.MustCompile(`\b([0-9a-f]{64}|[0-9a-f]{12})\b`), "DIGEST"},
	{regexp.MustCompile(`"platform":"[^"]*"`), `"platform":"PLATFORM"`},
	{regexp.MustCompile(`"code":"[^"]*"`), `"code":"VERSION"`},
	{regexp.MustCompile(`"bytes":\d+`), `"bytes":N`}, // the file's size depends on the digits of its steps
	{regexp.MustCompile(`\d+ bytes, hash`), "N bytes, hash"},
	{regexp.MustCompile(`"cells":\[\[[0-9,\[\]]*\]\]`), `"cells":CELLS`},
	{regexp.MustCompile(` {2,}`), "  "}, // widths of columns are masked
}

func masked(text string) string {
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.by)
	}
	return text
}

var longNumber = regexp.MustCompile(`\d+\.\d{6,}(e[+-]?\d+)?|\d+\.\d+e[+-]?\d+`)

// rounded keeps six digits of a number. The last digits differ on processors that fuse
// operations.
func rounded(t *testing.T, text string) string {
	return longNumber.ReplaceAllStringFunc(text, func(number string) string {
		x, err := strconv.ParseFloat(number, 64)
		if err != nil {
			t.Fatal(err)
		}
		return strconv.FormatFloat(x, 'g', 6, 64)
	})
}

// TestGoldenHelp: the help texts of the program.
func TestGoldenHelp(t *testing.T) {
	dir := t.TempDir()
	text := succeeds(t, dir, "help")
	for _, c := range commands {
		text += "\n" + succeeds(t, dir, "help", c.name)
	}
	golden.Text(t, "help.golden", text)
}

// TestGoldenHardware: the accelerator's commands compute integers, the same on
// every machine.
func TestGoldenHardware(t *testing.T) {
	dir := t.TempDir()
	config, own := filepath.Join(dir, "half.yaml"), filepath.Join(dir, "own.yaml")
	writeFile(t, config, "version: 1\nname: half the copies\ncopies: 8\n")
	writeFile(t, own, "version: 1\nname: one layer\noperations:\n  - {name: pw, form: convolution, role: PW2, height: 56, width: 56, output_channels: 32, input_channels: 64, kernel: 1}\n")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"simulate-event", []string{"simulate"}},
		{"simulate-event-json", []string{"simulate", "-json", "-model", own}},
		{"simulate-closed", []string{"simulate", "-timing", "closed", "-config", config}},
		{"simulate-closed-json", []string{"simulate", "-json", "-timing", "closed", "-model", own}},
		{"simulate-own", []string{"simulate", "-model", own, "-pipelines", "none", "-batch", "2"}},
		{"explore-closed", []string{"explore", "-model", "b1-r224,b2-r224", "-dsps", "1616", "-axis", "copies=8,16,32", "-axis", "mat.lanes=4,8"}},
		{"explore-closed-json", []string{"explore", "-json", "-dsps", "1616", "-axis", "copies=8,16,32"}},
		{"table-III", []string{"table", "-n", "III", "-config", config}},
		{"table-III-json", []string{"table", "-json", "-n", "III"}},
		{"table-VIII", []string{"table", "-n", "VIII", "-networks", "b1-r224", "-out", filepath.Join(dir, "VIII")}},
		{"explore-event", []string{"explore", "-timing", "event", "-axis", "copies=8,16", "-objectives", "fps,dsps"}},
	} {
		t.Run(c.name, func(t *testing.T) { golden.Text(t, c.name+".golden", rounded(t, succeeds(t, dir, c.args...))) })
	}
}

// TestGoldenExperiment runs a whole experiment on a few drawn scenes: profile, quantize,
// evaluate in shards, merge, report, and the ladder.
func TestGoldenExperiment(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on drawn scenes: run without -short")
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	small := func(command string, args ...string) []string {
		return append([]string{command, "-calibration-sample", "12"}, args...)
	}
	few := func(args ...string) []string { return append(small("evaluate", "-sample", "6"), args...) }
	byProfile := func(args ...string) []string { return few(append([]string{"-profile", file("p.profile")}, args...)...) }
	text := func(name string, args ...string) {
		t.Helper()
		golden.Text(t, name+".golden", masked(succeeds(t, dir, args...)))
	}
	inJSON := func(name string, args ...string) {
		t.Helper()
		text(name+"-json", append([]string{args[0], "-json"}, args[1:]...)...)
	}
	text("profile", small("profile", "-out", file("p.profile"))...)
	inJSON("profile", small("profile")...)
	text("quantize", small("quantize", "-profile", file("p.profile"), "-out", file("grids.json"))...)
	inJSON("quantize", small("quantize", "-profile", file("p.profile"))...)
	text("evaluate", byProfile("-quantized", file("grids.json"), "-out", file("whole.json"))...)
	inJSON("evaluate", byProfile("-quantized", file("grids.json"))...)
	whole := must(t, byProfile("-quantized", file("grids.json"))...)
	if byName := must(t, byProfile("-recipe", "TrioViT")...); byName != whole {
		t.Errorf("by the recipe's name:\n%s, on stored grids:\n%s", byName, whole)
	}
	if observed := must(t, few("-recipe", "TrioViT")...); observed != whole {
		t.Errorf("without the profile's file:\n%s, with it:\n%s", observed, whole)
	}
	t.Run("artefact", func(t *testing.T) {
		freeze := small("freeze", "-recipe", calib.TrioViTPlusInteger.Name, "-profile", file("p.profile"), "-out", file("m.triovit"))
		golden.Text(t, "freeze.golden", masked(succeeds(t, dir, freeze...)))
		first := readFile(t, file("m.triovit"))
		golden.Text(t, "freeze-json.golden", masked(succeeds(t, dir, small("freeze", "-json", "-recipe", calib.TrioViTPlusInteger.Name, "-out", file("m.triovit"))...)))
		if readFile(t, file("m.triovit")) != first {
			t.Error("the same model, observed anew, is frozen into another file")
		}
		score := []string{"evaluate", "-sample", "6", "-model", file("m.triovit")}
		golden.Text(t, "evaluate-artefact.golden", masked(succeeds(t, dir, append(score, "-out", file("integers.json"))...)))
		if r, err := triovit.ReadReport(file("integers.json")); err != nil || r.MIoU.Value < 0.7 {
			t.Errorf("%v (%v): the built-in model has about 85 mIoU", r, err)
		}
		whole := must(t, score...)
		t.Setenv("TRIOVIT_MODEL", file("m.triovit"))
		for _, shard := range []string{"1", "2"} {
			must(t, "evaluate", "-sample", "6", "-shard", shard+"/2", "-out", file(shard+"of2.json"))
		}
		t.Setenv("TRIOVIT_MODEL", "")
		if merged := must(t, "merge", file("1of2.json"), file("2of2.json")); merged != whole {
			t.Errorf("merged %s, whole %s", merged, whole)
		}
		golden.Text(t, "report-artefact.golden", masked(succeeds(t, dir, "report", file("whole.json"), file("integers.json"))))
		saved := must(t, "report", file("whole.json"), file("integers.json"))
		if scored := must(t, "report", "-sample", "6", file("whole.json"), file("m.triovit")); scored != saved {
			t.Errorf("of an artefact in place of its report (-saved +scored):\n%s", cmp.Diff(saved, scored))
		}
		golden.Text(t, "ladder-artefact.golden", masked(succeeds(t, dir, small("ladder", "-sample", "6", "-recipes", "TrioViT", "-artefacts", file("m.triovit"))...)))
		if status, _, errors := call(t, small("freeze", "-recipe", "TrioViT", "-out", file("none.triovit"))...); status != failed || !strings.Contains(errors, "in float") {
			t.Errorf("a recipe that leaves tensors in float: status %d, %s", status, errors)
		}
		if _, err := os.Stat(file("none.triovit")); err == nil {
			t.Error("an artefact is written beside an error")
		}
	})
	t.Run("diagnose", func(t *testing.T) {
		diagnosed := small("diagnose", "-levels", "class", "-pictures", "2", "-out", file("diagnosis"))
		// The last bits of floats decide which values saturate, and the order of nearly equal
		// rows.
		head, _, _ := strings.Cut(masked(succeeds(t, dir, diagnosed...)), "\nwarning: ")
		golden.Text(t, "diagnose.golden", head+"\n")
		var r diagnose.Report
		if err := json.Unmarshal([]byte(readFile(t, filepath.Join(file("diagnosis"), "diagnose.json"))), &r); err != nil {
			t.Fatal(err)
		}
		if page := readFile(t, filepath.Join(file("diagnosis"), "map.html")); !strings.Contains(page, "By accumulated SQNR the worst block is ") {
			t.Errorf("the map is %.200q", page)
		}
		for name, lines := range map[string]int{"tensors.csv": len(r.Tensors), "units.csv": len(r.Units)} {
			if got := strings.Count(readFile(t, filepath.Join(file("diagnosis"), name)), "\n"); got != lines+1 {
				t.Errorf("%s has %d lines for %d of the report", name, got, lines)
			}
		}
	})
	t.Run("reconstruct", func(t *testing.T) {
		learn := small("reconstruct", "-steps", "2", "-crop", "64", "-crops", "4", "-batch", "2", "-out", file("learned.triovit"))
		changed := regexp.MustCompile(`\d+( of \d+  ×)`) // the last bits of floats decide this number
		took := regexp.MustCompile(`took \S+; twice as many iterations take about \S+`)
		told := changed.ReplaceAllString(masked(succeeds(t, dir, learn...)), "N$1")
		golden.Text(t, "reconstruct.golden", took.ReplaceAllString(told, "took T; twice as many iterations take about T"))
		first := readFile(t, file("learned.triovit"))
		must(t, learn...)
		if readFile(t, file("learned.triovit")) != first {
			t.Error("the same reconstruction is written as another file")
		}
		if score := must(t, "evaluate", "-sample", "50", "-model", file("learned.triovit")); !strings.Contains(score, "mIoU") {
			t.Errorf("the artefact scores %s", score)
		}
	})
	var shards []string
	for i := range 3 {
		name := file(fmt.Sprintf("%d.json", i+1))
		must(t, byProfile("-quantized", file("grids.json"), "-shard", fmt.Sprintf("%d/3", i+1), "-out", name)...)
		shards = append([]string{name}, shards...) // the last shard comes first
	}
	merged := must(t, append([]string{"merge", "-out", file("merged.json")}, shards...)...)
	if merged != whole {
		t.Errorf("merged %s, whole %s", merged, whole)
	}
	if a, b := readFile(t, file("merged.json")), readFile(t, file("whole.json")); a != b || a != must(t, append([]string{"merge", "-json"}, shards...)...) {
		t.Errorf("merged file (-whole +merged):\n%s", cmp.Diff(b, a))
	}
	must(t, few("-out", file("float.json"))...)
	text("report", "report", file("float.json"), file("merged.json"))
	inJSON("report", "report", file("float.json"), file("merged.json"))

	ladder := small("ladder", "-sample", "6", "-recipes", "TrioViT, Vanilla")
	text("ladder", append(ladder, "-out", file("ladder"))...)
	inJSON("ladder", ladder...)
	if printed, wrote := must(t, ladder...), readFile(t, file("ladder/ladder.txt")); printed != wrote {
		t.Errorf("printed and in ladder.txt:\n%s", cmp.Diff(printed, wrote))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(must(t, append(ladder, "-json")...)), "", "\t"); err != nil || indented.String() != readFile(t, file("ladder/ladder.json")) {
		t.Errorf("printed and in ladder.json (%v):\n%s", err, cmp.Diff(indented.String(), readFile(t, file("ladder/ladder.json"))))
	}
	if svg := readFile(t, file("ladder/ladder.svg")); !strings.Contains(svg, "<svg") {
		t.Errorf("figure %.40q", svg)
	}

	t.Run("shards", func(t *testing.T) {
		for _, args := range [][]string{
			ladder,
			small("diagnose", "-levels", "class", "-pictures", "2"),
			{"explore", "-axis", "copies=4,8,16", "-axis", "mat.lanes=4,8"},
		} {
			single := filepath.Join(t.TempDir(), "single")
			want := must(t, slices.Concat(args, []string{"-out", single})...)
			var shards []string
			for i := range 3 {
				name := filepath.Join(t.TempDir(), "shard.json")
				printed := must(t, slices.Concat(args, []string{"-shard", fmt.Sprintf("%d/3", i+1), "-out", name})...)
				if !strings.Contains(printed, fmt.Sprintf("shard %d/3", i+1)) {
					t.Errorf("%s: a shard prints\n%s", args[0], printed)
				}
				shards = append([]string{name}, shards...) // the last shard comes first
			}
			merged := filepath.Join(t.TempDir(), "merged")
			if got := must(t, slices.Concat([]string{"merge", "-out", merged}, shards)...); got != want {
				t.Errorf("%s: merged -single +merged:\n%s", args[0], cmp.Diff(want, got))
			}
			whole := tree(t, single)
			delete(whole, "/map.html") // a merge has no network to map
			if d := cmp.Diff(whole, tree(t, merged)); d != "" {
				t.Errorf("%s: files -single +merged:\n%s", args[0], d)
			}
			inJSON := must(t, slices.Concat(args, []string{"-json"})...)
			if got := must(t, slices.Concat([]string{"merge", "-json"}, shards)...); got != inJSON {
				t.Errorf("%s: JSON -single +merged:\n%s", args[0], cmp.Diff(inJSON, got))
			}
			for _, wrong := range [][]string{{"merge", shards[0], file("1.json")}, {"merge", shards[0], shards[1]}} {
				if status, _, errors := call(t, wrong...); status != failed || !strings.Contains(errors, filepath.Base(wrong[2])) && !strings.Contains(errors, "shard 1/3 is missing") {
					t.Errorf("%s: status %d, %s", wrong, status, errors)
				}
			}
		}
	})
	t.Run("tables", func(t *testing.T) {
		vi := small("table", "-sample", "6", "-n", "VI")
		drawn := append(vi, "-draws", "2", "-pictures", "3")
		few := small("sweep", "-sample", "6", "-sizes", "1,4", "-draws", "2")
		text("table", append(vi, "-out", file("table"))...)
		text("table-draws", drawn...)
		inJSON("table-draws", drawn...)
		text("sweep", append(few, "-out", file("sweep"))...)
		inJSON("sweep", few...)
		if d := cmp.Diff(masked(must(t, vi...)), masked(readFile(t, file("table/table.txt")))); d != "" {
			t.Errorf("printed and in table.txt:\n%s", d)
		}
		for _, path := range []string{"table/table", "sweep/sweep"} {
			data, lines, figure := readFile(t, file(path+".json")), readFile(t, file(path+".csv")), readFile(t, file(path+".svg"))
			if !json.Valid([]byte(data)) || strings.Count(lines, "\n") < 4 || !strings.Contains(figure, "<svg") {
				t.Errorf("%s: JSON %.80q, CSV %.80q, figure %.80q", path, data, lines, figure)
			}
		}
	})

	t.Run("refusals", func(t *testing.T) {
		var all string
		for _, args := range [][]string{
			{"merge", file("1.json"), file("3.json")},
			{"merge", file("1.json"), file("2.json"), file("2.json"), file("3.json")},
			{"merge", file("float.json"), file("2.json")},
			{"report", file("float.json"), file("1.json")},
			byProfile("-recipe", "TrioViT by OMSE"),
			{"evaluate", "-sample", "6", "-calibration-sample", "16", "-quantized", file("grids.json")},
		} {
			text, status := transcript(t, dir, args...)
			if status != failed {
				t.Error(text)
			}
			all += text
		}
		golden.Text(t, "refusals.golden", masked(all))
	})
}

// tree returns the contents of a file, or of each file in a folder, by the path below
// root.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all[strings.TrimPrefix(path, root)] = readFile(t, path)
		}
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s holds %d files (%v)", root, len(all), err)
	}
	return all
}

// TestScores: the known scores of the built-in model, which the masks hide.
func TestScores(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on drawn scenes: run without -short")
	}
	var s summary
	if err := json.Unmarshal([]byte(must(t, "ladder", "-json", "-calibration-sample", "12", "-sample", "6", "-recipes", "TrioViT")), &s); err != nil {
		t.Fatal(err)
	}
	float, trio := s.Scores[0], s.Scores[1]
	if s.EvaluationImages != 17 || float.Score.Value < 0.75 || trio.Score.Value < 0.7 {
		t.Errorf("%+v: the built-in model has about 85 mIoU", s)
	}
	paired := trio.AgainstFloat
	if float.AgainstFloat != nil || paired.Difference.Value != trio.Score.Value-float.Score.Value {
		t.Errorf("%+v against float: %+v", trio.Score, paired)
	}
	if (paired.Difference.Hi-paired.Difference.Lo)*2 > float.Score.Hi-float.Score.Lo {
		t.Errorf("the paired interval, %+v, is hardly narrower than the score's, %+v", paired.Difference, float.Score)
	}
}

// TestGoldenDoctor: the doctor on a machine where every check is ok, and on one where
// none is.
func TestGoldenDoctor(t *testing.T) {
	if platform.SIMD() == "" {
		t.Skip("the doctor wants a build with GOEXPERIMENT=simd")
	}
	dir := t.TempDir()
	for name, value := range map[string]string{"TRIOVIT_BACKEND": "go", "TRIOVIT_KERNEL": "portable", "TRIOVIT_CACHE": filepath.Join(dir, "cache"), "GOPROXY": "off", "HF_HUB_OFFLINE": "1"} {
		t.Setenv(name, value)
	}
	machine := regexp.MustCompile(`go1\S* \w+/\w+, \d+ cores`)
	look := func(status int, args ...string) string {
		t.Helper()
		text, got := transcript(t, dir, append([]string{"doctor"}, args...)...)
		if got != status {
			t.Error(text)
		}
		return strings.ReplaceAll(machine.ReplaceAllString(text, "GO OS/ARCH, N cores"), platform.SIMD(), "VECTORS")
	}
	text := look(succeeded) + look(succeeded, "-json")
	text += look(misused, "now")
	writeFile(t, filepath.Join(dir, "file"), "no folder")
	for name, value := range map[string]string{"TRIOVIT_BACKEND": "cuda", "TRIOVIT_CACHE": filepath.Join(dir, "file", "cache"), "TRIOVIT_MODEL": filepath.Join(dir, "absent.pt")} {
		t.Setenv(name, value)
	}
	text += look(failed) + look(failed, "-json")
	golden.Text(t, "doctor.golden", text)
}

// drawRoads makes a folder in CamVid's layout with one picture in each split, whose
// labels are of one level.
func drawRoads(t *testing.T, folder string, level uint8) {
	t.Helper()
	for _, split := range []string{"train", "val"} {
		picture, labels := image.NewRGBA(image.Rect(0, 0, 480, 360)), image.NewGray(image.Rect(0, 0, 480, 360))
		for i := range labels.Pix {
			labels.Pix[i] = level
			copy(picture.Pix[4*i:], []uint8{uint8(i), uint8(i / 480), 90, 255})
		}
		for name, m := range map[string]image.Image{split: picture, split + "annot": labels} {
			writePicture(t, filepath.Join(folder, name, "road.png"), m)
		}
	}
}

// TestGoldenErrors: for each wrong command line one line on standard error says what is
// wrong and what is allowed. The exit status is that of wrong usage or of failure.
func TestGoldenErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	given := func(name, contents string) string {
		writeFile(t, file(name), contents)
		return file(name)
	}
	t.Setenv("HF_HOME", file("hub"))
	t.Setenv("HF_HUB_CACHE", "")
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1") // nobody listens at this address
	text := given("text", "no JSON")
	seg := given("seg.safetensors", string(builtin.Weights()))
	p := &calib.Profile{Network: "b0", Tensors: []*calib.TensorStats{{Name: "input", Shape: []int{1, 1, 1}, Count: 1, Min: make([]float32, 1), Max: make([]float32, 1), Mean: make([]float32, 1)}}}
	if err := p.Save(file("other.profile")); err != nil {
		t.Fatal(err)
	}
	whole := readFile(t, file("other.profile"))
	spoiled := func(name, parameter string, value float32) string {
		set, err := weights.ReadSafetensors(strings.NewReader(readFile(t, seg)), int64(len(builtin.Weights())))
		if err != nil {
			t.Fatal(err)
		}
		set[parameter].Data[5] = value
		writeWeights(t, file(name), set)
		return file(name)
	}
	const layer = "backbone.stages.1.op_list.0.main.inverted_conv."
	roads, void := file("roads"), file("void")
	drawRoads(t, roads, 3)
	drawRoads(t, void, 11)
	report := func(name, outcomes string) string {
		return given(name, `{"format":"gotriovit report 1","network":"n","label":"`+name+`","shard":"1/1","pictures":2,"task":"segmentation","classes":["a"],"outcomes":[`+outcomes+`]}`)
	}
	scored, unscored := report("scored.json", `{"id":"x","cells":[[0,0,3]]},{"id":"y"}`), report("unscored.json", `{"id":"x"},{"id":"y"}`)
	for _, folder := range []string{"empty", "camvid/train", "camvid/trainannot", "imagenet/train", "imagenet/val",
		"kaggle/train", "kaggle/train_labels", "kaggle/val", "kaggle/val_labels", "city/leftImg8bit/val", "city/gtFine/val", "only/test/n1"} {
		if err := os.MkdirAll(file(folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	b0 := file("b0.safetensors")
	writeClassifier(t, b0, 2)
	gray := image.NewGray(image.Rect(0, 0, 70, 70))
	for _, picture := range []string{"half/val/n1/a", "half/val/n2/b", "others/train/n1/a", "others/train/n2/b", "others/val/n1/c", "others/val/n3/d", "more/val/n1/a", "more/val/n2/b", "more/val/n3/c"} {
		writePicture(t, file(picture+".png"), gray)
	}
	writePicture(t, file("flat/val/a.png"), gray)
	red := file("red.triovit")
	writeArtefact(t, red, 2)
	var all string
	for _, c := range []struct {
		name   string
		status int
		args   []string
	}{
		{"nothing", misused, nil},
		{"unknown command", misused, []string{"paint"}},
		{"help of an unknown command", misused, []string{"help", "paint"}},
		{"unknown flag", misused, []string{"merge", "-x", "a"}},
		{"an argument too many", misused, []string{"doctor", "now"}},
		{"flag behind an argument", misused, []string{"merge", "a.json", "-out", "b"}},
		{"file in no folder", misused, []string{"profile", "-out", file("absent/p.profile")}},
		{"folder below a file", failed, []string{"ladder", "-out", filepath.Join(text, "ladder")}},

		{"model without pictures", failed, []string{"ladder", "-model", seg}},
		{"weights without model", failed, []string{"ladder", "-weights", "state_dict"}},
		{"weights that are not there", failed, []string{"ladder", "-model", seg, "-weights", "state_dict", "-data", dir}},
		{"pictures without model", failed, []string{"ladder", "-data", dir}},
		{"absent model", failed, []string{"profile", "-model", file("absent.pt"), "-data", dir}},
		{"no model in the file", failed, []string{"profile", "-model", text, "-data", dir}},
		{"cut model", failed, []string{"profile", "-model", given("cut.pt", "PK\x03\x04\x00\x00"), "-data", dir}},
		{"no network", failed, []string{"profile", "-model", "timm/efficientvit_b1.r224_in1k", "-data", dir}},
		{"no name on the hub", failed, []string{"profile", "-model", "hf://b1", "-data", dir}},
		{"absent pictures", failed, []string{"profile", "-model", seg, "-data", file("absent")}},
		{"no pictures", failed, []string{"profile", "-model", seg, "-data", file("empty")}},
		{"half a data set", failed, []string{"profile", "-model", seg, "-data", file("camvid")}},
		{"pictures of another task", failed, []string{"profile", "-model", seg, "-data", file("imagenet")}},
		{"labels in other folders", failed, []string{"evaluate", "-model", seg, "-data", file("kaggle")}},
		{"a folder of the data set", failed, []string{"evaluate", "-model", seg, "-data", file("city/leftImg8bit")}},
		{"a split of the data set", failed, []string{"evaluate", "-model", b0, "-data", file("half/val")}},
		{"no split to score on", failed, []string{"evaluate", "-model", b0, "-data", file("only")}},
		{"no truth", failed, []string{"evaluate", "-model", b0, "-data", file("flat")}},
		{"more classes than the model", failed, []string{"evaluate", "-model", b0, "-data", file("more")}},
		{"splits of other classes", failed, []string{"evaluate", "-model", b0, "-data", file("others")}},
		{"nothing to calibrate on", failed, []string{"evaluate", "-model", b0, "-data", file("half"), "-recipe", "TrioViT"}},
		{"order of classes", failed, []string{"evaluate", "-model", b0, "-data", file("half"), "-class-order", "numeric"}},
		{"order of a segmentation's classes", failed, []string{"evaluate", "-model", seg, "-data", file("city"), "-class-order", "text"}},
		{"preprocessing", misused, []string{"evaluate", "-model", b0, "-data", file("half"), "-preprocess", "crop=big"}},
		{"crop ratio", misused, []string{"evaluate", "-model", b0, "-data", file("half"), "-preprocess", "crop=2"}},
		{"crop of a segmentation", failed, []string{"evaluate", "-model", seg, "-data", file("city"), "-preprocess", "crop=0.9"}},
		{"preprocessing of drawn scenes", failed, []string{"evaluate", "-preprocess", "crop=1"}},
		{"weight of NaN", failed, []string{"evaluate", "-model", spoiled("nan.safetensors", layer+"conv.weight", float32(math.NaN())), "-data", roads}},
		{"infinite weight", failed, []string{"quantize", "-model", spoiled("inf.safetensors", layer+"norm.weight", float32(math.Inf(-1))), "-data", roads}},
		{"negative variance", failed, []string{"ladder", "-model", spoiled("variance.safetensors", layer+"norm.running_var", -0.5), "-data", roads}},
		{"tensor that overflows", failed, []string{"evaluate", "-model", spoiled("overflow.safetensors", layer+"norm.bias", 3e38), "-data", roads}},
		{"tensor that overflows in calibration", failed, []string{"profile", "-model", file("overflow.safetensors"), "-data", roads}},
		{"no pixel", failed, []string{"evaluate", "-model", seg, "-data", void}},
		{"no pixel of a ladder", failed, []string{"ladder", "-model", seg, "-data", void, "-recipes", "Vanilla"}},
		{"sample", misused, []string{"evaluate", "-sample", "0x"}},
		{"negative sample", misused, []string{"evaluate", "-sample", "-1"}},
		{"no calibration sample", misused, []string{"profile", "-calibration-sample", "0"}},

		{"recipe", misused, []string{"evaluate", "-recipe", "Vanila"}},
		{"recipe of the ladder", misused, []string{"ladder", "-recipes", "TrioViT,Vanila"}},
		{"recipes beside costs", misused, []string{"ladder", "-costs", "-recipes", "TrioViT"}},
		{"recipe twice", misused, []string{"evaluate", "-recipe", "TrioViT", "-quantized", text}},
		{"number of a table", misused, []string{"table", "-n", "IX"}},
		{"no draws", misused, []string{"table", "-draws", "0"}},
		{"more pictures than there are", failed, []string{"table", "-calibration-sample", "12", "-pictures", "5"}},
		{"draws of all pictures", failed, []string{"table", "-calibration-sample", "12", "-draws", "2", "-pictures", "4"}},
		{"networks of a table of accuracies", misused, []string{"table", "-n", "V", "-networks", "b1-r224"}},
		{"networks of Table III", misused, []string{"table", "-n", "III", "-networks", "b1-r224"}},
		{"draws of a table of hardware", misused, []string{"table", "-n", "VIII", "-pictures", "4"}},
		{"network of a table", failed, []string{"table", "-n", "VIII", "-networks", "b9"}},
		{"table of an artefact", misused, []string{"table", "-model", red, "-data", file("half")}},
		{"sizes of a sweep", misused, []string{"sweep", "-sizes", "2,many"}},
		{"size of a sweep", failed, []string{"sweep", "-calibration-sample", "12", "-sizes", "0,2"}},
		{"no draws of a sweep", misused, []string{"sweep", "-draws", "0"}},
		{"recipe of a sweep", misused, []string{"sweep", "-recipe", "Vanila"}},
		{"bits", misused, []string{"quantize", "-weight-bits", "40"}},
		{"bits of nothing", misused, []string{"evaluate", "-weight-bits", "4"}},
		{"profile of nothing", misused, []string{"evaluate", "-profile", file("other.profile")}},
		{"absent profile", failed, []string{"quantize", "-profile", file("absent.profile")}},
		{"no profile in the file", failed, []string{"quantize", "-profile", text}},
		{"cut profile", failed, []string{"quantize", "-profile", given("cut.profile", whole[:len(whole)-4])}},
		{"profile of another model", failed, []string{"quantize", "-profile", file("other.profile")}},
		{"absent grids", failed, []string{"evaluate", "-quantized", file("absent.json")}},
		{"no grids in the file", failed, []string{"evaluate", "-quantized", text}},
		{"format of grids", failed, []string{"evaluate", "-quantized", given("other.json", `{"format": "gotriovit grids 9"}`)}},
		{"recipe of grids", failed, []string{"evaluate", "-quantized", given("unknown.json", `{"format": "gotriovit grids 1", "recipe": "Vanila"}`)}},
		{"width beside grids", misused, []string{"evaluate", "-quantized", file("unknown.json"), "-weight-bits", "4"}},
		{"shard", misused, []string{"evaluate", "-shard", "5/4"}},
		{"shard of a space", misused, []string{"explore", "-shard", "2"}},
		{"shard of a ladder in no folder", misused, []string{"ladder", "-shard", "1/2", "-out", file("absent/1.json")}},
		{"shard of a diagnosis in no folder", misused, []string{"diagnose", "-shard", "1/2", "-out", file("absent/1.json")}},
		{"shard of a long ladder", misused, []string{"ladder", "-shard", "1/2", "-recipes", strings.Repeat("TrioViT,", calib.MaxRungs) + "MBConv"}},
		{"no shard", misused, []string{"merge"}},
		{"no ladder in the file", failed, []string{"merge", given("ladder.json", `{"format":"gotriovit ladder 1"}`)}},
		{"no survey in the file", failed, []string{"merge", given("survey.json", `{"format":"gotriovit survey 1"}`)}},
		{"shards of two kinds", failed, []string{"merge", given("diagnosis.json", `{"format":"gotriovit diagnosis 1","Shard":"1/2"}`), file("ladder.json")}},

		{"profile of an artefact", misused, []string{"profile", "-model", red, "-data", file("half")}},
		{"grids of an artefact", misused, []string{"quantize", "-model", red, "-data", file("half")}},
		{"artefact of an artefact", misused, []string{"freeze", "-model", red, "-data", file("half")}},
		{"ladder of an artefact", misused, []string{"ladder", "-model", red, "-data", file("half")}},
		{"recipe of an artefact", misused, []string{"evaluate", "-model", red, "-data", file("half"), "-recipe", "TrioViT"}},
		{"weights of an artefact", failed, []string{"evaluate", "-model", red, "-data", file("half"), "-weights", "ema"}},
		{"artefact without pictures", failed, []string{"evaluate", "-model", red}},
		{"pictures of another size", failed, []string{"evaluate", "-model", red, "-data", file("half"), "-preprocess", "size=96"}},
		{"more classes than the artefact", failed, []string{"evaluate", "-model", red, "-data", file("more")}},
		{"artefact as a shard", misused, []string{"merge", red, scored}},
		{"report of an artefact without pictures", failed, []string{"report", red}},
		{"report of an artefact on other pictures", failed, []string{"report", "-data", file("half"), scored, red}},
		{"cut artefact", failed, []string{"evaluate", "-model", given("cut.triovit", readFile(t, red)[:900]), "-data", file("half")}},
		{"newer artefact", failed, []string{"evaluate", "-model", given("new.triovit", strings.Replace(readFile(t, red), `"version":"1"`, `"version":"2"`, 1)), "-data", file("half")}},
		{"no artefact in the file", failed, []string{"ladder", "-artefacts", text}},
		{"reconstruction of an artefact", misused, []string{"reconstruct", "-model", red, "-data", file("half")}},
		{"reconstruction from a profile", misused, []string{"reconstruct", "-profile", file("p.profile")}},
		{"diagnosis from a profile", misused, []string{"diagnose", "-profile", file("p.profile")}},
		{"no pictures to diagnose", misused, []string{"diagnose", "-pictures", "0"}},
		{"level of a diagnosis", misused, []string{"diagnose", "-levels", "class,stage"}},
		{"widths of parts", misused, []string{"quantize", "-widths", "depth_conv=4"}},
		{"width of a part", misused, []string{"quantize", "-widths", "depth_conv=W4,inverted=W17"}},
		{"pattern of a part", misused, []string{"quantize", "-widths", "(=W4"}},
		{"widths of no recipe", misused, []string{"evaluate", "-widths", "a=W4"}},
		{"no pictures for widths", misused, []string{"mixed", "-pictures", "0"}},
		{"widths to choose from", misused, []string{"mixed", "-bits", "4,9"}},
		{"budget", misused, []string{"mixed", "-budget", "-5%"}},
		{"budget out of reach", failed, []string{"mixed", "-budget", "10%"}},
		{"what the budget counts", misused, []string{"mixed", "-price", "joules"}},
		{"recipe of widths", misused, []string{"mixed", "-recipe", "none"}},
		{"no iterations", misused, []string{"reconstruct", "-steps", "-1"}},
		{"no crops", misused, []string{"reconstruct", "-crop", "64", "-crops", "-1"}},
		{"iterations and a budget", misused, []string{"reconstruct", "-steps", "10", "-budget", "1m"}},
		{"an unknown preset", misused, []string{"reconstruct", "-preset", "strict"}},
		{"soft roundings as integers", misused, []string{"reconstruct", "-preset", "Reference", "-out", file("soft.triovit")}},
		{"width of accumulators", misused, []string{"freeze", "-accumulator-bits", "40"}},

		{"no report", misused, []string{"report"}},
		{"absent report", failed, []string{"report", file("absent.json")}},
		{"no report in the file", failed, []string{"merge", text}},
		{"format of a report", failed, []string{"merge", file("other.json")}},
		{"report of no pixel", failed, []string{"merge", unscored}},
		{"comparison with no pixel", failed, []string{"report", scored, unscored}},
		{"null for a rank", failed, []string{"report", report("null.json", `{"id":"x","rank":null}`)}},

		{"variant", failed, []string{"simulate", "-model", "b9"}},
		{"standard ViT", failed, []string{"simulate", "-model", "deit-huge"}},
		{"absent workload", failed, []string{"simulate", "-model", file("absent.yaml")}},
		{"timing", misused, []string{"simulate", "-timing", "guess"}},
		{"trace of the closed form", misused, []string{"simulate", "-timing", "closed", "-trace", file("x")}},
		{"batch of the closed form", misused, []string{"simulate", "-timing", "closed", "-batch", "16"}},
		{"width of the closed form", misused, []string{"explore", "-axis", "copies=8", "-weight-bits", "4"}},
		{"width of an operation without one", misused, []string{"simulate", "-weight-bits-of", "backbone.input_stem.op_list.0.conv"}},
		{"width of an operation in words", misused, []string{"simulate", "-weight-bits-of", "backbone.input_stem.op_list.0.conv=four"}},
		{"width of an operation that is not there", failed, []string{"simulate", "-weight-bits-of", "stem=4"}},
		{"no pictures", misused, []string{"simulate", "-batch", "0"}},
		{"absent configuration", failed, []string{"simulate", "-config", file("absent.yaml")}},
		{"no configuration in the file", failed, []string{"simulate", "-config", text}},
		{"value of a configuration", failed, []string{"simulate", "-config", given("copies.yaml", "version: 1\ncopies: none\n")}},
		{"no axis", misused, []string{"explore"}},
		{"axis", misused, []string{"explore", "-axis", "copies"}},
		{"field", misused, []string{"explore", "-axis", "lanes=4"}},
		{"value", misused, []string{"explore", "-axis", "copies=4,many"}},
		{"objective", misused, []string{"explore", "-axis", "copies=4", "-objectives", "beauty"}},
	} {
		text, status := transcript(t, dir, c.args...)
		if status != c.status || len(c.args) > 0 && strings.Count(text, "\n") != 3 {
			t.Errorf("%s: want status %d and a line:\n%s", c.name, c.status, text)
		}
		all += "# " + c.name + "\n" + text + "\n"
	}
	golden.Text(t, "errors.golden", all)
}
