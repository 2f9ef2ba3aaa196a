// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// noiseFixture has a wide channel, one that rounds to 0 throughout, one without any value
// but 0, and one on the grid.
func noiseFixture() noiseData {
	d := noiseData{Role: efficientvit.DW, Block: "backbone.b", Bits: 8, Pictures: 4, Min: []float32{-127, -0.2, 0, 0}, Max: []float32{127, 0.2, 0, 3},
		Grid: grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, Signal: make([]float64, 4), Noise: make([]float64, 4)}
	for i := range 1000 {
		d.add([]float32{float32(i)/4 - 124.9, 0.2, 0, float32(i % 4)})
	}
	return d
}

func init() { drawings["noise"] = noiseFixture() }

// TestNoise: a channel that rounds to 0 has as much noise as signal, one that is on the
// grid or 0 has no ratio.
func TestNoise(t *testing.T) {
	d := noiseFixture()
	if wide := d.decibels(0); math.Abs(wide-20*math.Log10(254)) > 2 {
		t.Errorf("the wide channel has %v dB", wide)
	}
	if lost := d.decibels(1); math.Abs(lost) > 1e-6 {
		t.Errorf("the channel that rounds to 0 has %v dB, want 0", lost)
	}
	for c := 2; c < 4; c++ {
		if db := d.decibels(c); !math.IsNaN(db) {
			t.Errorf("channel %d has %v dB without noise", c, db)
		}
	}
	f := draw(t, d)
	if want := "DW input at 8 bits: median channel 48 dB, 1 of 4 below 20 dB"; f.Title() != want {
		t.Errorf("title is %q, want %q", f.Title(), want)
	}
	d.Noise = make([]float64, 4)
	if _, err := d.Figure(); err == nil || !strings.Contains(err.Error(), "none of 4 channels") {
		t.Errorf("error %v for a tensor without noise", err)
	}
}

// TestNoiseOfAnEvenChannel: values that fill their range evenly have 20·log10 of the range
// in steps, which the dashed line shows.
func TestNoiseOfAnEvenChannel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wide := rapid.IntRange(3, 120).Draw(t, "half of the range, in steps")
		d := noiseData{Min: []float32{-float32(wide) - 0.5}, Max: []float32{float32(wide) + 0.5},
			Grid: grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, Signal: make([]float64, 1), Noise: make([]float64, 1)}
		const parts = 64
		for i := range (2*wide + 1) * parts {
			d.add([]float32{d.Min[0] + (float32(i)+0.5)/parts})
		}
		if got, want := d.decibels(0), 20*math.Log10(d.steps(0)); math.Abs(got-want) > 0.01 {
			t.Fatalf("%v dB over %v steps, want %v", got, d.steps(0), want)
		}
	})
}

// TestChannelNoise: every input of an MBConv is measured, and each bit less is more noise.
func TestChannelNoise(t *testing.T) {
	s, p := observed(t)
	noise := map[int]*ChannelNoise{}
	for _, bits := range []int{8, 6} {
		n, err := NewChannelNoise(t.Context(), s.Folded, p, s.Calibration, bits)
		if err != nil {
			t.Fatal(err)
		}
		noise[bits] = n
	}
	for _, block := range s.Folded.Net.BlocksWith(efficientvit.DW) {
		for _, role := range mbconvRoles {
			if _, err := noise[8].Figure(block, role); err != nil {
				t.Error(err)
			}
		}
	}
	for i, at8 := range noise[8].inputs {
		at6 := noise[6].inputs[i]
		if sum(at8.Signal) != sum(at6.Signal) || sum(at8.Noise) >= sum(at6.Noise) {
			t.Errorf("%s of %s: signal %v and noise %v at 8 bits, %v and %v at 6", at8.Role, at8.Block, sum(at8.Signal), sum(at8.Noise), sum(at6.Signal), sum(at6.Noise))
		}
		for c, signal := range at8.Signal {
			extreme := math.Max(math.Abs(float64(at8.Min[c])), math.Abs(float64(at8.Max[c])))
			op := s.Folded.Net.Ops[0].Shape
			if most := 2 * float64(op[0]*op[1]) * extreme * extreme; signal > 1.0001*most {
				t.Errorf("%s of %s: the signal of channel %d is %v, of values up to %v", at8.Role, at8.Block, c, signal, extreme)
			}
		}
	}
	if _, err := noise[8].Figure(s.Folded.Net.BlocksWith(efficientvit.DW)[0], efficientvit.Proj); err == nil || !strings.Contains(err.Error(), "PW1, DW and PW2 of an MBConv are drawn") {
		t.Errorf("error %v for proj", err)
	}
}
