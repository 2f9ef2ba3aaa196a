// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

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
