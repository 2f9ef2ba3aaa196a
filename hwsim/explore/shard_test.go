// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// sameSurvey compares all fields but the file from which a survey was read.
var sameSurvey = cmp.Options{cmpopts.EquateNaNs(), cmpopts.IgnoreUnexported(Survey{}), cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })}

// divided is a space with numbers, words, limits and refusals on two networks.
func divided(t testing.TB, m hwsim.Model) Space {
	return Space{
		Base:      arch.ZCU102(),
		Axes:      []Axis{Over("rmac.macs", 2, 4, 8, 16), Over("clock_mhz", 150.5, 200), Over("copies_share", "batch", "pixels")},
		Limits:    Limits{DSPs: 1700},
		Workloads: []*workload.Workload{hwtest.Network(t, "b0-r224"), hwtest.Network(t, "b1-r224")},
		Model:     m, Objectives: []Objective{FPS, DSPs},
	}
}

func sweep(t testing.TB, s Space) *Survey {
	t.Helper()
	v, err := Sweep(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// saved returns the survey that its file gives, and the contents of the file.
func saved(t testing.TB, v *Survey) (*Survey, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "survey.json")
	if err := v.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadSurvey(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return read, string(data)
}

// TestMergeIsTheSingleRun: shards in any order, each through its file, merge to the
// survey of the single run, for any number of them and either model.
func TestMergeIsTheSingleRun(t *testing.T) {
	for _, m := range []hwsim.Model{closed.Model(hwsim.Backbone), event.Model(event.Options{}, energy.Horowitz45nm())} {
		space := divided(t, m)
		single := sweep(t, space)
		if len(single.Points) == 0 || m.Name == closed.Model("").Name && single.Refused == 0 || single.OverLimit == 0 {
			t.Fatalf("the space has %s", single)
		}
		_, want := saved(t, single)
		for _, of := range []int{1, 2, 3, 7, 40} {
			var shards []*Survey
			for i := range of {
				space.Shard = shard.Shard{Index: i + 1, Of: of}
				s := sweep(t, space)
				read, _ := saved(t, s)
				if d := cmp.Diff(s, read, sameSurvey); d != "" {
					t.Fatalf("read back (-saved +read):\n%s", d)
				}
				shards = append([]*Survey{read}, shards...) // the last shard comes first
			}
			merged, err := Merge(shards...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(single, merged, sameSurvey); d != "" {
				t.Fatalf("merged from %d (-single +merged):\n%s", of, d)
			}
			if _, got := saved(t, merged); got != want || merged.String() != single.String() {
				t.Fatalf("merged from %d, the file or the page is not that of the single run", of)
			}
		}
	}
}

// TestMergeRefuses: the error for a shard of another space names it, with any difference.
func TestMergeRefuses(t *testing.T) {
	of := func(i int, edit func(*Space)) *Survey {
		space := divided(t, closed.Model(hwsim.Backbone))
		space.Shard = shard.Shard{Index: i, Of: 2}
		if edit != nil {
			edit(&space)
		}
		return sweep(t, space)
	}
	bits := func(n int) hwsim.Model {
		return event.Model(event.Options{WeightBitsOf: map[string]int{"backbone.input_stem.op_list.0.conv": n}}, energy.Horowitz45nm())
	}
	first := of(1, nil)
	for _, c := range []struct {
		name string
		with []*Survey
		want string
	}{
		{"none", nil, "no shards are given"},
		{"missing", []*Survey{first}, "shard 2/2 is missing"},
		{"doubled", []*Survey{first, first}, "shard 1/2 is given twice"},
		{"other axes", []*Survey{first, of(2, func(s *Space) { s.Axes = s.Axes[1:] })}, "other axes, values, limits or networks"},
		{"other values", []*Survey{first, of(2, func(s *Space) { s.Axes[0].Values = []any{4} })}, "other axes, values"},
		{"other limits", []*Survey{first, of(2, func(s *Space) { s.Limits.DSPs = 1000 })}, "other axes, values, limits"},
		{"other networks", []*Survey{first, of(2, func(s *Space) { s.Workloads = s.Workloads[:1] })}, "other axes, values, limits or networks"},
		{"other objectives", []*Survey{first, of(2, func(s *Space) { s.Objectives = []Objective{FPS} })}, "another objectives"},
		{"other model", []*Survey{first, of(2, func(s *Space) { s.Model = closed.Model(hwsim.Whole) })}, `another model, "closed form, whole"`},
		{"other base", []*Survey{first, of(2, func(s *Space) { s.Base.Name = "mine" })}, `another base, "mine"`},
		{"other value of the base", []*Survey{first, of(2, func(s *Space) { s.Base.Copies = 8 })}, "other axes, values"},
		{"other width of an operation", []*Survey{of(1, func(s *Space) { s.Model = bits(4) }), of(2, func(s *Space) { s.Model = bits(2) })}, "other axes, values"},
	} {
		if _, err := Merge(c.with...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Workloads: []*workload.Workload{hwtest.Network(t, "b0-r224")}, Model: closed.Model(""), Shard: shard.Shard{Index: 3, Of: 2}}); err == nil || !strings.Contains(err.Error(), "shard 3/2") {
		t.Errorf("shard 3/2: error %v", err)
	}
}

// TestReadSurvey: the error for a file that is no survey is one line that names the file.
// Reading takes no more memory than the size of the file justifies.
func TestReadSurvey(t *testing.T) {
	space := divided(t, closed.Model(hwsim.Backbone))
	space.Axes = space.Axes[:1]
	_, whole := saved(t, sweep(t, space))
	swap := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("no %s in %s", old, whole)
		}
		return strings.Replace(whole, old, new, 1)
	}
	const size = 8 << 20
	many := func(part string) string {
		return whole[:strings.Index(whole, `"points":`)] + `"points":[` + strings.TrimSuffix(strings.Repeat(part, size/len(part)), ",") + "]}"
	}
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "unexpected end"},
		{"other format", swap("survey 1", "survey 9"), `the format is "gotriovit survey 9"`},
		{"base", swap(`version: 1\n`, `version: 9\n`), "base:1"},
		{"shard", swap(`"1/1"`, `"3/1"`), "shard 3/1"},
		{"field", swap(`"rmac.macs"`, `"lanes"`), `no field "lanes"`},
		{"objective", swap(`"DSPs"`, `"beauty"`), `no objective "beauty"`},
		{"value", swap(`"values":[8]`, `"values":[0]`), "point 0: configuration"},
		{"value in words", swap(`"values":[8]`, `"values":["many"]`), "point 0: configuration"},
		{"value of null", swap(`"values":[8]`, `"values":[null]`), "point 0: configuration"},
		{"two values", swap(`"values":[8]`, `"values":[8,8]`), "2 values for 1 fields"},
		{"many values", swap(`"values":[8]`, `"values":[8`+strings.Repeat(",8", 999)+`]`), "1000 values in"},
		{"long value", swap(`"values":[8]`, `"values":["`+strings.Repeat("8", 9999)+`"]`), "1 values in 10003 bytes"},
		{"a point lost", swap(`"tried":8`, `"tried":9`), "9 combinations were tried, but"},
		{"combinations below none", swap(`"tried":8`, `"tried":-8`), "-8 combinations"},
		{"number in words", swap(`"fps":`, `"fps":"many","f":`), "cannot unmarshal"},
		{"empty points", many("{},"), "elements, which are all that is allowed"},
		{"padded points", many("{" + strings.Repeat(" ", 130) + "},"), "combinations were tried"},
		{"points of nothing", many("null,"), "element 0 of a list is a null"},
		{"fields", swap(`["rmac.macs"]`, `["`+strings.Repeat(`a","`, size/4)+`"]`), "a list of more than"},
		{"values of lists", swap(`"values":[8]`, `"values":[[[[8]]]]`), "point 0: configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.json")
			if err := os.WriteFile(path, []byte(c.data), 0o666); err != nil {
				t.Fatal(err)
			}
			err := hostile.Read(t, len(c.data), func() error { _, err := parse([]byte(c.data)); return err })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if _, err := ReadSurvey(path); err == nil || !strings.Contains(err.Error(), "s.json") {
				t.Errorf("error %v does not name the file", err)
			}
		})
	}
	if err := new(Survey).Save(filepath.Join(t.TempDir(), "absent", "s.json")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("saving into an absent folder gives %v", err)
	}
	if d := cmp.Diff(errors.New("a"), errors.New("b"), sameSurvey); d == "" {
		t.Error("two refusals are taken for one")
	}
}

// FuzzSurvey: a survey that is read can be printed, written and read again.
func FuzzSurvey(f *testing.F) {
	space := divided(f, closed.Model(hwsim.Backbone))
	space.Axes = space.Axes[:1]
	_, whole := saved(f, sweep(f, space))
	f.Add([]byte(whole))
	f.Add([]byte(strings.Replace(whole, `"values":[8]`, `"values":[8.0]`, 1)))
	f.Add([]byte(strings.Replace(whole, `"shard"`, `"part"`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v *Survey
		if hostile.Read(t, len(data), func() (err error) { v, err = parse(data); return }) != nil {
			return
		}
		_ = v.String()
		again, _ := saved(t, v)
		if d := cmp.Diff(v, again, sameSurvey); d != "" {
			t.Errorf("read back:\n%s", d)
		}
	})
}

// TestObjectiveNames: an objective's name is read back.
func TestObjectiveNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Objective(rapid.IntRange(0, int(BRAMs)).Draw(t, "objective"))
		name, err := want.MarshalText()
		var got Objective
		if err != nil || got.UnmarshalText(name) != nil || got != want {
			t.Errorf("%v is read back as %v (%v)", want, got, err)
		}
	})
}
