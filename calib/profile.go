// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"encoding/gob"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/finite"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Profile holds the statistics of a network's tensors over calibration pictures, for
// every named tensor, in the order of the network.
type Profile struct {
	// Network is the profiled network's name, and Model the hash of the folded model.
	// Quantize compares the hash, so that a model's grids never come from another model's
	// tensors.
	Network, Model string
	// Images are the ids of the pictures, in the order of the pass. Pictures is the
	// fingerprint of their data set, empty where it is not known.
	Images   []string
	Pictures string
	// Tensors holds one entry per observed tensor, in network order. A transform appends
	// the tensors that it makes.
	Tensors []*TensorStats
}

// TensorStats describes one tensor over all pictures. A channel is an index of the last
// axis. In the attention one channel covers all heads.
type TensorStats struct {
	// Name is the tensor's name in the network: the official module name, or
	// one made by the rule in package efficientvit.
	Name string
	// Role is the role in the paper of the operation that made the tensor.
	Role efficientvit.Role
	// Block is the module around that operation.
	Block string
	// Shape is the shape for one picture, without the batch axis.
	Shape []int
	// Count is the number of values seen in each channel.
	Count int64
	// Min, Max and Mean have one value per channel.
	Min, Max, Mean []float32
	// Hist counts all values of the tensor. It is empty for a tensor that a
	// transform made, whose range follows from its input's.
	Hist Histogram
	// Ranges has the smallest and largest value of each picture, in the order
	// of the profile's pictures. It is empty where Hist is.
	Ranges []Range
}

// A Range is a smallest and a largest value.
type Range struct{ Min, Max float32 }

// and returns the range that holds both.
func (r Range) and(o Range) Range { return Range{min(r.Min, o.Min), max(r.Max, o.Max)} }

// Tensor returns the statistics of a tensor by its name. The error for an
// unknown name lists the nearest ones.
func (p *Profile) Tensor(name string) (*TensorStats, error) {
	for _, s := range p.Tensors {
		if s.Name == name {
			return s, nil
		}
	}
	var near []string
	last := name[strings.LastIndex(name, ".")+1:]
	for _, s := range p.Tensors {
		if len(near) < 3 && strings.HasSuffix(s.Name, last) {
			near = append(near, s.Name)
		}
	}
	return nil, fmt.Errorf("the profile of %s has no tensor %q among its %d (similar: %s)", p.Network, name, len(p.Tensors), strings.Join(near, ", "))
}

// MBConv returns the inputs of the three convolutions of an MBConv (Fig. 3 of
// the paper). The block may be given by the end of its name, such as
// "stages.3.op_list.2.local_module".
func (p *Profile) MBConv(net *efficientvit.Network, block string) (pw1, dw, pw2 *TensorStats, err error) {
	inputs := map[efficientvit.Role]*TensorStats{}
	full, err := blockOf(net, block, efficientvit.PW1)
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range net.Ops {
		op := &net.Ops[i]
		if op.Block == full && op.Kind == efficientvit.Conv {
			if inputs[op.Role], err = p.Tensor(tensorBefore(net, op)); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	return inputs[efficientvit.PW1], inputs[efficientvit.DW], inputs[efficientvit.PW2], nil
}

// Divisors returns the divisors of both branches of an MSA as one tensor (Fig.
// 4 of the paper). The block may be given by the end of its name, such as
// "stages.3.op_list.2.context_module".
func (p *Profile) Divisors(net *efficientvit.Network, block string) (*TensorStats, error) {
	full, err := blockOf(net, block, efficientvit.Divisor)
	if err != nil {
		return nil, err
	}
	var all *TensorStats
	for _, s := range p.Tensors {
		if s.Block != full || s.Role != efficientvit.Divisor {
			continue
		}
		if all == nil {
			all = &TensorStats{Name: full + ".divisors", Role: s.Role, Block: full, Shape: s.Shape,
				Min: []float32{s.Min[0]}, Max: []float32{s.Max[0]}, Mean: []float32{0}, Ranges: slices.Clone(s.Ranges)}
		}
		n := float64(all.Count + s.Count)
		all.Mean[0] = float32((float64(all.Mean[0])*float64(all.Count) + float64(s.Mean[0])*float64(s.Count)) / n)
		all.Count += s.Count
		all.Min[0], all.Max[0] = min(all.Min[0], s.Min[0]), max(all.Max[0], s.Max[0])
		all.Hist = all.Hist.Plus(s.Hist)
		all.Ranges = all.Ranges[:min(len(all.Ranges), len(s.Ranges))]
		for i := range all.Ranges {
			all.Ranges[i] = all.Ranges[i].and(s.Ranges[i])
		}
	}
	if all == nil {
		return nil, fmt.Errorf("the profile of %s has no divisors of %q", p.Network, full)
	}
	return all, nil
}

// tensorBefore returns the name of a convolution's input in the profiled network, which is
// folded: the tensor before any Scale or Shift that a transform inserted.
func tensorBefore(net *efficientvit.Network, op *efficientvit.Op) string {
	in := net.Op(op.Inputs[0])
	for in.Kind == efficientvit.Scale || in.Kind == efficientvit.Shift || in.Kind == efficientvit.BatchNorm {
		in = net.Op(in.Inputs[0])
	}
	return in.Name
}

// blockOf completes the name of a block that has operations of a role.
func blockOf(net *efficientvit.Network, block string, role efficientvit.Role) (string, error) {
	known := net.BlocksWith(role)
	for _, name := range known {
		if name == block || strings.HasSuffix(name, "."+block) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s has no block %q with %s: have %s", net.Name, block, role, strings.Join(known, ", "))
}

// profileFormat stands before a saved profile.
const profileFormat = "gotriovit profile 3"

// A profileHeader is the beginning of a saved profile. The tensors follow one by one. Each
// is checked before the next is read, since a few bytes may claim a long list.
type profileHeader struct {
	Format, Network, Model string
	Images                 []string
	Tensors                int
	Pictures               string
}

// Save writes the profile to a file, which is complete or absent.
func (p *Profile) Save(path string) error {
	if err := atomicfile.Write(path, p.write); err != nil {
		return fmt.Errorf("save profile %s: %w", path, err)
	}
	return nil
}

func (p *Profile) write(w io.Writer) error {
	encoder := gob.NewEncoder(w)
	if err := encoder.Encode(profileHeader{profileFormat, p.Network, p.Model, p.Images, len(p.Tensors), p.Pictures}); err != nil {
		return err
	}
	for _, s := range p.Tensors {
		if err := encoder.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

// maxProfile bounds a profile's size in bytes. One of EfficientViT-B3 over 50,000
// pictures takes less.
const maxProfile = 1 << 30

// LoadProfile reads a profile that [Profile.Save] wrote.
func LoadProfile(path string) (*Profile, error) {
	f, err := regular.Open(path, maxProfile)
	if err != nil {
		return nil, fmt.Errorf("load profile: %w", err)
	}
	defer f.Close()
	p, err := readProfile(f)
	if err != nil {
		return nil, fmt.Errorf("load profile %s: %w", path, err)
	}
	return p, nil
}

func readProfile(r io.Reader) (*Profile, error) {
	decoder := gob.NewDecoder(r)
	var h profileHeader
	if err := decoder.Decode(&h); err != nil || h.Format != profileFormat {
		return nil, fmt.Errorf("not a file of %q: make one by Profile.Save or \"triovit profile\"", profileFormat)
	}
	p := &Profile{Network: h.Network, Model: h.Model, Images: h.Images, Pictures: h.Pictures}
	for i := range h.Tensors {
		s := new(TensorStats)
		if err := decoder.Decode(s); err != nil {
			return nil, fmt.Errorf("tensor %d of %d: %w: the file is damaged or cut, make it anew", i+1, h.Tensors, err)
		}
		if err := s.check(len(p.Images)); err != nil {
			return nil, err
		}
		p.Tensors = append(p.Tensors, s)
	}
	return p, nil
}

// maxCount bounds the count of values of a channel or a bin, so that the sum over the
// largest number of bins does not overflow.
const maxCount = 1 << 40

// check returns an error for impossible statistics of a tensor over pictures.
func (s *TensorStats) check(pictures int) error {
	channels := 0
	if len(s.Shape) > 0 {
		channels = s.Shape[len(s.Shape)-1]
	}
	if channels < 1 || len(s.Min) != channels || len(s.Max) != channels || len(s.Mean) != channels {
		return fmt.Errorf("tensor %q of shape %v has %d minima, %d maxima and %d means: one for each channel is needed",
			s.Name, s.Shape, len(s.Min), len(s.Max), len(s.Mean))
	}
	if s.Count < 1 || s.Count > maxCount {
		return fmt.Errorf("tensor %q has %d values in each channel: 1 to %d are allowed", s.Name, s.Count, int64(maxCount))
	}
	if at := finite.First(s.Mean); at >= 0 {
		return fmt.Errorf("tensor %q has a mean of %g in channel %d", s.Name, s.Mean[at], at)
	}
	if len(s.Ranges) > 0 && len(s.Ranges) != pictures {
		return fmt.Errorf("tensor %q has %d ranges of %d pictures: one for each is needed, or none", s.Name, len(s.Ranges), pictures)
	}
	for i, r := range s.Ranges {
		if !(r.Min <= r.Max) || math.IsInf(float64(r.Min), 0) || math.IsInf(float64(r.Max), 0) {
			return fmt.Errorf("tensor %q: picture %d reaches from %g to %g", s.Name, i, r.Min, r.Max)
		}
	}
	if err := s.Hist.check(); err != nil {
		return fmt.Errorf("tensor %q: %w", s.Name, err)
	}
	if n, c := s.Hist.Total(), int64(channels); n > 0 && (n/c != s.Count || n%c != 0) {
		return fmt.Errorf("tensor %q has %d values in its histogram and %d in each of %d channels: the histogram must hold all", s.Name, n, s.Count, channels)
	}
	_, _, err := s.bounds()
	return err
}

// bounds returns the smallest and the largest value of the tensor.
func (s *TensorStats) bounds() (lo, hi float64, err error) {
	if len(s.Min) == 0 || len(s.Min) != len(s.Max) {
		return 0, 0, fmt.Errorf("tensor %q has %d minima and %d maxima: one for each channel is needed", s.Name, len(s.Min), len(s.Max))
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for i := range s.Min {
		a, b := float64(s.Min[i]), float64(s.Max[i])
		if !(a <= b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
			return 0, 0, fmt.Errorf("tensor %q: channel %d reaches from %g to %g", s.Name, i, a, b)
		}
		lo, hi = min(lo, a), max(hi, b)
	}
	return lo, hi, nil
}

// collector gathers the statistics of one tensor.
type collector struct {
	op     *efficientvit.Op
	stats  *TensorStats
	sum    []float64
	counts *counter
}

func newCollector(op *efficientvit.Op) *collector {
	c := op.Shape[len(op.Shape)-1]
	s := &TensorStats{Name: op.Name, Role: op.Role, Block: op.Block, Shape: op.Shape,
		Min: make([]float32, c), Max: make([]float32, c), Mean: make([]float32, c)}
	for i := range c {
		s.Min[i], s.Max[i] = float32(math.Inf(1)), float32(math.Inf(-1))
	}
	return &collector{op: op, stats: s, sum: make([]float64, c), counts: new(counter)}
}

// add takes the values of some pictures; the last axis is the channel. Values that
// are not finite are a [*triovit.NotFiniteError].
func (c *collector) add(x []float32) error {
	if bad := triovit.NotFinite(c.op, x); bad != nil {
		return bad
	}
	s := c.stats
	for picture := range slices.Chunk(x, efficientvit.Size(s.Shape)) {
		s.Ranges = append(s.Ranges, Range{slices.Min(picture), slices.Max(picture)})
	}
	channels := len(s.Min)
	for at := 0; at < len(x); at += channels {
		for i, v := range x[at : at+channels] {
			if v < s.Min[i] {
				s.Min[i] = v
			}
			if v > s.Max[i] {
				s.Max[i] = v
			}
			c.sum[i] += float64(v)
			c.counts.add(v)
		}
	}
	s.Count += int64(len(x) / channels)
	return nil
}

func (c *collector) finish() *TensorStats {
	for i, sum := range c.sum {
		c.stats.Mean[i] = float32(sum / float64(c.stats.Count))
	}
	c.stats.Hist = c.counts.histogram()
	return c.stats
}
