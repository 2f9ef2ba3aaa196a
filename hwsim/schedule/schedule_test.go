// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// drawn draws engines, and an operation, a stream or an attention. It is small enough to
// count every multiplication.
func drawn(t *rapid.T) (*workload.Workload, arch.Config, Options) {
	size, few := rapid.IntRange(1, 12), rapid.IntRange(1, 5)
	kernel := rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel")
	var ops []workload.Operation
	switch rapid.SampledFrom([]string{"conv", "grouped", "depthwise", "pair", "product", "attention"}).Draw(t, "form") {
	case "conv":
		ops = []workload.Operation{hwtest.Conv(size.Draw(t, "h"), size.Draw(t, "w"), few.Draw(t, "cin"), 3*size.Draw(t, "cout"), kernel)}
	case "grouped":
		groups := few.Draw(t, "groups")
		ops = []workload.Operation{hwtest.Conv(size.Draw(t, "h"), size.Draw(t, "w"), few.Draw(t, "cin"), groups*size.Draw(t, "cout"), kernel)}
		ops[0].Groups = groups
	case "depthwise":
		ops = []workload.Operation{hwtest.Depthwise(size.Draw(t, "h"), size.Draw(t, "w"), size.Draw(t, "channels"), kernel)}
	case "pair":
		ops = hwtest.Pair(size.Draw(t, "h"), size.Draw(t, "w"), few.Draw(t, "channels"), 8*size.Draw(t, "cout"), kernel)
	case "product":
		ops = []workload.Operation{hwtest.Product(few.Draw(t, "heads"), size.Draw(t, "rows"), size.Draw(t, "inner"), few.Draw(t, "columns"))}
	default:
		ops = hwtest.Attention(few.Draw(t, "heads"), size.Draw(t, "tokens"), few.Draw(t, "dim"))
		if rapid.Bool().Draw(t, "divisors first") {
			ops[1], ops[2] = ops[2], ops[1]
		}
		if rapid.IntRange(0, 3).Draw(t, "other queries") == 0 { // there are more or fewer queries than keys
			queries := size.Draw(t, "queries")
			ops[1].Rows, ops[2].Rows = queries, queries
		}
	}
	c := hwtest.Engines(arch.Engine{Lanes: few.Draw(t, "MAT lanes"), MACs: few.Draw(t, "MAT MACs")},
		arch.Engine{Lanes: few.Draw(t, "R-MAC lanes"), MACs: few.Draw(t, "R-MAC MACs")})
	c.Copies = few.Draw(t, "copies")
	c.Buffers.Input.KiB, c.Buffers.Output.KiB = 1, 1
	c.CopiesShare = rapid.SampledFrom(arch.Shares()).Draw(t, "share")
	c.Depthwise = rapid.SampledFrom([]arch.Depthwise{arch.Reconfigured, arch.ChannelParallel}).Draw(t, "depthwise convolutions")
	p := rapid.SampledFrom([]hwsim.Pipelines{hwsim.NoPipelines, hwsim.InterLayerPipeline, hwsim.IntraLayerPipeline, hwsim.BothPipelines})
	return &workload.Workload{Name: "drawn", Ops: ops}, c, Options{Scope: hwsim.Backbone, Pipelines: p.Draw(t, "pipelines"), Pictures: 1, WeightBits: 8}
}

// A term is a product that belongs to one output. All terms of an output of a convolution
// count as one.
type term struct {
	op                                string
	row, column, channel, head, inner int64
}

// terms calls f for every term that work computes.
func terms(w Work, f func(term)) {
	all := func(r Range, f func(int64)) {
		for i := r.From; i < r.To; i++ {
			f(i)
		}
	}
	either := func(r Range) Range { // the range of a dimension that the operation does not have
		if r == (Range{}) {
			return Range{0, 1}
		}
		return r
	}
	all(w.Rows, func(row int64) {
		all(w.Columns, func(column int64) {
			all(either(w.Channels), func(channel int64) {
				all(either(w.Heads), func(head int64) {
					all(either(w.Inner), func(inner int64) { f(term{w.Op.Name, row, column, channel, head, inner}) })
				})
			})
		})
	})
}

// TestEveryOutputOnce: with any tiles, every output of every operation is computed once,
// and only from outputs that exist already.
func TestEveryOutputOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawn(rt)
		s, err := New(w, c, o)
		if err != nil {
			rt.Fatal(err)
		}
		tiling := rapid.SampledFrom(s.Tilings(int64(rapid.IntRange(0, 3).Draw(rt, "pixels")))).Draw(rt, "tiling")
		done := make(map[term]bool)
		// ready reports whether all terms of an output of an operation are done.
		ready := func(op *workload.Operation, row, column, channel, head int64) bool {
			for inner := range int64(max(1, op.Inner)) {
				if !done[term{op.Name, row, column, channel, head, inner}] {
					return false
				}
			}
			return true
		}
		for i := range s.Steps {
			step := &s.Steps[i]
			p := s.Plan(step, tiling)
			made := make([]string, 0, len(step.Engine)) // operations that the step makes, in this order
			for tile := range p.All() {
				for _, task := range p.Tasks(tile.Area) {
					for _, work := range p.Work(tile, task) {
						if step.Mapping == Streamed && work.Op == step.Last() {
							in := work.Reads()[0]
							terms(Work{Op: step.Engine[0], Rows: in.Rows, Columns: in.Columns, Channels: in.Channels}, func(x term) {
								if !ready(step.Engine[0], x.row, x.column, x.channel, 0) {
									rt.Fatalf("%v is read by %+v before it is there", x, work)
								}
							})
						}
						if step.Mapping == HeadPipeline && work.Op.Role == workload.Dividend {
							ktv := step.Engine[0]
							in := work.Reads()[1]
							terms(Work{Op: ktv, Heads: in.Heads, Rows: in.Rows, Columns: in.Columns}, func(x term) {
								if !ready(ktv, x.row, x.column, 0, x.head) {
									rt.Fatalf("%v is read by %+v before it is there", x, work)
								}
							})
						}
						terms(work, func(x term) {
							if done[x] {
								rt.Fatalf("%v a second time in %+v", x, work)
							}
							done[x] = true
						})
						if !slices.Contains(made, work.Op.Name) {
							made = append(made, work.Op.Name)
						}
					}
				}
			}
			if len(made) != len(step.Engine) {
				rt.Errorf("the work has %v of the step's operations %v", made, step.Label())
			}
		}
		want := 0
		for i := range w.Ops {
			op := &w.Ops[i]
			if op.Form == workload.Product {
				want += op.Heads * op.Rows * op.Cols * op.Inner
			} else {
				want += op.H * op.W * op.Cout
			}
		}
		if len(done) != want {
			rt.Errorf("%d outputs and terms are computed of %d", len(done), want)
		}
	})
}

// TestTilesAddUp: the work units, the bytes and the areas of the tiles add up to those of
// the step.
func TestTilesAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawn(rt)
		s, err := New(w, c, o)
		if err != nil {
			rt.Fatal(err)
		}
		tiling := rapid.SampledFrom(s.Tilings(0)).Draw(rt, "tiling")
		for i := range s.Steps {
			p := s.Plan(&s.Steps[i], tiling)
			areas := p.Areas()
			var in, out, loads, bands int64
			for tile := range p.All() {
				in += tile.In.To - tile.In.From
				out += tile.Out.To - tile.Out.From
				loads += tile.Loads + tile.Resident
				areas[tile.Area]--
			}
			for band := range p.Bands() {
				bands += p.InBand(band, p.Inputs.In)
			}
			if in != p.Whole() || out != p.Whole() {
				rt.Errorf("tiles take in %d and complete %d units of %d", in, out, p.Whole())
			}
			if want := bands + p.Inputs.Out + p.Inputs.Band; loads != want {
				rt.Errorf("tiles load %d bytes, the bands have %d", loads, want)
			}
			for a, n := range areas {
				if n != 0 {
					rt.Errorf("%d tiles too few of %+v", n, a)
				}
			}
		}
	})
}

// TestReads: the ranges that work reads, by hand.
func TestReads(t *testing.T) {
	conv := hwtest.Conv(8, 8, 4, 6, 3)
	conv.Stride, conv.Groups = 2, 2
	patch := hwtest.Conv(4, 4, 3, 8, 16)
	patch.Stride = 16
	product := hwtest.Product(2, 5, 7, 3)
	for _, test := range []struct {
		name string
		work Work
		want []Operand
	}{
		// Rows 2 and 3 with a padded 3×3 kernel of stride 2. Channels 2 and 3 are in both
		// groups.
		{"stride and groups", Work{Op: &conv, Rows: Range{2, 4}, Columns: Range{0, 8}, Channels: Range{2, 4}},
			[]Operand{{Rows: Range{3, 8}, Columns: Range{-1, 16}, Channels: Range{0, 8}}}},
		{"patches", Work{Op: &patch, Rows: Range{1, 2}, Columns: Range{0, 4}, Channels: Range{0, 8}},
			[]Operand{{Rows: Range{16, 32}, Columns: Range{0, 64}, Channels: Range{0, 3}}}},
		{"part of a sum", Work{Op: &product, Heads: Range{1, 2}, Rows: Range{0, 5}, Columns: Range{0, 3}, Inner: Range{4, 6}},
			[]Operand{{Heads: Range{1, 2}, Rows: Range{0, 5}, Columns: Range{4, 6}}, {Heads: Range{1, 2}, Rows: Range{4, 6}, Columns: Range{0, 3}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.work.Reads()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNothingToSchedule(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{{Name: "x", Unit: workload.Host, Form: workload.Elementwise, Elements: 1}}}
	if _, err := New(w, arch.ZCU102(), Options{Scope: hwsim.Whole, Pictures: 1, WeightBits: 8}); err == nil || err.Error() != "no operation of the whole runs on the accelerator" {
		t.Error(err)
	}
}

// TestStreamByHand: two copies have 12 and 13 of 25 pixels, and 5 each of 10 sets of
// R-MAC's 4 lanes. In the 36 cycles after the first set MAT makes 72 outputs in each
// copy: 12 pixels of 6 channels. The first copy has begun the second round when R-MAC
// joins, and the other has not finished the first round. So the next task completes both
// rounds.
func TestStreamByHand(t *testing.T) {
	c := hwtest.Engines(arch.Engine{Lanes: 2, MACs: 8}, arch.Engine{Lanes: 4, MACs: 8})
	c.Copies = 2
	s, err := New(&workload.Workload{Name: "w", Ops: hwtest.Pair(5, 5, 8, 18, 3)}, c, Options{Pipelines: hwsim.BothPipelines, Pictures: 1, WeightBits: 8})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Plan(&s.Steps[0], s.Tilings(0)[0])
	want := []Task{
		{Depthwise: true, To: 3, Keep: 2},
		{Channels: Range{0, 12}, From: 3, To: 3},
		{Channels: Range{12, 18}, From: 3, To: 4},
	}
	if diff := cmp.Diff(want, p.Tasks(p.Tile(0).Area)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestZeroOptions: nothing said schedules one picture through the backbone, with both
// pipelines and weights of 8 bits.
func TestZeroOptions(t *testing.T) {
	w, c := &workload.Workload{Name: "pair", Ops: hwtest.Pair(6, 6, 4, 8, 3)}, arch.ZCU102()
	zero, err := New(w, c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	said, err := New(w, c, Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Pictures: 1, WeightBits: 8})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(said, zero, cmp.AllowUnexported(Schedule{})); diff != "" {
		t.Error(diff)
	}
}
