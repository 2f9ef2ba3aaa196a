// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// sameClimb compares all that a ladder's file keeps: of a recipe the name, of an error
// the text.
var sameClimb = cmp.Options{cmpopts.EquateNaNs(), cmpopts.IgnoreUnexported(Climb{}, triovit.Report{}), cmpopts.IgnoreFields(Rung{}, "Precisions", "Timing"),
	cmp.Comparer(func(a, b Recipe) bool { return a.Name == b.Name }), cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })}

// ladders returns a ladder of which one rung has no score, and its shards, each behind its
// file, the last first.
func ladders(t testing.TB, of int) (single *Climb, shards []*Climb) {
	t.Helper()
	model, _ := small(t)
	data := noise(t, 3*triovit.BatchSize(model.Net)-1, 64)
	overflows := TrioViT.With("overflows", func(r *Recipe) {
		r.Points = []PointSelection{{Classes: []efficientvit.PointClass{efficientvit.ConvInput}, Where: Roles(efficientvit.DW)}}
		r.Divisors = always{grid.Uniform{Scale: 1e30, Hi: 255}}
	})
	run := func(s triovit.Shard) *Climb {
		c, err := RunLadder(t.Context(), model, data, data, []Recipe{Vanilla, overflows, MBConv}, triovit.Sharded(s))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for i := range of {
		c := run(triovit.Shard{Index: i + 1, Of: of})
		read := savedLadder(t, c)
		if d := cmp.Diff(c, read, sameClimb); d != "" {
			t.Fatalf("read back (-saved +read):\n%s", d)
		}
		shards = append([]*Climb{read}, shards...)
	}
	return run(triovit.Shard{}), shards
}

func savedLadder(t testing.TB, c *Climb) *Climb {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ladder.json")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadLadder(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestMergedLadderIsTheSingleRun: shards in any order, empty ones among them, merge to the
// ladder of the single run.
func TestMergedLadderIsTheSingleRun(t *testing.T) {
	for _, of := range []int{2, 5} {
		single, shards := ladders(t, of)
		for _, s := range shards {
			if table := s.String(); strings.Contains(table, "NaN") || of > 1 && !strings.Contains(table, ", shard "+s.Float.Shard.String()) {
				t.Errorf("the table of shard %s:\n%s", s.Float.Shard, table)
			}
		}
		merged, err := MergeLadders(shards...)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(single, merged, sameClimb); d != "" {
			t.Errorf("merged from %d (-single +merged):\n%s", of, d)
		}
		if single.Rungs[0].AgainstFloat == nil || single.Rungs[1].Unscored == nil || merged.String() != single.String() {
			t.Errorf("single run:\n%s\nmerged from %d:\n%s", single, of, merged)
		}
	}
}

// TestMergeLaddersRefuses: what is not all shards of one ladder is named, and a recipe
// without a score in one shard has none.
func TestMergeLaddersRefuses(t *testing.T) {
	_, given := ladders(t, 2)
	shards := func() (fresh []*Climb) {
		for _, s := range given {
			fresh = append(fresh, savedLadder(t, s))
		}
		return fresh
	}
	for _, c := range []struct {
		name string
		edit func(s []*Climb) []*Climb
		want string
	}{
		{"none", func([]*Climb) []*Climb { return nil }, "no shards are given"},
		{"missing", func(s []*Climb) []*Climb { return s[:1] }, "shard 1/2 is missing"},
		{"doubled", func(s []*Climb) []*Climb { return append(s, s[0]) }, "is given twice, also as"},
		{"other model", func(s []*Climb) []*Climb { s[1].Model = "x"; return s }, `another model, "x"`},
		{"other calibration", func(s []*Climb) []*Climb { s[1].CalibrationImages = 1; return s }, `another calibration, "1 of noise"`},
		{"other pictures", func(s []*Climb) []*Climb { s[1].Float.Fingerprint = "x"; return s }, "float: shard 2/2 has other pictures"},
		{"other platform", func(s []*Climb) []*Climb { s[1].Float.Platform = "abacus"; return s }, `another platform, "abacus"`},
		{"other recipes", func(s []*Climb) []*Climb { s[1].Rungs = s[1].Rungs[:1]; return s }, "other recipes"},
		{"other weights", func(s []*Climb) []*Climb { s[1].Float.Predictor = "x"; return s }, "other weights"},
		{"other grids", func(s []*Climb) []*Climb { s[1].Rungs[0].Report.Predictor = "x"; return s }, "Vanilla: shard 2/2 has other weights or grids"},
	} {
		if _, err := MergeLadders(c.edit(shards())...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	overflown := shards()
	overflown[1].Rungs[0].Report, overflown[1].Rungs[0].Unscored = nil, errors.New("not finite")
	merged, err := MergeLadders(overflown...)
	if err != nil || merged.Rungs[0].Report != nil || merged.Rungs[0].AgainstFloat != nil || merged.Rungs[0].Unscored == nil || merged.Rungs[2].Report == nil {
		t.Errorf("%v (%v)", merged, err)
	}
}

// ladderFile is a ladder of two pictures in a file.
const ladderFile = `{"format":"gotriovit ladder 1","model":"m","calibration_images":1,"float":` + twoPictures + `,"rungs":[{"recipe":"R","changes":[{"Op":"a","What":"b"}],"report":` + twoPictures + `},{"recipe":"S","unscored":"why"}]}`

const twoPictures = `{"format":"gotriovit report 1","shard":"1/1","pictures":2,"task":"classification","classes":["a","b"],"outcomes":[{"id":"x"},{"id":"y","rank":1}]}`

// TestReadLadder: what is no ladder is an error of one line that names the file, and takes
// no more memory than the file justifies.
func TestReadLadder(t *testing.T) {
	const size = 8 << 20
	many := func(part string) string { return strings.TrimSuffix(strings.Repeat(part, size/len(part)), ",") }
	names := slices.Repeat([]string{`"a"`}, 255)
	large := strings.Replace(strings.Replace(twoPictures, `"a","b"`, strings.Join(names, ","), 1), "classification", "segmentation", 1)
	for _, c := range []struct{ name, old, new, want string }{
		{"whole", "", "", ""},
		{"nothing", ladderFile, "", "unexpected end"},
		{"other format", "ladder 1", "ladder 9", `the format is "gotriovit ladder 9"`},
		{"no float", `"float":`, `"sink":`, "no report of the float network"},
		{"no report", `"unscored":"why"`, `"unscored":""`, `recipe "S": a report or why there is none`},
		{"two reasons", `"unscored":"why"`, `"unscored":"why","report":` + twoPictures, `recipe "S": a report or why`},
		{"another shard", `"report":` + strings.Replace(twoPictures, "1/1", "1/1", 1), `"report":` + strings.Replace(twoPictures, "1/1", "1/2", 1), `recipe "R": shard 1/2, of float 1/1`},
		{"other pictures", `"report":` + twoPictures, `"report":` + strings.Replace(twoPictures, `"x"`, `"z"`, 1), `recipe "R": compare`},
		{"a broken report", `"rank":1`, `"rank":2`, "rank 2"},
		{"rungs of nothing", `"rungs":[`, `"rungs":[null,`, "element 0 of a list is a null"},
		{"rungs", `"rungs":[`, `"rungs":[` + many("{},") + ",", "a list of more than 48"},
		{"large rungs", `"rungs":[`, `"rungs":[` + strings.Repeat(`{"recipe":"R","report":`+large+`},`, 47), "a list of more than 48"},
		{"changes", `"changes":[`, `"changes":[` + many("{},") + ",", "elements, which are all that is allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := ladderFile
			if c.old != "" {
				data = strings.Replace(ladderFile, c.old, c.new, 1)
			}
			path := filepath.Join(t.TempDir(), "l.json")
			if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
				t.Fatal(err)
			}
			err := hostile.Read(t, len(data), func() error { _, err := ReadLadder(path); return err })
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "l.json")) {
				t.Errorf("error %v, want %q and the file", err, c.want)
			}
		})
	}
	if err := (&Climb{Rungs: make([]Rung, MaxRungs+1)}).Save("x"); err == nil || !strings.Contains(err.Error(), "49 rungs") {
		t.Errorf("saving a ladder that cannot be read gives %v", err)
	}
	if err := new(Climb).Save(filepath.Join(t.TempDir(), "absent", "l.json")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("saving into an absent folder gives %v", err)
	}
}

// FuzzLadder: a ladder that is read can be printed, written, read again and merged.
func FuzzLadder(f *testing.F) {
	f.Add([]byte(ladderFile))
	f.Add([]byte(strings.ReplaceAll(ladderFile, "1/1", "1/2")))
	f.Add([]byte(`{"format":"gotriovit ladder 1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c *Climb
		if hostile.Read(t, len(data), func() (err error) { c, err = parseLadder(data); return }) != nil {
			return
		}
		_ = c.String()
		if d := cmp.Diff(c, savedLadder(t, c), sameClimb); d != "" {
			t.Errorf("read back:\n%s", d)
		}
		MergeLadders(c, c)
	})
}
