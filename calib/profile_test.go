// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// TestReadProfileRefuses: a file whose counts cannot be is named by its tensor.
func TestReadProfileRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(s *TensorStats)
		want string
	}{
		{"nothing", func(*TensorStats) {}, ""},
		{"no histogram, as a transform's", func(s *TensorStats) { s.Hist, s.Ranges = Histogram{}, nil }, ""},
		{"no values", func(s *TensorStats) { s.Count = 0 }, "has 0 values in each channel"},
		{"fewer than none", func(s *TensorStats) { s.Count = -4 }, "has -4 values"},
		{"more than any set has", func(s *TensorStats) { s.Count = math.MaxInt64 }, "has 9223372036854775807 values"},
		{"a value that no bin has", func(s *TensorStats) { s.Count++ }, "has 8 values in its histogram and 5 in each of 2 channels"},
		{"a value of half the channels", func(s *TensorStats) { s.Hist.Bins[0].Count++ }, "has 9 values in its histogram"},
		{"an empty bin", func(s *TensorStats) { s.Hist.Bins[0].Count = 0 }, "counts 0 values"},
		{"bins that overflow", func(s *TensorStats) { s.Hist.Bins[0].Count = math.MaxInt64 }, "counts 9223372036854775807 values"},
		{"bins that fall", func(s *TensorStats) { slices.Reverse(s.Hist.Bins) }, "rising bins"},
		{"a mean that is no number", func(s *TensorStats) { s.Mean[1] = float32(math.NaN()) }, "a mean of NaN in channel 1"},
		{"a range too many", func(s *TensorStats) { s.Ranges = make([]Range, 3) }, "3 ranges of 2 pictures"},
		{"a channel without a minimum", func(s *TensorStats) { s.Min = s.Min[:1] }, "1 minima"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &TensorStats{Name: "conv", Shape: []int{2, 2, 2}, Count: 4, Min: []float32{-1, 0}, Max: []float32{2, 2}, Mean: []float32{0.5, 1},
				Hist: Histogram{[]Bin{{0xbf80, 2}, {0x4000, 6}}}, Ranges: []Range{{-1, 2}, {0, 2}}}
			test.edit(s)
			var b bytes.Buffer
			if err := (&Profile{Network: "b0", Images: []string{"a", "b"}, Tensors: []*TensorStats{s}}).write(&b); err != nil {
				t.Fatal(err)
			}
			_, err := readProfile(&b)
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), `"conv"`)) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// FuzzReadProfile: what is read can be used, and survives being written.
func FuzzReadProfile(f *testing.F) {
	s := &TensorStats{Name: "conv", Block: "stem", Shape: []int{2, 2, 1}, Count: 4,
		Min: []float32{-1}, Max: []float32{2}, Mean: []float32{0.5}, Hist: Histogram{[]Bin{{0xbf80, 1}, {0x4000, 3}}}, Ranges: []Range{{-1, 2}, {0, 2}}}
	infinite := *s
	infinite.Max = []float32{float32(math.Inf(1))}
	for _, p := range []*Profile{
		{Network: "b0", Model: "digest", Images: []string{"a.jpg", "b.jpg"}, Tensors: []*TensorStats{s, s}},
		{Tensors: []*TensorStats{&infinite}},
		{},
	} {
		var b bytes.Buffer
		if err := p.write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()*2/3])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p *Profile
		if hostile.Read(t, len(data), func() (err error) { p, err = readProfile(bytes.NewReader(data)); return }) != nil {
			return
		}
		for _, s := range p.Tensors {
			for _, o := range Observers {
				if _, err := o.Choose(s, efficientvit.Point{Bits: 8, Signed: true}); err != nil && len(s.Hist.Bins) > 0 && len(s.Ranges) > 0 {
					t.Fatal(err)
				}
			}
		}
		var b bytes.Buffer
		if err := p.write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := readProfile(&b)
		if diff := cmp.Diff(p, again, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); err != nil || diff != "" {
			t.Fatalf("written and read again: %v (-read +again)\n%s", err, diff)
		}
	})
}
