// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"pgregory.net/rapid"
)

// sameReport compares everything but the file that a report was read from.
var sameReport = cmp.Options{cmpopts.EquateNaNs(), cmpopts.IgnoreUnexported(Report{})}

// labelledMaps returns n labelled pictures of 128 × 128 pixels, of which 16 make a
// batch.
func labelledMaps(t testing.TB, n int) (*efficientvit.Network, dataset.Dataset) {
	t.Helper()
	return mapsOf(t, n, func(i, pixel int) uint8 { return uint8(i * (pixel + 1) % 4) })
}

// mapsOf is labelledMaps with the labels of one's own.
func mapsOf(t testing.TB, n int, label func(i, pixel int) uint8) (*efficientvit.Network, dataset.Dataset) {
	t.Helper()
	var items []*dataset.Item
	for i := range n {
		m := preprocess.NewRGB(128, 128)
		m.Pix[0] = uint8(i % 3)
		truth := make([]uint8, 16)
		for k := range truth {
			truth[k] = label(i, k)
		}
		items = append(items, &dataset.Item{ID: fmt.Sprintf("m%d", i), Image: m, Width: 128, Height: 128, Label: dataset.Label{Map: truth, W: 4, H: 4}})
	}
	data, err := dataset.Memory("maps", dataset.Segmentation, strings.Split("abcd", ""), items)
	if err != nil {
		t.Fatal(err)
	}
	return describe(t, "seg-b0-cityscapes", efficientvit.InputSize(128, 128), efficientvit.Classes(4)), data
}

// likes answers with the class that the picture tells, or another next to it.
func likes(net *efficientvit.Network, id string, shift int) oracle {
	return oracle{net, id, new(atomic.Int32), func(class, k int) float32 {
		return -float32((k - class + 2*shift) % 3)
	}, nil}
}

func evaluateShards(t testing.TB, p Predictor, data dataset.Dataset, n int) []*Report {
	t.Helper()
	shards := make([]*Report, n)
	for i := range shards {
		var err error
		if shards[i], err = Evaluate(context.Background(), p, data, Sharded(Shard{Index: i + 1, Of: n}), Labelled("R")); err != nil {
			t.Fatal(err)
		}
	}
	return shards
}

// TestMergeIsTheSingleRun: shards in any order, each through its file, merge to
// the report of the single run, for any number of them.
func TestMergeIsTheSingleRun(t *testing.T) {
	segmenter, segments := labelledMaps(t, 70)
	for _, c := range []struct {
		name string
		p    Predictor
		data dataset.Dataset
	}{
		{"classification", likes(classifier(t), t.Name(), 1), pictures(t, 1100)},
		{"segmentation", likes(segmenter, t.Name(), 0), segments},
	} {
		t.Run(c.name, func(t *testing.T) {
			single, err := Evaluate(context.Background(), c.p, c.data, Labelled("R"))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.IntRange(1, 12).Draw(t, "n")
				var shards []*Report
				for i := range n {
					s, err := Evaluate(context.Background(), c.p, c.data, Sharded(Shard{Index: i + 1, Of: n}), Labelled("R"))
					if err != nil {
						t.Fatal(err)
					}
					path := filepath.Join(dir, "shard.json")
					if err := s.Save(path); err != nil {
						t.Fatal(err)
					}
					read, err := ReadReport(path)
					if err != nil {
						t.Fatal(err)
					}
					if d := cmp.Diff(s, read, sameReport); d != "" {
						t.Fatalf("read back (-want +got):\n%s", d)
					}
					shards = append(shards, read)
				}
				merged, err := Merge(rapid.Permutation(shards).Draw(t, "order")...)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(single, merged, sameReport); d != "" {
					t.Errorf("merged from %d (-single +merged):\n%s", n, d)
				}
			})
		})
	}
}

// TestMergeRefuses: what is not all shards of one evaluation is named.
func TestMergeRefuses(t *testing.T) {
	net, data := labelledMaps(t, 70)
	shards := func() []*Report { return evaluateShards(t, likes(net, "merge refuses", 0), data, 4) }
	other := evaluateShards(t, likes(net, "other weights", 1), data, 4)
	some, err := dataset.Head(data, 69)
	if err != nil {
		t.Fatal(err)
	}
	fewer := evaluateShards(t, likes(net, "merge refuses", 0), some, 4)
	for _, c := range []struct {
		name string
		edit func(s []*Report) []*Report
		want string
	}{
		{"none", func([]*Report) []*Report { return nil }, "no shards"},
		{"missing", func(s []*Report) []*Report { return append(s[:1], s[2:]...) }, "shard 2/4 is missing: 3 of 4 are given"},
		{"last missing", func(s []*Report) []*Report { return s[:3] }, "shard 4/4 is missing"},
		{"doubled", func(s []*Report) []*Report { return append(s, s[2]) }, "shard 3/4 is given twice"},
		{"doubled for missing", func(s []*Report) []*Report { s[1] = s[2]; return s }, "shard 3/4 is given twice"},
		{"doubled files", func(s []*Report) []*Report {
			twin := *s[2]
			s[2].file, twin.file = "a.json", "b.json"
			return append(s, &twin)
		}, "shard 3/4 (b.json) is given twice, also as a.json"},
		{"other weights", func(s []*Report) []*Report { s[3] = other[3]; return s }, "shard 4/4 has other weights or grids than shard 1/4"},
		{"other pictures", func(s []*Report) []*Report { s[3] = fewer[3]; return s }, `shard 4/4 has another data set, "maps, the first (69 of 70)"`},
		{"other preprocessing", func(s []*Report) []*Report { s[3].Fingerprint = "x"; return s }, "shard 4/4 has other pictures, labels or preprocessing"},
		{"other classes", func(s []*Report) []*Report { s[3].Classes = []string{"a"}; return s }, "shard 4/4 has other pictures, labels"},
		{"other recipe", func(s []*Report) []*Report { s[3].Label = "S"; return s }, `shard 4/4 has another recipe, "S", than shard 1/4, "R"`},
		{"other platform", func(s []*Report) []*Report { s[2].Platform = "abacus"; return s }, `shard 3/4 has another platform, "abacus"`},
		{"other number", func(s []*Report) []*Report { s[1].Shard.Of = 5; return s }, `shard 2/5 has another number of shards, "5"`},
		{"a picture lost", func(s []*Report) []*Report { s[0].Outcomes = s[0].Outcomes[1:]; return s }, "69 outcomes, the data set 70"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Merge(c.edit(shards())...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestWrongShard: a shard that is none is refused before a picture is looked at.
func TestWrongShard(t *testing.T) {
	_, err := Evaluate(context.Background(), likes(classifier(t), "wrong shard", 0), pictures(t, 3), Sharded(Shard{Index: 4, Of: 3}))
	if err == nil || !strings.Contains(err.Error(), "shard 4/3") {
		t.Errorf("evaluating shard 4/3 gives %v", err)
	}
}

// reportJSON is a saved report of two pictures.
const reportJSON = `{"format":"gotriovit report 1","shard":"1/1","pictures":2,"task":"segmentation","classes":["a","b"],
	"outcomes":[{"id":"x","cells":[[0,0,3],[0,1,1]]},{"id":"y","cells":[[1,1,4]]}]}`

func TestReadReport(t *testing.T) {
	r := new(Report)
	if err := json.Unmarshal([]byte(reportJSON), r); err != nil {
		t.Fatal(err)
	}
	if want := (3.0/4 + 4.0/5) / 2; r.MIoU.Value != want || r.Images != 2 {
		t.Errorf("mIoU %v of %d pictures, want %v of 2", r.MIoU, r.Images, want)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"no JSON", reportJSON, "", "unexpected end"},
		{"other format", "report 1", "report 9", `the format is "gotriovit report 9"`},
		{"shard", "1/1", "3/1", "shard 3/1"},
		{"task", "segmentation", "detection", `the task is "detection"`},
		{"no classes", `["a","b"]`, "[]", "no classes"},
		{"class outside", "[1,1,4]", "[1,2,4]", `picture "y": cell [1 2 4]`},
		{"negative class", "[1,1,4]", "[-1,1,4]", "cell [-1 1 4]"},
		{"no pixels", "[1,1,4]", "[1,1,0]", "cell [1 1 0]"},
		{"too many pixels", "[1,1,4]", "[1,1,4000000000000]", "cell [1 1 4000000000000]: a picture has at most 1099511627776"},
		{"too many pixels together", "[0,0,3],[0,1,1]", "[0,0,1099511627776],[0,1,1]", "cell [0 1 1]: a picture has at most"},
		{"a cell twice", "[0,0,3],[0,1,1]", "[0,0,3],[0,0,1]", "cell [0 0 1] is not behind the cell before it"},
		{"cells in another order", "[0,0,3],[0,1,1]", "[0,1,3],[0,0,1]", "is not behind the cell before it"},
		{"cells of a classification", "segmentation", "classification", "2 cells: a classification has none"},
		{"a class without a name", `["a","b"]`, `["a",""]`, "class 1 of 2 has no name"},
		{"more outcomes than pictures", `"pictures":2`, `"pictures":1`, "2 outcomes of 1 pictures"},
		{"too many pictures", `"pictures":2`, `"pictures":131073`, "allowed are up to 131072 pictures"},
		{"a fraction", "[1,1,4]", "[1,1,4.5]", `"4.5" where a whole number is wanted`},
		{"null for a cell", "[[1,1,4]]", "[null]", "element 0 of a list is a null, want a ["},
		{"null for a class", "[1,1,4]", "[null,1,4]", "null where a whole number is wanted"},
		{"NaN for pixels", "[1,1,4]", "[1,1,NaN]", "invalid character 'N'"},
		{"two numbers", "[1,1,4]", "[1,4]", "a cell of 2 numbers"},
		{"four numbers", "[1,1,4]", "[1,1,4,1]", "a cell of 4 numbers"},
		{"negative rank", `"id":"x"`, `"id":"x","rank":-1`, "rank -1, allowed are 0 to 1"},
		{"rank of NaN", `"id":"x"`, `"id":"x","rank":2`, "rank 2, allowed are 0 to 1"},
		{"null for a rank", `"id":"x"`, `"id":"x","rank":null`, "null where a whole number is wanted"},
		{"twice", `"id":"y"`, `"id":"x"`, `two outcomes of picture "x"`},
		{"too many classes", `["a","b"]`, `["a"` + strings.Repeat(`,"a"`, 300) + "]", "301 classes"},
	} {
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, []byte(strings.Replace(reportJSON, c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := ReadReport(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "r.json") {
			t.Errorf("%s: error %v, want %q and the file", c.name, err, c.want)
		}
	}
	many := *r
	many.Pictures = maxOutcomes + 1
	if err := many.Save(filepath.Join(t.TempDir(), "r.json")); err == nil || !strings.Contains(err.Error(), "131073 pictures") {
		t.Errorf("saving a report that cannot be read gives %v", err)
	}
	if err := r.Save(filepath.Join(t.TempDir(), "absent", "r.json")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("saving into an absent folder gives %v", err)
	}
}

// FuzzReport: a report that is read can be written, read again, merged and
// compared.
func FuzzReport(f *testing.F) {
	f.Add([]byte(reportJSON))
	f.Add([]byte(`{"format":"gotriovit report 1","shard":"1/1","pictures":1,"task":"classification","classes":["a","b"],"outcomes":[{"id":"x","rank":1}]}`))
	f.Add([]byte(`{"format":"gotriovit report 1","shard":"2/3","task":"segmentation","classes":["a"],"outcomes":null}`))
	f.Add([]byte(`{"format":"gotriovit report 1","shard":"1/1","pictures":2,"task":"segmentation","classes":["a"],"outcomes":[{"id":"void"},{"id":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := new(Report)
		if hostile.Read(t, len(data), func() error { return json.Unmarshal(data, r) }) != nil {
			return
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again := new(Report)
		if err := json.Unmarshal(written, again); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if d := cmp.Diff(r, again, sameReport, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("read back:\n%s", d)
		}
		if score, _ := r.Score(); strings.Contains(score.String(), "NaN") {
			t.Errorf("the score is %s", score)
		}
		if merged, err := Merge(r); (err == nil) != (r.Shard == whole && r.Pictures == len(r.Outcomes) && r.unscored() == nil) {
			t.Errorf("merging %v alone gives %v (%v)", r, merged, err)
		}
		if p, err := Compare(r, again); err == nil && p.Difference != (Estimate{}) {
			t.Errorf("a report differs from itself: %v", p)
		}
	})
}

// TestReportsAreBounded: a file that repeats what takes little space in it makes no
// reader hold far more, nor compute for long.
func TestReportsAreBounded(t *testing.T) {
	const size = 24 << 20
	head := func(task string) string {
		return `{"format":"gotriovit report 1","shard":"1/1","pictures":100000,"task":"` + task + `",`
	}
	many := func(part string) string { return strings.TrimSuffix(strings.Repeat(part, size/len(part)), ",") }
	outcomes := func(n int, cells string) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, `{"id":"%x","cells":[%s]},`, i, cells)
		}
		return strings.TrimSuffix(s.String(), ",")
	}
	var grid []string
	for i := range 100 {
		grid = append(grid, fmt.Sprintf("[%d,%d,1]", i/10, i%10))
	}
	names := strings.Repeat(`"a",`, 253) + `"a"`
	for _, c := range []struct{ name, file, want string }{
		{"cells", head("segmentation") + `"classes":["a"],"outcomes":[{"id":"x","cells":[` + many("[0,0,1],") + "]}]}", "allowed are 131072 pictures and 2097152 cells"},
		{"cells of a list", head("segmentation") + `"classes":["a"],"outcomes":[{"id":"x","cells":[` + strings.TrimSuffix(strings.Repeat("[0,0,1],", 1<<21), ",") + "]}]}", "is not behind"},
		{"lists of cells", head("segmentation") + `"classes":["a"],"outcomes":[{"id":"x",` + many(`"cells":[[0,0,1]],`) + "}]}", "2097152 cells"},
		{"classes", head("classification") + `"classes":[` + many(`"",`) + "]}", "a list of more than 65536 elements"},
		{"classes without quotes", head("classification") + `"classes":[` + many(`null,`) + "]}", "element 0 of a list is a null, want a string"},
		{"remarks", head("classification") + `"classes":["a"],"remarks":[` + many(`"",`) + "]}", "a list of more than 65536 elements"},
		{"IoU", head("segmentation") + `"classes":["a"],"iou":[` + many(`0,`) + "]}", ""},
		{"scores", head("segmentation") + `"classes":["a"],"scores":{` + many(`"a":0,`) + "}}", ""},
		{"outcomes", head("segmentation") + `"classes":["a"],"outcomes":[` + many(`{"id":"x"},`) + "]}", "allowed are 131072 pictures"},
		{"outcomes of nothing", head("segmentation") + `"classes":["a"],"outcomes":[` + many(`0,`) + "]}", "element 0 of a list is a number, want a {"},
		{"outcomes of null", head("segmentation") + `"classes":["a"],"outcomes":[` + many(`null,`) + "]}", "element 0 of a list is a null, want a {"},
		{"as many pictures as fit", head("segmentation") + `"classes":["a"],"outcomes":[` + outcomes(20_000, "[0,0,1]") + "]}", ""},
		{"as many cells as fit", head("segmentation") + `"classes":["a","b","c","d","e","f","g","h","i","j"],"outcomes":[` + outcomes(2_000, strings.Join(grid, ",")) + "]}", ""},
		{"as many classes as fit", head("segmentation") + `"classes":[` + names + `],"outcomes":[` + outcomes(2, "[0,0,1],[253,253,1]") + "]}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := hostile.Read(t, len(c.file), func() error { return json.Unmarshal([]byte(c.file), new(Report)) })
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestSumsOfPixels of the largest reports that are read do not overflow, whichever
// pictures a bootstrap draws.
func TestSumsOfPixels(t *testing.T) {
	if uint64(2*maxOutcomes)*maxPixels > math.MaxInt64 {
		t.Error("twice the pixels of all pictures are no int64")
	}
	file := strings.NewReplacer("[0,0,3],[0,1,1]", "[0,0,1099511627775],[0,1,1]", "[1,1,4]", "[1,1,1099511627776]").Replace(reportJSON)
	r := new(Report)
	if err := json.Unmarshal([]byte(file), r); err != nil || r.MIoU.Value < 0.99 || r.MIoU.Value > 1 {
		t.Errorf("mIoU %v (%v)", r.MIoU, err)
	}
}
