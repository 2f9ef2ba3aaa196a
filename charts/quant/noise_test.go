// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// noiseFixture has a wide channel, one that rounds to 0 throughout, one without any value
// but 0, and one on the grid.
func noiseFixture() noiseData {
	d := &diagnose.ChannelNoise{Role: efficientvit.DW, Block: "backbone.b", Bits: 8, Pictures: 4, Min: []float32{-127, -0.2, 0, 0}, Max: []float32{127, 0.2, 0, 3},
		Grid: grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, Signal: make([]float64, 4), Noise: make([]float64, 4)}
	for i := range 1000 {
		for c, v := range []float32{float32(i)/4 - 124.9, 0.2, 0, float32(i % 4)} {
			miss := float64(d.Grid.Fake(v)) - float64(v)
			d.Signal[c] += float64(v) * float64(v)
			d.Noise[c] += miss * miss
		}
	}
	return noiseData{d}
}

func init() { drawings["noise"] = noiseFixture() }

// TestNoise: a channel without signal or noise has a row and no dot, and the title counts
// the channels that have.
func TestNoise(t *testing.T) {
	d := noiseFixture()
	f := draw(t, d)
	if want := "DW input at 8 bits: median channel 48 dB, 1 of 4 below 20 dB"; f.Title() != want {
		t.Errorf("title is %q, want %q", f.Title(), want)
	}
	if rows := f.Table().Rows; len(rows) != 4 {
		t.Errorf("%d rows, want 4", len(rows))
	}
	if dots := strings.Count(string(f.Option()), `"channel 3: `); dots != 0 {
		t.Errorf("%d dots of a channel without noise", dots)
	}
	if dots := strings.Count(string(f.Option()), `"channel 1: `); dots != 2 {
		t.Errorf("%d dots of a channel with both, want one in each panel", dots)
	}
	d.Noise = make([]float64, 4)
	if _, err := d.Figure(); err == nil || !strings.Contains(err.Error(), "none of 4 channels") {
		t.Errorf("error %v for a tensor without noise", err)
	}
}

// TestChannelNoise: the input is found by its block and role.
func TestChannelNoise(t *testing.T) {
	all := []diagnose.ChannelNoise{*noiseFixture().ChannelNoise, *noiseFixture().ChannelNoise}
	all[1].Role, all[1].Bits = efficientvit.PW2, 5
	if f, err := ChannelNoise(all, "backbone.b", efficientvit.PW2); err != nil || !strings.HasPrefix(f.Title(), "PW2 input at 5 bits: ") {
		t.Errorf("%q (%v)", f.Title(), err)
	}
	for _, missing := range []struct {
		block string
		role  efficientvit.Role
	}{{"backbone.b", efficientvit.Proj}, {"backbone.c", efficientvit.DW}} {
		if _, err := ChannelNoise(all, missing.block, missing.role); err == nil || !strings.Contains(err.Error(), "PW1, DW and PW2 of an MBConv are drawn") {
			t.Errorf("error %v for %s of %s", err, missing.role, missing.block)
		}
	}
}
