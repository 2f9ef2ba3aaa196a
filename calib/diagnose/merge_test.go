// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// sameReport compares everything that a report's file keeps.
var sameReport = cmpopts.IgnoreUnexported(Report{}, Unit{})

// diagnosed returns a diagnosis and its shards, each behind its file, the last first.
func diagnosed(t *testing.T, of int) (single *Report, shards []*Report) {
	t.Helper()
	pictures := noise(t, 3, 64, 10)
	q := b0(t, calib.TrioViTPlus, pictures)
	run := func(s shard.Shard) *Report {
		t.Setenv("TRIOVIT_CACHE", t.TempDir()) // each shard computes its scores
		r, err := Run(t.Context(), q, pictures, Options{Levels: []Level{ByClass}, Pictures: 2, Metric: true, Shard: s})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for i := range of {
		r := run(shard.Shard{Index: i + 1, Of: of})
		read := saved(t, r)
		if d := cmp.Diff(r, read, sameReport); d != "" {
			t.Fatalf("read back (-saved +read):\n%s", d)
		}
		shards = append([]*Report{read}, shards...)
	}
	return run(shard.Shard{}), shards
}

func saved(t testing.TB, r *Report) *Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "diagnosis.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadReport(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestMergeIsTheSingleRun: shards in any order merge to the report of the single run, text
// and JSON, and only the first computes what is not a unit's.
func TestMergeIsTheSingleRun(t *testing.T) {
	const of = 3
	single, shards := diagnosed(t, of)
	for _, s := range shards {
		if first := s.Shard.Index == 1; first != (len(s.Tensors) > 0) || first != strings.Contains(s.String(), "transforms:") || !first && len(s.Warnings) > 0 {
			t.Errorf("shard %s has %d tensors and %d warnings:\n%s", s.Shard, len(s.Tensors), len(s.Warnings), s)
		}
		if len(s.Units) == 0 || len(s.Units) == len(single.Units) {
			t.Errorf("shard %s has %d of %d units", s.Shard, len(s.Units), len(single.Units))
		}
	}
	merged, err := Merge(shards...)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(single, merged, sameReport); d != "" {
		t.Errorf("merged (-single +merged):\n%s", d)
	}
	one, err := json.Marshal(single)
	if err != nil {
		t.Fatal(err)
	}
	if many, err := json.Marshal(merged); err != nil || string(one) != string(many) || single.String() != merged.String() {
		t.Errorf("merged (%v):\n%s\nsingle:\n%s", err, merged, single)
	}

	// What is not all shards of one diagnosis is named.
	for _, c := range []struct {
		name string
		edit func(s []*Report) []*Report
		want string
	}{
		{"none", func([]*Report) []*Report { return nil }, "no shards are given"},
		{"missing", func(s []*Report) []*Report { return s[1:] }, "shard 3/3 is missing"},
		{"doubled", func(s []*Report) []*Report { return append(s, s[0]) }, "is given twice, also as"},
		{"other network", func(s []*Report) []*Report { s[1].Network = "x"; return s }, `another network, "x"`},
		{"other source", func(s []*Report) []*Report { s[1].Source = "x"; return s }, `another source, "x"`},
		{"other pictures", func(s []*Report) []*Report { s[1].Dataset = "x"; return s }, `another data set, "x"`},
		{"other platform", func(s []*Report) []*Report { s[1].Platform = "abacus"; return s }, `another platform, "abacus"`},
		{"other options", func(s []*Report) []*Report { s[1].ID = "x"; return s }, "other weights, recipe, pictures, levels or metric"},
	} {
		fresh := make([]*Report, len(shards))
		for i, s := range shards {
			fresh[i] = saved(t, s)
		}
		if _, err := Merge(c.edit(fresh)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestOneDiagnosis: each option that changes a score makes another diagnosis.
func TestOneDiagnosis(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	pictures := noise(t, 5, 2, 2)
	q := tiny(t, pictures)
	seen := map[string]Options{}
	for _, o := range []Options{{}, {Levels: []Level{ByClass}}, {Levels: []Level{ByBlock}}, {Levels: []Level{ByClass}, Metric: true}, {Levels: []Level{ByClass}, Pictures: 1}} {
		r, err := Run(t.Context(), q, pictures, o)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[r.ID]; ok {
			t.Errorf("%+v and %+v have one ID", o, other)
		}
		seen[r.ID] = o
	}
	if _, err := Run(t.Context(), q, pictures, Options{Shard: shard.Shard{Index: 3, Of: 2}}); err == nil || !strings.Contains(err.Error(), "shard 3/2") {
		t.Errorf("shard 3/2: error %v", err)
	}
}

// reportFile is a report in a file.
const reportFile = `{"format":"gotriovit diagnosis 1","Network":"n","Shard":"1/1","Warnings":["w"],"Exact":{"SQNR":"+Inf"},"Tensors":[{"Name":"a","Class":"conv input","Feeds":["PW2 b"],"Isolated":1.5,"Accumulated":"-Inf"}],` +
	`"Units":[{"Level":"block","Name":"u","Places":2,"Only":{"SQNR":3,"Metric":0.25},"AllBut":{"SQNR":"+Inf"}}]}`

// TestReadReport: what is no report is an error of one line that names the file, and takes
// no more memory than the file justifies.
func TestReadReport(t *testing.T) {
	many := func(part string) string { return strings.Repeat(part, (maxReport-1<<10)/len(part)) }
	padded := "{" + strings.Repeat(" ", least) + "},"
	for _, c := range []struct{ name, old, new, want string }{
		{"whole", "", "", ""},
		{"nothing", reportFile, "", "unexpected end"},
		{"other format", "diagnosis 1", "diagnosis 9", `the format is "gotriovit diagnosis 9"`},
		{"no report", reportFile, "null", `the format is ""`},
		{"shard", "1/1", "2/1", "shard 2/1"},
		{"ratio", "1.5", `"many"`, "no ratio in decibels"},
		{"number in words", `"Places":2`, `"Places":"two"`, "cannot unmarshal"},
		{"tensors", `"Tensors":[`, `"Tensors":[` + many("{},"), "elements, which are all that is allowed"},
		{"padded tensors", `"Tensors":[`, `"Tensors":[` + many(padded), ""},
		{"padded units", `"Units":[`, `"Units":[` + many(padded), ""},
		{"units of nothing", `"Units":[`, `"Units":[null,`, "element 0 of a list is a null"},
		{"warnings", `"Warnings":[`, `"Warnings":[` + many(`"",`), ""},
		{"readers of a tensor", `"Feeds":[`, `"Feeds":[` + many(`"",`), ""},
		{"a long file", `"Feeds":[`, `"Feeds":[` + strings.Repeat(`"",`, maxReport/3), "more than the"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := reportFile
			if c.old != "" {
				data = strings.Replace(reportFile, c.old, c.new, 1)
			}
			path := filepath.Join(t.TempDir(), "d.json")
			if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
				t.Fatal(err)
			}
			err := hostile.Read(t, len(data), func() error { _, err := ReadReport(path); return err })
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "d.json")) {
				t.Errorf("error %v, want %q and the file", err, c.want)
			}
		})
	}
	if err := new(Report).Save(filepath.Join(t.TempDir(), "absent", "d.json")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("saving into an absent folder gives %v", err)
	}
}

// FuzzReport: a report that is read can be printed, written, read again and merged.
func FuzzReport(f *testing.F) {
	f.Add([]byte(reportFile))
	f.Add([]byte(strings.Replace(reportFile, "1/1", "2/2", 1)))
	f.Add([]byte(`{"format":"gotriovit diagnosis 1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r *Report
		if hostile.Read(t, len(data), func() (err error) { r, err = parse(data); return }) != nil {
			return
		}
		_ = r.String()
		if d := cmp.Diff(r, saved(t, r), sameReport); d != "" {
			t.Errorf("read back:\n%s", d)
		}
		if merged, err := Merge(r); err == nil && !slices.EqualFunc(merged.Units, r.Units, func(a, b Unit) bool { return a.Name == b.Name }) {
			t.Errorf("merged alone it has other units")
		}
	})
}
