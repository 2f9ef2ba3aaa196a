// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

func paperRun(t testing.TB, change func(*arch.Config, *Options)) *Run {
	t.Helper()
	c, o := arch.ZCU102(), Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}
	if change != nil {
		change(&c, &o)
	}
	r, err := Simulate(network(t, "b1-r224"), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTrafficOfB1: the preset's buffers hold every tensor of B1-R224. Only the picture,
// the weights and the result move off-chip, once each.
func TestTrafficOfB1(t *testing.T) {
	r := paperRun(t, nil)
	var weights int64
	for _, o := range network(t, "b1-r224").Ops {
		if o.Unit == workload.Engines && !o.Head && o.Form != workload.Product {
			weights += int64(o.Cout) * int64(o.Cin) * int64(o.Kernel) * int64(o.Kernel)
		}
	}
	got := []int64{r.Traffic.WeightLoads, r.Traffic.InputLoads, r.Traffic.Stores}
	if diff := cmp.Diff([]int64{weights, 224 * 224 * 3, 7 * 7 * 256}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTrafficOfTheHost: the tensors of the host leave the chip and come back. The
// LayerNorm of B1's head has 1600 elements. DeiT-Tiny has two LayerNorms, a softmax and a
// GELU in each of 12 blocks, and the last LayerNorm.
func TestTrafficOfTheHost(t *testing.T) {
	vit, err := workload.DeiT("deit-tiny")
	if err != nil {
		t.Fatal(err)
	}
	// As many elements leave as return, except for the class token, which the first
	// LayerNorm gets from elsewhere.
	host := int64(12*(2*197*192+3*197*197+197*768) + 197*192)
	for _, test := range []struct {
		w             *workload.Workload
		loads, stores int64
	}{
		{network(t, "b1-r224"), 224*224*3 + 1600, 1600 + 1000},
		{vit, host, host - 192 + 1000},
	} {
		r := simulate(t, test.w, arch.ZCU102(), Options{Scope: hwsim.Whole, Pipelines: hwsim.BothPipelines})
		if got := []int64{r.Traffic.InputLoads, r.Traffic.Stores}; !slices.Equal(got, []int64{test.loads, test.stores}) {
			t.Errorf("%s: %d bytes are loaded and stored, want %d and %d", test.w.Name, got, test.loads, test.stores)
		}
	}
}

// TestPortsByHand: the bytes that the engines read and write, by hand.
func TestPortsByHand(t *testing.T) {
	tests := []struct {
		name  string
		ops   []workload.Operation
		share arch.Share
		want  Traffic
	}{
		// 60 pixels, 3 groups of channels: inputs are read once per group, weights once per
		// pixel of the busiest copy.
		{"convolution", []workload.Operation{conv(6, 10, 8, 48, 3)}, arch.Pixels,
			Traffic{InputPort: 60 * 3 * 9 * 8, WeightPort: 4 * 48 * 9 * 8, OutputPort: 60 * 48}},
		// Copies that share channels read the same inputs. They read the weights for every
		// pixel.
		{"channels", []workload.Operation{conv(6, 10, 8, 48, 3)}, arch.Channels,
			Traffic{InputPort: 60 * 9 * 8, WeightPort: 60 * 48 * 9 * 8, OutputPort: 60 * 48}},
		// 12 sets of pixels, at most one for each copy.
		{"depthwise", []workload.Operation{depthwise(6, 10, 24, 3)}, arch.Pixels,
			Traffic{InputPort: 60 * 24 * 9, WeightPort: 24 * 9, OutputPort: 60 * 24}},
		// The pointwise convolution reads its inputs at the output buffer's port, once per
		// group.
		{"pair", pair(6, 10, 24, 48, 3), arch.Pixels,
			Traffic{InputPort: 60 * 24 * 9, WeightPort: 24*9 + 4*24*48, OutputPort: 60*24 + 3*60*24 + 60*48}},
		// 3 heads of 2 rows on each engine. A copy has one row, which it reads once per group
		// of columns. Each engine reads a matrix of its own.
		{"product", []workload.Operation{product(6, 2, 24, 16)}, arch.Pixels,
			Traffic{InputPort: 12 * 2 * 24, WeightPort: 2 * 24 * 16, OutputPort: 12 * 16}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := arch.ZCU102()
			c.CopiesShare = test.share
			o := ideal(hwsim.InterLayerPipeline)
			got := simulate(t, &workload.Workload{Name: test.name, Ops: test.ops}, c, o).Traffic
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestWindowsByHand: windows on MAT. A lane of 8 MACs takes two cycles for the 9
// positions. The line buffers are filled with the inputs once, with the two rows of the
// border, and once more with the two rows that a copy's windows share with those of the
// previous copy.
func TestWindowsByHand(t *testing.T) {
	for _, test := range []struct {
		name    string
		copies  int
		stride  int
		share   arch.Share
		cycles  int64
		traffic Traffic
	}{
		{"one copy", 1, 1, arch.Pixels, 60 * 2 * 2, Traffic{InputPort: 10 * (6 + 2) * 24, WeightPort: 60 * 24 * 9, OutputPort: 60 * 24}},
		{"16 copies", 16, 1, arch.Pixels, 4 * 2 * 2, Traffic{InputPort: 10 * (6 + 2 + 2*15) * 24, WeightPort: 4 * 24 * 9, OutputPort: 60 * 24}},
		{"every other pixel", 1, 2, arch.Pixels, 60 * 2 * 2, Traffic{InputPort: 20 * (12 + 1) * 24, WeightPort: 60 * 24 * 9, OutputPort: 60 * 24}},
		{"channels", 16, 1, arch.Channels, 60 * 2, Traffic{InputPort: 10 * (6 + 2) * 24, WeightPort: 60 * 24 * 9, OutputPort: 60 * 24}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := arch.ZCU102()
			c.Depthwise, c.Copies, c.CopiesShare = arch.Windowed, test.copies, test.share
			o := depthwise(6, 10, 24, 3)
			o.Stride = test.stride
			r := simulate(t, &workload.Workload{Name: test.name, Ops: []workload.Operation{o}}, c, ideal(hwsim.InterLayerPipeline))
			if r.Cycles != test.cycles {
				t.Errorf("%d cycles, want %d", r.Cycles, test.cycles)
			}
			if diff := cmp.Diff(test.traffic, r.Traffic); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestPipelinesFillByHand: each task of the engines fills their pipelines. An operation
// that only passes auxiliary units fills none.
func TestPipelinesFillByHand(t *testing.T) {
	c := arch.ZCU102()
	w := &workload.Workload{Name: "two", Ops: []workload.Operation{conv(6, 10, 8, 48, 3), {Name: "pool", Unit: workload.Pool, Form: workload.Elementwise, Elements: 64}}}
	flat := simulate(t, w, c, ideal(hwsim.BothPipelines))
	c.PipelineDepth = 5
	deep := simulate(t, w, c, ideal(hwsim.BothPipelines))
	const fill = 3 * 5 // a round for each 16 channels
	if deep.Cycles-flat.Cycles != fill || deep.MAT.Stalls[PipelineFill] != fill*16 || deep.RMAC.Stalls[PipelineFill] != fill*16 {
		t.Errorf("%d cycles, without stages %d; MAT waits %d, R-MAC %d", deep.Cycles, flat.Cycles, deep.MAT.Stalls[PipelineFill], deep.RMAC.Stalls[PipelineFill])
	}
}

// TestTiledMaps: a map that is larger than the buffers passes through them in tiles. A
// tensor that does not fit is written once, and each of its readers reads it.
func TestTiledMaps(t *testing.T) {
	first, second := conv(64, 64, 8, 64, 1), conv(64, 64, 64, 8, 1)
	first.Name, second.Name = "first", "second"
	w := &workload.Workload{Name: "large", Ops: []workload.Operation{first, second}, Tensors: []workload.Tensor{
		{Elements: 64 * 64 * 8, Readers: []workload.Reading{{Op: "first", Elements: 64 * 64 * 8}}},
		{Maker: "first", Elements: 64 * 64 * 64, Readers: []workload.Reading{{Op: "second", Elements: 64 * 64 * 64}}},
		{Maker: "second", Elements: 64 * 64 * 8},
	}}
	for _, test := range []struct {
		name          string
		kib           int
		loads, stores int64
	}{
		{"fits", 256, 64 * 64 * 8, 64 * 64 * 8},
		{"does not fit", 64, 64 * 64 * (8 + 64), 64 * 64 * (64 + 8)},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := arch.ZCU102()
			c.Buffers.Input.KiB, c.Buffers.Output.KiB = test.kib, test.kib
			r := simulate(t, w, c, Options{Scope: hwsim.Backbone, Events: true})
			if r.Traffic.InputLoads != test.loads || r.Traffic.Stores != test.stores {
				t.Errorf("%d bytes loaded and %d stored, want %d and %d", r.Traffic.InputLoads, r.Traffic.Stores, test.loads, test.stores)
			}
			var stored int64 // the cycle in which the first operation's last outputs are stored
			for _, e := range r.Events {
				if e.Kind == StoreEvent && e.Op == "first" {
					stored = e.End
				}
			}
			for _, e := range r.Events {
				if e.Kind == LoadEvent && e.Buffer == InputBuffer && e.Op == "second" && e.Start < stored {
					t.Errorf("inputs are loaded at %d and stored until %d", e.Start, stored)
				}
			}
		})
	}
}

// TestWeightsOfAStream: MAT has begun a round when R-MAC joins. The weights of that round
// stay until both engines have finished it. The depthwise weights leave with the first
// task, those of the first round with the second task, those of the second round with the
// third.
func TestWeightsOfAStream(t *testing.T) {
	c := arch.ZCU102()
	c.Copies = 1
	r := simulate(t, &workload.Workload{Name: "pair", Ops: pair(4, 10, 16, 24, 3)}, c,
		Options{Scope: hwsim.Backbone, Pipelines: hwsim.InterLayerPipeline, FreeAuxiliary: true, Events: true})
	type left struct{ At, Bytes int64 }
	var ends []int64
	var got []left
	for _, e := range r.Events {
		switch {
		case e.Kind == ComputeEvent:
			ends = append(ends, e.End)
		case e.Kind == freeEvent && e.Buffer == WeightBuffer:
			got = append(got, left{e.Start, e.Bytes})
		}
	}
	if len(ends) != 3 {
		t.Fatalf("%d tasks, want 3", len(ends))
	}
	want := []left{{ends[0], 16 * 9}, {ends[1], 16 * 16}, {ends[2], 8 * 16}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestInputWindow: a row of a 3×3 convolution needs the rows above and below. With 1 KiB
// per row the window is four rows, and the first tile loads two of them.
func TestInputWindow(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(64, 64, 16, 16, 3)}, Tensors: []workload.Tensor{
		{Elements: 64 * 64 * 16, Readers: []workload.Reading{{Op: "conv", Elements: 64 * 64 * 16}}}, {Maker: "conv", Elements: 64 * 64 * 16}}}
	c := arch.ZCU102()
	c.Buffers.Input.KiB = 4
	r := simulate(t, w, c, Options{Scope: hwsim.Backbone, TilePixels: 64})
	if got := r.Traffic.InputLoads; got != 64*64*16 {
		t.Errorf("%d bytes loaded: each row once is %d", got, 64*64*16)
	}
}

// TestRectanglesByHand: if four rows do not fit, tiles are rectangles. Rectangles of 8×8
// pixels have 2 KiB of inputs and of outputs. There are eight bands, and each of the
// seven borders between them loads two columns twice.
func TestRectanglesByHand(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(64, 64, 16, 16, 3)}, Tensors: []workload.Tensor{
		{Elements: 64 * 64 * 16, Readers: []workload.Reading{{Op: "conv", Elements: 64 * 64 * 16}}}, {Maker: "conv", Elements: 64 * 64 * 16}}}
	c := arch.ZCU102()
	c.Buffers.Input.KiB, c.Buffers.Output.KiB = 3, 16
	r := simulate(t, w, c, Options{Scope: hwsim.Backbone, TilePixels: 64, Events: true})
	var outputs []int64
	for _, e := range r.Events {
		if e.Kind == StoreEvent {
			outputs = append(outputs, e.Bytes)
		}
	}
	if len(outputs) != 64 || slices.Min(outputs) != 8*8*16 || slices.Max(outputs) != 8*8*16 || r.Traffic.InputLoads != 64*(64+7*2)*16 || r.Tiling.Bytes == 0 {
		t.Errorf("stores of %v bytes, %d bytes loaded", outputs, r.Traffic.InputLoads)
	}
}

// TestOutputWindow: if the output buffer has room for two tiles of 1 KiB, a tile starts
// when the tile two before it is stored.
func TestOutputWindow(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(64, 1, 1, 1024, 1)}}
	c := arch.ZCU102()
	c.MAT.Lanes, c.RMAC.Lanes = 512, 512
	c.Buffers.Input.KiB, c.Buffers.Output.KiB = 4, 2
	c.OffChip.MBPerS = 200 // a byte per cycle
	r := simulate(t, w, c, Options{Scope: hwsim.Backbone, TilePixels: 1, Events: true})
	var stored, started []int64
	for _, e := range r.Events {
		switch e.Kind {
		case StoreEvent:
			stored = append(stored, e.End)
		case ComputeEvent:
			started = append(started, e.Start)
		}
	}
	if len(stored) != 64 || len(started) != 64 {
		t.Fatalf("%d stores, %d tasks, want 64", len(stored), len(started))
	}
	for i := 2; i < len(started); i++ {
		if started[i] != stored[i-2] {
			t.Errorf("tile %d starts at %d, tile %d is stored at %d", i, started[i], i-2, stored[i-2])
		}
	}
	if r.MAT.Stalls[OutputStore] == 0 || r.RMAC.Stalls[OutputStore] == 0 {
		t.Errorf("no stall is named %q", OutputStore)
	}
}

// TestBatches: n pictures one after another take n times the cycles of one. Copies that
// take one picture each need one round for as many pictures as there are copies.
func TestBatches(t *testing.T) {
	one := paperRun(t, nil)
	five := paperRun(t, func(c *arch.Config, o *Options) { o.Batch = 5 })
	if five.Cycles != 5*one.Cycles || five.MACs != 5*one.MACs || five.RoundCycles != one.Cycles || five.Traffic.OffChip() != 5*one.Traffic.OffChip() {
		t.Errorf("five pictures: %d cycles, one %d", five.Cycles, one.Cycles)
	}
	shared := func(batch int) *Run {
		return paperRun(t, func(c *arch.Config, o *Options) {
			c.CopiesShare = arch.Batch
			o.Batch, o.FreeMemory, o.FreeAuxiliary = batch, true, true
		})
	}
	single := paperRun(t, func(c *arch.Config, o *Options) {
		c.Copies = 1
		o.FreeMemory, o.FreeAuxiliary = true, true
	})
	for batch, rounds := range map[int]int64{1: 1, 16: 1, 17: 2, 40: 3} {
		if r := shared(batch); r.Cycles != rounds*single.Cycles || r.MACs != int64(batch)*single.MACs {
			t.Errorf("%d pictures on 16 copies: %d cycles and %d MACs, one picture on one copy %d and %d", batch, r.Cycles, r.MACs, single.Cycles, single.MACs)
		}
	}
}

// TestWeightBits: weights of 4 bits take half the bytes, for all operations or for one.
func TestWeightBits(t *testing.T) {
	eight := paperRun(t, nil)
	four := paperRun(t, func(c *arch.Config, o *Options) { o.WeightBits = 4 })
	if four.Traffic.WeightLoads*2 != eight.Traffic.WeightLoads || four.Cycles > eight.Cycles {
		t.Errorf("4 bits: %d bytes in %d cycles, 8 bits: %d in %d", four.Traffic.WeightLoads, four.Cycles, eight.Traffic.WeightLoads, eight.Cycles)
	}
	const stem = "backbone.input_stem.op_list.0.conv" // 16·3·9 weights
	mixed := paperRun(t, func(c *arch.Config, o *Options) { o.WeightBitsOf = map[string]int{stem: 4} })
	if saved := eight.Traffic.WeightLoads - mixed.Traffic.WeightLoads; saved != 16*3*9/2 {
		t.Errorf("a stem of 4 bits saves %d bytes", saved)
	}
	// An operation's own width overrides the width of all. A width by name overrides both.
	const weights = 16 * 16
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(8, 8, 16, 16, 1), conv(8, 8, 16, 16, 1)}}
	w.Ops[0].WeightBits, w.Ops[1].Name = 4, "second"
	for _, c := range []struct {
		options Options
		bits    int64 // bits of a weight of each operation
	}{
		{Options{}, 4 + 8}, {Options{WeightBits: 2}, 4 + 2},
		{Options{WeightBits: 2, WeightBitsOf: map[string]int{w.Ops[0].Name: 1}}, 1 + 2},
	} {
		if got := simulate(t, w, arch.ZCU102(), c.options).Traffic.WeightLoads; got != weights*c.bits/8 {
			t.Errorf("%+v: %d bytes of weights, want %d", c.options, got, weights*c.bits/8)
		}
	}
}

// TestRealDividersByHand: real dividers process the shifter's elements. Each divider
// begins one in an interval, and the last quotient takes a latency more. A divisor has
// four bytes.
func TestRealDividersByHand(t *testing.T) {
	divide := workload.Operation{Name: "divide", Label: "division", Unit: workload.Shifter, Form: workload.Elementwise, Elements: 1 << 20}
	round := workload.Operation{Name: "round", Label: "log2", Unit: workload.Log2, Form: workload.Elementwise, Elements: 1 << 16}
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(1, 1, 1, 1, 1), round, divide}}
	c := arch.ZCU102()
	c.Division = arch.DividerDivision
	c.Auxiliary.Dividers, c.Auxiliary.DividerInterval, c.Auxiliary.DividerLatency = 2, 8, 30
	r := simulate(t, w, c, Options{Scope: hwsim.Backbone, FreeMemory: true})
	const want = 1<<20*8/(2*16) + 30
	if r.Cycles != want || r.MAT.Stalls[DividerUnit] != 16*(want-1) || r.Elements[workload.Divider] != 1<<20 || r.Elements[workload.Log2] != 0 {
		t.Errorf("%d cycles, want %d; MAT waits %d for dividers; elements %v", r.Cycles, want, r.MAT.Stalls[DividerUnit], r.Elements)
	}
	log2 := paperRun(t, nil)
	real := paperRun(t, func(c *arch.Config, o *Options) { c.Division = arch.DividerDivision })
	if real.Cycles <= log2.Cycles || real.Traffic.DivisorPort != 4*log2.Traffic.DivisorPort {
		t.Errorf("%d cycles with dividers, %d without; divisor port %d and %d bytes", real.Cycles, log2.Cycles, real.Traffic.DivisorPort, log2.Traffic.DivisorPort)
	}
}

// TestDivisorPassesByHand: a head of 8192 tokens in a buffer for 2048 divisors needs
// three more passes. Each takes at most 4 steps for a set of divisors and 4·4 for a
// token's dividends. The output port is narrow, so partial sums would take longer than
// the passes.
func TestDivisorPassesByHand(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: attention(2, 8192, 32)}
	for kib, want := range map[int]int64{8: 0, 2: 2 * 3 * (4 + 4*4), 1: 2 * 7 * (4 + 4*4)} {
		c := arch.ZCU102()
		c.Buffers.Divisor.KiB, c.Buffers.Output.PortBytes = kib, 16
		o := Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, FreeAuxiliary: true}
		r := simulate(t, w, c, o)
		if r.MAT.Stalls[DivisorPasses] != 16*want || r.RMAC.Stalls[DivisorPasses] != 16*want {
			t.Errorf("%d KiB: MAT waits %d cycles in passes, R-MAC %d, want %d", kib, r.MAT.Stalls[DivisorPasses], r.RMAC.Stalls[DivisorPasses], 16*want)
		}
		o.FreeMemory = true
		if free := simulate(t, w, c, o); free.MAT.Stalls[DivisorPasses] != 0 {
			t.Errorf("%d KiB: without memory, MAT waits %d cycles in passes", kib, free.MAT.Stalls[DivisorPasses])
		}
	}
}

// withTensors returns an attention whose Q, K and V come from other steps.
func withTensors(heads, tokens, dim int) *workload.Workload {
	maps, square := int64(heads*tokens*dim), int64(heads*dim*dim)
	return &workload.Workload{Name: "attention", Ops: attention(heads, tokens, dim), Tensors: []workload.Tensor{
		{Elements: 3 * maps, Readers: []workload.Reading{{Op: "ktv", Elements: 2 * maps}, {Op: "dividend", Elements: maps}, {Op: "divisor", Elements: maps}}},
		{Maker: "ktv", Elements: square, Readers: []workload.Reading{{Op: "dividend", Elements: square}}},
		{Maker: "dividend", Elements: maps}, {Maker: "divisor", Elements: int64(heads * tokens)},
	}}
}

// TestCutHeadsByHand: two heads of 64 tokens and 8 channels on one copy, in buffers of 1
// KiB. Each transfer takes a cycle.
func TestCutHeadsByHand(t *testing.T) {
	w := withTensors(2, 64, 8)
	c := arch.ZCU102()
	c.Copies = 1
	c.Buffers.Input.KiB, c.Buffers.Output.KiB = 1, 1
	c.OffChip = arch.OffChip{MBPerS: 1e7}
	type counts struct{ Cycles, Compute, InputLoads, Stores, OutputPort, MATStream int64 }
	for _, test := range []struct {
		name  string
		p     hwsim.Pipelines
		bytes int64
		want  counts
	}{
		// Parts of 32 tokens. R-MAC makes KᵀV of the first head alone, in 8·4 cycles for each
		// part. Then MAT needs 4 cycles for the head's divisors and 32 for its dividends, the
		// last 4 of them with R-MAC. For the last head both engines need 2 and 32: 2·(32 + 36 +
		// 34). A part of K and V has 512 bytes. With Q, for dividends and for divisors, it has
		// 1024. So in the second, third and fourth slot of the heads the first part has no room
		// until the previous part is done. With the first part, the engines wait for four
		// parts. The last store takes one cycle more. 64 sums of each head leave as 4 bytes,
		// come back, and leave as one byte.
		{"intra-layer", hwsim.IntraLayerPipeline, 2048, counts{204 + 4 + 1, 204, 2*1024 + 2*1024, 2 * 64 * 9, 2*64*9 + 2*64*9, 2 * 32}},
		// One head on each engine. KᵀV: 4 parts of 16 tokens, 8·2 cycles each. Dividends: 4
		// parts, 16 cycles each. Divisors: 2 parts of 32 tokens, 4 cycles each. KᵀV waits one
		// cycle for its first inputs. The other two wait three cycles each: for the previous
		// store, for inputs, and for the resident operand. The last store takes one cycle more.
		// Of 128 sums the first part writes 4 bytes, two parts read and write 4, and the last
		// reads 4 and writes 1.
		{"no pipelines", hwsim.NoPipelines, 1024, counts{136 + 1 + 3 + 3 + 1, 136, 2*1024 + 1024 + 128 + 1024, 128 + 1024 + 128, 128*(4+8+8+5) + 2*64*9, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{Scope: hwsim.Backbone, Pipelines: test.p, FreeAuxiliary: true}.filled()
			r, err := roundOf(w, &c, &o, schedule.Tiling{Pixels: 1, Bytes: test.bytes, CutHeads: true})
			if err != nil {
				t.Fatal(err)
			}
			got := counts{Cycles: r.Cycles, InputLoads: r.Traffic.InputLoads, Stores: r.Traffic.Stores, OutputPort: r.Traffic.OutputPort, MATStream: r.MAT.Stalls[Stream]}
			for _, s := range r.Steps {
				got.Compute += s.Compute
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// roundOf runs one picture with the given tiling.
func roundOf(w *workload.Workload, c *arch.Config, o *Options, t schedule.Tiling) (*Run, error) {
	l, err := newLayout(w, c, o, 1)
	if err != nil {
		return nil, err
	}
	m := newMachine(c, o, 1, l, newPricing(pricingFor(c, o, 1), o))
	grids := make([]schedule.Grid, len(m.schedule.Steps))
	for i := range grids {
		grids[i] = m.schedule.Grid(&m.schedule.Steps[i], t)
	}
	f, err := m.round(t, grids, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	r := newRun(w.Name, c, o, f)
	r.add(f, 1)
	return r, nil
}

// TestHostSeconds: the host's time is unknown, or follows from its throughput. It is not
// part of the accelerator's time.
func TestHostSeconds(t *testing.T) {
	w, err := workload.DeiT("deit-tiny")
	if err != nil {
		t.Fatal(err)
	}
	var elements int64
	for _, o := range w.Ops {
		if o.Unit == workload.Host {
			elements += o.Elements
		}
	}
	c, o := arch.ZCU102(), Options{Scope: hwsim.Whole, Batch: 3}
	unknown := simulate(t, w, c, o)
	c.HostMElementsPerS = 250
	known := simulate(t, w, c, o)
	if want := 3 * float64(elements) / 250e6; !math.IsNaN(unknown.HostSeconds()) || math.Abs(known.HostSeconds()-want) > 1e-12 || known.Cycles != unknown.Cycles {
		t.Errorf("%v s unknown, %v s known, want %v; %d and %d cycles", unknown.HostSeconds(), known.HostSeconds(), want, unknown.Cycles, known.Cycles)
	}
	if got := paperRun(t, nil).HostSeconds(); got != 0 {
		t.Errorf("EfficientViT: %v s of the host", got)
	}
	for r, want := range map[*Run]string{unknown: `"host_seconds":null`, known: `"host_seconds":0.`} {
		if data, err := json.Marshal(r); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("no %s in JSON, %v", want, err)
		}
	}
}

// TestPipelines: with one copy, where no copies interfere, the inter-layer pipeline saves
// cycles. Each pipeline saves the same with the other one and without it.
func TestPipelines(t *testing.T) {
	cycles := func(p hwsim.Pipelines) int64 {
		return paperRun(t, func(c *arch.Config, o *Options) {
			c.Copies, o.Pipelines, o.FreeMemory, o.FreeAuxiliary = 1, p, true, true
		}).Cycles
	}
	none, inter, intra, both := cycles(hwsim.NoPipelines), cycles(hwsim.InterLayerPipeline), cycles(hwsim.IntraLayerPipeline), cycles(hwsim.BothPipelines)
	if inter >= none || none-inter != intra-both || none-intra != inter-both {
		t.Errorf("%d cycles without, %d inter-layer, %d intra-layer, %d both", none, inter, intra, both)
	}
}

func TestSimulateErrors(t *testing.T) {
	one := []workload.Operation{conv(64, 64, 8, 16, 1)}
	small := func(f func(*arch.Config)) arch.Config {
		c := arch.ZCU102()
		f(&c)
		return c
	}
	backbone := Options{Scope: hwsim.Backbone}
	tests := []struct {
		name   string
		ops    []workload.Operation
		config arch.Config
		o      Options
		want   string
	}{
		{"scope", one, arch.ZCU102(), Options{Scope: "all"}, `simulate: no scope "all": have "backbone" and "whole"`},
		{"pipelines", one, arch.ZCU102(), Options{Scope: hwsim.Whole, Pipelines: 4}, `simulate: pipelines 4: 0 to 3 are allowed`},
		{"batch", one, arch.ZCU102(), Options{Scope: hwsim.Whole, Batch: -1}, `simulate: batch -1: 1 to 1048576 pictures are allowed`},
		{"tile", one, arch.ZCU102(), Options{Scope: hwsim.Whole, TilePixels: -1}, `simulate: tile pixels -1: at least 1 is needed, or 0 to search`},
		{"bits", one, arch.ZCU102(), Options{Scope: hwsim.Whole, WeightBits: 9}, `simulate: weight bits 9: 1 to 8 are allowed`},
		{"bits of one", one, arch.ZCU102(), Options{Scope: hwsim.Whole, WeightBitsOf: map[string]int{"conv": 0}}, `simulate: weight bits of "conv" 0: 1 to 8 are allowed`},
		{"no such operation", one, arch.ZCU102(), Options{Scope: hwsim.Whole, WeightBitsOf: map[string]int{"x": 4}}, `simulate: weight bits of "x": workload "w" has no such operation`},
		{"configuration", one, small(func(c *arch.Config) { c.Name, c.Copies = "c", 0 }), backbone, `simulate: configuration "c": copies: 0 must be a whole number from 1 to 4096`},
		{"workload", nil, arch.ZCU102(), backbone, `simulate: workload "w": operations: there must be at least 1`},
		{"only host", []workload.Operation{{Name: "x", Unit: workload.Host, Form: workload.Elementwise, Elements: 1}}, arch.ZCU102(), backbone,
			`simulate: workload "w": no operation of the backbone runs on the accelerator`},
		{"weight buffer", []workload.Operation{conv(8, 8, 1024, 16, 1)}, small(func(c *arch.Config) { c.Buffers.Weight.KiB = 8 }), backbone,
			`simulate: workload "w": operation "conv": buffers.weight.kib 8 is too small: a task has weights of more than that`},
		{"output buffer", []workload.Operation{conv(4, 64, 8, 4096, 1)}, small(func(c *arch.Config) { c.Buffers.Input.KiB, c.Buffers.Output.KiB = 1, 1 }), backbone,
			`simulate: workload "w": operation "conv": buffers.output.kib 1 is too small: a tile of 1×1 pixels needs 4096 bytes`},
		{"tasks", []workload.Operation{conv(1<<30, 1, 1, 1, 1)}, arch.ZCU102(), Options{Scope: hwsim.Whole, TilePixels: 1},
			`simulate: workload "w": operation "conv": 1073741824 tiles with 1 tasks each: at most 1048576 tasks, of a tile 65536, are allowed: take more pixels to a tile or larger engines`},
		{"overflow", []workload.Operation{conv(1<<24, 1<<24, 1, 1, 1)},
			small(func(c *arch.Config) { c.Copies = 4096 }), Options{Scope: hwsim.Whole, Batch: 1 << 20, FreeMemory: true},
			`simulate: workload "w": more than 2^61 cycles, bytes or steps`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Simulate(&workload.Workload{Name: "w", Ops: test.ops}, test.config, test.o); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestExtremeShapes: a run of any sizes is right, or is refused.
func TestExtremeShapes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Custom(func(t *rapid.T) int { return 1 << rapid.IntRange(0, 30).Draw(t, "bits") })
		c := arch.ZCU102()
		for _, n := range []*int{&c.MAT.Lanes, &c.MAT.MACs, &c.RMAC.Lanes, &c.RMAC.MACs} {
			*n = min(1024, size.Draw(rt, "engine"))
		}
		c.Copies = min(4096, size.Draw(rt, "copies"))
		c.CopiesShare = rapid.SampledFrom(arch.Shares()).Draw(rt, "share")
		c.OffChip.MBPerS = rapid.SampledFrom([]float64{1, 1e7}).Draw(rt, "MB/s")
		c.MultiplierBits = rapid.IntRange(1, 8).Draw(rt, "multiplier bits")
		c.Depthwise = rapid.SampledFrom([]arch.Depthwise{arch.Reconfigured, arch.ChannelParallel}).Draw(rt, "depthwise convolutions")
		c.Division = rapid.SampledFrom([]arch.Division{arch.Log2Division, arch.DividerDivision}).Draw(rt, "division")
		for _, b := range []*arch.Buffer{&c.Buffers.Input, &c.Buffers.Weight, &c.Buffers.Output, &c.Buffers.Divisor} {
			b.KiB = min(1<<20, size.Draw(rt, "KiB"))
		}
		var ops []workload.Operation
		switch h, w := size.Draw(rt, "h"), size.Draw(rt, "w"); rapid.IntRange(0, 3).Draw(rt, "form") {
		case 0:
			ops = []workload.Operation{conv(h, w, size.Draw(rt, "cin"), size.Draw(rt, "cout"), size.Draw(rt, "kernel"))}
		case 1:
			ops = pair(h, w, size.Draw(rt, "cin"), size.Draw(rt, "cout"), size.Draw(rt, "kernel"))
		case 2:
			ops = []workload.Operation{product(h, w, size.Draw(rt, "inner"), size.Draw(rt, "cols"))}
		case 3:
			ops = attention(h, w, size.Draw(rt, "dim"))
		}
		var sums int64 // sums that are on neither engine
		if elements := int64(size.Draw(rt, "elements")); rapid.Bool().Draw(rt, "elementwise") {
			unit := rapid.SampledFrom(workload.Units()[1:]).Draw(rt, "unit")
			ops = append(ops, workload.Operation{Name: "elements", Unit: unit, Form: workload.Elementwise, Elements: elements})
			sums = ops[len(ops)-1].MACs()
		}
		o := Options{Scope: hwsim.Whole, Pipelines: hwsim.BothPipelines, Batch: min(maxBatch, size.Draw(rt, "batch")), FreeMemory: rapid.Bool().Draw(rt, "free")}
		work := &workload.Workload{Name: "w", Ops: ops}
		r, err := Simulate(work, c, o)
		if err != nil {
			if s := err.Error(); !strings.HasPrefix(s, "simulate: ") || strings.Contains(s, "\n") {
				rt.Errorf("not one line of this function: %q", s)
			}
			return
		}
		if r.Cycles <= 0 || r.MAT.Total() != r.Cycles*int64(c.Copies) || r.RMAC.Total() != r.Cycles*int64(c.Copies) ||
			r.MACs != int64(o.Batch)*work.MACs() || r.MAT.MACs+r.RMAC.MACs+int64(o.Batch)*sums != r.MACs {
			rt.Errorf("%d cycles, accounts of %d and %d, %d MACs, %d and %d on the engines", r.Cycles, r.MAT.Total(), r.RMAC.Total(), r.MACs, r.MAT.MACs, r.RMAC.MACs)
		}
	})
}

func TestJSONAndCSV(t *testing.T) {
	r := paperRun(t, nil)
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Cycles          int64
		FPS             float64
		MATUtilization  float64 `json:"mat_utilization"`
		RMACUtilization float64 `json:"rmac_utilization"`
		Assumptions     []any
		MAT             struct {
			Busy, Idle int64
			Stalls     map[string]int64
		}
		Steps []struct {
			Cycles    int64
			PaperMACs int64 `json:"authors_macs"`
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	total := got.MAT.Busy + got.MAT.Idle
	for name, n := range got.MAT.Stalls {
		if !slices.ContainsFunc(Stalls(), func(s Stall) bool { return s.String() == name }) {
			t.Errorf("stall %q", name)
		}
		total += n
	}
	if mat, rmac := r.Utilization(); got.MATUtilization != mat || got.RMACUtilization != rmac {
		t.Errorf("utilizations %v and %v, want %v and %v", got.MATUtilization, got.RMACUtilization, mat, rmac)
	}
	if got.Cycles != r.Cycles || got.FPS != r.FPS() || total != 16*r.Cycles || len(got.Steps) != len(r.Steps) || len(got.Assumptions) == 0 {
		t.Errorf("%+v", got)
	}

	var paperMACs int64
	for _, s := range got.Steps {
		paperMACs += s.PaperMACs
	}
	if paperMACs != r.PaperMACs {
		t.Errorf("steps of %d MACs by the authors' count, the run has %d", paperMACs, r.PaperMACs)
	}

	var buffer bytes.Buffer
	if err := r.WriteCSV(&buffer); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&buffer).ReadAll()
	if err != nil || len(lines) != len(r.Steps)+1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for name, want := range map[string]int64{"cycles": r.Cycles - r.Drain, "macs": r.MACs, "authors' macs": r.PaperMACs} {
		var sum int64
		for _, line := range lines[1:] {
			n, err := strconv.ParseInt(line[slices.Index(lines[0], name)], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		if sum != want {
			t.Errorf("lines of %d %s, the run has %d", sum, name, want)
		}
	}
}

// TestTrace: on each track of the trace no events overlap and every event ends within the
// run. The events of all tracks together are in the order of time.
func TestTrace(t *testing.T) {
	r := paperRun(t, func(c *arch.Config, o *Options) { o.Events = true })
	var buffer bytes.Buffer
	if err := r.WriteTrace(&buffer); err != nil {
		t.Fatal(err)
	}
	var trace struct {
		TraceEvents []struct {
			Ph   string
			Time float64 `json:"ts"`
			Dur  float64
			Tid  int
			Args struct{ Bytes int64 }
		}
	}
	if err := json.Unmarshal(buffer.Bytes(), &trace); err != nil {
		t.Fatal(err)
	}
	ends := make(map[int]float64)
	var moved int64
	before := 0.0
	for _, e := range trace.TraceEvents {
		if e.Ph != "X" {
			continue
		}
		if e.Time < before {
			t.Errorf("track %d: %v µs, listed behind %v", e.Tid, e.Time, before)
		}
		before = e.Time
		if e.Time < ends[e.Tid]-1e-9 {
			t.Errorf("track %d: %v µs, before %v", e.Tid, e.Time, ends[e.Tid])
		}
		ends[e.Tid] = e.Time + e.Dur
		moved += e.Args.Bytes
	}
	if end := float64(r.Cycles) / 200; len(ends) != 3 || math.Abs(max(ends[1], ends[2], ends[3])-end) > 1e-6 {
		t.Errorf("tracks end at %v, the run at %v µs", ends, end)
	}
	if moved != r.Traffic.OffChip() {
		t.Errorf("%d bytes moved, the run counts %d", moved, r.Traffic.OffChip())
	}
	// The trace shows the inter-layer pipeline: MAT begins a PW2 while R-MAC runs its DW.
	const block = "backbone.stages.3.op_list.4.local_module.main."
	if !slices.ContainsFunc(r.Events, func(e Event) bool {
		return e.MAT == block+"point_conv.conv" && e.RMAC == block+"depth_conv.conv"
	}) {
		t.Error("no task of a DW on R-MAC and its PW2 on MAT")
	}
	if err := paperRun(t, nil).WriteTrace(&buffer); err == nil || err.Error() != "run efficientvit-b1-r224: trace: no events were kept: set the option Events" {
		t.Errorf("without events: %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrors(t *testing.T) {
	r := paperRun(t, func(c *arch.Config, o *Options) { o.Events = true })
	if err := r.WriteCSV(full{}); err == nil || err.Error() != "run efficientvit-b1-r224: CSV: no space left" {
		t.Errorf("CSV: %v", err)
	}
	if err := r.WriteTrace(full{}); err == nil || err.Error() != "run efficientvit-b1-r224: trace: no space left" {
		t.Errorf("trace: %v", err)
	}
}

// TestEnergy: an unknown energy makes the total unknown. Nothing else does.
func TestEnergy(t *testing.T) {
	r := paperRun(t, nil)
	table := energy.Horowitz45nm()
	known, unknown := table.Price(r.Counts()).Known()
	want := []string{"8 by 8 bits multiplied in auxiliary units", "log2 module", "shifter", "requantization", "activation"}
	if diff := cmp.Diff(want, unknown); diff != "" || !math.IsNaN(table.Price(r.Counts()).Joules()) || known <= 0 {
		t.Errorf("known %v J; unknown (-want +got)\n%s", known, diff)
	}
	for _, u := range []workload.Unit{workload.Log2, workload.Shifter, workload.Requantize, workload.Activation} {
		table.Units[u] = 2
	}
	table.Auxiliary = 2
	products := r.Elements[workload.Requantize]*27*18 + r.Elements[workload.Activation]*16*18 + r.Elements[workload.Adder]*8*18
	added := 2e-12 * float64(products/64+r.Elements[workload.Log2]+r.Elements[workload.Shifter]+r.Elements[workload.Requantize]+r.Elements[workload.Activation])
	if got := table.Price(r.Counts()).Joules(); math.Abs(got-known-added) > 1e-12 {
		t.Errorf("%v J, want %v", got, known+added)
	}
	large := paperRun(t, func(c *arch.Config, o *Options) { c.Buffers.Weight.KiB = 2048 })
	if got := table.Price(large.Counts()).Joules(); !math.IsNaN(got) {
		t.Errorf("a buffer larger than any of the table costs %v J", got)
	}
	// By hand: 0.3 pJ a MAC, bytes of 12.5, 1.25 and 243.75 pJ, additions of 0.1.
	n := r.Traffic
	hand := 0.3*float64(r.MAT.MACs+r.RMAC.MACs) + 12.5*float64(n.InputLoads+n.InputPort+n.WeightLoads+n.WeightPort+n.Stores+n.OutputPort) +
		1.25*float64(n.DivisorPort) + 243.75*float64(n.OffChip()) + 0.1*float64(r.Elements[workload.SumAdder]+r.Elements[workload.Adder])
	if math.Abs(known-hand/1e12) > 1e-12 {
		t.Errorf("known %v J, by hand %v", known, hand/1e12)
	}
}

// TestParts: the parts add up to the run's cycles without the time in which the last
// results are stored.
func TestParts(t *testing.T) {
	r := paperRun(t, nil)
	for name, parts := range map[string][]Part{"role": r.ByRole(), "block": r.ByBlock()} {
		var cycles, macs int64
		for _, p := range parts {
			cycles += p.Cycles
			macs += p.MACs
		}
		if cycles+r.Drain != r.Cycles || macs != r.MACs {
			t.Errorf("by %s: %d cycles and %d MACs, the run has %d and %d", name, cycles, macs, r.Cycles, r.MACs)
		}
	}
}

func BenchmarkSimulate(b *testing.B) {
	w := network(b, "b1-r224")
	for b.Loop() {
		if _, err := Simulate(w, arch.ZCU102(), Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEventsOfHeads: in an attention the events show each engine's work on each head.
// R-MAC computes KᵀV of one head after another. MAT computes the divisors and then the
// dividends of a head whose KᵀV is ready. At the end both engines work together.
func TestEventsOfHeads(t *testing.T) {
	r := paperRun(t, func(c *arch.Config, o *Options) { o.Events = true })
	roles := make(map[string]efficientvit.Role)
	w := network(t, "b1-r224")
	for i := range w.Ops {
		roles[w.Ops[i].Name] = w.Ops[i].Role
	}
	type key struct {
		step string
		head int
	}
	produced := make(map[key]int64)          // the cycle in which KᵀV is complete
	order := make(map[key]efficientvit.Role) // the role of MAT's last operation
	joint := 0
	for _, e := range r.Events {
		if e.Head == 0 {
			continue
		}
		at := key{e.Op, e.Head}
		switch {
		case e.MAT == "":
			if roles[e.RMAC] != efficientvit.KTV {
				t.Fatalf("R-MAC alone runs %s in %+v", e.RMAC, e)
			}
			produced[at] = e.End
			continue
		case e.Start < produced[at]:
			t.Errorf("%+v begins before its KᵀV is there at %d", e, produced[at])
		case order[at] == efficientvit.Dividend && roles[e.MAT] == efficientvit.Divisor:
			t.Errorf("%+v makes divisors after dividends", e)
		case e.RMAC != "" && e.RMAC != e.MAT:
			t.Errorf("%+v: the engines work together on two operations", e)
		}
		if e.RMAC != "" {
			joint++
		}
		order[at] = roles[e.MAT]
	}
	heads := 0
	for i := range w.Ops {
		if w.Ops[i].Role == efficientvit.KTV {
			heads += w.Ops[i].Heads
		}
	}
	if len(produced) != heads || len(order) != heads || joint == 0 {
		t.Errorf("KᵀV of %d heads, dividends of %d, %d joint events: want %d, %d and some", len(produced), len(order), joint, heads, heads)
	}
}

// TestPriceWidths: the price is the run's cycles. Multipliers of 4 bits take more cycles
// for wider weights. A name of an operation that does not exist is an error.
func TestPriceWidths(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(8, 8, 64, 64, 1)}}
	c := arch.ZCU102()
	c.MultiplierBits = 4
	price := PriceWidths(w, c, Options{Scope: hwsim.Whole, FreeMemory: true, FreeAuxiliary: true})
	name := w.Ops[0].Name
	four, err := price(map[string]int{name: 4})
	if err != nil {
		t.Fatal(err)
	}
	if five, err := price(map[string]int{name: 5}); err != nil || five != 2*four {
		t.Errorf("5 bits take %g cycles, error %v, 4 bits %g", five, err, four)
	}
	r := simulate(t, w, c, Options{Scope: hwsim.Whole, FreeMemory: true, FreeAuxiliary: true, WeightBits: 4})
	if float64(r.Cycles) != four {
		t.Errorf("4 bits are priced %g, a run takes %d cycles", four, r.Cycles)
	}
	if _, err := price(map[string]int{"x": 4}); err == nil || !strings.Contains(err.Error(), `no such operation`) {
		t.Errorf("an unknown operation has the error %v", err)
	}
}
