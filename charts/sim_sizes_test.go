// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/explore"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

func sizesFixture() sizesData {
	return sizesData{Workload: "a network", Model: "closed form", Note: "no memory", Points: []sizesPoint{
		{"(4×8 + 4×8)×16", 512, 400, 0.9, true, false}, {"(8×8 + 8×8)×16", 1024, 800, 0.95, false, true},
		{"(8×8 + 8×8)×15", 960, 816, 0.98, true, false}, {"(8×8 + 8×8)×32", 2048, 1500, 0.9, true, false},
	}}
}

// rankedFixture is a configuration of so many copies by both models.
func rankedFixture(copies int, fps, again float64) explore.Ranked {
	c := architectureFixture()
	c.Copies = copies
	gops := func(fps float64) float64 { return fps * c.PeakGOPS() / 1000 }
	e := hwsim.Estimate{Config: c, FPS: again, GOPS: gops(again)}
	if again == 0 {
		e = hwsim.UnknownEstimate("it has no ports")
	}
	return explore.Ranked{Point: explore.Point{Estimate: hwsim.Estimate{Config: c, FPS: fps, GOPS: gops(fps)}}, Again: e}
}

func rankingFixture() rankingData {
	return rankingData{explore.Ranking{Workload: "a network", By: "closed form", Again: "event-driven model", Tried: 1200,
		Reference: rankedFixture(5, 900, 800), Best: []explore.Ranked{rankedFixture(4, 950, 700), rankedFixture(3, 940, 0), rankedFixture(2, 930, 824)}}}
}

func init() {
	drawings["sim_sizes"] = sizesFixture()
	drawings["sim_ranking"] = rankingFixture()
}

func TestSizes(t *testing.T) {
	alone, none := sizesFixture(), rankingFixture()
	alone.Points = alone.Points[:2]
	none.Best = none.Best[:2]
	for want, d := range map[string]drawable{
		"1 of 4 designs are faster than (8×8 + 8×8)×16 on no more DSPs, by 2.0 % at most":              sizesFixture(),
		"(8×8 + 8×8)×16 attains 95 % of its peak: no other is faster on no more DSPs":                  alone,
		"1 of the 3 best by the closed form stays faster by the event-driven model, by 3.0 % at most":  rankingFixture(),
		"None of the 2 best by the closed form is faster than (2×3 + 4×6)×5 by the event-driven model": none,
	} {
		f, err := d.Figure()
		if err != nil {
			t.Fatal(err)
		}
		if f.Title() != want {
			t.Errorf("title is %q, want %q", f.Title(), want)
		}
		textsAreInside(t, f)
	}
	unmarked, empty := sizesFixture(), rankingFixture()
	unmarked.Points, empty.Best = unmarked.Points[2:], nil
	for want, d := range map[string]drawable{"none of the survey's 2 points": unmarked, "no configuration beside": empty} {
		if _, err := d.Figure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Of a survey: every point is in the table, and the paper's is marked.
func TestSizesOfASurvey(t *testing.T) {
	w, paper := hwtest.Network(t, "b1-r224"), arch.ZCU102()
	v, err := explore.Sweep(t.Context(), explore.Space{Base: paper, Workloads: []*workload.Workload{w}, Model: closed.Model(hwsim.Backbone),
		Axes: []explore.Axis{explore.Over("copies", 8, 15, 16)}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Sizes(v, w.Name, paper)
	if err != nil {
		t.Fatal(err)
	}
	marked := figuretest.Column[bool](t, f, "marked")
	if len(marked) != 3 || !marked[2] || marked[0] {
		t.Errorf("marked are %v", marked)
	}
	r, err := v.Rerank(w, paper, 10, closed.Model(hwsim.Backbone))
	if err != nil {
		t.Fatal(err)
	}
	if f, err = Ranking(r); err != nil || len(f.Table().Rows) != 3 || strings.Contains(f.Title(), "backbone") {
		t.Fatalf("%v: two of the best and the paper's are expected, by models of short names", err)
	}
	textsAreInside(t, f)
}
