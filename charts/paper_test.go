// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/figuretest"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

func init() {
	drawings["paper_fig7"] = enginesFixture{architectureFixture()}
	drawings["paper_fig7_other"] = enginesFixture{otherFixture()}
	drawings["paper_fig10"] = paperPlatforms{paperPlatformsFixture()}
}

type enginesFixture struct{ arch.Config }

func (c enginesFixture) Figure() (*Figure, error) { return PaperFig7(c.Config) }

func paperPlatformsFixture() platformsData {
	d := platformsFixture()
	for i, n := range []string{"deit-base", "EfficientViT-B1-R224", "efficientvit-b1-r224", "efficientvit-b2-r224"} {
		d.Printed[i].Network = n
	}
	d.Computed[0].Network, d.Computed[1].Network = "efficientvit-b1-r224", "efficientvit-b2-r224"
	return d
}

// TestPaperFig7DashesWhatAModeLeaves: a mode of R-MAC leaves paths, and the sizes are
// those of the configuration.
func TestPaperFig7DashesWhatAModeLeaves(t *testing.T) {
	for _, test := range []struct{ self, forward, want bool }{{true, true, false}, {true, false, true}, {false, true, true}} {
		s := &sketch{}
		s.chain(arch.Engine{Lanes: 8, MACs: 8}, plot.Place{0, 0}, test.self, test.forward)
		lines, err := json.Marshal(s.Lines)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(lines), `"dashed"`); got != test.want {
			t.Errorf("self-accumulation %t, down-forward %t: dashed lines %t, want %t", test.self, test.forward, got, test.want)
		}
	}
	f := draw(t, enginesFixture{architectureFixture()})
	if got, want := figuretest.Column[int](t, f, "number"), []int{4, 6, 2, 3, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("sizes %v, want %v", got, want)
	}
}

// TestPaperFig1FramesProducts: of a standard ViT; an EfficientViT has no softmax.
func TestPaperFig1FramesProducts(t *testing.T) {
	w, err := workload.DeiT("deit-tiny")
	if err != nil {
		t.Fatal(err)
	}
	f, err := PaperFig1(w)
	if err != nil {
		t.Fatal(err)
	}
	textsAreInside(t, f)
	if want := "12 softmaxes and 14 % of the multiplications in matrix products of activations"; f.Title() != want {
		t.Errorf("title is %q, want %q", f.Title(), want)
	}
	total := int64(0)
	for _, macs := range figuretest.Column[int64](t, f, "multiply-accumulates") {
		total += macs
	}
	if total != w.MACs() {
		t.Errorf("the table has %d multiply-accumulates, the workload %d", total, w.MACs())
	}
	if _, err := PaperFig1(hwtest.Network(t, "b0-r224")); err == nil || !strings.Contains(err.Error(), "a standard ViT is needed") {
		t.Errorf("error %v for a network without softmax", err)
	}
}

// TestPaperFig2DrawsEveryBlock in the order of the network.
func TestPaperFig2DrawsEveryBlock(t *testing.T) {
	for _, name := range efficientvit.VariantNames() {
		net, err := efficientvit.Describe(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := PaperFig2(net)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, b := range net.Blocks() {
			want = append(want, b.Name)
		}
		if got := figuretest.Column[string](t, f, "block"); !slices.Equal(got, want) {
			t.Errorf("%s: blocks %q, want %q", name, got, want)
		}
	}
}

// TestPaperFig9ShowsBothPipelines: in an early and a late MBConv, and in an MSA.
func TestPaperFig9ShowsBothPipelines(t *testing.T) {
	r, err := event.Simulate(hwtest.Network(t, "b1-r224"), arch.ZCU102(), event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := PaperFig9(r)
	if err != nil {
		t.Fatal(err)
	}
	textsAreInside(t, f)
	blocks := slices.Compact(figuretest.Column[string](t, f, "block"))
	if len(blocks) != 4 || blocks[0] != "stages.0.op_list.0" || !strings.HasSuffix(blocks[1], "local_module") || !strings.HasSuffix(blocks[2], "context_module") {
		t.Errorf("the panels are %q", blocks)
	}
	if _, err := PaperFig9(&event.Run{Workload: "w"}); err == nil || !strings.Contains(err.Error(), "no MBConv whose DW streams") {
		t.Errorf("error %v for a run of nothing", err)
	}
}
