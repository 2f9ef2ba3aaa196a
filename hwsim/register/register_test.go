// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// conv returns a convolution with random weights and biases.
func conv(seed uint64, cin, cout, kernel, stride, groups int) *integer.Conv {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &integer.Conv{Kernel: kernel, Stride: stride, Groups: groups, WeightBits: 8}
	for range cout * cin * kernel * kernel {
		c.Weights = append(c.Weights, int8(r.Int32()))
	}
	for range cout {
		c.Bias = append(c.Bias, r.Int32N(1<<21)-1<<20)
	}
	return c
}

// random returns a tensor of random codes from lowest to highest.
func random(seed uint64, lowest, highest int32, shape ...int) integer.Value {
	r := rand.New(rand.NewPCG(seed, 2))
	x := zeros([3]int(shape))
	for i := range x.Data {
		x.Data[i] = lowest + r.Int32N(highest-lowest+1)
	}
	return x
}

// signed are the codes of an operand. toCodes requantizes accumulators to them.
var (
	signed  = integer.Interval{Lo: -128, Hi: 127}
	toCodes = by(1, 8, signed)
)

// row returns a model of operations in sequence: each reads the previous tensor.
func row(x integer.Value, ops ...integer.Operation) *integer.Model {
	m := &integer.Model{Name: "row", Limits: limits}
	var before []string
	for _, op := range append([]integer.Operation{&integer.Input{Shape: x.Shape, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}}}, ops...) {
		name := strconv.Itoa(len(m.Ops))
		m.Ops = append(m.Ops, integer.Op{Name: name, Inputs: before, Operation: op})
		before = []string{name}
	}
	return m
}

// reference returns the reference executor's result for x and operations in sequence.
func reference(t rapid.TB, x integer.Value, ops ...integer.Operation) integer.Value {
	t.Helper()
	y, err := row(x, ops...).Run(x.Data)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// productOf multiplies a [rows, heads, inner] by b [heads, inner, columns].
func productOf(a, b integer.Value) integer.Value {
	rows, heads, inner, columns := a.Shape[0], a.Shape[1], a.Shape[2], b.Shape[2]
	y := zeros([3]int{rows, heads, columns})
	for i := range y.Data {
		first, head := i/columns*inner, i/columns%heads
		for n := range inner {
			y.Data[i] += a.Data[first+n] * b.Data[(head*inner+n)*columns+i%columns]
		}
	}
	return y
}

// engines returns one copy with the given lanes and MACs.
func engines(matLanes, matMACs, rmacLanes, rmacMACs int) arch.Config {
	c := arch.ZCU102()
	c.MAT, c.RMAC = arch.Engine{Lanes: matLanes, MACs: matMACs}, arch.Engine{Lanes: rmacLanes, MACs: rmacMACs}
	c.Copies = 1
	return c
}

// drawEngines draws engines. If expressible is true, the closed form can express them:
// R-MAC's lanes have no fewer MACs than MAT's.
func drawEngines(t *rapid.T, expressible bool) arch.Config {
	size := rapid.IntRange(1, 8)
	mat := size.Draw(t, "MAT MACs")
	least := 1
	if expressible {
		least = mat
	}
	return engines(size.Draw(t, "MAT lanes"), mat, size.Draw(t, "R-MAC lanes"), rapid.IntRange(least, 8).Draw(t, "R-MAC MACs"))
}

// closedForm charges one operation, or a streamed pair.
func closedForm(t rapid.TB, c arch.Config, ops ...workload.Operation) int64 {
	t.Helper()
	r, err := closed.Charge(&workload.Workload{Name: "one", Ops: ops}, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	return r.Undivided
}

func convOp(h, w, cin, cout, k, stride, groups int) workload.Operation {
	return workload.Operation{Name: "conv", Unit: workload.Engines, Form: workload.Convolution,
		H: h, W: w, Cin: cin, Cout: cout, Groups: groups, Kernel: k, Stride: stride}
}

func depthwiseOp(h, w, c, k, stride int) workload.Operation {
	return workload.Operation{Name: "dw", Unit: workload.Engines, Form: workload.Depthwise,
		H: h, W: w, Cin: 1, Cout: c, Groups: c, Kernel: k, Stride: stride}
}

func productOp(heads, rows, inner, cols int) workload.Operation {
	return workload.Operation{Name: "product", Unit: workload.Engines, Form: workload.Product,
		Heads: heads, Rows: rows, Inner: inner, Cols: cols}
}

// checkTrace checks the properties of every trace with macs multiply-accumulates.
func checkTrace(t rapid.TB, trace Trace, macs int64) {
	t.Helper()
	if trace.MAT.Busy+trace.MAT.Idle != trace.Cycles || trace.RMAC.Busy+trace.RMAC.Idle != trace.Cycles {
		t.Errorf("%+v: busy and idle do not add up to the cycles", trace)
	}
	if made := trace.MAT.MACs + trace.RMAC.MACs - trace.Discarded; made != macs {
		t.Errorf("%+v: %d MACs without the discarded ones, want %d", trace, made, macs)
	}
}

func checkEqual(t rapid.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outputs (-want +got):\n%.2000s", d)
	}
}

// TestConvolution: convolutions of any kernel, stride and groups. Without groups the
// cycles are the closed form's.
func TestConvolution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.IntRange(1, 9)
		groups := rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "groups")
		c := drawEngines(t, groups == 1)
		k, stride := rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride")
		h, w := small.Draw(t, "height"), small.Draw(t, "width")
		cin, cout := rapid.IntRange(1, 20).Draw(t, "channels in"), rapid.IntRange(1, 40).Draw(t, "channels out")
		x, f := random(1, -128, 127, h, w, cin*groups), conv(2, cin, cout*groups, k, stride, groups)
		y, trace, err := Convolution(c, x, f)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, reference(t, x, f))
		op := convOp(y.Shape[0], y.Shape[1], cin, cout*groups, k, stride, groups)
		checkTrace(t, trace, op.MACs())
		if groups == 1 {
			if want := closedForm(t, c, op); trace.Cycles != want {
				t.Errorf("%d cycles, closed form %d", trace.Cycles, want)
			}
		}
	})
}

func TestDepthwise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, true)
		side := rapid.IntRange(1, 14)
		k, stride := rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride")
		h, w, channels := side.Draw(t, "height"), side.Draw(t, "width"), rapid.IntRange(1, 20).Draw(t, "channels")
		x, f := random(1, -128, 127, h, w, channels), conv(2, 1, channels, k, stride, channels)
		y, trace, err := Depthwise(c, x, f)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, reference(t, x, f))
		op := depthwiseOp(y.Shape[0], y.Shape[1], channels, k, stride)
		checkTrace(t, trace, op.MACs())
		if trace.MAT.Busy != 0 {
			t.Errorf("MAT is busy for %d cycles", trace.MAT.Busy)
		}
		if want := closedForm(t, c, op); trace.Cycles != want {
			t.Errorf("%d cycles, closed form %d", trace.Cycles, want)
		}
	})
}

func TestProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, true)
		size := rapid.IntRange(1, 20)
		heads := rapid.IntRange(1, 6).Draw(t, "heads")
		rows, inner, cols := size.Draw(t, "rows"), size.Draw(t, "inner"), size.Draw(t, "columns")
		a, b := random(1, -128, 127, rows, heads, inner), random(2, -128, 127, heads, inner, cols)
		y, trace, err := Product(c, &integer.MatMul{}, a, b)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, productOf(a, b))
		op := productOp(heads, rows, inner, cols)
		checkTrace(t, trace, op.MACs())
		want := closedForm(t, c, op)
		if trace.Cycles > want || trace.Cycles < want && heads%2 == 0 {
			t.Errorf("%d cycles, closed form %d", trace.Cycles, want)
		}
	})
}

// A stream is a depthwise convolution and the pointwise one behind it.
type stream struct {
	h, w, c, cout  int // the input's height, width and channels
	kernel, stride int
	groups         int
}

// run steps the stream, compares its outputs, and returns the trace and the two
// operations.
func (s stream) run(t rapid.TB, c arch.Config) (Trace, []workload.Operation) {
	t.Helper()
	x := random(1, -128, 127, s.h, s.w, s.c)
	dw, pw := conv(2, 1, s.c, s.kernel, s.stride, s.c), conv(3, s.c/s.groups, s.cout, 1, 1, s.groups)
	shifted := &integer.Requantize{Codes: signed}
	for i := range s.c {
		shifted.Affine = append(shifted.Affine, integer.Affine{Mantissa: 70000 + int32(i), Shift: 30, Addend: int64(i%7-3) << 33})
	}
	units := Units{
		&integer.Requantize{Affine: []integer.Affine{{Mantissa: 3, Shift: 7}}, Codes: integer.Interval{Lo: -1 << 15, Hi: 1<<15 - 1}},
		&integer.Hardswish{Three: 9000, Six: 18000, Drop: 3},
		shifted,
	}
	y, trace, err := InterLayer(c, x, dw, units, pw)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, y, reference(t, x, slices.Concat([]integer.Operation{dw}, units, []integer.Operation{pw})...))
	first, second := depthwiseOp(y.Shape[0], y.Shape[1], s.c, s.kernel, s.stride), convOp(y.Shape[0], y.Shape[1], s.c/s.groups, s.cout, 1, 1, s.groups)
	first.Feeds, second.Behind = second.Name, first.Name
	checkTrace(t, trace, first.MACs()+second.MACs())
	return trace, []workload.Operation{first, second}
}

// differences names each reason in the package comment for which a stream's cycles may
// differ from the closed form's.
func (s stream) differences(c arch.Config) []string {
	var causes []string
	note := func(cause string, applies bool) {
		if applies {
			causes = append(causes, cause)
		}
	}
	up := func(a, b int) int { return (a + b - 1) / b }
	lanes, perGroup := c.MAT.Lanes+c.RMAC.Lanes, s.cout/s.groups
	note("passes", min(lanes, perGroup)%c.MAT.Lanes != 0)
	note("last tile", perGroup > lanes && perGroup%lanes != 0)
	note("groups", s.groups > 1 && perGroup%lanes != 0)

	// The pixels of a row come together, so MAT has to be busy with the previous ones.
	passes := s.groups * (perGroup/lanes*up(lanes, c.MAT.Lanes) + up(perGroup%lanes, c.MAT.Lanes))
	setUp := up(s.c, c.RMAC.MACs) * s.kernel * s.kernel
	come, free, waits := 0, setUp, false
	for range up(s.h, s.stride) {
		for pixels := up(s.w, s.stride); pixels > 0; pixels -= c.RMAC.Lanes {
			come += setUp
			waits = waits || free < come
			free = max(free, come) + min(pixels, c.RMAC.Lanes)*passes*up(s.c/s.groups, c.MAT.MACs)
		}
	}
	note("waiting", waits)
	return causes
}

// TestInterLayer: a stream takes the closed form's cycles unless one of the named causes
// applies. For two causes only it may take fewer. The outputs are right in any case.
func TestInterLayer(t *testing.T) {
	side := rapid.IntRange(1, 10)
	equal := 0
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, true)
		s := stream{
			h: side.Draw(t, "height"), w: side.Draw(t, "width"),
			kernel: rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), stride: rapid.IntRange(1, 2).Draw(t, "stride"),
			groups: rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "groups"),
		}
		s.c = s.groups * rapid.IntRange(1, 24).Draw(t, "channels")
		if rapid.Bool().Draw(t, "whole tiles") {
			c.RMAC.Lanes = c.MAT.Lanes
			s.cout = s.groups * 2 * c.MAT.Lanes * rapid.IntRange(1, 3).Draw(t, "tiles")
		} else {
			s.cout = s.groups * rapid.IntRange(1, 40).Draw(t, "channels out")
		}
		trace, ops := s.run(t, c)
		causes := s.differences(c)
		want := closedForm(t, c, ops...)
		if trace.Cycles != want && len(causes) == 0 {
			t.Errorf("%d cycles, closed form %d, and no named cause applies", trace.Cycles, want)
		}
		if trace.Cycles < want && !slices.Contains(causes, "last tile") && !slices.Contains(causes, "groups") {
			t.Errorf("%d cycles, closed form %d, and no cause for fewer among %q", trace.Cycles, want, causes)
		}
		if len(causes) == 0 {
			equal++
		}
	})
	if equal == 0 {
		t.Error("every example had a named difference: nothing was compared")
	}
}

// TestInterLayerCycles: streams with the closed form's cycles, computed by hand, and a
// stream for each cause of a difference. p is the number of steps for one output.
func TestInterLayerCycles(t *testing.T) {
	paper := engines(8, 8, 8, 8)
	tests := []struct {
		name         string
		stream       stream
		config       arch.Config
		role         efficientvit.Role
		cycles, want int64 // cycles that were stepped, and those of the closed form
		discarded    int64
		cause        string
	}{
		// T_dw = 6·2·9 = 108, set-up 18, p = 2: MAT makes 45 passes, 22 pixels;
		// 14 are left.
		{"MBConv", stream{6, 6, 16, 16, 3, 1, 1}, paper, efficientvit.NoRole, 108 + 14*2, 136, 0, ""},
		// T_dw = 4·2·9 = 72, set-up 18, p = 2: 27 passes, 13 pixels of 20; then
		// the second tile.
		{"MBConv, stride 2", stream{7, 9, 16, 32, 3, 2, 1}, paper, efficientvit.NoRole, 72 + 7*2 + 20*2, 126, 0, ""},
		// T_dw = 6·2·9 = 108, set-up 18, p = 3: 30 passes, 15 pixels of 36. R-MAC
		// has 16 MACs in a lane, of which the pointwise convolution uses 8.
		{"wide R-MAC", stream{6, 6, 20, 32, 3, 1, 1}, engines(8, 8, 8, 16), efficientvit.NoRole, 108 + 21*3 + 36*3, 279, 0, ""},
		// T_dw = 6·9 = 54, set-up 9, p = 2: in 45 cycles MAT makes 22 passes and
		// the first half of another, which is lost.
		{"half a sum is lost", stream{6, 6, 16, 16, 3, 1, 1}, engines(8, 8, 8, 16), efficientvit.NoRole, 54 + 25*2, 104, 64, ""},
		// T_dw = 2·9 = 18, set-up 9, p = 1: 8 pixels come after 9 cycles, MAT is
		// done with them after 17, then waits for the others until R-MAC ends.
		{"MAT waits for pixels", stream{2, 8, 8, 8, 3, 1, 1}, paper, efficientvit.NoRole, 18 + 8, 25, 0, "waiting"},
		// T_dw = 4·6·25 = 600, set-up 150, p = 2: the last 4 pixels come when
		// R-MAC ends, and have 3 tiles each.
		{"aggregation", stream{4, 4, 48, 48, 5, 1, 3}, paper, efficientvit.NoRole, 600 + 4*3*2, 600, 0, "waiting"},
		// T_dw = 2·12·25 = 600, set-up 300, p = 4: 75 passes, 37 of 16·6 tiles.
		// The authors charge 32 of the 96 output channels.
		{"aggregation, all its channels", stream{2, 8, 96, 96, 5, 1, 3}, paper, efficientvit.NoRole, 600 + 59*4, 836, 0, ""},
		{"aggregation, as the authors charge it", stream{2, 8, 96, 96, 5, 1, 3}, paper, efficientvit.AggPW, 600 + 59*4, 600, 0, ""},
		// T_dw = 2·6·2·9 = 216, set-up 18, p = 2: 99 passes. MAT's 8 lanes need
		// two for a tile of 12, not one and a half: 49 of 2·48.
		{"lanes do not divide the tile", stream{6, 8, 16, 24, 3, 1, 1}, engines(8, 8, 4, 8), efficientvit.NoRole, 216 + 47*2, 276, 0, "passes"},
		// T_dw = 4·2·9 = 72, set-up 18, p = 2: a row of 4 pixels comes every 18
		// cycles, of which MAT needs 16 for the first tile and 2 for a pixel of
		// the second, whose 4 channels are one pass. 12 + 3 of 2·16 are made.
		{"last tile is narrow", stream{4, 4, 16, 12, 3, 1, 1}, engines(4, 8, 4, 8), efficientvit.NoRole, 72 + 17*2, 110, 0, "last tile"},
		// T_dw = 2·8·9 = 144, set-up 72, p = 4: 18 passes, each a tile of 8
		// channels, for the next group has other inputs; 46 of 2·32 are left.
		{"groups narrower than the lanes", stream{2, 16, 64, 16, 3, 1, 2}, engines(8, 8, 16, 8), efficientvit.NoRole, 144 + 46*4, 236, 0, "groups"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			trace, ops := test.stream.run(t, test.config)
			ops[1].Role = test.role
			if got := closedForm(t, test.config, ops...); trace.Cycles != test.cycles || got != test.want {
				t.Errorf("%d cycles, closed form %d; want %d and %d: %+v", trace.Cycles, got, test.cycles, test.want, trace)
			}
			if trace.Discarded != test.discarded {
				t.Errorf("%d MACs discarded, want %d", trace.Discarded, test.discarded)
			}
			if causes := strings.Join(test.stream.differences(test.config), ", "); causes != test.cause {
				t.Errorf("causes %q, want %q", causes, test.cause)
			}
		})
	}
}

// charged returns the closed form's charges for EfficientViT-B1 at a resolution, and its
// operations by name.
func charged(t *testing.T, c arch.Config, side int) ([]closed.OpCycles, map[string]workload.Operation) {
	t.Helper()
	net, err := efficientvit.Describe("b1-r224", efficientvit.InputSize(side, side))
	if err != nil {
		t.Fatal(err)
	}
	w, err := workload.FromNetwork(net)
	if err != nil {
		t.Fatal(err)
	}
	r, err := closed.Charge(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	ops := make(map[string]workload.Operation)
	for _, o := range w.Ops {
		ops[o.Name] = o
	}
	return r.Ops, ops
}

const aggregation = "aggregation DW + aggregation PW"

// TestBackbone: every operation of a whole backbone, with its outputs, at a size at which
// plain integer arithmetic is fast. Only the aggregation's cycles differ from the closed
// form's.
func TestBackbone(t *testing.T) {
	c := engines(8, 8, 8, 8)
	list, ops := charged(t, c, 64)
	differ := make(map[string]int)
	for _, o := range list {
		op := ops[o.Name]
		var trace Trace
		var err error
		switch {
		case op.Form == workload.Product:
			a, b := random(1, -128, 127, op.Rows, op.Heads, op.Inner), random(2, -128, 127, op.Heads, op.Inner, op.Cols)
			var y integer.Value
			if y, trace, err = Product(c, &integer.MatMul{}, a, b); err != nil {
				t.Fatal(err)
			}
			checkEqual(t, y, productOf(a, b))
		case o.Streamed != "":
			dw := ops[o.Streamed]
			s := stream{dw.H * dw.Stride, dw.W * dw.Stride, dw.Cout, op.Cout, dw.Kernel, dw.Stride, op.Groups}
			trace, _ = s.run(t, c)
		default:
			x, f := random(1, -128, 127, op.H*op.Stride, op.W*op.Stride, op.Cin*op.Groups), conv(2, op.Cin, op.Cout, op.Kernel, op.Stride, op.Groups)
			var y integer.Value
			if y, trace, err = Convolution(c, x, f); err != nil {
				t.Fatal(err)
			}
			checkEqual(t, y, reference(t, x, f))
		}
		checkTrace(t, trace, o.MACs)
		if trace.Cycles != o.Cycles {
			differ[o.Label]++
		}
	}
	checkEqual(t, differ, map[string]int{aggregation: 7})
}

// TestB1R224: the paper's network at its resolution, cycles only. When R-MAC ends, 6
// pixels come in each of the three aggregations of 14×14 tokens, of 24 tiles of two
// steps. In each of the four aggregations of 7×7 tokens 7 pixels come, of 48 tiles.
func TestB1R224(t *testing.T) {
	if testing.Short() {
		t.Skip("steps 4 million cycles")
	}
	c := engines(8, 8, 8, 8)
	list, ops := charged(t, c, 224)
	var total int64
	differ := make(map[string][]int64)
	for _, o := range list {
		op := ops[o.Name]
		var trace Trace
		var err error
		switch {
		case op.Form == workload.Product:
			_, trace, err = Product(c, &integer.MatMul{}, zeros([3]int{op.Rows, op.Heads, op.Inner}), zeros([3]int{op.Heads, op.Inner, op.Cols}))
		case o.Streamed != "":
			dw := ops[o.Streamed]
			_, trace, err = InterLayer(c, zeros([3]int{dw.H * dw.Stride, dw.W * dw.Stride, dw.Cout}), conv(1, 1, dw.Cout, dw.Kernel, dw.Stride, dw.Cout),
				Units{toCodes}, conv(2, op.Cin, op.Cout, 1, 1, op.Groups))
		default:
			_, trace, err = Convolution(c, zeros([3]int{op.H * op.Stride, op.W * op.Stride, op.Cin * op.Groups}), conv(1, op.Cin, op.Cout, op.Kernel, op.Stride, op.Groups))
		}
		if err != nil {
			t.Fatal(err)
		}
		total += trace.Cycles
		if more := trace.Cycles - o.Cycles; more != 0 {
			differ[o.Label] = append(differ[o.Label], more)
		}
	}
	small, large := int64(6*24*2), int64(7*48*2)
	checkEqual(t, differ, map[string][]int64{aggregation: {small, small, small, large, large, large, large}})
	if want := 4005490 + 3*small + 4*large; total != want {
		t.Errorf("%d cycles, want %d", total, want)
	}
}

// attention returns a model of one attention, from the codes of q, k and v to the codes
// of the quotients.
func attention(tokens, heads, dim int, a Attention) *integer.Model {
	m := &integer.Model{Name: "attention", Limits: limits}
	add := func(name string, op integer.Operation, inputs ...string) string {
		m.Ops = append(m.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op})
		return name
	}
	behind := func(name string, units Units) string {
		for i, op := range units {
			name = add(fmt.Sprint(name, ".", i), op, name)
		}
		return name
	}
	x := add("input", &integer.Input{Shape: [3]int{1, tokens, heads * 3 * dim}, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}})
	part := func(name string, i int) string {
		return add(name, &integer.Heads{Heads: heads, Dim: dim, Part: i}, x)
	}
	q, k, v := add("q", &integer.ReLU{}, part("q before", 0)), add("k", &integer.ReLU{}, part("k before", 1)), part("v", 2)
	ktv := behind(add("KTV", &integer.MatMul{OverTokens: true}, k, v), a.KTV)
	sumK := behind(add("sum of K", &integer.SumTokens{}, k), a.SumK)
	dividend := behind(add("dividends", &integer.MatMul{}, q, ktv), a.Dividend)
	divisor := behind(add("divisors", &integer.MatMul{}, q, sumK), a.Divisor)
	add("quotients", &a.Divide, dividend, divisor)
	return m
}

// drawAttention draws the factors of an attention, whether dividends and divisors are
// rounded first, and thresholds. With most factors the integers use the range of their
// codes.
func drawAttention(t *rapid.T, tokens, dim int) Attention {
	to := func(name string, largest int, codes integer.Interval, channels int) *integer.Requantize {
		r := &integer.Requantize{Codes: codes}
		for range rapid.SampledFrom([]int{1, channels}).Draw(t, name+": channels") {
			f := rapid.Float64Range(0.3, 3).Draw(t, name) * float64(codes.Hi) / float64(largest)
			a, err := integer.NewAffine(f, 0, integer.MultiplierPort)
			if err != nil {
				t.Fatal(err)
			}
			r.Affine = append(r.Affine, a)
		}
		return r
	}
	unsigned := integer.Interval{Hi: 255}
	a := Attention{
		KTV:  Units{to("KᵀV", tokens<<14, signed, dim)},
		SumK: Units{to("ΣK", tokens<<7, unsigned, 1)},
	}
	g := grid.Log2{Unit: 1, Lo: 0, Hi: rapid.IntRange(0, 15).Draw(t, "codes"), Threshold: math.Sqrt2}
	step := rapid.Float64Range(0.001, 10).Draw(t, "step of divisors")
	if rapid.Bool().Draw(t, "leading one") {
		a.Divisor = Units{to("divisors", dim<<15, unsigned, 1)}
		g, step = grid.Log2{Unit: 1, Lo: 0, Hi: 8, Threshold: 1.5, Integer: true, IntegerMax: 255}, 1
	}
	log2, err := integer.NewLog2(g, step)
	if err != nil {
		t.Fatal(err)
	}
	a.Divisor = append(a.Divisor, log2)
	if rapid.Bool().Draw(t, "dividends rounded first") {
		a.Dividend = Units{to("dividends", dim<<14, signed, dim)}
	}
	d, err := integer.NewDivide(rapid.Float64Range(0.001, 100).Draw(t, "factor"), integer.MultiplierPort, signed)
	if err != nil {
		t.Fatal(err)
	}
	a.Divide = *d
	return a
}

func TestIntraLayer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, false)
		size := rapid.IntRange(1, 20)
		heads, tokens, dim := rapid.IntRange(1, 5).Draw(t, "heads"), size.Draw(t, "tokens"), size.Draw(t, "dim")
		a := drawAttention(t, tokens, dim)
		made := make(map[string]integer.Value)
		want, err := attention(tokens, heads, dim, a).Run(random(1, -128, 127, 1, tokens, heads*3*dim).Data,
			func(op *integer.Op, y integer.Value) { made[op.Name] = y })
		if err != nil {
			t.Fatal(err)
		}
		y, trace, err := IntraLayer(c, made["q"], made["k"], made["v"], a)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, want)
		n := int64(heads) * int64(tokens) * int64(dim)
		checkTrace(t, trace, 2*n*int64(dim)+n)
	})
}

// by returns a requantization by mantissa/2^shift.
func by(mantissa int32, shift uint8, codes integer.Interval) *integer.Requantize {
	return &integer.Requantize{Affine: []integer.Affine{{Mantissa: mantissa, Shift: shift}}, Codes: codes}
}

// TestIntraLayerByHand: four tokens of one head, with INTEGER.md's arithmetic by hand:
//
//	KᵀV = [12120 -240; 100 0], times 3/256 = [142.03 -2.81; 1.17 0]: [127 -3; 1 0]
//	ΣK  = [480 1], times 7/16 = [210 0.44]: [210 0], which has no sign
//	divisors  210, 420, 0, 0
//	dividends [127 -3], [259 -6], [20 0], [0 0]
func TestIntraLayerByHand(t *testing.T) {
	unsigned := integer.Interval{Hi: 255}
	q := integer.Value{Shape: [3]int{4, 1, 2}, Data: []int32{1, 0, 2, 5, 0, 20, 0, 0}}
	k := integer.Value{Shape: [3]int{4, 1, 2}, Data: []int32{120, 1, 120, 0, 120, 0, 120, 0}}
	v := integer.Value{Shape: [3]int{4, 1, 2}, Data: []int32{100, 0, 4, -2, -4, -1, 1, 1}}
	logDomain := &integer.Log2{Thresholds: []int32{46, 91, 182, 363}} // thresholds √2·2^5 and so on: code 0 stands for 2^5
	for _, test := range []struct {
		name              string
		divisor, dividend Units
		divide            integer.Divide
		want              []int32
	}{
		// The log2 codes are 3, 4, 0, 0. So 41/8 becomes 41/64, 41/128, 41/8: 5207/64 = 81.36,
		// -123/64 = -1.92, 10619/128 = 82.96, -246/128 = -1.92. The half of 820/8 = 102.5 is
		// rounded up.
		{"full width", Units{logDomain}, nil, integer.Divide{Mantissa: 41, Shift: 3, Codes: signed}, []int32{81, -2, 83, -2, 103, 0, 0, 0}},
		// The halves of the dividends are 64 (63.5), -1 (-1.5), 127 (129.5), -3, 10:
		// 2624/32 = 82, -41/32 = -1.28, 5207/64 = 81.36, -123/64 = -1.92, 410/4 = 102.5.
		{"rounded first", Units{logDomain}, Units{by(1, 1, signed)}, integer.Divide{Mantissa: 41, Shift: 2, Codes: signed}, []int32{82, -1, 81, -2, 103, 0, 0, 0}},
		// The halves of the divisors are 105 and 210. Their leading ones are 2^6 and 2^7. The
		// next bit is set, so they become 2^7 and 2^8: 889/128 = 6.95, -21/128 = -0.16,
		// 1813/256 = 7.08. A divisor of 0 divides by 1, and 140 is clamped.
		{"leading one", Units{by(1, 1, unsigned), &integer.Log2{Thresholds: []int32{2, 3, 6, 12, 24, 48, 96, 192}}}, nil, integer.Divide{Mantissa: 7, Codes: signed}, []int32{7, 0, 7, 0, 127, 0, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := Attention{KTV: Units{by(3, 8, signed)}, SumK: Units{by(7, 4, unsigned)}, Divisor: test.divisor, Dividend: test.dividend, Divide: test.divide}
			y, _, err := IntraLayer(engines(2, 2, 1, 3), q, k, v, a)
			if err != nil {
				t.Fatal(err)
			}
			checkEqual(t, y, integer.Value{Shape: [3]int{4, 1, 2}, Data: test.want})
		})
	}
}

// TestIntraLayerCycles: the paper's engines, 16 tokens, 4 heads of 16 channels. R-MAC
// takes 16·2·2 = 64 cycles for KᵀV of a head. MAT waits for the first one. MAT alone then
// takes 2·2 cycles for a head's divisors and 16·2·2 for its dividends. R-MAC joins after
// 256 cycles. By then MAT has made two heads, the divisors of the third and, in 52
// cycles, 13 pixels of the third. Both engines make the other 3 pixels in 6 cycles and
// the last head in 2 + 32.
func TestIntraLayerCycles(t *testing.T) {
	q, k, v := random(1, 0, 127, 16, 4, 16), random(2, 0, 127, 16, 4, 16), random(3, -128, 127, 16, 4, 16)
	_, trace, err := IntraLayer(engines(8, 8, 8, 8), q, k, v, Attention{KTV: Units{toCodes}, SumK: Units{toCodes}, Divisor: Units{&integer.Log2{}}})
	if err != nil {
		t.Fatal(err)
	}
	want := Trace{
		Cycles: 256 + 6 + 34,
		MAT:    Usage{Busy: 256 - 64 + 6 + 34, Idle: 64, MACs: (256 - 64 + 6 + 34) * 64},
		RMAC:   Usage{Busy: 296, MACs: 296 * 64},
	}
	if trace != want {
		t.Errorf("got  %+v\nwant %+v", trace, want)
	}
}

// TestOddHeads: the odd head is MAT's. The closed form rounds the half of both engines
// up.
func TestOddHeads(t *testing.T) {
	c := engines(8, 8, 4, 8)
	_, trace, err := Product(c, &integer.MatMul{}, zeros([3]int{4, 3, 8}), zeros([3]int{3, 8, 16}))
	if err != nil {
		t.Fatal(err)
	}
	// MAT takes 2 heads · 4 rows · 2 · 1 cycles, R-MAC 1 · 4 · 4 · 1. The closed form takes
	// R-MAC's twice.
	if got := closedForm(t, c, productOp(3, 4, 8, 16)); trace.Cycles != 16 || got != 32 {
		t.Errorf("%d cycles, closed form %d, want 16 and 32", trace.Cycles, got)
	}
}

// TestExtremeOperands: the largest allowed sums do not exceed 32 bits.
func TestExtremeOperands(t *testing.T) {
	const products = 1<<17 - 1 // number of products of 2^14
	for _, c := range []arch.Config{engines(1, 8, 1, 8), engines(1, 7, 3, 5)} {
		for _, bias := range []int32{0, 1<<14 - 1, 1 << 14} {
			x, f := random(1, -128, -128, 1, 1, products), conv(2, products, 1, 1, 1, 1)
			for i := range f.Weights {
				f.Weights[i] = -128
			}
			f.Bias[0] = bias
			y, _, err := Convolution(c, x, f)
			if bias == 1<<14 {
				if want := "register: convolution: its integers take 2147483648..2147483648 (33 bits), an accumulator has 32"; err == nil || err.Error() != want {
					t.Errorf("%v, want %s", err, want)
				}
			} else if err != nil || y.Data[0] != products<<14+bias {
				t.Errorf("%v: %v, %v", c, y.Data, err)
			}
		}
	}
}

// TestBorder: the codes of the border are the convolution's, in each channel and each
// mode.
func TestBorder(t *testing.T) {
	x := integer.Value{Shape: [3]int{1, 1, 2}, Data: []int32{5, 200}}
	ones := func(n int) []int8 { return slices.Repeat([]int8{1}, n) }
	dw := &integer.Conv{Kernel: 3, Stride: 2, Groups: 2, WeightBits: 8, Weights: ones(18), Bias: []int32{0, 10000}, Pad: []int32{7, 1}}
	all := &integer.Conv{Kernel: 3, Stride: 1, Groups: 1, WeightBits: 8, Weights: ones(18), Bias: []int32{-4}, Pad: []int32{7}}
	pw := &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 2}, Bias: []int32{3}}
	c := engines(1, 2, 1, 3)
	y, _, err := Depthwise(c, x, dw)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, y.Data, []int32{5 + 8*7, 10000 + 200 + 8})
	if y, _, err = Convolution(c, x, all); err != nil {
		t.Fatal(err)
	}
	checkEqual(t, y.Data, []int32{-4 + 205 + 16*7})
	// 61/4 is 15.25, and 10208/4 is larger than a code. 9 is subtracted from both.
	shifted := &integer.Requantize{Affine: []integer.Affine{{Mantissa: 1, Shift: 2, Addend: -9 << 2}}, Codes: signed}
	if y, _, err = InterLayer(c, x, dw, Units{shifted}, pw); err != nil {
		t.Fatal(err)
	}
	checkEqual(t, y.Data, []int32{3 + 6 + 2*127})
}

func TestErrors(t *testing.T) {
	c := engines(2, 2, 2, 2)
	broken := c
	broken.Name, broken.MAT.Lanes = "broken", 0
	narrow, parallel := c, c
	narrow.MultiplierBits, parallel.Depthwise = 4, arch.ChannelParallel
	x, dw, pw := zeros([3]int{4, 4, 6}), conv(1, 1, 6, 3, 1, 6), conv(2, 6, 4, 1, 1, 1)
	convolution := func(c arch.Config, x integer.Value, f *integer.Conv) error {
		_, _, err := Convolution(c, x, f)
		return err
	}
	depthwise := func(c arch.Config, x integer.Value, f *integer.Conv) error {
		_, _, err := Depthwise(c, x, f)
		return err
	}
	stream := func(units Units, pw *integer.Conv) error {
		_, _, err := InterLayer(c, x, dw, units, pw)
		return err
	}
	tokens := zeros([3]int{2, 1, 2})
	attend := func(k, v integer.Value, change func(a *Attention)) error {
		a := Attention{KTV: Units{toCodes}, SumK: Units{by(1, 0, signed)}}
		change(&a)
		_, _, err := IntraLayer(c, random(1, 9, 9, 2, 1, 2), k, v, a)
		return err
	}
	same := func(*Attention) {}
	padded := *dw
	padded.Pad = []int32{256}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"configuration", convolution(broken, x, pw),
			`register: convolution: configuration "broken": mat.lanes: 0 must be a whole number from 1 to 1024`},
		{"narrow multipliers", convolution(narrow, x, pw),
			`register: convolution: configuration "Trio-ViT on ZCU102": multiplier_bits 4: the registers are those of 8-bit factors`},
		{"channel-parallel", depthwise(parallel, x, dw),
			`register: depthwise convolution: configuration "Trio-ViT on ZCU102": depthwise channel-parallel: the registers of all lanes are given the same input channels`},
		{"missing elements", convolution(c, integer.Value{Shape: [3]int{4, 4, 6}}, pw),
			"register: convolution: input: a tensor of [4 4 6] has 96 elements, 0 are given"},
		{"negative size", depthwise(c, integer.Value{Shape: [3]int{-4, -4, 6}}, dw),
			"register: depthwise convolution: input: a tensor of [-4 -4 6]: every side must be at least 1, their product at most 16777216"},
		{"factors", convolution(c, random(1, 256, 256, 1, 1, 6), pw),
			"register: convolution: input: factors in 256..256 (10 bits): a multiplier takes 8 bits, signed or unsigned"},
		{"factors of two grids", convolution(c, integer.Value{Shape: [3]int{1, 2, 1}, Data: []int32{-1, 128}}, conv(1, 1, 1, 1, 1, 1)),
			"register: convolution: input: factors in -1..128 (9 bits): a multiplier takes 8 bits, signed or unsigned"},
		{"border", depthwise(c, x, &padded),
			"register: depthwise convolution: factors in 0..256 (10 bits): a multiplier takes 8 bits, signed or unsigned"},
		{"groups", convolution(c, x, conv(1, 4, 4, 1, 1, 1)),
			"register: convolution: 16 weights do not fit 4 filters of 1×1 over 6 channels in 1 groups"},
		{"huge output", convolution(c, zeros([3]int{4096, 4096, 1}), conv(1, 1, 2, 1, 1, 1)),
			"register: convolution: a tensor of [4096 4096 2]: every side must be at least 1, their product at most 16777216"},
		{"not depthwise", depthwise(c, x, conv(1, 6, 6, 3, 1, 1)),
			"register: depthwise convolution: 6 filters in 1 groups: a depthwise convolution of 6 channels has 6 in as many"},
		{"not pointwise", stream(Units{toCodes}, conv(2, 6, 4, 3, 1, 1)),
			"register: inter-layer pipeline: kernel 3 and stride 1 behind the depthwise convolution: both must be 1"},
		{"other channels behind", stream(Units{toCodes}, conv(2, 5, 4, 1, 1, 1)),
			"register: inter-layer pipeline: pointwise convolution: 20 weights do not fit 4 filters of 1×1 over 6 channels in 1 groups"},
		{"accumulators as factors", stream(nil, pw),
			"register: inter-layer pipeline: behind the depthwise convolution: factors in -568686..906902 (21 bits): a multiplier takes 8 bits, signed or unsigned"},
		{"shift", stream(Units{by(1, 47, signed)}, pw),
			"register: inter-layer pipeline: behind the depthwise convolution: unit 0: channel 0: a shift of 47 and an addend of 0: 0 to 46 and ±2^60 are allowed"},
		{"unit", stream(Units{toCodes, &integer.Pool{}}, pw),
			"register: inter-layer pipeline: behind the depthwise convolution: unit 1 is *integer.Pool: Requantize, Hardswish and Log2 are allowed"},
		{"inner sizes", func() error {
			_, _, err := Product(c, &integer.MatMul{}, zeros([3]int{3, 2, 4}), zeros([3]int{2, 5, 3}))
			return err
		}(), "register: matrix product: multiplies [3 2 4] and [2 5 3]"},
		{"attention shapes", attend(tokens, zeros([3]int{3, 1, 2}), same),
			"register: intra-layer pipeline: KᵀV: multiplies [2 1 2] and [3 1 2]"},
		{"no ReLU", attend(random(1, -3, -3, 2, 1, 2), tokens, func(a *Attention) { a.Divisor = Units{&integer.Log2{}} }),
			"register: intra-layer pipeline: divisors: unit 0: divisors in -108..-108 (8 bits): 0 to 2^31 - 2 are allowed; none is negative where both factors are behind a ReLU"},
		{"no log2", attend(random(1, 99, 99, 2, 1, 2), tokens, same),
			"register: intra-layer pipeline: quotients: a shift of 0 and codes in 2286..2286 (13 bits): together 0 to 62 are allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.err == nil || test.err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", test.err, test.want)
			}
		})
	}
}

// TestLanesAgree: the adder tree gives the sum of a loop, for any number of leaves.
func TestLanesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		macs := rapid.IntRange(1, 33).Draw(t, "MACs")
		mat, rmac := newMATLane(macs), newRMACLane(macs)
		bias := rapid.Int32Range(-1<<30, 1<<30).Draw(t, "bias")
		want := bias
		for i := range rapid.IntRange(1, 5).Draw(t, "cycles") {
			x, w := random(uint64(i), -128, 127, 1, 1, macs).Data, random(uint64(i)+9, -128, 255, 1, 1, macs).Data
			x = x[:rapid.IntRange(0, macs).Draw(t, "enabled")]
			for j := range x {
				want += x[j] * w[j]
			}
			for _, l := range []lane{mat, rmac} {
				if i == 0 {
					l.begin(bias)
				}
				l.dot(Products{X: x, W: w})
				if l.sum() != want || len(l.made().X) != len(x) || len(l.made().X) != 0 {
					t.Fatalf("%T: %d, want %d", l, l.sum(), want)
				}
			}
		}
	})
}

func BenchmarkInterLayer(b *testing.B) {
	x, dw, pw := random(1, -128, 127, 14, 14, 64), conv(2, 1, 64, 3, 1, 64), conv(3, 64, 32, 1, 1, 1)
	var cycles int64
	for b.Loop() {
		_, trace, err := InterLayer(engines(8, 8, 8, 8), x, dw, Units{toCodes}, pw)
		if err != nil {
			b.Fatal(err)
		}
		cycles += trace.Cycles
	}
	b.ReportMetric(float64(cycles)/b.Elapsed().Seconds(), "cycles/s")
}

// TestWatch: every cycle is seen once, and the last registers are the returned integers.
func TestWatch(t *testing.T) {
	x, f := random(1, -128, 127, 1, 1, 4), conv(2, 4, 3, 1, 1, 1)
	var cycles []int64
	var last string
	y, trace, err := Convolution(engines(2, 3, 1, 4), x, f, func(r Registers) {
		cycles = append(cycles, r.Cycle)
		last = fmt.Sprint(r.MAT, r.RMAC[0][3])
	})
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, cycles, []int64{1, 2})
	if want := fmt.Sprint(y.Data[:2], y.Data[2]); last != want || trace.Cycles != 2 {
		t.Errorf("registers %s, want %s", last, want)
	}
}
