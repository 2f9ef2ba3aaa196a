// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/dataset"
	"pgregory.net/rapid"
)

// ranked is a report on pictures whose right class has these ranks.
func ranked(label string, ranks ...int) *Report {
	r := &Report{Label: label, Task: dataset.Classification, Classes: []string{"a"}, Shard: whole, Pictures: len(ranks)}
	for i, rank := range ranks {
		r.Outcomes = append(r.Outcomes, Outcome{ID: fmt.Sprint(i), Rank: rank})
	}
	r.score()
	return r
}

// TestMcNemar holds against the binomial sums by hand.
func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		b, c int
		want float64
	}{
		{0, 0, 1}, {5, 5, 1}, {0, 1, 1}, {0, 5, 2.0 / 32}, {5, 0, 2.0 / 32}, {1, 9, 22.0 / 1024}, {2, 8, 112.0 / 1024},
		{10, 25, 0.0166738478}, // 2·Σ C(35, k)/2³⁵ for k up to 10
	} {
		if got := mcNemar(c.b, c.c); math.Abs(got-c.want) > 1e-8 {
			t.Errorf("b = %d, c = %d: p = %.9f, want %.9f", c.b, c.c, got, c.want)
		}
	}
}

func TestCompareClassifiers(t *testing.T) {
	// Both right, only A right, only B right (three times), both wrong.
	a := ranked("A", 0, 0, 1, 2, 9, 5)
	b := ranked("B", 0, 3, 0, 0, 0, 5)
	p, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if p.OnlyA != 1 || p.OnlyB != 3 || p.P != mcNemar(1, 3) || p.Images != 6 || p.Metric != "top-1" || math.Abs(p.Difference.Value-2.0/6) > 1e-12 {
		t.Errorf("%+v", p)
	}
	const text = "" +
		"  evaluation  minus  score  difference points  95 % from points  to points  same pictures  only it right  only the other right  McNemar's p\n" +
		"           B      A  top-1             +33.33            -33.33     +83.33              6              3                     1        0.625\n"
	if got := p.String(); got != text {
		t.Errorf("\n%s, want\n%s", got, text)
	}
	if got := (Comparisons{p, p}).Table().Rows; len(got) != 2 {
		t.Errorf("two comparisons have %d rows", len(got))
	}
}

// TestCompareIsPaired: a constant advantage on every picture has an interval
// without width, though either score varies with the pictures drawn; and the
// draws of a comparison are those of the scores' own intervals.
func TestCompareIsPaired(t *testing.T) {
	segmentation := func(label string, right func(i int) int64) *Report {
		r := &Report{Label: label, Task: dataset.Segmentation, Classes: []string{"a", "b"}, Shard: whole, Pictures: 20}
		for i := range r.Pictures {
			r.Outcomes = append(r.Outcomes, Outcome{ID: fmt.Sprint(i), Cells: []Cell{{0, 0, right(i)}, {0, 1, 100 - right(i)}}})
		}
		r.score()
		return r
	}
	a := segmentation("A", func(i int) int64 { return int64(40 + i) })
	b := segmentation("B", func(i int) int64 { return int64(44 + i) })
	none := segmentation("none", func(int) int64 { return 0 })
	p, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	// IoU of a rises by 4 of 100, that of b stays 0: mIoU rises by 2 points.
	if d := p.Difference; math.Abs(d.Value-0.02) > 1e-12 || math.Abs(d.Lo-0.02) > 1e-12 || math.Abs(d.Hi-0.02) > 1e-12 || !math.IsNaN(p.P) {
		t.Errorf("%+v", p)
	}
	if a.MIoU.Hi-a.MIoU.Lo < 0.001 {
		t.Errorf("the scores' interval has no width: %v", a.MIoU)
	}
	if strings.Contains(p.String(), "McNemar") {
		t.Errorf("%q", p)
	}
	p, err = Compare(none, a)
	if err != nil || p.Difference != a.MIoU {
		t.Errorf("against zero: %v (%v), want the interval %v", p, err, a.MIoU)
	}
}

// TestCompareSwapped: the comparison the other way round has the opposite
// difference and the same test.
func TestCompareSwapped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		ranks := rapid.SliceOfN(rapid.IntRange(0, 2), n, n)
		a, b := ranked("A", ranks.Draw(t, "a")...), ranked("B", ranks.Draw(t, "b")...)
		p, err := Compare(a, b)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Compare(b, a)
		if err != nil {
			t.Fatal(err)
		}
		if p.OnlyA != q.OnlyB || p.OnlyB != q.OnlyA || p.P != q.P || p.Difference.Value != -q.Difference.Value {
			t.Errorf("%+v and %+v", p, q)
		}
		if math.Abs(p.Difference.Value-float64(p.OnlyB-p.OnlyA)/float64(n)) > 1e-12 || p.P <= 0 || p.P > 1 {
			t.Errorf("%+v", p)
		}
	})
}

func TestPairedJSON(t *testing.T) {
	p, err := Compare(ranked("A", 0, 1), ranked("B", 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"a":"A","b":"B","metric":"top-1","images":2,"difference":{"value":0.5,"lo":0,"hi":1},"only_a_right":0,"only_b_right":1,"mcnemar_p":1}`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCompareRefuses(t *testing.T) {
	net, data := labelledMaps(t, 20)
	some, err := dataset.Head(data, 19)
	if err != nil {
		t.Fatal(err)
	}
	evaluate := func(data dataset.Dataset, options ...EvaluateOption) *Report {
		r, err := Evaluate(context.Background(), likes(net, t.Name(), 0), data, options...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	all := evaluate(data)
	renamed := *all
	renamed.Outcomes = slices.Clone(all.Outcomes)
	renamed.Outcomes[3].ID = "another"
	reclassed := *all
	reclassed.Classes = []string{"a", "b"}
	empty := ranked("empty")
	for _, c := range []struct {
		name string
		a, b *Report
		want string
	}{
		{"other pictures", all, evaluate(some), "the pictures, labels or preprocessing differ (20 of maps, 19 of maps, the first (19 of 20))"},
		{"other shard", all, evaluate(data, Sharded(Shard{Index: 1, Of: 2})), "shard 1/1 has other pictures than shard 1/2"},
		{"other ids", all, &renamed, "not of the same pictures"},
		{"other classes", all, &reclassed, "same pictures and classes"},
		{"nothing", empty, empty, "empty: no score: there are no pictures"},
	} {
		if _, err := Compare(c.a, c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestBootstrapIsFixed: 1,000 draws from a fixed seed. The bounds are order
// statistics of those draws, so that the same outcomes have the same interval
// in every program.
func TestBootstrapIsFixed(t *testing.T) {
	calls := 0
	var last []int
	count := func(draw []int) float64 { calls++; last = slices.Clone(draw); return float64(calls) }
	if e := bootstrap(5, count); calls != 1000 || e.Lo != 26 || e.Hi != 975 {
		t.Errorf("%d draws, bounds %g and %g", calls, e.Lo, e.Hi)
	}
	before := last
	if bootstrap(5, count); !slices.Equal(before, last) {
		t.Errorf("the last draw was %v, then %v", before, last)
	}
	r := new(Report)
	if err := json.Unmarshal([]byte(reportJSON), r); err != nil {
		t.Fatal(err)
	}
	if again := bootstrap(r.Images, r.drawn()); again.Lo != r.MIoU.Lo || again.Hi != r.MIoU.Hi {
		t.Errorf("interval %v, then %v", r.MIoU, again)
	}
}
