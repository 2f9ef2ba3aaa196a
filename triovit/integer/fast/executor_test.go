// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotriovit/gotriovit/internal/linked"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
	"golang.org/x/sync/errgroup"
)

// TestConformance: every set of kernels makes the reference's integers, in one part
// for each step and in as many as there can be.
func TestConformance(t *testing.T) {
	for _, set := range kernel.Sets() {
		for _, c := range []struct {
			name        string
			cores, part int
		}{{"one core", 1, minPart}, {"three cores", 3, 1}} {
			t.Run(set.Name+"/"+c.name, func(t *testing.T) {
				prepare := func(m *integer.Model) (*Executor, error) { return newExecutor(m, set, c.cores, c.part) }
				integertest.Test(t, integertest.Holding(func(m *integer.Model) (integertest.Run, error) {
					e, err := prepare(m)
					if err != nil {
						return nil, err
					}
					return e.Run, everyOperation(e)
				}, func(m *integer.Model) []string {
					e, err := prepare(m)
					if err != nil {
						t.Fatal(err)
					}
					return e.Holds()
				}))
			})
		}
	}
}

// everyOperation says which operation the steps compute not once.
func everyOperation(e *Executor) error {
	times := make([]int, len(e.model.Ops))
	for _, step := range e.steps {
		for _, at := range step.ops {
			times[at]++
		}
	}
	for at, n := range times {
		if n != 1 {
			return fmt.Errorf("%q is computed by %d steps", e.model.Ops[at].Name, n)
		}
	}
	return nil
}

// TestLight: the executor links no tensor library, no HTTP, no weights, no data set.
func TestLight(t *testing.T) { linked.Light(t) }

// blockModel is a small network: a stem, an MBConv with a residual sum, pooled, and a
// linear layer.
func blockModel(t testing.TB) *integer.Model {
	t.Helper()
	signed := integer.Interval{Lo: -128, Hi: 127}
	m := &integer.Model{Name: "block", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 32}}
	add := func(op integer.Operation, inputs ...string) string {
		name := strconv.Itoa(len(m.Ops))
		m.Ops = append(m.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op})
		return name
	}
	rng := rand.New(rand.NewPCG(7, 8))
	conv := func(kernel, stride, groups, channels, filters int, x string) string {
		c := &integer.Conv{Kernel: kernel, Stride: stride, Groups: groups, WeightBits: 8, Bias: make([]int32, filters)}
		for range filters * channels / groups * kernel * kernel {
			c.Weights = append(c.Weights, int8(rng.Uint32()))
		}
		return add(c, x)
	}
	requantize := func(shift int, codes integer.Interval, x string) string {
		return add(&integer.Requantize{Affine: []integer.Affine{{Mantissa: 1 << 16, Shift: uint8(16 + shift)}}, Codes: codes}, x)
	}
	act := func(x string) string {
		x = add(&integer.Hardswish{Three: 8000, Six: 16000, Drop: 4}, requantize(3, integer.Interval{Lo: -1 << 15, Hi: 1<<15 - 1}, x))
		return requantize(18, signed, x)
	}
	x := add(&integer.Input{Shape: [3]int{64, 64, 3}, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}})
	x = act(conv(3, 2, 1, 3, 16, x))
	y := act(conv(3, 1, 64, 64, 64, act(conv(1, 1, 1, 16, 64, x))))
	y = requantize(12, signed, conv(1, 1, 1, 64, 16, y))
	y = add(&integer.Add{Left: 1 << 16, Right: 1 << 16, Shift: 17, Codes: signed}, x, y)
	y = requantize(12, signed, add(&integer.Pool{}, y))
	conv(1, 1, 1, 16, 10, y)
	return m
}

// pictures returns n pictures of random codes, one behind the other.
func pictures(m *integer.Model, n int) []int32 {
	in := m.Input()
	all := make([]int32, n*in.Shape[0]*in.Shape[1]*in.Shape[2])
	rng := rand.New(rand.NewPCG(9, 10))
	for i := range all {
		all[i] = int32(in.Grid.Lo + rng.IntN(in.Grid.Hi-in.Grid.Lo+1))
	}
	return all
}

// TestWideBias: one channel's bias takes 31 bits, and another's scale needs a shift to the
// left that these do not leave. The convolution and its endings are one step all the same,
// with the reference's integers: for each kind of convolution, with bytes, a Hardswish or a
// residual sum behind it, and with a second reader.
func TestWideBias(t *testing.T) {
	for _, c := range []struct {
		name                       string
		kernel, groups, channels   int
		hardswish, residual, twice bool
		operations                 int // number of operations in the step of the convolution
	}{
		{name: "1×1", kernel: 1, groups: 1, channels: 16, operations: 2},
		{name: "depthwise", kernel: 3, groups: 16, channels: 16, operations: 2},
		{name: "3×3", kernel: 3, groups: 1, channels: 16, operations: 2},
		{name: "folded", kernel: 1, groups: 1, channels: 4, operations: 2},
		{name: "Hardswish", kernel: 3, groups: 32, channels: 32, hardswish: true, operations: 4},
		{name: "residual sum", kernel: 1, groups: 1, channels: 16, residual: true, operations: 3},
		{name: "two readers", kernel: 1, groups: 1, channels: 16, twice: true, operations: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			signed := integer.Interval{Lo: -128, Hi: 127}
			m := &integer.Model{Name: c.name, Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 32}}
			add := func(name string, op integer.Operation, inputs ...string) string {
				m.Ops = append(m.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op})
				return name
			}
			conv := &integer.Conv{Kernel: c.kernel, Stride: 1, Groups: c.groups, WeightBits: 8, Bias: make([]int32, c.channels), Pad: []int32{-100}}
			for range c.channels * c.channels / c.groups * c.kernel * c.kernel {
				conv.Weights = append(conv.Weights, int8(rng.Uint32()))
			}
			for f := range c.channels {
				conv.Bias[f] = rng.Int32N(1 << 12)
			}
			const wide = 3 // the channel with the wide bias
			conv.Bias[wide] = -1 << 30
			narrowed := func(codes integer.Interval, shift uint8) *integer.Requantize {
				r := &integer.Requantize{Codes: codes}
				for range c.channels {
					r.Affine = append(r.Affine, integer.Affine{Mantissa: 1<<16 + rng.Int32N(1<<16), Shift: shift, Addend: rng.Int64N(1 << 20)})
				}
				r.Affine[wide] = integer.Affine{Mantissa: 1 << 16, Shift: 42, Addend: 1 << 46}
				return r
			}
			x := add("x", &integer.Input{Shape: [3]int{9, 12, c.channels}, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}})
			sums := add("conv", conv, x)
			y := ""
			if c.hardswish {
				y = add("pre", narrowed(integer.Interval{Lo: -1 << 15, Hi: 1<<15 - 1}, 13), sums)
				y = add("codes", &integer.Requantize{Affine: []integer.Affine{{Mantissa: 1 << 16, Shift: 34}}, Codes: signed}, add("act", &integer.Hardswish{Three: 8000, Six: 16000, Drop: 4}, y))
			} else {
				y = add("codes", narrowed(signed, 14), sums)
			}
			if c.residual {
				y = add("sum", &integer.Add{Left: 1 << 16, Right: 1 << 15, Shift: 17, Codes: signed}, x, y)
			}
			if c.twice {
				y = add("both", &integer.Add{Left: 1 << 16, Right: 1 << 16, Shift: 17, Codes: signed}, y, add("others", narrowed(signed, 15), sums))
			}
			add("logits", &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Bias: make([]int32, 1), Weights: slices.Repeat([]int8{1}, c.channels)}, y)
			picture := pictures(m, 1)
			want, err := m.Run(picture)
			if err != nil {
				t.Fatal(err)
			}
			for _, set := range kernel.Sets() {
				e, err := newExecutor(m, set, 1, minPart)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := e.Run(picture); err != nil || !slices.Equal(got.Data, want.Data) {
					t.Errorf("%s: other integers than the reference's (%v)", set.Name, err)
				}
				if n := len(e.steps[1].ops); n != c.operations {
					t.Errorf("%s: the step of the convolution has %d operations, want %d", set.Name, n, c.operations)
				}
			}
		})
	}
}

// TestLogits: many pictures have the logits that the reference gives each, whoever
// else runs some, and once an executor has run it allocates nothing.
func TestLogits(t *testing.T) {
	m := blockModel(t)
	all := pictures(m, 8)
	var want []int32
	for picture := range slices.Chunk(all, len(all)/8) {
		y, err := m.Run(picture)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, y.Data...)
	}
	for _, cores := range []int{1, 2, 5} {
		e, err := newExecutor(m, kernel.Sets()[0], cores, 1)
		if err != nil {
			t.Fatal(err)
		}
		var running errgroup.Group
		for range 4 {
			running.Go(func() error {
				for range 10 {
					logits := make([]int32, len(want))
					if err := e.Logits(t.Context(), logits, all); err != nil {
						return err
					}
					if !slices.Equal(logits, want) {
						return fmt.Errorf("on %d cores the logits are %v, want %v", cores, logits, want)
					}
				}
				return nil
			})
		}
		if err := running.Wait(); err != nil {
			t.Fatal(err)
		}
		logits := make([]int32, len(want))
		if n := testing.AllocsPerRun(20, func() {
			if err := e.Logits(t.Context(), logits, all); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("on %d cores, %g allocations for eight pictures", cores, n)
		}
	}
}

// TestLogitsRefuses: what does not fit is an error of one line, and a context that is
// done stops before the next picture.
func TestLogitsRefuses(t *testing.T) {
	m := blockModel(t)
	e, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	two := pictures(m, 2)
	over := slices.Clone(two)
	over[len(over)-1] = 128
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx      context.Context
		pictures []int32
		room     int
		want     string
	}{
		"half a picture":   {t.Context(), two[:len(two)*3/4], 10, "a picture has 12288 and 10"},
		"too little room":  {t.Context(), two, 10, "24576 codes and room for 10 logits: a picture has 12288 and 10"},
		"a code too large": {t.Context(), over, 20, "code 12287 of the picture is 128, its input has -128..127"},
		"a done context":   {done, two, 20, "canceled"},
	} {
		if err := e.Logits(c.ctx, make([]int32, c.room), c.pictures); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	if err := e.Logits(t.Context(), nil, nil); err != nil {
		t.Errorf("no pictures: %v", err)
	}
	for name, c := range map[string]struct {
		picture []int32
		want    string
	}{
		"half a picture":   {two[:len(two)/4], "6144 codes"},
		"a code too large": {over[len(over)/2:], "code 12287 of the picture is 128"},
	} {
		_, err := e.Run(c.picture, func(op *integer.Op, _ integer.Value) { t.Errorf("%s: %s is watched", name, op.Name) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Run, %s: error %v, want %q", name, err, c.want)
		}
	}
	t.Setenv(kernel.Variable, "mmx")
	if _, err := New(m); err == nil || !strings.Contains(err.Error(), kernel.Variable) {
		t.Errorf("kernels that are not there: error %v", err)
	}
	if name, err := Kernels(); err == nil {
		t.Errorf("kernels that are not there: %s", name)
	}
}

// TestMemory: tensors that are not needed at once share memory.
func TestMemory(t *testing.T) {
	m := blockModel(t)
	e, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	// The largest step reads and makes the expanded map, 32·32·64 bytes each, beside
	// the operand of the residual sum.
	if most := 2*32*32*64 + 32*32*16 + 1024; e.sizes.bytes > most {
		t.Errorf("a state has %d bytes of tensors, want at most %d", e.sizes.bytes, most)
	}
}

// TestHelpersEnd: the helpers of an executor that is left alone end.
func TestHelpersEnd(t *testing.T) {
	m := blockModel(t)
	synctest.Test(t, func(t *testing.T) {
		e, err := newExecutor(m, kernel.Portable(), 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Run(pictures(m, 1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * idle)
		e.group.mu.Lock()
		defer e.group.mu.Unlock()
		if slices.Contains(e.group.started, true) {
			t.Errorf("helpers that run: %v", e.group.started)
		}
	})
}

// TestProfile: steps have all operations and products of the model, and a time.
func TestProfile(t *testing.T) {
	m := blockModel(t)
	e, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Profile(t.Context(), pictures(m, 1), 3)
	if err != nil {
		t.Fatal(err)
	}
	operations, macs, classes := 0, int64(0), map[string]int{}
	for _, s := range p.Steps {
		operations, macs = operations+s.Operations, macs+s.MACs
		classes[s.Class()]++
		if s.Time <= 0 {
			t.Errorf("%s takes %v", s.Op.Name, s.Time)
		}
	}
	if want := int64(32*32*(16*27+64*16+64*9+16*64) + 10*16); operations != len(m.Ops) || macs != want {
		t.Errorf("%d operations with %d products, want %d with %d", operations, macs, len(m.Ops), want)
	}
	if classes[Classes[0]] == 0 || classes[Classes[1]] != 1 || classes[Classes[2]] != 1 {
		t.Errorf("classes %v, want 1×1 convolutions, one depthwise and the first", classes)
	}
	sum, took := p.Sum()
	if share := p.Share(sum, took); sum != macs || !(p.Peak > 0) || !(share > 0 && share < 1.5) {
		t.Errorf("a sum of %d products in %v, %g of the peak %g", sum, took, share, p.Peak)
	}
	if rows := p.Table().Rows; len(rows) != len(p.Steps)+1 || rows[len(rows)-1][4] != operations {
		t.Errorf("the table has %d rows for %d steps, and the last says %v", len(rows), len(p.Steps), rows[len(rows)-1])
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Profile(done, pictures(m, 1), 3); err == nil {
		t.Error("a done context is profiled")
	}
	if _, err := e.Profile(t.Context(), pictures(m, 1), 0); err == nil {
		t.Error("a profile of no run is one")
	}
}

func BenchmarkBlock(b *testing.B) {
	m := blockModel(b)
	for _, set := range kernel.Sets() {
		b.Run(set.Name, func(b *testing.B) {
			e, err := newExecutor(m, set, 1, minPart)
			if err != nil {
				b.Fatal(err)
			}
			picture, logits := pictures(m, 1), make([]int32, 10)
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Logits(b.Context(), logits, picture); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
