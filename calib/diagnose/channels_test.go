// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestChannelSQNR: a channel that rounds to 0 has as much noise as signal, and one that is
// on the grid has no noise.
func TestChannelSQNR(t *testing.T) {
	n := ChannelNoise{Grid: grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, Signal: make([]float64, 2), Noise: make([]float64, 2)}
	n.add([]float32{0.2, 3, -0.4, 1})
	if got := n.SQNR(0); math.Abs(float64(got)) > 1e-6 {
		t.Errorf("the channel that rounds to 0 has %v dB, want 0", got)
	}
	if got := n.SQNR(1); !math.IsInf(float64(got), 1) {
		t.Errorf("the channel on the grid has %v dB, want +Inf", got)
	}
}

// TestEvenChannel: values that fill their range evenly have 20·log10 of the range in steps,
// which the figure's dashed line shows.
func TestEvenChannel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wide := rapid.IntRange(3, 120).Draw(t, "half of the range, in steps")
		n := ChannelNoise{Min: []float32{-float32(wide) - 0.5}, Max: []float32{float32(wide) + 0.5},
			Grid: grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, Signal: make([]float64, 1), Noise: make([]float64, 1)}
		const parts = 64
		for i := range (2*wide + 1) * parts {
			n.add([]float32{n.Min[0] + (float32(i)+0.5)/parts})
		}
		if got, want := float64(n.SQNR(0)), 20*math.Log10(n.Steps(0)); math.Abs(got-want) > 0.01 {
			t.Fatalf("%v dB over %v steps, want %v", got, n.Steps(0), want)
		}
	})
}

// TestChannels: each input of each MBConv is measured once, in the order of the network.
// The signal is that of the float network, so that it does not depend on the width, and
// each bit less is more noise.
func TestChannels(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	pictures := noise(t, 2, 64, 10)
	net, err := efficientvit.Describe("b0-r224", efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
	if err != nil {
		t.Fatal(err)
	}
	p, err := calib.Observe(t.Context(), model, pictures)
	if err != nil {
		t.Fatal(err)
	}
	at := map[int][]ChannelNoise{}
	for _, bits := range []int{8, 6} {
		if at[bits], err = Channels(t.Context(), model, p, pictures, bits); err != nil {
			t.Fatal(err)
		}
	}
	roles := []efficientvit.Role{efficientvit.PW1, efficientvit.DW, efficientvit.PW2}
	blocks := model.Net.BlocksWith(efficientvit.DW)
	if len(at[8]) != len(roles)*len(blocks) {
		t.Fatalf("%d inputs of %d blocks", len(at[8]), len(blocks))
	}
	sum := func(values []float64) (all float64) {
		for _, v := range values {
			all += v
		}
		return all
	}
	for i, n := range at[8] {
		narrow := at[6][i]
		if n.Block != blocks[i/len(roles)] || n.Role != roles[i%len(roles)] || n.Bits != 8 || n.Pictures != 2 {
			t.Errorf("input %d is %s of %s, of %d bits on %d pictures", i, n.Role, n.Block, n.Bits, n.Pictures)
		}
		if sum(n.Signal) != sum(narrow.Signal) || sum(n.Noise) >= sum(narrow.Noise) {
			t.Errorf("%s of %s: signal %v and noise %v at 8 bits, %v and %v at 6", n.Role, n.Block, sum(n.Signal), sum(n.Noise), sum(narrow.Signal), sum(narrow.Noise))
		}
		size := model.Net.Input().Shape
		for c, signal := range n.Signal {
			extreme := math.Max(math.Abs(float64(n.Min[c])), math.Abs(float64(n.Max[c])))
			if most := float64(n.Pictures*size[0]*size[1]) * extreme * extreme; signal > 1.0001*most {
				t.Errorf("%s of %s: the signal of channel %d is %v, of values up to %v", n.Role, n.Block, c, signal, extreme)
			}
		}
	}
	empty, err := dataset.Memory("empty", dataset.Classification, []string{"a"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Channels(t.Context(), model, p, empty, 8); err == nil || !strings.Contains(err.Error(), "noise of the channels of efficientvit-b0-r64 on empty: ") {
		t.Errorf("error %v for no pictures", err)
	}
}
